"""What is kept about a token, and where: nowhere, in the blacklist's tables, or in a token session.

`records_of` chooses once for each token. It looks the apps up when a token is used, not at import, so a project can
install an app in a test (`override_settings`) without reloading modules.
"""

from __future__ import annotations

import time
from contextlib import nullcontext
from enum import Enum
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar, cast

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured

from oxijwt.exceptions import TokenError
from oxijwt.locale import gettext_lazy as _
from oxijwt.settings import SESSION_APP, api_settings
from oxijwt.utils import logger
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


class Kind(Enum):
    """What a class of tokens is for. Records differ by this only."""

    OWN = "own"
    """Tokens of a project's own type. They authenticate requests if AUTH_TOKEN_CLASSES names their class."""
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

    async def acheck(self) -> None:
        """As `check`, for async code."""

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

    async def aread_ahead(self) -> bool:
        """Ask the database from async code, and keep its answer for the next `find_user`.

        False if `find_user` must run in a thread all the same: it would write, or call a project's rule.
        """

    def adopt(self, user: AbstractBaseUser | None) -> None:
        """Give a sliding token without a session one before it is refreshed, if tokens are adopted now."""

    def narrowed(self) -> None:
        """Keep the scope that the client of a sliding token's refresh has asked for, for all later refreshes."""

    def end_moved(self) -> None:
        """Let the session end when the token ends: `set_exp` was called on a token that `for_user` has made."""

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

    def owes_publications(self) -> bool:
        """Whether this process could not publish an end in REVOCATION_CACHE, and has not done so since."""

    def publish_owed(self) -> None:
        """Publish all ends that are not in REVOCATION_CACHE yet, and rebuild a list that was lost.

        Raises ServiceUnavailable.
        """

    def tend_revocation_cache(self) -> None:
        """As `publish_owed`, after the commit. It never raises."""

    def clock_difference(self) -> float:
        """How far this machine's clock is ahead of the database's, in seconds. Raises django.db.Error."""


def has_blacklist() -> bool:
    """Whether an app with the blacklist's tables is installed: this package's, or simplejwt's own."""
    return BLACKLIST_LABEL in apps.app_configs


def session_app() -> SessionApp | None:
    """The app `oxijwt.token_sessions`, or None if it is not installed."""
    config = apps.app_configs.get(SESSIONS_LABEL)
    return cast("SessionApp", config) if config is not None and config.name == SESSION_APP else None


def can_end_tokens() -> bool:
    """Whether an installed app can end tokens before their `exp`."""
    return BLACKLIST_LABEL in apps.app_configs or session_app() is not None


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
        kept = app.record_kinds[getattr(token, "record_kind", Kind.OWN)](token)
    if hasattr(token, "kept_records"):
        token.kept_records = kept
    return kept


def records_without_session(token: Token) -> StatelessRecords:
    """The records of a token that has no session."""
    verified = getattr(token, "verified", None)
    if verified is not None and verified.issuer is not None:
        return OtherIssuersToken(token)
    return BlacklistRecords(token) if has_blacklist() else StatelessRecords(token)


def belongs_to_session(token_class: type[Token]) -> bool:
    """Whether tokens of this class have sessions: not a project's own type, unless AUTH_TOKEN_CLASSES names it."""
    is_own = getattr(token_class, "record_kind", Kind.OWN) is Kind.OWN
    return not is_own or token_class in api_settings.AUTH_TOKEN_CLASSES


def start_session(token: Token, user: AbstractBaseUser) -> None:
    """Start a session for a token that `for_user` makes without a refresh token. Only the session app does."""
    if session_app() is not None and belongs_to_session(type(token)):
        records_of(token).issued(user)


def require_sid(token: Token) -> None:
    """As `require_session`, but not for a refresh token, if the session app is installed: its records look for the
    session that has adopted it.
    """
    is_refresh = token.get(api_settings.TOKEN_TYPE_CLAIM, token.token_type) == "refresh"
    if not (is_refresh and session_app() is not None):
        require_session(token)


def require_session(token: Token) -> None:
    """Raise TokenError if a token without `sid` needs a session now (REQUIRE_SESSION).

    Only our own tokens that name a user need one; without the session app, those of JWK_URL too. Raises
    ImproperlyConfigured if a claim's name can't be used.
    """
    claims, signed_by = getattr(token, "payload", token), getattr(token, "signed_by", SignedBy.US)
    is_ours = signed_by is SignedBy.US or (signed_by is SignedBy.JWK_URL and session_app() is None)
    if not (api_settings.USER_ID_CLAIM in claims and is_ours and belongs_to_session(type(token))):
        return
    if api_settings.session_claims[0] in claims:
        return
    if time.time() >= api_settings.session_required_from:
        warn_if_recent(token)
        raise TokenError(_("Token has no session"))


def refuse_foreign_claims(token: Token, session: TokenSession) -> None:
    """Raise ImproperlyConfigured if a project has set the claim `sid` or `gen` of a token with a session.

    No node would accept the token.
    """
    sid_claim, gen_claim = api_settings.session_claims
    claims, sid, generation = token.payload, str(session.pk), session.generation
    is_ours = claims.get(sid_claim, sid) == sid
    if token.token is None and token.record_kind is not Kind.SLIDING:
        is_ours = is_ours and claims.get(gen_claim, generation) == generation
    if not is_ours:
        raise ImproperlyConfigured(
            "The claims that SIMPLE_JWT['SESSION_ID_CLAIM'] and SIMPLE_JWT['SESSION_GENERATION_CLAIM'] name belong to"
            " the token's session. Give your own claim another name, or these settings."
        )


def warn_if_recent(token: Token) -> None:
    """Warn of a refused token that may come from a node that still starts no sessions."""
    issued_at, lifetime = token.get("iat"), token.lifetime or api_settings.REFRESH_TOKEN_LIFETIME
    age = time.time() - issued_at if isinstance(issued_at, int | float) else lifetime.total_seconds()
    if age < lifetime.total_seconds():
        user_id = token.get(api_settings.USER_ID_CLAIM)
        message = (
            "REQUIRE_SESSION refused a token of user %s that was made %d seconds ago. Its node starts no sessions."
        )
        logger.warning(message, user_id, age)


def following_rehash(password: str) -> AbstractContextManager[None]:
    """Inside, a user's sessions survive if Django only renews the password's hash (same password, new hasher)."""
    app = session_app()
    return nullcontext() if app is None else app.following_rehash(password)


def refuse_revoked(token: Token) -> None:
    """Look the session of a token with a `sid` up in REVOCATION_CACHE.

    Works without the session app too: services without a database call it. Raises SessionError if the session has
    ended, TokenError if the list may forget the session before the token expires, and ServiceUnavailable.
    """
    import_module("oxijwt.token_sessions.revocation_cache").refuse_revoked(token)


def revocation_cache_is_complete() -> bool:
    """Whether REVOCATION_CACHE has its whole list. Works without the session app too. Raises ServiceUnavailable."""
    complete: bool = import_module("oxijwt.token_sessions.revocation_cache").is_complete()
    return complete
