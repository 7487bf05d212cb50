"""How long a session lives: `set_exp` on the tokens of a login, and the sessions of access tokens without a login."""

from datetime import timedelta

import pytest
from django.test import RequestFactory

from oxijwt import serializers
from oxijwt.context import login as login_context
from oxijwt.token_sessions import api
from oxijwt.token_sessions.models import TokenSession
from oxijwt.tokens import AccessToken, RefreshToken, SlidingToken
from tests.oxijwt.token_sessions.client import (
    answer,
    claims,
    get,
    login,
    logout,
    make_user,
    post,
    refresh,
    refreshed,
    session_of,
    who_am_i,
)
from tests.oxijwt.token_sessions.test_statements import statements

pytestmark = pytest.mark.django_db

DAY = 86_400
MONTH = timedelta(days=30)
LONGER = timedelta(days=90)


@pytest.fixture(autouse=True)
def ada(clock):
    return make_user()


class RememberMe(serializers.TokenObtainPairSerializer):
    """A common recipe: a login that lasts for a month without a refresh."""

    @classmethod
    def get_token(cls, user):
        token = super().get_token(user)
        token.set_exp(lifetime=MONTH)
        return token


@pytest.fixture
def remember_me(jwt_settings):
    jwt_settings(TOKEN_OBTAIN_SERIALIZER=f"{__name__}.RememberMe", SESSION_ABSOLUTE_LIFETIME=LONGER)


# set_exp on a login's refresh token


@pytest.mark.usefixtures("remember_me")
def test_a_session_ends_with_its_token(clock):
    """It died after REFRESH_TOKEN_LIFETIME, a day, whatever the token said."""
    tokens = login()
    session = session_of(tokens["refresh"])
    assert session.idle_lifetime == MONTH
    assert claims(tokens["refresh"])["exp"] == session.expires_at.timestamp()
    clock.tick(29 * DAY)
    assert refresh(tokens["refresh"]).status_code == 200


@pytest.mark.usefixtures("remember_me")
def test_its_successors_live_as_long(clock):
    tokens = login()
    for _month in range(3):
        clock.tick(29 * DAY)
        tokens = refreshed(tokens["refresh"])
        contents = claims(tokens["refresh"])
    assert contents["exp"] - contents["iat"] == 3 * DAY  # the absolute end comes first
    clock.tick(3 * DAY)
    assert refresh(tokens["refresh"]).status_code == 401


@pytest.mark.usefixtures("remember_me")
def test_it_ends_without_a_refresh(clock):
    tokens = login()
    clock.tick(30 * DAY)
    assert refresh(tokens["refresh"]).status_code == 401


def test_it_never_lives_past_the_absolute_end(ada):
    token = RefreshToken.for_user(ada)
    token.set_exp(lifetime=timedelta(days=365))
    session = session_of(str(token))
    assert token["exp"] == session.expires_at.timestamp() == session.absolute_expires_at.timestamp()


def test_a_shorter_lifetime_is_kept_too(ada, clock):
    token = RefreshToken.for_user(ada)
    token.set_exp(lifetime=timedelta(hours=1))
    clock.tick(60)
    new = claims(refreshed(str(token))["refresh"])
    assert new["exp"] - new["iat"] == 3600


def test_the_row_is_kept_as_long(ada):
    token = RefreshToken.for_user(ada)
    token.set_exp(lifetime=timedelta(days=20))
    session = session_of(str(token))
    assert session.flush_after == session.expires_at.date()


def test_the_row_of_a_shorter_login_is_kept_no_longer(ada, jwt_settings):
    jwt_settings(REFRESH_TOKEN_LIFETIME=timedelta(days=20))
    token = RefreshToken.for_user(ada)
    token.set_exp(lifetime=timedelta(days=1))
    session = session_of(str(token))
    assert session.flush_after == session.expires_at.date()


@pytest.mark.django_db(transaction=True)
def test_it_is_one_statement(ada):
    token = RefreshToken.for_user(ada)
    with statements(1):
        token.set_exp(lifetime=MONTH)
    with statements(0):
        str(token)


def test_other_tokens_move_nothing(ada):
    """A token that was read, the login's access token, and one without a session."""
    token = RefreshToken.for_user(ada)
    before = session_of(str(token)).expires_at
    RefreshToken(str(token)).set_exp(lifetime=MONTH)
    token.access_token.set_exp(lifetime=MONTH)
    AccessToken(str(token.access_token)).set_exp(lifetime=MONTH)
    RefreshToken().set_exp(lifetime=MONTH)
    session = session_of(str(token))
    assert (session.expires_at, session.idle_lifetime) == (before, None)


