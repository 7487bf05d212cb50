"""What cookies, claims, scopes and the OAuth style cost: a site with one of them against a site with none.

SQLite, with sessions.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from typing import Any

from tests.suites.bench.report import Line, run_part, share_at_most
from tests.suites.bench.turns import Pace

from .contestant import contestants, race_of
from .libraries import Library, Request, Tokens, authenticated_by, credentials
from .spec import Spec

STEPS = ("obtain", "protected", "refresh", "logout")
SECRET = "a" * 32
"""A CSRF secret, in the cookie and in the header."""
CSRF = {"HTTP_X_CSRFTOKEN": SECRET}


def claims(user: Any, request: object, token: object) -> dict[str, object]:
    """CLAIMS of the site with claims."""
    return {"name": user.get_username(), "is_staff": user.is_staff}


def scopes(user: Any, request: object) -> list[str]:
    """USER_SCOPES of the site with scopes."""
    return ["orders:read", "orders:write"]


def with_settings(**changes: object) -> Callable[[Library], Library]:
    """A site with other settings in SIMPLE_JWT."""

    def changed(library: Library) -> Library:
        return replace(library, settings=library.settings | {"SIMPLE_JWT": library.settings["SIMPLE_JWT"] | changes})

    return changed


def in_oauth_style(library: Library) -> Library:
    """A site with the names of RFC 6749."""
    tokens = {"access": "access_token", "refresh": "refresh_token"}
    changed = with_settings(TOKEN_RESPONSE_STYLE="oauth")(library)
    return replace(changed, tokens=lambda answer: {name: answer[theirs] for name, theirs in tokens.items()})


def with_cookies(library: Library) -> Library:
    """A site with both tokens in cookies. Each unsafe request passes the CSRF check."""
    changed = with_settings(AUTH_COOKIE_ACCESS="access_token")(library)
    cookies = authenticated_by("oxijwt.authentication.JWTCookieAuthentication")
    return replace(
        changed,
        settings=changed.settings | cookies,
        urlpatterns=lambda: [*library.urlpatterns(), cookie_urls()],
        requests={
            "obtain": lambda given: post("", {}, credentials(given["username"])),
            "protected": lambda tokens: Request("GET", "/me/", headers=sent(tokens, "access")),
            "refresh": lambda tokens: post("refresh/", sent(tokens, "refresh"), {}),
            "logout": lambda tokens: post("logout/", sent(tokens, "refresh"), {}),
        },
    )


def cookie_urls() -> Any:
    """The URLs of the token views for browsers."""
    urls = import_module("django.urls")
    return urls.path("session/", urls.include("oxijwt.cookie_urls"))


def post(name: str, cookie: dict[str, str], body: dict[str, str]) -> Request:
    """A POST of a browser that has asked for the CSRF token."""
    texts = filter(None, (cookie.get("HTTP_COOKIE"), f"csrftoken={SECRET}"))
    return Request("POST", f"/session/{name}", body, CSRF | {"HTTP_COOKIE": "; ".join(texts)})


def sent(tokens: Tokens, kind: str) -> dict[str, str]:
    """The header with one token cookie."""
    name = f"__Host-{kind}_token"
    return {"HTTP_COOKIE": f"{name}={tokens[name]}"}


FEATURES: dict[str, tuple[str, Callable[[Library], Library]]] = {
    "claims": ("CLAIMS", with_settings(CLAIMS=claims)),
    "scopes": ("USER_SCOPES", with_settings(USER_SCOPES=scopes)),
    "oauth": ('TOKEN_RESPONSE_STYLE "oauth"', in_oauth_style),
    "cookies": ("both tokens in cookies, with CSRF", with_cookies),
}
"""By the name in a Spec: how a line calls it, and the site that has it."""


def lines(pace: Pace) -> Iterator[Line]:
    """Each step of a login with each feature."""
    for feature, (title, _change) in FEATURES.items():
        with contestants(Spec("oxijwt", "sessions", feature=feature), Spec("oxijwt", "sessions")) as sites:
            for step in STEPS:
                yield share_at_most(f"{step}, {title}", race_of(step, sites, pace)[0], None, "without")


if __name__ == "__main__":
    run_part(lines)
