"""simplejwt's two tables: tokens that were issued, and those of them that are not valid any more.

Reads use the database that is written to, since a replica that lags behind must not decide about a token.
"""

from __future__ import annotations

import hashlib
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import IntegrityError, connections, router, transaction
from django.db.models import Q
from django.views.decorators.debug import sensitive_variables

from oxijwt.exceptions import TokenError
from oxijwt.locale import gettext_lazy as _
from oxijwt.settings import api_settings
from oxijwt.statements import rows
from oxijwt.statements.kept import GettingFirst
from oxijwt.statements.plain import is_plain
from oxijwt.utils import Hidden, datetime_from_claim

from .stateless import StatelessRecords
from .users import requiring_user

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from contextlib import AbstractContextManager
    from datetime import datetime

    from django.contrib.auth.base_user import AbstractBaseUser
    from django.db.models import Model, QuerySet

    from oxijwt.token_blacklist.models import BlacklistedToken, OutstandingToken

BLACKLIST_LABEL = "token_blacklist"
BATCH_SIZE = 1000


class BlacklistRecords(StatelessRecords):
    """Records of a token that gets a row when it is issued, and another one when it is blacklisted."""

    _outstanding: OutstandingToken | None = None
    """The token's row, after it was found or written."""

    def issued(self, user: AbstractBaseUser) -> None:
        """One INSERT, or nothing without JTI_CLAIM."""
        if api_settings.JTI_CLAIM is not None:
            self._outstanding = record_for(self.issued_token(user, str(self.token)))

    def check(self) -> None:
        """Call the token's own `check_blacklist`, which a project may override."""
        self.token.check_blacklist()  # type: ignore[attr-defined]  # only a BlacklistMixin calls check()

    def check_blacklist(self) -> None:
        """One SQL statement. Later steps use the row that it found."""
        if api_settings.JTI_CLAIM is not None:
            self.refuse_blacklisted(find(self.jti()))

    async def acheck(self) -> None:
        """As `check_blacklist`, by Django's async ORM."""
        if api_settings.JTI_CLAIM is not None:
            self.refuse_blacklisted(await with_entries().filter(jti=self.jti()).afirst())

    def refuse_blacklisted(self, row: OutstandingToken | None) -> None:
        """Keep the token's row. Raises BlacklistedError if it has a blacklist entry."""
        self._outstanding = row
        if is_blacklisted(row):
            raise BlacklistedError

    @sensitive_variables()
    def rotate(self, user: AbstractBaseUser | None) -> str:
        """Only `jti`, `exp` and `iat` change.

        With BLACKLIST_AFTER_ROTATION one transaction blacklists the old `jti` and records the new one. If several
        requests try, one succeeds, and the others get BlacklistedError.
        """
        if api_settings.JTI_CLAIM is None:
            return super().rotate(user)
        user = user or self.find_user()
        predecessor = self._recorder(user) if api_settings.BLACKLIST_AFTER_ROTATION else None
        self.renew()
        self._outstanding = None
        # Signed before anything is written, since signing may fail. No variable holds the text meanwhile.
        successor = self.issued_token(user, str(self.token))
        before_write = self.token.before_write  # type: ignore[attr-defined]  # only a BlacklistMixin rotates
        if before_write is not None:
            before_write(self.token, Hidden(successor.text))
        if predecessor is None:
            self._outstanding = record_for(successor)
            return successor.text
        try:
            replace(predecessor(), successor)
        except AlreadyBlacklistedError as error:
            raise BlacklistedError from error
        return successor.text

    def end(self) -> tuple[BlacklistedToken, bool]:
        """Blacklist the token: (entry, whether it is new). If the token has no row, it gets one first."""
        return self.end_for(None)

    def end_for(self, user: AbstractBaseUser | None) -> tuple[BlacklistedToken, bool]:
        """As `end`, for a token whose user the caller has read: that saves a query."""
        self._outstanding = self._recorder(user)()
        return blacklist(self._outstanding)

    def listed(self) -> tuple[OutstandingToken, bool] | None:
        """None without JTI_CLAIM."""
        if api_settings.JTI_CLAIM is None:
            return None
        return record(self.issued_token(self.find_user(), self.signed_text()))

    def check_untyped(self) -> None:
        """As in simplejwt, only tokens with a `jti` are checked, and only with BLACKLIST_AFTER_ROTATION."""
        for jti in self.ids_to_ask():
            if is_blacklisted(find(jti)):
                raise BlacklistedError

    def ids_to_ask(self) -> tuple[str, ...]:
        """The token's `jti`, if `check_untyped` looks for it."""
        jti = self.token.get(api_settings.JTI_CLAIM) if api_settings.BLACKLIST_AFTER_ROTATION else None
        return (jti,) if isinstance(jti, str) else ()

    def _recorder(self, user: AbstractBaseUser | None) -> Callable[[], OutstandingToken]:
        """A function that returns this token's row, and writes it first if the row is missing."""
        jti, outstanding = self.jti(), self._outstanding
        # If the project's code has set another `jti` after the check, the row belongs to another token.
        row = outstanding if outstanding is not None and outstanding.jti == jti else find(jti)
        if row is not None:
            return lambda: row
        issued = self.issued_token(user or self.find_user(), self.signed_text())
        return lambda: record(issued)[0]

    def signed_text(self) -> str:
        """The text that the token was read from, if its claims have not changed. Else the token is signed again."""
        text = self.token.token
        if text is None or self.token.get_token_backend().decode(text, verify=False) != self.token.payload:
            return str(self.token)
        return text.decode() if isinstance(text, bytes) else str(text)

    def issued_token(self, user: AbstractBaseUser | None, text: str) -> IssuedToken:
        """What the token's row is made from. Raises TokenError if `jti` or `exp` can't be stored."""
        return IssuedToken(
            jti=self.jti(),
            text=text,
            user=user,
            created_at=self.token.current_time,
            expires_at=datetime_from_claim(self.token.payload.get("exp")),
        )