@pytest.mark.parametrize("claim", ["exp", "refresh_exp"])
def test_the_session_of_a_sliding_token_reaches_its_last_refresh(ada, clock, claim):
    """The token could be refreshed for ten days, but its session ended after one."""
    token = SlidingToken.for_user(ada)
    token.set_exp(claim, lifetime=timedelta(days=10))
    session = session_of(str(token))
    assert session.expires_at.timestamp() >= token[claim]
    clock.tick(9 * DAY)
    if claim == "exp":
        assert SlidingToken(str(token))
    else:
        assert TokenSession.objects.live(session.expires_at - timedelta(seconds=1)).exists()


# The session of an access token without a login


def test_an_access_token_without_a_login_can_be_ended(ada):
    """It was outside of everything: logout, `revoke_for_user`, a changed password."""
    for end in (
        lambda text: logout(access=text),
        lambda _text: TokenSession.objects.revoke_for_user(ada),
        lambda text: api.end_session(session_of(text)),
    ):
        text = str(AccessToken.for_user(ada))
        assert who_am_i(text).status_code == 200
        end(text)
        assert answer(who_am_i(text)) == (401, "session_revoked")
    text = str(AccessToken.for_user(ada))
    ada.set_password("another password")
    ada.save()
    assert answer(who_am_i(text)) == (401, "password_changed")


def test_its_session_ends_with_the_token(ada):
    token = AccessToken.for_user(ada)
    session = session_of(str(token))
    assert (session.is_login, session.absolute_expires_at) == (False, None)
    assert session.expires_at.timestamp() == token["exp"]
    assert "auth_time" not in token
    assert "gen" not in token


def test_a_long_lived_one_has_a_long_lived_session(ada, clock):
    """A token for a machine: it lives as long as the project says, also past SESSION_ABSOLUTE_LIFETIME."""
    token = AccessToken.for_user(ada)
    token.set_exp(lifetime=timedelta(days=365))
    clock.tick(364 * DAY)
    assert who_am_i(str(token)).status_code == 200
    clock.tick(DAY)
    assert who_am_i(str(token)).status_code == 401


def test_it_is_no_login(ada, clock, jwt_settings):
    jwt_settings(SESSION_LIMIT_PER_USER=1)
    tokens, text = login(), str(AccessToken.for_user(ada))
    assert [session["id"] for session in get("token/sessions/", tokens["access"]).json()] == [
        claims(tokens["access"])["sid"]
    ]
    assert list(api.sessions_of(ada)) == [session_of(tokens["access"])]
    clock.tick(1)  # of two logins in one microsecond, either may be the later one
    login()
    assert who_am_i(text).status_code == 200
    assert answer(who_am_i(tokens["access"])) == (401, "session_revoked")


def test_inside_a_login_it_joins_the_session(ada):
    request = RequestFactory().post("/")
    with login_context(request):
        first = AccessToken.for_user(ada)
        token = RefreshToken.for_user(ada)
        second = AccessToken.for_user(ada)
    assert first["sid"] == second["sid"] == token["sid"]
    assert first["auth_time"] == token["auth_time"]
    assert TokenSession.objects.get().is_login
    assert post("logout/", {"refresh": str(token)}).status_code == 204
    assert answer(who_am_i(str(first))) == (401, "session_revoked")


def test_inside_a_login_with_a_sliding_token_it_joins_that_session(ada):
    with login_context(None):
        sliding, access = SlidingToken.for_user(ada), AccessToken.for_user(ada)
    assert access["sid"] == sliding["sid"]
    assert TokenSession.objects.count() == 1


def test_it_has_none_where_none_starts(ada, jwt_settings, settings):
    jwt_settings(TOKEN_SESSIONS="accept")
    assert "sid" not in AccessToken.for_user(ada)
    settings.INSTALLED_APPS = [name for name in settings.INSTALLED_APPS if name != "oxijwt.token_sessions"]
    assert "sid" not in AccessToken.for_user(ada)


@pytest.mark.django_db(transaction=True)
def test_it_is_one_insert(ada):
    with statements(1):
        AccessToken.for_user(ada)
