"""Where tokens are sent: every endpoint that takes one, and the authentication classes."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from django.urls import reverse

from tests.client import as_json

from .answers import TAKEN

IN_SESSION = "session "
"""What the names of places begin with where the token that is spoilt has a session."""
LOGOUT_SCOPES = ("local", "others", "global")


class Place(NamedTuple):
    """Somewhere that takes a token of one type. `send(world, token)` returns the response.

    `ask(world, **headers)` is for those that take it from a header: the same request with headers of one's own.
    `cookie` is the name of the cookie with the token, and `carry(world, text)` sends a cookie header. What a case lists
    for the place `like`, it lists for this one too.
    An open place answers a refused token as if there were none.
    """

    name: str
    token_type: str
    send: Callable[[Any, str], Any]
    ask: Callable[..., Any] | None = None
    settings: Mapping[str, Any] = {}
    takes_tokens: bool = True
    cookie: str = ""
    carry: Callable[[Any, str], Any] | None = None
    like: str = ""
    is_open: bool = False

    def takes(self, response):
        """Whether the token was taken."""
        is_taken = response.status_code in TAKEN
        return is_taken and response.json()["user"] is not None if self.is_open else is_taken

    def reason(self, accepted_at):
        """Why a case lists this place as one that takes its token; empty if it does not."""
        return accepted_at.get(self.name) or accepted_at.get(self.like, "")

    def refusal(self, in_body):
        """The status of a refusal."""
        if self.is_open:
            return 200
        return 401 if self.in_header or self.cookie else in_body

    @property
    def in_header(self):
        """Whether the token is sent in the Authorization header."""
        return self.ask is not None

    @property
    def in_session(self):
        """Whether the token belongs to a session."""
        return self.name.startswith(IN_SESSION)


def header(name, token_type, method, endpoint, body=None, **options):
    """A place that takes the token from the Authorization header."""

    def ask(world, **headers):
        path = reverse(endpoint, kwargs={"pk": world.sids["own"]} if endpoint == "session_detail" else {})
        return world.request(method, path, None if body is None else as_json(body), **headers)

    return Place(name, token_type, _in_header(ask), ask, **options)


def body(name, token_type, endpoint, field, settings=(), **others):
    """A place that takes the token from a field of the body."""

    def send(world, token):
        return world.request("POST", reverse(endpoint), as_json({field: token} | others))

    return Place(name, token_type, send, settings=dict(settings))


def cookie(name, token_type, method, endpoint, **options):
    """A place that takes the token from its cookie. The request passes the CSRF check."""
    base = f"{token_type}_token"

    def carry(world, text):
        return world.request(method, reverse(endpoint), HTTP_COOKIE=f"{CSRF_COOKIE}; {as_server_reads(text)}")

    def send(world, token):
        return carry(world, f"__Host-{base}={token}")

    return Place(name, token_type, send, settings=TWO_COOKIES, cookie=f"__Host-{base}", carry=carry, **options)


def as_server_reads(header):
    """The text of a header's bytes in WSGI (PEP 3333)."""
    return header.encode(errors="surrogatepass").decode("latin-1")


def obtain(endpoint):
    """A login with right credentials, and the token beside them: it must not matter."""

    def ask(world, **headers):
        return world.request("POST", reverse(endpoint), as_json(world.credentials), **headers)

    return Place(endpoint, "access", _in_header(ask), ask, takes_tokens=False)


def _in_header(ask):
    return lambda world, token: ask(world, HTTP_AUTHORIZATION=f"Bearer {token}")


CSRF_SECRET = "a" * 32
CSRF_COOKIE = f"csrftoken={CSRF_SECRET}"
TWO_COOKIES = {"AUTH_COOKIE_ACCESS": "access_token"}
OAUTH = {"TOKEN_RESPONSE_STYLE": "oauth"}
SLIDING = {"AUTH_TOKEN_CLASSES": ("oxijwt.tokens.SlidingToken",)}
DENYLIST = {"REVOCATION_CACHE": "default"}
ADOPTING = {"ADOPT_UNTIL": datetime.now(tz=UTC) + timedelta(days=1)}

