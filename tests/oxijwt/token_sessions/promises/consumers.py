"""Who reads tokens: views, authentication classes, functions, and other processes."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from asgiref.sync import async_to_sync
from django.test import AsyncClient

from oxijwt.authentication import aauthenticate_token, authenticate_token
from oxijwt.exceptions import AuthenticationFailed

from .scene import ELSEWHERE, HERE, WITHOUT_DATABASE


class Question(Enum):
    """What a consumer wants to know. The code of a refusal may depend on it."""

    MAY_REFRESH = "refresh"
    CAN_BE_READ = "read"
    MAY_ENTER = "access"
    IS_VALID = "verify"


@dataclass(frozen=True)
class Consumer:
    """One who reads a token of a login: `ask(process, tokens)` returns (status, body)."""

    name: str
    question: Question
    ask: Callable
    where: str = HERE
    is_stateless: bool = False


def refresh_at(path):
    """A request for new tokens."""
    return lambda process, tokens: process.request("POST", path, {"refresh": tokens["refresh"]})


def request_to(path):
    """A request with the access token."""
    return lambda process, tokens: process.request("GET", path, access=tokens["access"])


def async_request_to(path):
    """A request with the access token to a view that runs in the event loop."""

    async def ask(tokens):
        response = await AsyncClient().get(path, headers={"Authorization": f"Bearer {tokens['access']}"})
        return response.status_code, json.loads(response.content)

    return lambda _process, tokens: async_to_sync(ask)(tokens)


def verify(kind, path="/api/token/verify/"):
    """A request to the verify view with one of the tokens."""
    return lambda process, tokens: process.request("POST", path, {"token": tokens[kind]})


def call(authenticate):
    """A call of a function that authenticates, in this process."""

    def ask(_process, tokens):
        try:
            user, _token = authenticate(tokens["access"])
        except AuthenticationFailed as error:
            return 401, error.detail
        assert user.is_active
        return 200, {}

    return ask


OUR_REFRESH, BY_SESSION, STATELESS = "/api/token/refresh/", "/api/whoami/", "/api/stateless/"
ASYNC_REFRESH, ASYNC_VERIFY = "/api/async/token/refresh/", "/api/async/token/verify/"

CONSUMERS = (
    Consumer("refresh view", Question.MAY_REFRESH, refresh_at(OUR_REFRESH)),
    Consumer("async refresh view", Question.MAY_REFRESH, refresh_at(ASYNC_REFRESH)),
    Consumer("own view, serializer", Question.MAY_REFRESH, refresh_at("/api/project/serializer/")),
    Consumer("own view, RefreshToken", Question.CAN_BE_READ, refresh_at("/api/project/by-hand/")),
    Consumer("JWTAuthentication", Question.MAY_ENTER, request_to(BY_SESSION)),
    Consumer("own get_user", Question.MAY_ENTER, request_to("/api/own-lookup/")),
    Consumer("stateless, cache", Question.MAY_ENTER, request_to(STATELESS), is_stateless=True),
    Consumer("authenticate_token", Question.MAY_ENTER, call(authenticate_token)),
    Consumer("aauthenticate", Question.MAY_ENTER, async_request_to("/api/async/whoami/")),
    Consumer(
        *("aauthenticate, stateless", Question.MAY_ENTER, async_request_to("/api/async/stateless/")), is_stateless=True
    ),
    Consumer("aauthenticate_token", Question.MAY_ENTER, call(async_to_sync(aauthenticate_token))),
    Consumer("verify, refresh", Question.IS_VALID, verify("refresh")),
    Consumer("verify, access", Question.IS_VALID, verify("access")),
    Consumer("async verify, refresh", Question.IS_VALID, verify("refresh", ASYNC_VERIFY)),
    Consumer("async verify, access", Question.IS_VALID, verify("access", ASYNC_VERIFY)),
    Consumer("2nd process, refresh", Question.MAY_REFRESH, refresh_at(OUR_REFRESH), ELSEWHERE),
    Consumer("2nd process, JWTAuthentication", Question.MAY_ENTER, request_to(BY_SESSION), ELSEWHERE),
    Consumer("2nd process, stateless", Question.MAY_ENTER, request_to(STATELESS), WITHOUT_DATABASE, is_stateless=True),
)
