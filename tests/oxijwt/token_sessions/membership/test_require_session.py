"""REQUIRE_SESSION: every token that names a user belongs to a session."""

import logging
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model
from freezegun import freeze_time

from oxijwt.authentication import authenticate_token
from oxijwt.exceptions import AuthenticationFailed, TokenError
from oxijwt.token_sessions.models import TokenSession
from oxijwt.tokens import AccessToken, RefreshToken, SlidingToken, Token, UntypedToken
from tests.client import claims as plain_claims
from tests.client import forge
from tests.oxijwt.token_sessions.client import (
    answer,
    changed,
    get,
    login,
    logout,
    make_user,
    post,
    refresh,
    rows,
    verify,
    who_am_i,
)

pytestmark = pytest.mark.django_db

REFUSED = (401, "token_not_valid")
AHEAD = timedelta(hours=1)


@pytest.fixture(autouse=True)
def ada():
    return make_user()


class OwnType(Token):
    """A project's own type of token."""

    token_type = "own"
    lifetime = timedelta(minutes=5)


class OwnRequests(Token):
    """A project's own type of token that authenticates requests."""

    token_type = "requests"
    lifetime = timedelta(minutes=5)


OWN_REQUESTS = f"{__name__}.OwnRequests"


def without_session(user, kind="access", **changes):
    """A token as a node without sessions makes it."""
    return forge(plain_claims(kind, user_id=str(user.pk), **changes))


def passing(user):
    """What accepts a token without a session, of each kind."""
    access, refresh_token, sliding = (without_session(user, kind) for kind in ("access", "refresh", "sliding"))
    return {
        "request": lambda: who_am_i(access),
        "stateless request": lambda: get("stateless/", access),
        "own get_user": lambda: get("own-lookup/", access),
        "refresh": lambda: refresh(refresh_token),
        "verify access": lambda: verify(access),
        "verify refresh": lambda: verify(refresh_token),
        "verify sliding": lambda: verify(sliding),
        "sliding refresh": lambda: post("sliding/refresh/", {"token": sliding}),
        "logout": lambda: logout(refresh_token),
        "blacklist": lambda: post("blacklist/", {"refresh": refresh_token}),
    }


PLACES = tuple(passing(get_user_model()(pk=1)))


@pytest.mark.parametrize("place", PLACES)
def test_every_view_refuses_a_token_without_a_session(ada, place):
    """It was accepted, for ever if it was refreshed in time: past the absolute end, and after a logout everywhere."""
    before = rows()
    assert answer(passing(ada)[place]()) == REFUSED
    assert rows() == before


@pytest.mark.parametrize("place", PLACES)
def test_every_view_accepts_it_if_the_setting_is_off(ada, jwt_settings, place):
    jwt_settings(REQUIRE_SESSION=False)
    assert passing(ada)[place]().status_code in {200, 204}


@pytest.mark.parametrize("token_class", [AccessToken, RefreshToken, SlidingToken, UntypedToken])
def test_reading_asks_for_the_claim_without_a_statement(ada, django_assert_num_queries, token_class):
    text = without_session(ada, "access" if token_class is UntypedToken else token_class.token_type)
    # A refresh token may have been adopted: its session is looked for, and then a marker.
    with django_assert_num_queries(2 if token_class is RefreshToken else 0), pytest.raises(TokenError):
        token_class(text)


def test_code_that_authenticates_by_itself_refuses_it(ada):
    with pytest.raises(AuthenticationFailed):
        authenticate_token(without_session(ada))


def test_nobody_takes_over_a_token_with_an_email(ada, jwt_settings):
    """With USER_ID_FIELD "email" the next user with the address was authenticated by an old token."""
    ada.email = "ada@example.com"
    ada.save()
    jwt_settings(USER_ID_FIELD="email")
    old = forge(plain_claims("access", user_id="ada@example.com"))
    session = login()["access"]
    ada.email = ""
    ada.save()
    make_user("grace", email="ada@example.com")
    assert answer(who_am_i(old)) == REFUSED
    assert who_am_i(session).status_code == 401


def test_a_token_that_names_no_user_needs_no_session():
    assert AccessToken(forge(plain_claims("access")))
    assert refresh(forge(plain_claims("refresh"))).status_code == 200
    assert verify(forge(plain_claims("refresh"))).status_code == 200


def test_a_projects_own_type_needs_none(ada):
    token = OwnType.for_user(ada)
    assert "sid" not in token
    assert OwnType(str(token))["user_id"] == str(ada.pk)
    assert not TokenSession.objects.exists()


def test_a_projects_own_type_needs_one_if_it_authenticates_requests(ada, jwt_settings):
    jwt_settings(AUTH_TOKEN_CLASSES=[OWN_REQUESTS])
    text = str(OwnRequests.for_user(ada))
    assert who_am_i(text).status_code == 200
    assert answer(who_am_i(changed(text, sid=None))) == REFUSED
    TokenSession.objects.revoke_for_user(ada)
    assert answer(who_am_i(text)) == (401, "session_revoked")