SHARED = [
    header("whoami", "access", "GET", "whoami"),
    header("whoami, sliding", "sliding", "GET", "whoami", settings=SLIDING),
    header("stateless", "access", "GET", "stateless"),
    body("refresh", "refresh", "token_refresh", "refresh"),
    body("sliding refresh", "sliding", "token_refresh_sliding", "token"),
    body("blacklist", "refresh", "token_blacklist", "refresh"),
    body("verify access", "access", "token_verify", "token"),
    body("verify refresh", "refresh", "token_verify", "token"),
    body("verify sliding", "sliding", "token_verify", "token"),
    body("refresh, OAuth", "refresh", "token_refresh", "refresh_token", OAUTH)._replace(like="refresh"),
    cookie("cookie refresh", "refresh", "POST", "cookie_refresh", like="refresh"),
    cookie("cookie logout", "refresh", "POST", "cookie_logout", like="blacklist"),
    cookie("cookie protected", "access", "GET", "protected", like="whoami"),
    header("ninja", "access", "GET", "ninja:whoami", like="whoami"),
    cookie("cookie ninja", "access", "GET", "ninja:protected", like="whoami"),
    cookie("cookie public", "access", "GET", "public", like="whoami", is_open=True),
]
LOGINS = [obtain("token_obtain_pair"), obtain("token_obtain_sliding"), obtain("cookie_login")]
WITH_SESSIONS = [
    *(place._replace(name=IN_SESSION + place.name, like=place.like and IN_SESSION + place.like) for place in SHARED),
    header("session stateless, denylist", "access", "GET", "stateless", settings=DENYLIST),
    *(body(f"session logout {scope}", "refresh", "token_logout", "refresh", scope=scope) for scope in LOGOUT_SCOPES),
    *(
        header(f"session logout {scope} by access", "access", "POST", "token_logout", {"scope": scope})
        for scope in LOGOUT_SCOPES
    ),
    body("session logout, OAuth", "refresh", "token_logout", "refresh_token", OAUTH)._replace(
        like="session logout local"
    ),
    cookie("session cookie logout by access", "access", "POST", "cookie_logout", like="session logout local by access"),
    header("session list", "access", "GET", "session_list"),
    header("session delete", "access", "DELETE", "session_detail"),
    body("adoption", "refresh", "token_refresh", "refresh", ADOPTING),
    body("logout without session", "refresh", "token_logout", "refresh", {"REQUIRE_SESSION": False}),
]
BY_ACCESS = [place.name for place in [*SHARED, *WITH_SESSIONS] if place.in_header]
"""Where the token authenticates a request."""
BY_COOKIE = [place.name for place in [*SHARED, *WITH_SESSIONS] if place.cookie]
"""Where the token is in a cookie."""
ENDING = ["session blacklist", *(f"session logout {scope}" for scope in LOGOUT_SCOPES)]
"""Where a refresh token ends its session."""
NAMES = [place.name for place in [*SHARED, *WITH_SESSIONS]]


def places(has_sessions):
    """The places of a site."""
    return [*(WITH_SESSIONS if has_sessions else SHARED), *LOGINS]


def at(reason, *names):
    """The same reason for several places to take a token; `…` at the end of a name stands for any end."""
    matching = partial(_matching, NAMES)
    return {name: reason for pattern in names for name in matching(pattern)}


def everywhere(reason, but=()):
    """A reason for every place to take a token, some excepted."""
    return {name: reason for name in NAMES if name not in but}


def _matching(names, pattern):
    found = [name for name in names if name == pattern or (pattern[-1] == "…" and name.startswith(pattern[:-1]))]
    if not found:
        raise LookupError(pattern)
    return found
