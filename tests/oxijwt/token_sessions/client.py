"""Requests to the site of the session tests, and a look at its tables."""

import json

from django.contrib.auth import get_user_model
from django.test import Client

from oxijwt._core import unverified_claims
from oxijwt.token_sessions.models import TokenSession
from tests.client import forge

PASSWORD = "a password of the tests"
USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0"


def make_user(username="ada", **fields):
    """A user with PASSWORD."""
    return get_user_model().objects.create_user(username, password=PASSWORD, **fields)


def post(path, body, access=None, **extra):
    """The response to a POST of JSON under api/token/."""
    return Client(**extra).post(f"/api/token/{path}", body, content_type="application/json", **_headers(access))


def get(path, access=None, **extra):
    """The response to a GET under api/."""
    return Client(**extra).get(f"/api/{path}", **_headers(access))


def _headers(access):
    return {} if access is None else {"HTTP_AUTHORIZATION": f"Bearer {access}"}


def login(username="ada", password=PASSWORD, **extra):
    """The tokens of a login: `refresh` and `access`."""
    response = post("", {"username": username, "password": password}, **extra)
    assert response.status_code == 200, response.content
    return response.json()


def refresh(token):
    """The response to a refresh."""
    return post("refresh/", {"refresh": token})


def refreshed(token):
    """The tokens of a refresh that succeeds."""
    response = refresh(token)
    assert response.status_code == 200, response.content
    return response.json()


def verify(token):
    """The response to a verify."""
    return post("verify/", {"token": token})


def logout(refresh=None, access=None, **body):
    """The response to a logout."""
    return post("logout/", body if refresh is None else {"refresh": refresh} | body, access)


def who_am_i(access):
    """The response to an authenticated request."""
    return get("whoami/", access)


def answer(response):
    """The status, and the code where there is one: what a client acts on."""
    if response.status_code == 204:
        return 204, None
    body = response.json()
    return response.status_code, body.get("code") if isinstance(body, dict) else None


def claims(token):
    """What a token says, unverified."""
    return unverified_claims(token, 16_384)


def session_of(token):
    """The row of a token's session."""
    return TokenSession.objects.get(pk=claims(token)["sid"])


def changed(token, **changes):
    """The token with other claims under a right signature; None takes one out."""
    return forge({name: value for name, value in (claims(token) | changes).items() if value is not None})


def rows():
    """Every row of the table, for a comparison before and after."""
    return json.dumps(
        [
            {name: bytes(value).hex() if name == "auth_hash" else str(value) for name, value in row.items()}
            for row in TokenSession.objects.order_by("pk").values()
        ]
    )
