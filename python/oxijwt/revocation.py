"""The port that tokens talk to: the installed blacklist app, the installed session app, and the request at hand.

The apps are looked up when a token is used, never at import, so that installing or overriding them needs no reload.
Reads go to the database that is written to: what decides over a token must not come from a lagging replica.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import IntegrityError, connections, router, transaction
from django.views.decorators.debug import sensitive_variables

from .settings import api_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from .token_blacklist.models import BlacklistedToken, OutstandingToken

BLACKLIST_LABEL = "token_blacklist"
SESSION_APP = "oxijwt.token_sessions"
BATCH_SIZE = 1000

_request: ContextVar[Any] = ContextVar("oxijwt_request", default=None)
_login: ContextVar[bool] = ContextVar("oxijwt_login", default=False)


@contextmanager
def handling(request: Any, *, login: bool = False) -> Iterator[None]:
    """What happens inside happens for this request (or None), which may be a login."""
    tokens = _request.set(request), _login.set(login)
    try:
        yield
    finally:
        _request.reset(tokens[0])
        _login.reset(tokens[1])


def current_request() -> Any:
    """The request that a token view is handling, or None."""
    return _request.get()


def is_login() -> bool:
    """Whether a login view is handling credentials right now."""
    return _login.get()


def has_blacklist() -> bool:
    """Whether an app that can hold a blacklist is installed: ours, or simplejwt's own."""
    return BLACKLIST_LABEL in apps.app_configs


def has_sessions() -> bool:
    """Whether `oxijwt.token_sessions` is installed."""
    return apps.is_installed(SESSION_APP)


def can_end_tokens() -> bool:
    """Whether an app is installed that can end a token before its `exp`."""
    return has_blacklist() or has_sessions()


def session_store() -> Any:
    """`oxijwt.token_sessions.store`, or None where that app is not installed."""
    if not has_sessions():
        return None
    return import_module(f"{SESSION_APP}.store")


def denylist() -> Any:
    """`oxijwt.token_sessions.revocation_cache`, which needs no app: stateless services have none."""
    return import_module(f"{SESSION_APP}.revocation_cache")


def is_our_own(token: Any) -> bool:
    """Whether our own keys verified a token. Another issuer may use the claims of sessions for something else."""
    backend = token.get_token_backend()
    # A backend of the project's own may have no more than simplejwt's attribute.
    asks_jwk_url = getattr(backend, "asks_jwk_url", getattr(backend, "jwks_client", None) is not None)
    return not asks_jwk_url and not is_foreign(token)


def is_foreign(token: Any) -> bool:
    """Whether a token names one of ISSUERS, and so was verified as that issuer's: it authenticates requests only."""
    issuers = getattr(token.get_token_backend(), "issuers", None)
    if not isinstance(issuers, Mapping):
        return False
    name = token.payload.get("iss")
    return isinstance(name, str) and name in issuers


def refuse_ended(token: Any) -> None:
    """Raise SessionError where a token of any type belongs to a session that refuses it; nothing is written."""
    store = session_store()
    if store is not None and is_our_own(token):
        store.read_untyped(token.payload)


@contextmanager
def following_rehash(password: str) -> Iterator[None]:
    """Inside, a user whose password hash is only renewed (the same password, more iterations) keeps their sessions."""
    if not has_sessions():
        yield
        return
    with import_module(f"{SESSION_APP}.password").following(password):
        yield


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


def find(jti: str) -> OutstandingToken | None:
    """The record of a token with its blacklist entry, if there is one: one statement."""
    model = _outstanding_model()
    records = model.objects.using(_database(model)).select_related("blacklistedtoken").defer("token")
    return records.filter(jti=jti).first()


def is_blacklisted(record: OutstandingToken | None) -> bool:
    """Whether a record from `find` has a blacklist entry: no statement."""
    return record is not None and hasattr(record, "blacklistedtoken")


@sensitive_variables()
def record(token: IssuedToken) -> tuple[OutstandingToken, bool]:
    """Write a token down unless its `jti` is already: the record, and whether it is new."""
    model = _outstanding_model()
    return model.objects.using(_database(model)).get_or_create(jti=token.jti, defaults=token.as_row())


@sensitive_variables()
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
        return _entry_in_the_way(model.objects.using(database), outstanding), False


def _entry_in_the_way(entries: Any, outstanding: OutstandingToken) -> BlacklistedToken:
    if connections[entries.db].in_atomic_block:
        # The caller's snapshot may be older than the entry: a locking read sees it (MariaDB), or nothing does.
        entries = entries.select_for_update()
    entry: BlacklistedToken | None = entries.filter(token=outstanding).first()
    return entry or entries.model(token=outstanding)


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


def blacklist_all_of(user: Any) -> None:
    """Blacklist every recorded token of a user; nothing without the app."""
    if not has_blacklist():
        return
    records, entries = _outstanding_model(), _blacklisted_model()
    database = _database(entries)
    open_ids = (
        records.objects.using(database).filter(user=user, blacklistedtoken__isnull=True).values_list("pk", flat=True)
    )
    new = [entries(token_id=pk) for pk in open_ids.order_by("pk")]
    entries.objects.using(database).bulk_create(new, batch_size=BATCH_SIZE, ignore_conflicts=True)


def _outstanding_model() -> type[OutstandingToken]:
    return apps.get_model(BLACKLIST_LABEL, "OutstandingToken")


def _blacklisted_model() -> type[BlacklistedToken]:
    return apps.get_model(BLACKLIST_LABEL, "BlacklistedToken")


def _database(model: type[Any]) -> str:
    return router.db_for_write(model)
