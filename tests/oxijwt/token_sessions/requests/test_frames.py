"""While the database is asked, no variable of the package's frames holds a token or a password.

Error reporters such as Sentry keep the variables of every frame, and do not know Django's `sensitive_variables`.
"""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client, override_settings

from oxijwt.authentication import authenticate_token
from oxijwt.token_sessions import api
from oxijwt.tokens import AccessToken, RefreshToken, SlidingToken
from tests.frames import watched
from tests.oxijwt.token_sessions.client import PASSWORD, login, make_user, post

pytestmark = pytest.mark.django_db

CREDENTIALS = {"username": "ada", "password": PASSWORD}


def get(path, token):
    return Client(headers={"Authorization": f"Bearer {token}"}).get(f"/api/{path}")


def rehashed_login():
    """A login at which Django renews the password's hash."""
    hashers = [f"django.contrib.auth.hashers.{name}PasswordHasher" for name in ("PBKDF2SHA1", "MD5")]
    with override_settings(PASSWORD_HASHERS=hashers):
        return post("", CREDENTIALS)


ACTS = {
    "login": lambda tokens: post("", CREDENTIALS),
    "rehash": lambda tokens: rehashed_login(),
    "wrong password": lambda tokens: post("", CREDENTIALS | {"password": PASSWORD + "!"}),
    "sliding login": lambda tokens: post("sliding/", CREDENTIALS),
    "refresh": lambda tokens: post("refresh/", {"refresh": tokens["refresh"]}),
    "reuse": lambda tokens: [post("refresh/", {"refresh": tokens["refresh"]}) for _ in range(3)][-1],
    "sliding refresh": lambda tokens: post("sliding/refresh/", {"token": tokens["sliding"]}),
    "verify": lambda tokens: post("verify/", {"token": tokens["refresh"]}),
    "verify access": lambda tokens: post("verify/", {"token": tokens["access"]}),
    "blacklist": lambda tokens: post("blacklist/", {"refresh": tokens["refresh"]}),
    "logout": lambda tokens: post("logout/", {"refresh": tokens["refresh"]}),
    "logout everywhere": lambda tokens: post("logout/", {"refresh": tokens["refresh"], "scope": "global"}),
    "logout by access token": lambda tokens: post("logout/", {}, tokens["access"]),
    "logout by sliding token": lambda tokens: post("logout/", {}, tokens["sliding"]),
    "list": lambda tokens: get("token/sessions/", tokens["access"]),
    "request": lambda tokens: get("whoami/", tokens["access"]),
    "request with a sliding token": lambda tokens: get("whoami/", tokens["sliding"]),
    "authenticate_token": lambda tokens: authenticate_token(tokens["access"]),
    "end_session_of": lambda tokens: api.end_session_of(tokens["refresh"]),
    "read": lambda tokens: RefreshToken(tokens["refresh"]),
    "read for": lambda tokens: RefreshToken.read(tokens["refresh"], issuer="us"),
    "read sliding": lambda tokens: SlidingToken(tokens["sliding"]),
    "rotate": lambda tokens: RefreshToken(tokens["refresh"]).rotate(),
    "end": lambda tokens: RefreshToken(tokens["refresh"]).blacklist(),
    "make": lambda tokens: AccessToken.for_user(get_user_model().objects.get()),
}


@pytest.fixture
def tokens(jwt_settings):
    jwt_settings(
        AUTH_TOKEN_CLASSES=["oxijwt.tokens.AccessToken", "oxijwt.tokens.SlidingToken"],
        UPDATE_LAST_LOGIN=True,
        ISSUER="us",
    )
    make_user()
    return login() | post("sliding/", CREDENTIALS).json() | {"sliding": post("sliding/", CREDENTIALS).json()["token"]}


def texts_in(answer):
    """The tokens of an answer."""
    body = answer.json() if hasattr(answer, "json") and answer.content else {}
    if not isinstance(body, dict):
        return []
    return [text for text in body.values() if isinstance(text, str) and text.count(".") == 2]


@pytest.mark.parametrize("act", ACTS)
def test_no_variable_holds_a_secret(tokens, act):
    with watched() as seen:
        answer = ACTS[act](tokens)
    made = [answer] if isinstance(answer, str) else texts_in(answer)
    assert seen
    assert seen.holding(*tokens.values(), *made, PASSWORD) == []


def test_a_variable_that_holds_one_is_found(tokens):
    planted = {"__name__": "oxijwt.planted", "ask": get_user_model().objects.count}
    exec("def leak(token):\n    ask()", planted)  # noqa: S102  a frame of the package
    with watched() as seen:
        planted["leak"](tokens["access"])
    assert seen.holding(tokens["access"]) == [("leak", "token")]
