"""What is kept about a token, and who keeps it: nobody, the blacklist's tables, or a token session.

`records_of` chooses once for each token. The apps are looked up when a token is used, never at import, so installing
or overriding them needs no reload.
"""

from __future__ import annotations

from contextlib import nullcontext
from enum import Enum
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from django.apps import apps

from oxijwt.verifier import SignedBy

from .blacklist import BlacklistRecords
from .stateless import OtherIssuersToken, StatelessRecords

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from oxijwt.tokens import Token

BLACKLIST_LABEL = "token_blacklist"
SESSIONS_LABEL = "token_sessions"
SESSION_APP = "oxijwt.token_sessions"


class Kind(Enum):
    """What a token class is for, as far as records differ."""

    ACCESS = "access"
    """It authenticates requests, and nothing else."""
    REFRESH = "refresh"
    SLIDING = "sliding"
    UNTYPED = "untyped"
    """Its class reads tokens of any type: the claims say which one it is."""


class Records(Protocol):
    """What is kept about one token."""

    @property
    def rotates(self) -> bool:
        """Whether a refresh with this token answers with another refresh token."""

    def issued(self, user: Any) -> None:
        """Write down a token that was just made for this user; sets the claims that follow from it."""

    def check(self) -> None:
        """Raise TokenError, or SessionError with a code, where the token does not count any more."""

    def check_blacklist(self) -> None:
        """Raise TokenError where the token is in the blacklist's table, without asking a session."""

    def check_current(self) -> None:
        """Raise SessionError for a spent token that only the grace interval forgives: it is good for a refresh."""

    def check_untyped(self) -> None:
        """As `check`, of a token of unknown type. Nothing is written."""

    def check_session(self) -> None:
        """Raise SessionError where the token's session has ended, unless `check` or `find_user` has asked that."""

    def find_user(self) -> Any | None:
        """The user that the token names, or None. Raises SessionError where the token's session has ended."""

    def rotate(self, user: Any) -> str:
        """Make the token its own successor, and return that one signed. Raises TokenError, ServiceUnavailable."""

    def end(self) -> tuple[Any, bool]:
        """Make the token count no longer: what was written, and whether it is new. Raises TokenError."""

    def listed(self) -> Any:
        """Write the token down unless it is: (record, whether it is new), or None where nothing is kept."""


class SessionApp(Protocol):
    """What `oxijwt.token_sessions`' AppConfig offers."""

    record_kinds: Mapping[Kind, Callable[[Any], Records]]
    """What makes the records of a token that our own key signed, by its class's `record_kind`."""

    def end_session_of(self, token_class: type[Token], text: str) -> Any:
        """End the session of a refresh token, spent and expired ones included: the session as it was, or None."""

    def following_rehash(self, password: str) -> AbstractContextManager[None]:
        """Inside, sessions survive when Django only renews the hash of this password."""


def has_blacklist() -> bool:
    """Whether an app that can hold a blacklist is installed: ours, or simplejwt's own."""
    return BLACKLIST_LABEL in apps.app_configs


def session_app() -> SessionApp | None:
    """The app `oxijwt.token_sessions`, or None where it is not installed."""
    config = apps.app_configs.get(SESSIONS_LABEL)
    return cast("SessionApp", config) if config is not None and config.name == SESSION_APP else None


def can_end_tokens() -> bool:
    """Whether an app is installed that can end a token before its `exp`."""
    return has_blacklist() or session_app() is not None


def records_of(token: Any) -> Records:
    """Who keeps records of this token: a Token keeps the answer."""
    kept: Records | None = getattr(token, "kept_records", None)
    if kept is not None:
        return kept
    # What a project's own class in AUTH_TOKEN_CLASSES makes says nothing of who signed: its backend is its own.
    verified = getattr(token, "verified", None)
    app = session_app() if verified is None or verified.signed_by is SignedBy.US else None
    if app is None:
        kept = records_without_session(token)
    else:
        kept = app.record_kinds[getattr(token, "record_kind", Kind.ACCESS)](token)
    if hasattr(token, "kept_records"):
        token.kept_records = kept
    return kept


def records_without_session(token: Any) -> StatelessRecords:
    """Who keeps records of a token that has no session."""
    verified = getattr(token, "verified", None)
    if verified is not None and verified.issuer is not None:
        return OtherIssuersToken(token)
    return BlacklistRecords(token) if has_blacklist() else StatelessRecords(token)


def following_rehash(password: str) -> AbstractContextManager[None]:
    """Inside, a user whose password hash Django only renews (same password, more iterations) keeps their sessions."""
    app = session_app()
    return nullcontext() if app is None else app.following_rehash(password)


def refuse_revoked(claim: object) -> None:
    """Ask REVOCATION_CACHE about a `sid`: raises SessionError where its session has ended, ServiceUnavailable.

    Needs no app: a service without a database asks too.
    """
    cache: Any = import_module("oxijwt.token_sessions.revocation_cache")
    cache.refuse_revoked(claim)