class BlacklistedError(TokenError):
    """The token is blacklisted. The verify view answers with 400, as simplejwt's does, and other views with 401."""

    def __init__(self) -> None:
        super().__init__(_("Token is blacklisted"))


class AlreadyBlacklistedError(Exception):
    """Another request has blacklisted this `jti` before."""


@dataclass(frozen=True, slots=True, repr=False)
class IssuedToken:
    """A token as the blacklist app records it. Its repr does not show the text."""

    jti: str
    text: str
    user: AbstractBaseUser | None
    created_at: datetime
    expires_at: datetime

    def as_row(self) -> dict[str, object]:
        """The fields of its OutstandingToken, without `jti`."""
        return {
            "user": self.user,
            "token": stored_text(self.text),
            "created_at": self.created_at,
            "expires_at": self.expires_at,
        }


def stored_text(text: str) -> str:
    """The value of OutstandingToken.token: the token's text, or its digest if OUTSTANDING_TOKEN_DIGEST is set."""
    if not api_settings.OUTSTANDING_TOKEN_DIGEST:
        return text
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def table(name: str) -> tuple[Any, str]:
    """One of the two models, and the alias of the database that it is written to."""
    model = apps.get_model(BLACKLIST_LABEL, name)
    return model, router.db_for_write(model)


def outstanding_tokens() -> QuerySet[OutstandingToken]:
    """The rows of issued tokens, in the database that is written to."""
    model, alias = table("OutstandingToken")
    tokens: QuerySet[OutstandingToken] = model.objects.using(alias)
    return tokens


def blacklist_entries() -> QuerySet[BlacklistedToken]:
    """The rows of blacklisted tokens, in the database that is written to."""
    model, alias = table("BlacklistedToken")
    entries: QuerySet[BlacklistedToken] = model.objects.using(alias)
    return entries


def find(jti: str) -> OutstandingToken | None:
    """The token's row, with its blacklist entry if it is blacklisted. One SQL statement."""
    model, alias = table("OutstandingToken")
    if is_plain(model.objects):
        found: OutstandingToken | None = GettingFirst(model, alias, with_entries).first(jti=jti)
        return found
    return with_entries().filter(jti=jti).first()


def with_entries() -> QuerySet[OutstandingToken]:
    """The rows of issued tokens without their texts, each with its blacklist entry."""
    return outstanding_tokens().select_related("blacklistedtoken").defer("token")


