"""Login views of a project's own: `oxijwt.context.login`."""

import time

import pytest
from django.contrib.auth import get_user_model
from django.test import RequestFactory

from oxijwt.context import current_login, current_request, login
from oxijwt.serializers import TokenObtainPairSerializer
from oxijwt.token_sessions.models import TokenSession
from oxijwt.tokens import RefreshToken, SlidingToken
from tests.oxijwt.token_sessions.client import (
    PASSWORD,
    USER_AGENT,
    claims,
    logout,
    make_user,
    post,
    refreshed,
    who_am_i,
)
from tests.oxijwt.token_sessions.test_statements import statements

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ada():
    return make_user()


@pytest.fixture
def request_of_a_phone():
    return RequestFactory().post("/", headers={"User-Agent": USER_AGENT}, REMOTE_ADDR="192.0.2.7")


def test_a_login_of_the_projects_own_is_one(ada, request_of_a_phone):
    """Its sessions had no address, no agent and no `auth_time`."""
    before = int(time.time())
    with login(request_of_a_phone):
        token = RefreshToken.for_user(ada)
    session = TokenSession.objects.get()
    assert (session.ip_address, session.user_agent) == ("192.0.2.7", USER_AGENT)
    assert before <= token["auth_time"] <= time.time()
    access = claims(refreshed(str(token))["access"])
    assert (access["auth_time"], access["sid"]) == (token["auth_time"], str(session.pk))


def test_outside_it_is_none(ada, request_of_a_phone):
    with login(request_of_a_phone):
        assert current_request() is request_of_a_phone
    assert (current_request(), current_login()) == (None, None)
    assert "auth_time" not in RefreshToken.for_user(ada)
    assert TokenSession.objects.get().user_agent == ""


def test_what_fails_inside_leaves_no_login_behind(ada):
    with pytest.raises(RuntimeError), login(None):
        raise RuntimeError
    assert current_login() is None


def test_a_login_without_a_request(ada):
    with login(None):
        assert "auth_time" in RefreshToken.for_user(ada)
    assert TokenSession.objects.get().ip_address is None


def test_all_tokens_of_a_login_have_one_session(ada):
    """A second `get_token`, a common recipe, made a second row that nobody used."""
    with login(None):
        first, second = RefreshToken.for_user(ada), RefreshToken.for_user(ada)
    assert first["sid"] == second["sid"]
    assert TokenSession.objects.count() == 1
    assert who_am_i(str(first.access_token)).status_code == 200
    assert refreshed(str(second))


def test_each_login_each_user_and_each_kind_has_its_own(ada):
    grace = get_user_model().objects.create_user("grace", password=PASSWORD)
    for _login in range(2):
        with login(None):
            tokens = [RefreshToken.for_user(ada), RefreshToken.for_user(grace), SlidingToken.for_user(ada)]
            assert len({token["sid"] for token in tokens}) == 3
    assert TokenSession.objects.count() == 6


def test_outside_a_login_each_token_has_its_own(ada):
    assert RefreshToken.for_user(ada)["sid"] != RefreshToken.for_user(ada)["sid"]


def test_a_session_that_ended_during_the_login_is_not_used_again(ada):
    with login(None):
        first = RefreshToken.for_user(ada)
        TokenSession.objects.revoke_for_user(ada)
        second = RefreshToken.for_user(ada)
    assert who_am_i(str(first.access_token)).status_code == 401
    assert who_am_i(str(second.access_token)).status_code == 200


class AsksTwice(TokenObtainPairSerializer):
    """A recipe: it makes a token again, to show its claims."""

    def validate(self, attrs):
        data = super().validate(attrs)
        return data | {"sid": self.get_token(self.user)["sid"]}


def test_a_serializer_that_asks_twice_starts_one_session(settings):
    settings.SIMPLE_JWT = settings.SIMPLE_JWT | {"TOKEN_OBTAIN_SERIALIZER": f"{__name__}.AsksTwice"}
    response = post("", {"username": "ada", "password": PASSWORD})
    assert response.status_code == 200
    tokens = response.json()
    assert TokenSession.objects.count() == 1
    assert tokens["sid"] == claims(tokens["refresh"])["sid"]
    assert logout(tokens["refresh"]).status_code == 204
    assert who_am_i(tokens["access"]).status_code == 401


@pytest.mark.django_db(transaction=True)
def test_a_login_inserts_once_and_looks_once_for_each_further_token(ada):
    with login(None):
        with statements(1):
            RefreshToken.for_user(ada)
        with statements(1):
            RefreshToken.for_user(ada)
