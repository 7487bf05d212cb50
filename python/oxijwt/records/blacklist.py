"""simplejwt's two tables: tokens that were issued, and those of them that do not count any more.

Reads go to the database that is written to: a lagging replica must not decide about a token.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import IntegrityError, connections, router, transaction
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from oxijwt.exceptions import TokenError
from oxijwt.settings import api_settings
from oxijwt.utils import datetime_from_claim

from .stateless import StatelessRecords

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from oxijwt.token_blacklist.models import BlacklistedToken, OutstandingToken

BLACKLIST_LABEL = "token_blacklist"
BATCH_SIZE = 1000


class BlacklistRecords(StatelessRecords):
    """A row when the token is issued, and another one when it is blacklisted (`records.Records`)."""

    _outstanding: OutstandingToken | None = None
    """The token's row, once it was found or written."""

    def issued(self, user: Any) -> None:
        """One INSERT; nothing without JTI_CLAIM."""
        if api_settings.JTI_CLAIM is not None:
            self._outstanding = record_new(self._issued_token(user, str(self.token)))

    def check(self) -> None:
        """Ask the token's own `check_blacklist`, which a project may override."""
        self.token.check_blacklist()

    def check_blacklist(self) -> None:
        """Raises TokenError where the token is blacklisted. One statement, whose row later steps use."""
        if api_settings.JTI_CLAIM is None:
            return
        self._outstanding = find(self.jti())
        if is_blacklisted(self._outstanding):
            raise TokenError(_("Token is blacklisted"))

    @sensitive_variables()
    def rotate(self, user: Any) -> str:
        """New `jti`, `exp` and `iat`. Under BLACKLIST_AFTER_ROTATION the old `jti` is blacklisted in one transaction
        with the new row: of several requests that try, one succeeds, and the others get TokenError.
        """
        if api_settings.JTI_CLAIM is None:
            return super().rotate(user)
        predecessor = self._recorder(user) if api_settings.BLACKLIST_AFTER_ROTATION else None
        self.renew()
        self._outstanding = None
        text = str(self.token)  # signed before anything is written: where signing fails, nothing was written
        successor = self._issued_token(user, text)
        if predecessor is None:
            self._outstanding = record_new(successor)
            return text
        try:
            replace(predecessor(), successor)
        except AlreadyBlacklistedError as error:
            raise TokenError(_("Token is blacklisted")) from error
        return text

    def end(self) -> tuple[BlacklistedToken, bool]:
        """Blacklist the token, with a row for it first where there is none: the entry, and whether it is new."""
        return self.end_for(None)

    def end_for(self, user: Any) -> tuple[BlacklistedToken, bool]:
        """As `end`; `user` spares a look-up."""
        self._outstanding = self._recorder(user)()
        return blacklist(self._outstanding)

    def listed(self) -> tuple[OutstandingToken, bool] | None:
        """(row, whether it is new); None without JTI_CLAIM."""
        if api_settings.JTI_CLAIM is None:
            return None
        return record(self._issued_token(self.find_user(), self._text()))

    def check_untyped(self) -> None:
        """As `check`, for tokens with a `jti` and under BLACKLIST_AFTER_ROTATION only, as simplejwt asks it."""
        jti = self.token.get(api_settings.JTI_CLAIM) if api_settings.BLACKLIST_AFTER_ROTATION else None
        if isinstance(jti, str) and is_blacklisted(find(jti)):
            raise BlacklistedError

    def _recorder(self, user: Any) -> Callable[[], OutstandingToken]:
        """What returns this token's row, and writes it where there is none."""
        jti, outstanding = self.jti(), self._outstanding
        # Where a `jti` was set after the check, the row is another token's.
        row = outstanding if outstanding is not None and outstanding.jti == jti else find(jti)
        if row is not None:
            return lambda: row
        issued = self._issued_token(user or self.find_user(), self._text())
        return lambda: record(issued)[0]

    def _text(self) -> str:
        """The text that the token was read from, while its claims are the same; else it is signed by today's key."""
        text = self.token.token
        if text is None or self.token.get_token_backend().decode(text, verify=False) != self.token.payload:
            return str(self.token)
        return text.decode() if isinstance(text, bytes) else str(text)

    def _issued_token(self, user: Any, text: str) -> IssuedToken:
        return IssuedToken(
            jti=self.jti(),
            text=text,
            user=user,
            created_at=self.token.current_time,
            expires_at=datetime_from_claim(self.token.payload.get("exp")),
        )


class BlacklistedError(TokenError):
    """A token that the verify view asked about is blacklisted: a 400 there, as in simplejwt."""

    def __init__(self) -> None:
        super().__init__(_("Token is blacklisted"))


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
    if BLACKLIST_LABEL not in apps.app_configs:
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
