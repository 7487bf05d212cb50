"""What each view does, in words for a reader of the API."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from oxijwt.records import session_app
from oxijwt.transport.cookies import ACCESS, REFRESH

if TYPE_CHECKING:
    from collections.abc import Iterator

WRONG_TOKEN = (
    "The token is refused. `code` says why: `token_not_valid` if it is malformed, expired, of another type or not"
    " signed by this site."
)
WRONG_LOGIN = "No active account has these credentials."
NO_TOKEN = (
    "The request has no token, or `code` says why it is refused: `token_not_valid` if it is malformed or expired."
)
SESSION_CODES = " With `session_revoked`, `session_expired` or `password_changed` its session has ended."
REUSED = " With `token_reused` it was used before, and its session has ended too."
DELETED = " `not_authenticated`: the request has no token. If the token was in a cookie, the cookies are deleted."
OVER = "The session belongs to another user, is unknown or has already ended."
BY_COOKIE = " With a token in the body in place of the cookie, it needs no CSRF token and changes no cookie."


@dataclass(frozen=True)
class Operation:
    """One view.

    `component` names the body's schema. It is empty for the view with a CSRF token. `tokens` are the tokens in the
    serializer's answer, with simplejwt's names. `refused` describes a 401, and `missing` a 404. With `rotates`, the
    answer has a refresh token only under ROTATE_REFRESH_TOKENS. With `cookies`, tokens are in cookies.
    """

    summary: str
    description: str
    answer: str
    refused: str = ""
    missing: str = ""
    component: str = ""
    status: int = 200
    tokens: tuple[str, ...] = ()
    rotates: bool = False
    cookies: bool = False
    many: bool = False

    @property
    def is_logout(self) -> bool:
        """Whether the token of a request may be in the header, the body or a cookie."""
        return self.component in {"TokenLogout", "CookieLogout", "CookieBlacklist"}

    @property
    def token_cookies(self) -> tuple[str, ...]:
        """The settings of the cookies that a request may have its token in."""
        if not self.cookies:
            return ()
        return (REFRESH, ACCESS) if self.is_logout else (REFRESH,) * self.rotates

    def why_refused(self) -> str:
        """The text of a 401."""
        has_session = self.refused != WRONG_LOGIN and session_app() is not None
        of_session = f"{SESSION_CODES}{REUSED * self.rotates}" * has_session
        return f"{self.refused}{of_session}{DELETED * bool(self.token_cookies)}"


LOGOUT = Operation(
    "Log out",
    "Ends the session of the refresh token in the body or, without one, of the access token in the header: all its"
    " tokens are refused from now on. `scope` says which sessions end: this one (`local`), the user's other sessions"
    " (`others`) or all of them (`global`).",
    "The sessions have ended.",
    WRONG_TOKEN,
    component="TokenLogout",
    status=204,
)

OPERATIONS = {
    "oxijwt.views.TokenObtainPairView": Operation(
        "Log in",
        "Takes credentials and answers with an access token, which authenticates requests, and a refresh token, which"
        " gets the next access token.",
        "The tokens.",
        WRONG_LOGIN,
        component="TokenObtainPair",
        tokens=("access", "refresh"),
    ),
    "oxijwt.views.TokenRefreshView": Operation(
        "Refresh the access token",
        "Takes a refresh token and answers with a new access token. If the answer has a refresh token too, the old one"
        " can't be used again.",
        "The tokens.",
        WRONG_TOKEN,
        component="TokenRefresh",
        tokens=("access", "refresh"),
        rotates=True,
    ),
    "oxijwt.views.TokenObtainSlidingView": Operation(
        "Log in for a sliding token",
        "Takes credentials and answers with a sliding token: it authenticates requests, and it gets its own successor.",
        "The token.",
        WRONG_LOGIN,
        component="TokenObtainSliding",
        tokens=("token",),
    ),
    "oxijwt.views.TokenRefreshSlidingView": Operation(
        "Refresh a sliding token",
        "Takes a sliding token and answers with one that expires later, until the refresh period of the login is over.",
        "The token.",
        WRONG_TOKEN,
        component="TokenRefreshSliding",
        tokens=("token",),
    ),
    "oxijwt.views.TokenVerifyView": Operation(
        "Verify a token",
        "Answers 200 if a token of any type is valid. That does not say what the token may be used for.",
        "The token is valid.",
        WRONG_TOKEN,
        component="TokenVerify",
    ),
    "oxijwt.views.TokenBlacklistView": Operation(
        "Revoke a refresh token",
        "Takes a refresh token, which is refused from now on.",
        "The token is revoked.",
        WRONG_TOKEN,
        component="TokenBlacklist",
    ),
    "oxijwt.token_sessions.views.TokenLogoutView": LOGOUT,
    "oxijwt.token_sessions.views.SessionListView": Operation(
        "List your sessions",
        "The sessions of the user that have not ended, the newest login first. `current` marks the session of this"
        " request.",
        "The sessions.",
        NO_TOKEN,
        component="TokenSession",
        many=True,
    ),
    "oxijwt.token_sessions.views.SessionView": Operation(
        "End one of your sessions",
        "Logs the user out on another device: all tokens of this session are refused from now on.",
        "The session has ended.",
        NO_TOKEN,
        OVER,
        component="TokenSession",
        status=204,
    ),
    "oxijwt.views.cookies.CookieLoginView": Operation(
        "Log in with cookies",
        "Takes credentials, and puts the refresh token into an HttpOnly cookie.",
        "The answer sets the cookie. Its header X-CSRFToken has a new CSRF token.",
        WRONG_LOGIN,
        component="CookieLogin",
        tokens=("access", "refresh"),
        cookies=True,
    ),
    "oxijwt.views.cookies.CookieRefreshView": Operation(
        "Refresh the access token with a cookie",
        "Takes the refresh token of the cookie." + BY_COOKIE,
        "The answer sets the cookie again.",
        WRONG_TOKEN,
        component="CookieRefresh",
        tokens=("access", "refresh"),
        rotates=True,
        cookies=True,
    ),
    "oxijwt.views.cookies.CookieLogoutView": Operation(
        "Log out with a cookie",
        "Revokes the refresh token of the cookie, and deletes the cookies." + BY_COOKIE,
        "The cookies are deleted.",
        WRONG_TOKEN,
        component="CookieBlacklist",
        status=204,
        cookies=True,
    ),
    "oxijwt.token_sessions.views.CookieLogoutView": Operation(
        "Log out with a cookie",
        f"{LOGOUT.description} Here the token may be in a cookie, and the cookies are deleted.{BY_COOKIE}",
        "The sessions have ended, and the cookies are deleted.",
        WRONG_TOKEN,
        component="CookieLogout",
        status=204,
        cookies=True,
    ),
    "oxijwt.views.cookies.CsrfView": Operation(
        "Get a CSRF token",
        "A page asks for it before the login or the first refresh, and sends it in the header of each request that uses"
        " a cookie.",
        "The CSRF token is also in the header X-CSRFToken, and the answer sets Django's CSRF cookie.",
    ),
}
"""The operations by the names of their classes. The session app need not be installed, so nothing is imported."""


def operation_of(view: type) -> Operation | None:
    """The operation of a view class, or of the class that it extends; None if we have no words for it."""
    names = (f"{base.__module__}.{base.__qualname__}" for base in view.__mro__)
    return next((OPERATIONS[name] for name in names if name in OPERATIONS), None)


def project_classes(found: type) -> Iterator[type]:
    """A class and its bases that are the project's own: all before the first one of this package."""
    return takewhile(lambda base: not is_ours(base), found.__mro__)


def is_ours(found: object) -> bool:
    """Whether a class or function belongs to this package, and not to the project."""
    return str(getattr(found, "__module__", "")).startswith("oxijwt.")
