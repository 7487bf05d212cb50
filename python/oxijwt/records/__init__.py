"""What is kept about a token, and where: nowhere, in the blacklist's tables, or in a token session.

`records_of` chooses once for each token. It looks the apps up when a token is used, not at import, so a project can
install an app in a test (`override_settings`) without reloading modules.
"""

from __future__ import annotations

from contextlib import nullcontext
from enum import Enum
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Generic, Protocol, TypeAlias, TypeVar, cast

from django.apps import apps

from oxijwt.verifier import SignedBy

from .blacklist import BlacklistRecords
from .stateless import OtherIssuersToken, StatelessRecords

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from django.contrib.auth.base_user import AbstractBaseUser

    from oxijwt.token_blacklist.models import BlacklistedToken, OutstandingToken
    from oxijwt.token_sessions.models import TokenSession
    from oxijwt.tokens import RefreshToken, Token

Result = TypeVar("Result")
Ended: TypeAlias = "tuple[BlacklistedToken | TokenSession | None, bool]"
"""What holds the end of a token, or None if nothing can, and whether this call ended it.

A name at run time too: simplejwt's suite imports `tokens` with TYPE_CHECKING set to True.
"""

BLACKLIST_LABEL = "token_blacklist"
SESSIONS_LABEL = "token_sessions"
SESSION_APP = "oxijwt.token_sessions"


class Kind(Enum):
    """What a class of tokens is for. Records differ by this only."""

    ACCESS = "access"
    """Tokens that only authenticate requests."""
    REFRESH = "refresh"
    SLIDING = "sliding"
    LOGOUT = "logout"
    """Refresh tokens that a client sends to log out."""
    UNTYPED = "untyped"
    """Tokens of any type; the claims say of which."""


class Records(Protocol):
    """What is kept about one token. The verbs are explained here; classes say only where they differ."""

    @property
    def rotates(self) -> bool:
        """Whether a refresh with this token returns a new refresh token."""

    def issued(self, user: AbstractBaseUser) -> None:
        """Record a token that was just made for this user, and set the claims that depend on the record."""

    def check(self) -> None:
        """Raise TokenError if the token is not valid any more: SessionError, with a code, if its session says so."""

    def check_blacklist(self) -> None:
        """Raise TokenError if the token is in the blacklist's table. Sessions are not checked."""

    def check_current(self) -> None:
        """Raise SessionError for a spent token in its grace interval: it can only be refreshed."""

    def check_untyped(self) -> None:
        """As `check`, for a token of unknown type. It has no effect."""

    def check_session(self) -> None:
        """Raise SessionError if the token's session has ended. If `check` or `find_user` has read it, do nothing."""

    def find_user(self) -> AbstractBaseUser | None:
        """The user that the token names, or None. Raises SessionError if the token's session has ended."""

    def rotate(self, user: AbstractBaseUser | None) -> str:
        """Give the token the claims of its successor, and return the successor, signed.

        `user` is the token's user, or None if the caller has not read it. Raises TokenError, or SessionError, if
        another request has spent the token, and ServiceUnavailable if the database is busy.
        """

    def end(self) -> Ended:
        """Make the token invalid from now on. Raises TokenError."""

    def listed(self) -> tuple[OutstandingToken, bool] | None:
        """Record the token unless it is recorded: (row, whether it is new), or None if no table holds tokens."""


class SessionApp(Protocol):
    """What the AppConfig of `oxijwt.token_sessions` offers."""

    record_kinds: Mapping[Kind, Callable[[Token], Records]]
    """By `record_kind`: what makes the records of a token that our own key signed."""

    def end_session_of(self, token_class: type[RefreshToken], text: str) -> TokenSession | None:
        """End the session of a refresh token, also if the token is spent or expired.

        Returns the session as it was before, or None if the token has no session.
        """

    def following_rehash(self, password: str) -> AbstractContextManager[None]:
        """Inside, sessions survive if Django only renews the hash of this password."""


def has_blacklist() -> bool:
    """Whether an app with the blacklist's tables is installed: this package's, or simplejwt's own."""
    return BLACKLIST_LABEL in apps.app_configs


def session_app() -> SessionApp | None:
    """The app `oxijwt.token_sessions`, or None if it is not installed."""
    config = apps.app_configs.get(SESSIONS_LABEL)
    return cast("SessionApp", config) if config is not None and config.name == SESSION_APP else None


def can_end_tokens() -> bool:
    """Whether an installed app can end tokens before their `exp`."""
    return has_blacklist() or session_app() is not None


class WhileRevocable(Generic[Result]):
    """Decorator for a method that only exists while an app that can end tokens is installed.

    Code written for simplejwt asks `hasattr(token, "blacklist")` or catches AttributeError.
    """

    def __init__(self, function: Callable[..., Result]) -> None:
        self._function = function
        self.__doc__ = function.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type) -> Callable[..., Result]:
        if not can_end_tokens():
            raise AttributeError(f"{owner.__name__}.{self._name} needs an app that can end tokens")
        return self._function if instance is None else partial(self._function, instance)


def records_of(token: Token) -> Records:
    """The records of this token. A Token keeps them, so that they are chosen once."""
    kept: Records | None = getattr(token, "kept_records", None)
    if kept is not None:
        return kept
    # AUTH_TOKEN_CLASSES may have a project's own class without `verified`: its tokens count as signed by us.
    verified = getattr(token, "verified", None)
    app = session_app() if verified is None or verified.signed_by is SignedBy.US else None
    if app is None:
        kept = records_without_session(token)
    else:
        kept = app.record_kinds[getattr(token, "record_kind", Kind.ACCESS)](token)
    if hasattr(token, "kept_records"):
        token.kept_records = kept
    return kept


def records_without_session(token: Token) -> StatelessRecords:
    """The records of a token that has no session."""
    verified = getattr(token, "verified", None)
    if verified is not None and verified.issuer is not None:
        return OtherIssuersToken(token)
    return BlacklistRecords(token) if has_blacklist() else StatelessRecords(token)


def following_rehash(password: str) -> AbstractContextManager[None]:
    """Inside, a user's sessions survive if Django only renews the password's hash (same password, new hasher)."""
    app = session_app()
    return nullcontext() if app is None else app.following_rehash(password)


def refuse_revoked(claim: object) -> None:
    """Look a `sid` claim up in REVOCATION_CACHE. Raises SessionError if its session has ended, and ServiceUnavailable.

    Works without the session app too: services without a database call it.
    """
    import_module("oxijwt.token_sessions.revocation_cache").refuse_revoked(claim)
