"""The flows: login to logout, a changed password, a stolen refresh token."""

import pytest

from oxijwt.settings import api_settings
from tests.oxijwt.token_sessions.client import PASSWORD, make_user

from .modes import MODES

OK = 200, None
DONE = 204, None


@pytest.fixture(params=MODES, ids=lambda mode: mode.__name__)
def mode(request, settings, jwt_settings):
    """A way to carry the tokens."""
    settings.ROOT_URLCONF = "tests.oxijwt.token_sessions.flows.urls"
    jwt_settings(**request.param.settings)
    return request.param


@pytest.fixture
def client(mode, live_server, clock):
    """A client of ada, who has logged in. The server has the clock of the test."""
    make_user()
    client = mode(live_server.url)
    assert client.login("ada", PASSWORD) == OK
    return client


def call_refused(client, code):
    """Whether the server refuses the access token of a client with this code."""
    return client.call() == (401, code if client.call_has_code else None)


def refused(client, code):
    """Whether the server refuses both tokens of a client with this code."""
    return call_refused(client, code) and client.refresh() == (401, code)


def test_login_call_expiry_refresh_logout(client, clock):
    assert client.call() == OK
    clock.tick(api_settings.ACCESS_TOKEN_LIFETIME)
    assert call_refused(client, "token_not_valid")
    assert client.refresh() == OK
    assert client.call() == OK
    copy = client.stolen()
    assert client.logout() == DONE
    assert refused(copy, "session_revoked")


def test_a_changed_password_ends_both_tokens(client, mode, live_server):
    assert client.call() == OK
    assert client.change_password("another password of the tests") == DONE
    assert refused(client, "password_changed")
    assert client.login("ada", PASSWORD) == (401, None)
    assert client.login("ada", "another password of the tests") == OK
    assert client.call() == OK


def test_a_stolen_refresh_token_ends_the_session(client, clock):
    thief = client.stolen()
    assert client.refresh() == OK
    clock.tick(api_settings.REFRESH_REUSE_GRACE)
    assert client.call() == thief.call() == OK
    assert thief.refresh() == (401, "token_reused")
    assert refused(client, "session_revoked")
    assert refused(thief, "session_revoked")
