"""The async token views: an AsyncClient gets the same answers, by the same statements, and few hand-overs.

The tests of the sync views also run on tests.sites.aio.sessions, which has the async views in their place.
"""

import json

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.db import connections
from django.test import AsyncClient
from django.test.utils import CaptureQueriesContext
from django.urls import path
from rest_framework.throttling import BaseThrottle

from oxijwt.serializers import TokenObtainPairSerializer
from oxijwt.token_sessions.models import TokenSession
from oxijwt.views import AsyncTokenRefreshView, AsyncTokenVerifyView
from tests.handovers import counted
from tests.oxijwt.token_sessions.client import PASSWORD, claims, login, post, session_of

pytestmark = pytest.mark.django_db(transaction=True)

CREDENTIALS = {"username": "ada", "password": PASSWORD}


def asked(name, body, content_type="application/json", **headers):
    """The response of an async token view, as an ASGI server asks it."""
    data = body if isinstance(body, bytes) else json.dumps(body)

    async def ask():
        return await AsyncClient().generic("POST", f"/api/async/token/{name}", data, content_type, headers=headers)

    return async_to_sync(ask)()


ACTS = {
    "login": ("", lambda tokens: CREDENTIALS),
    "wrong password": ("", lambda tokens: CREDENTIALS | {"password": "wrong"}),
    "login without a password": ("", lambda tokens: {"username": "ada"}),
    "refresh": ("refresh/", lambda tokens: {"refresh": tokens["refresh"]}),
    "refresh with an access token": ("refresh/", lambda tokens: {"refresh": tokens["access"]}),
    "refresh without a token": ("refresh/", lambda tokens: {}),
    "refresh with a list": ("refresh/", lambda tokens: []),
    "verify": ("verify/", lambda tokens: {"token": tokens["access"]}),
    "verify nonsense": ("verify/", lambda tokens: {"token": "a.b.c"}),
    "blacklist": ("blacklist/", lambda tokens: {"refresh": tokens["refresh"]}),
    "logout": ("logout/", lambda tokens: {"refresh": tokens["refresh"]}),
    "logout without a token": ("logout/", lambda tokens: {}),
    "logout of an unknown scope": ("logout/", lambda tokens: {"refresh": tokens["refresh"], "scope": "all"}),
    "sliding login": ("sliding/", lambda tokens: CREDENTIALS),
    "sliding refresh with an access token": ("sliding/refresh/", lambda tokens: {"token": tokens["access"]}),
}


def shape(response):
    """The status, the headers, and the body without new tokens."""
    body = json.loads(response.content) if response.content else None
    if response.status_code == 200:
        body = sorted(body)
    return response.status_code, {**response.headers}, body


@pytest.mark.parametrize("act", ACTS)
def test_both_ways_answer_by_the_same_statements(act):
    name, body = ACTS[act]
    answers = []
    for ask in (lambda body: post(name, body), lambda body: asked(name, body)):
        sent = body(login())
        with CaptureQueriesContext(connections["default"]) as captured:
            response = ask(sent)
        answers.append((shape(response), [query["sql"].split()[0] for query in captured.captured_queries]))
    assert answers[0] == answers[1]


HAND_OVERS = {"login": 1, "refresh": 2, "verify": 1, "blacklist": 1, "logout": 1, "verify nonsense": 0}


@pytest.mark.parametrize("act", HAND_OVERS)
def test_hand_overs_of_the_package(tokens, act):
    name, body = ACTS[act]
    with counted() as seen:
        asked(name, body(tokens))
    assert len(seen.ours) == HAND_OVERS[act]


def test_a_refresh_rotates_the_session(tokens):
    answer = asked("refresh/", {"refresh": tokens["refresh"]}).json()
    assert claims(answer["refresh"])["gen"] == claims(tokens["refresh"])["gen"] + 1
    assert session_of(answer["access"]).generation == claims(answer["refresh"])["gen"]


def test_a_login_knows_its_client():
    tokens = asked("", CREDENTIALS, **{"user-agent": "a browser"}).json()
    session = session_of(tokens["access"])
    assert (session.ip_address, session.user_agent, session.is_login) == ("127.0.0.1", "a browser", True)
    assert "auth_time" in claims(tokens["access"])


def test_signals_are_sent(heard):
    tokens = asked("", CREDENTIALS).json()
    asked("refresh/", {"refresh": tokens["refresh"]})
    asked("logout/", {"refresh": tokens["refresh"]})
    assert heard.names == ["session_started", "session_refreshed", "session_revoked"]
    assert all(arguments["request"] is not None for _name, arguments in heard)


def test_reuse_ends_the_session_and_is_logged(clock, tokens, heard, caplog):
    asked("refresh/", {"refresh": tokens["refresh"]})
    clock.tick(31)
    response = asked("refresh/", {"refresh": tokens["refresh"]})
    assert (response.status_code, response.json()["code"]) == (401, "token_reused")
    assert heard.names[-2:] == ["session_revoked", "refresh_reuse_detected"]
    assert [record.levelname for record in caplog.records if record.name == "oxijwt.security"] == ["WARNING"]


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_another_method_is_405(method):
    response = async_to_sync(getattr(AsyncClient(), method))("/api/async/token/refresh/")
    assert response.status_code == 405


def test_options_answer():
    assert async_to_sync(AsyncClient().options)("/api/async/token/refresh/").status_code == 200


def test_a_body_that_is_not_json_is_400():
    assert asked("refresh/", b"{").status_code == 400


def test_a_charset_that_cant_be_read_is_415():
    assert asked("refresh/", b"{}", content_type="application/json; charset=zlib").status_code == 415


class OwnSerializer(TokenObtainPairSerializer):
    """A project's serializer that asks the database."""

    @classmethod
    def get_token(cls, user):
        token = super().get_token(user)
        token["users"] = get_user_model().objects.count()
        return token

    def validate(self, attrs):
        get_user_model().objects.count()
        return super().validate(attrs)


def test_a_projects_serializer_runs_in_a_thread(jwt_settings):
    jwt_settings(TOKEN_OBTAIN_SERIALIZER=f"{__name__}.OwnSerializer")
    with counted() as seen:
        tokens = asked("", CREDENTIALS).json()
    assert claims(tokens["access"])["users"] == 1
    assert len(seen.ours) == 1


class AskingThrottle(BaseThrottle):
    """A project's throttle that asks the database."""

    def allow_request(self, _request, _view):
        return get_user_model().objects.count() == 0

    def wait(self):
        return 1


class Throttled(AsyncTokenRefreshView):
    throttle_classes = (AskingThrottle,)


urlpatterns = [
    path("api/async/token/throttled/", Throttled.as_view()),
    path("api/async/token/mobile/", AsyncTokenVerifyView.as_view(audience="mobile")),
]


def test_a_throttle_may_ask_the_database(settings, tokens):
    settings.ROOT_URLCONF = __name__
    assert asked("throttled/", {"refresh": tokens["refresh"]}).status_code == 429


def test_an_audience_of_the_view_counts(settings, tokens):
    settings.ROOT_URLCONF = __name__
    assert asked("mobile/", {"token": tokens["access"]}).status_code == 401


def test_a_failed_login_starts_no_session():
    assert asked("", CREDENTIALS | {"password": "wrong"}).status_code == 401
    assert not TokenSession.objects.exists()
