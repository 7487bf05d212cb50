"""The port that tokens talk to: what the installed blacklist app knows of a `jti`, and writing to it.

The app is looked up when a token is used, never at import, so that installing or overriding it needs no reload. Reads
go to the database that is written to: what decides over a token must not come from a lagging replica.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import IntegrityError, router, transaction

from .settings import api_settings

if TYPE_CHECKING:
    from datetime import datetime

    from .token_blacklist.models import BlacklistedToken, OutstandingToken

APP_LABEL = "token_blacklist"
JTI_MAX_LENGTH = 255


class AlreadyBlacklistedError(Exception):
    """Another request blacklisted this `jti` first."""


@dataclass(frozen=True, slots=True, repr=False)
class IssuedToken:
    """A token as the blacklist app records it; its text is in no repr."""

    jti: str
    text: str
    user: Any | None
    created_at: datetime
    expires_at: datetime

    def as_row(self) -> dict[str, Any]:
        """The fields of its OutstandingToken beside `jti`."""
        return {
            "user": self.user,
            "token": stored_text(self.text),
            "created_at": self.created_at,
            "expires_at": self.expires_at,
        }


def stored_text(text: str) -> str:
    """What OutstandingToken.token holds: the token, or its digest where OUTSTANDING_TOKEN_DIGEST is set."""
    if not api_settings.OUTSTANDING_TOKEN_DIGEST:
        return text
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def is_installed() -> bool:
    """Whether an app that can hold a blacklist is installed."""
    return APP_LABEL in apps.app_configs


def can_hold(jti: str) -> bool:
    """Whether a row can have this `jti`: no database takes more than the column does, PostgreSQL takes no NUL."""
    return len(jti) <= JTI_MAX_LENGTH and "\0" not in jti


def find(jti: str) -> OutstandingToken | None:
    """The record of a token with its blacklist entry, if there is one: one statement."""
    if not can_hold(jti):
        return None
    model = _outstanding_model()
    records = model.objects.using(_database(model)).select_related("blacklistedtoken").defer("token")
    return records.filter(jti=jti).first()


def is_blacklisted(record: OutstandingToken | None) -> bool:
    """Whether a record from `find` has a blacklist entry: no statement."""
    return record is not None and hasattr(record, "blacklistedtoken")


def record(token: IssuedToken) -> tuple[OutstandingToken, bool]:
    """Write a token down unless its `jti` is already: the record, and whether it is new."""
    model = _outstanding_model()
    return model.objects.using(_database(model)).get_or_create(jti=token.jti, defaults=token.as_row())


def record_new(token: IssuedToken) -> OutstandingToken:
    """Write down a token that was made just now: one statement."""
    model = _outstanding_model()
    return model.objects.using(_database(model)).create(jti=token.jti, **token.as_row())


def blacklist(outstanding: OutstandingToken) -> tuple[BlacklistedToken, bool]:
    """Blacklist a recorded token: the entry, and whether it is new. It INSERTs first, which mostly succeeds."""
    model = _blacklisted_model()
    database = _database(model)
    try:
        with transaction.atomic(using=database):
            return model.objects.using(database).create(token=outstanding), True
    except IntegrityError:
        return model.objects.using(database).get(token=outstanding), False


def replace(outstanding: OutstandingToken, successor: IssuedToken) -> None:
    """Blacklist a token and record its successor, both or neither.

    The INSERT into the blacklist decides who of several may: the others get AlreadyBlacklistedError.
    """
    model = _blacklisted_model()
    database = _database(model)
    try:
        with transaction.atomic(using=database):
            model.objects.using(database).create(token=outstanding)
            record_new(successor)
    except IntegrityError as error:
        raise AlreadyBlacklistedError from error


def _outstanding_model() -> type[OutstandingToken]:
    return apps.get_model(APP_LABEL, "OutstandingToken")


def _blacklisted_model() -> type[BlacklistedToken]:
    return apps.get_model(APP_LABEL, "BlacklistedToken")


def _database(model: type[Any]) -> str:
    return router.db_for_write(model)
