"""As token_sessions/requests/test_frames.py, with the blacklist app and with no app."""

import pytest
from django.contrib.auth import get_user_model

from oxijwt.authentication import authenticate_token
from oxijwt.tokens import RefreshToken, SlidingToken
from tests.client import PASSWORD, bearer, login, make_user, post
from tests.frames import watched

pytestmark = pytest.mark.django_db

CREDENTIALS = {"username": "ada", "password": PASSWORD}
ACTS = {
    "login": lambda tokens: post("token_obtain_pair", CREDENTIALS),
    "wrong password": lambda tokens: post("token_obtain_pair", CREDENTIALS | {"password": f"{PASSWORD}!"}),
    "sliding login": lambda tokens: post("token_obtain_sliding", CREDENTIALS),
    "refresh": lambda tokens: post("token_refresh", {"refresh": tokens["refresh"]}),
    "sliding refresh": lambda tokens: post("token_refresh_sliding", {"token": tokens["sliding"]}),
    "verify": lambda tokens: post("token_verify", {"token": tokens["refresh"]}),
    "blacklist": lambda tokens: post("token_blacklist", {"refresh": tokens["refresh"]}),
    "request": lambda tokens: bearer(tokens["access"]),
    "request with a sliding token": lambda tokens: bearer(tokens["sliding"]),
    "authenticate_token": lambda tokens: authenticate_token(tokens["access"]),
    "read": lambda tokens: RefreshToken(tokens["refresh"]),
    "rotate": lambda tokens: RefreshToken(tokens["refresh"]).rotate(),
    "make": lambda tokens: RefreshToken.for_user(get_user_model().objects.get()),
}


@pytest.fixture(params=["blacklist", "no app"])
def tokens(request, settings):
    settings.SIMPLE_JWT = {
        "ROTATE_REFRESH_TOKENS": True,
        "BLACKLIST_AFTER_ROTATION": request.param == "blacklist",
        "UPDATE_LAST_LOGIN": True,
        "AUTH_TOKEN_CLASSES": ["oxijwt.tokens.AccessToken", "oxijwt.tokens.SlidingToken"],
    }
    if request.param == "no app":
        settings.INSTALLED_APPS = [name for name in settings.INSTALLED_APPS if name != "oxijwt.token_blacklist"]
    user = make_user()
    return login().json() | {"sliding": str(SlidingToken.for_user(user))}


@pytest.mark.parametrize("act", ACTS)
def test_no_variable_holds_a_secret(tokens, act):
    with watched() as seen:
        answer = ACTS[act](tokens)
    made = answer.json().values() if hasattr(answer, "json") else [answer] if isinstance(answer, str) else []
    made = [text for text in made if isinstance(text, str) and text.count(".") == 2]
    assert seen.holding(*tokens.values(), *made, PASSWORD) == []