DEFAULTS = {
    "issue": ({}, True),
    "accept": ({"TOKEN_SESSIONS": "accept"}, False),
    "adoption is open": ({"ADOPT_UNTIL": datetime.now(tz=UTC) + AHEAD}, False),
    "adoption is over": ({"ADOPT_UNTIL": datetime.now(tz=UTC) - AHEAD}, True),
    "accept, and set": ({"TOKEN_SESSIONS": "accept", "REQUIRE_SESSION": True}, True),
    "adoption is open, and set": ({"ADOPT_UNTIL": datetime.now(tz=UTC) + AHEAD, "REQUIRE_SESSION": True}, True),
}


@pytest.mark.parametrize(("settings_", "required"), DEFAULTS.values(), ids=DEFAULTS)
def test_the_default_follows_the_other_settings(ada, jwt_settings, settings_, required):
    jwt_settings(**settings_)
    assert who_am_i(without_session(ada)).status_code == (401 if required else 200)


def test_the_default_is_asked_at_each_request(ada, jwt_settings):
    """ADOPT_UNTIL passes while a process runs."""
    jwt_settings(ADOPT_UNTIL=datetime.now(tz=UTC) + timedelta(seconds=60))
    text = without_session(ada)
    assert who_am_i(text).status_code == 200
    with freeze_time(datetime.now(tz=UTC) + timedelta(seconds=61)):
        assert answer(who_am_i(text)) == REFUSED


def test_without_the_app_it_is_off(ada, settings):
    settings.INSTALLED_APPS = [name for name in settings.INSTALLED_APPS if name != "oxijwt.token_sessions"]
    assert AccessToken(without_session(ada))
    settings.SIMPLE_JWT = settings.SIMPLE_JWT | {"REQUIRE_SESSION": True}
    for kind, token_class in (("access", AccessToken), ("refresh", RefreshToken)):
        with pytest.raises(TokenError, match=r"^Token has no session$"):
            token_class(without_session(ada, kind))


def test_a_refused_token_that_is_young_is_logged(ada, clock, caplog):
    """A node without sessions may still serve: its users are logged out."""
    with caplog.at_level(logging.WARNING, "oxijwt"):
        text = without_session(ada)
        clock.tick(3)
        assert answer(who_am_i(text)) == REFUSED
    assert [record.message for record in caplog.records if record.name == "oxijwt"] == [
        f"REQUIRE_SESSION refused a token of user {ada.pk} that was made 3 seconds ago. Its node starts no sessions."
    ]
    assert text not in caplog.text


def test_an_old_one_is_not(ada, caplog):
    with caplog.at_level(logging.WARNING, "oxijwt"):
        assert answer(who_am_i(without_session(ada, iat=int(time.time()) - 300))) == REFUSED
        assert answer(who_am_i(without_session(ada, iat="soon"))) == REFUSED
    assert not [record for record in caplog.records if record.name == "oxijwt"]


# Adoption (tests/oxijwt/token_sessions/test_adoption.py has the refresh tokens)


@pytest.fixture
def adopting(jwt_settings):
    jwt_settings(ADOPT_UNTIL=datetime.now(tz=UTC) + AHEAD)


def test_while_it_is_open_a_refresh_token_is_adopted_or_refused(ada, adopting, jwt_settings):
    """One without a `jti` was rotated into another one without a session."""
    assert "sid" in AccessToken(refresh(without_session(ada, "refresh")).json()["access"])
    jwt_settings(JTI_CLAIM=None)
    assert answer(refresh(without_session(ada, "refresh"))) == REFUSED


@pytest.mark.usefixtures("adopting")
def test_a_sliding_token_gets_a_session_at_its_refresh(ada):
    """It was refreshed without one."""
    old = without_session(ada, "sliding")
    new = post("sliding/refresh/", {"token": old}).json()["token"]
    session = TokenSession.objects.get()
    assert SlidingToken(new)["sid"] == str(session.pk)
    again = post("sliding/refresh/", {"token": old}).json()["token"]
    assert SlidingToken(again)["sid"] == str(session.pk)
    TokenSession.objects.revoke_for_user(ada)
    for text in (old, new, again):
        with pytest.raises(TokenError):
            SlidingToken(text)
        assert post("sliding/refresh/", {"token": text}).status_code == 401


@pytest.mark.usefixtures("adopting")
def test_a_sliding_token_from_before_a_logout_everywhere_gets_none(ada):
    old = without_session(ada, "sliding")
    TokenSession.objects.revoke_for_user(ada)
    assert answer(post("sliding/refresh/", {"token": old})) == (401, "session_revoked")
    assert not TokenSession.objects.filter(revoked_at=None).exists()