def is_blacklisted(record: OutstandingToken | None) -> bool:
    """Whether a row from `find` has a blacklist entry. No SQL statement."""
    return record is not None and hasattr(record, "blacklistedtoken")


def any_blacklisted(ids: Collection[str]) -> bool:
    """Whether one of these `jti`s is blacklisted. One SQL statement."""
    return entries_of(ids).exists()


def entries_of(ids: Collection[str]) -> QuerySet[BlacklistedToken]:
    """The blacklist's entries of these `jti`s."""
    return blacklist_entries().filter(token__jti__in=ids)


def can_be_asked_in(alias: str) -> bool:
    """Whether the blacklist is in this database and has a plain manager. Then one statement can read both."""
    model, own_alias = table("BlacklistedToken")
    return own_alias == alias and is_plain(model.objects)


@sensitive_variables()
def record(token: IssuedToken) -> tuple[OutstandingToken, bool]:
    """Record a token unless its `jti` is recorded: (row, whether it is new)."""
    return outstanding_tokens().get_or_create(jti=token.jti, defaults=token.as_row())


@sensitive_variables()
def record_new(token: IssuedToken) -> OutstandingToken:
    """Record a token that was just made. One SQL statement."""
    model, alias = table("OutstandingToken")
    row: OutstandingToken = model(jti=token.jti, **token.as_row())
    rows.insert(row, alias)
    return row


@sensitive_variables()
def record_for(token: IssuedToken) -> OutstandingToken:
    """As `record_new`. Raises UserDeleted if the user is gone. One SQL statement more in a caller's transaction."""
    model, alias = table("OutstandingToken")
    row: OutstandingToken = model(jti=token.jti, **token.as_row())
    with requiring_user(row, row.user_id, alias):
        rows.insert(row, alias)
    return row


def blacklist(outstanding: OutstandingToken) -> tuple[BlacklistedToken, bool]:
    """Blacklist a recorded token: (entry, whether it is new). Tries an INSERT first, since that mostly succeeds."""
    model, alias = table("BlacklistedToken")
    entry = model(token=outstanding)
    try:
        with all_or_nothing(model, alias):
            rows.insert(entry, alias)
            return entry, True
    except IntegrityError:
        entries = blacklist_entries()
        if connections[alias].in_atomic_block:
            # The caller's snapshot may be older than the entry. Only a locking read on MariaDB sees it then.
            entries = entries.select_for_update()
        return entries.filter(token=outstanding).first() or entries.model(token=outstanding), False


def all_or_nothing(model: type[Model], alias: str) -> AbstractContextManager[None]:
    """A transaction around an INSERT, or a savepoint, since a failed INSERT would break a transaction of the caller.

    A single statement outside of a transaction needs neither. Receivers of a project may run more.
    """
    connection = connections[alias]
    is_alone = not connection.in_atomic_block and connection.get_autocommit() and rows.is_one_statement(model)
    return nullcontext() if is_alone else transaction.atomic(using=alias)


def replace(outstanding: OutstandingToken, successor: IssuedToken) -> None:
    """Blacklist a token and record its successor, both or neither.

    If several requests try, the first INSERT into the blacklist wins. The others get AlreadyBlacklistedError.
    """
    model, alias = table("BlacklistedToken")
    try:
        with transaction.atomic(using=alias):
            rows.insert(model(token=outstanding), alias)
            record_new(successor)
    except IntegrityError as error:
        raise AlreadyBlacklistedError from error


def blacklist_all_of(user: AbstractBaseUser) -> None:
    """Blacklist every recorded token of a user. Without the blacklist app it does nothing."""
    if BLACKLIST_LABEL not in apps.app_configs:
        return
    entries = blacklist_entries()
    # The tokens are read from the database of the entries, also if a router puts the two tables into different ones.
    open_tokens = outstanding_tokens().using(entries.db).filter(Q(user=user), blacklistedtoken__isnull=True)
    new = [entries.model(token_id=pk) for pk in open_tokens.order_by("pk").values_list("pk", flat=True)]
    entries.bulk_create(new, batch_size=BATCH_SIZE, ignore_conflicts=True)
