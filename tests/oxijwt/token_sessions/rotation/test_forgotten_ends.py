"""A database that has forgotten the end of a session, and REVOCATION_CACHE, which has not."""

import pytest
from django.core.cache import cache, caches
from django.db import transaction

from oxijwt.exceptions import SessionError
from oxijwt.token_sessions import revocation_cache
from oxijwt.token_sessions.models import RevokeReason, TokenSession
from oxijwt.token_sessions.publications import publish_committed
from oxijwt.tokens import RefreshToken
from tests.oxijwt.token_sessions.client import (
    PASSWORD,
    answer,
    login,
    logout,
    make_user,
    post,
    refresh,
    refreshed,
    rows,
    session_of,
    verify,
    who_am_i,
)

pytestmark = pytest.mark.django_db(transaction=True)

REVOKED = (401, "session_revoked")


@pytest.fixture(autouse=True)
def ada(clock):
    return make_user()


@pytest.fixture(autouse=True)
def complete_cache(jwt_settings, ada):
    """REVOCATION_CACHE with a complete list, that is, with its sentinel."""
    jwt_settings(REVOCATION_CACHE="default")
    cache.clear()
    publish_committed()
    yield
    cache.clear()


def forget_the_end():
    """What a fail-over to a standby does that lags behind."""
    TokenSession.objects.update(revoked_at=None, revoke_reason=None)


@pytest.fixture
def forgotten():
    """The tokens of a session whose end only the cache remembers."""
    tokens = login()
    assert logout(tokens["refresh"]).status_code == 204
    forget_the_end()
    return tokens


def test_a_refresh_writes_the_end_again(forgotten, heard):
    """The session lived again, and rotated."""
    assert answer(refresh(forgotten["refresh"])) == REVOKED
    assert session_of(forgotten["refresh"]).revoke_reason == RevokeReason.REVOKED
    assert heard.names == ["session_revoked"]
    assert answer(who_am_i(forgotten["access"])) == REVOKED
    cache.clear()
    assert answer(refresh(forgotten["refresh"])) == REVOKED


def test_reading_it_by_hand_writes_the_end_again(forgotten):
    with transaction.atomic(), pytest.raises(SessionError):
        RefreshToken(forgotten["refresh"])
    assert session_of(forgotten["refresh"]).revoke_reason == RevokeReason.REVOKED


def test_without_rotation_too(forgotten, jwt_settings):
    jwt_settings(ROTATE_REFRESH_TOKENS=False)
    assert answer(refresh(forgotten["refresh"])) == REVOKED


@pytest.mark.parametrize("scope", ["others", "global"])
def test_no_other_session_ends_with_its_token(forgotten, scope):
    other = login()
    assert answer(logout(forgotten["refresh"], scope=scope)) == REVOKED
    assert who_am_i(other["access"]).status_code == 200


def test_verify_says_so_and_writes_nothing(forgotten):
    before = rows()
    assert answer(verify(forgotten["refresh"])) == REVOKED
    assert rows() == before


def test_a_request_does_not_ask(forgotten, monkeypatch):
    monkeypatch.setattr(revocation_cache, "entries_for", lambda sid: pytest.fail("asked"))
    assert who_am_i(forgotten["access"]).status_code == 200


def test_the_loser_of_a_race_asks_again():
    tokens = login()
    late = RefreshToken(tokens["refresh"])
    refreshed(tokens["refresh"])
    assert logout(tokens["refresh"]).status_code == 204
    forget_the_end()
    with pytest.raises(SessionError) as refused:
        late.rotate()
    assert refused.value.code == "session_revoked"
    assert session_of(tokens["refresh"]).revoke_reason == RevokeReason.REVOKED


def test_a_session_that_has_not_ended_goes_on():
    tokens = login()
    assert refresh(tokens["refresh"]).status_code == 200


def test_an_end_that_the_database_knows_asks_nothing(monkeypatch):
    tokens = login()
    logout(tokens["refresh"])
    monkeypatch.setattr(revocation_cache, "entries_for", lambda sid: pytest.fail("asked"))
    assert answer(refresh(tokens["refresh"])) == REVOKED
    assert session_of(tokens["refresh"]).revoke_reason == RevokeReason.LOGOUT


def test_without_a_sentinel_a_refresh_goes_on(forgotten):
    cache.delete(revocation_cache.SENTINEL)
    assert refresh(forgotten["refresh"]).status_code == 200


def test_without_an_answer_a_refresh_goes_on(forgotten, monkeypatch):
    monkeypatch.setattr(type(caches["default"]), "get_many", raises)
    assert refresh(forgotten["refresh"]).status_code == 200


def raises(self, keys, version=None):
    raise ConnectionError


def test_a_sliding_token_does_not_ask(jwt_settings, monkeypatch):
    jwt_settings(AUTH_TOKEN_CLASSES=["oxijwt.tokens.SlidingToken"])
    token = post("sliding/", {"username": "ada", "password": PASSWORD}).json()["token"]
    monkeypatch.setattr(revocation_cache, "entries_for", lambda sid: pytest.fail("asked"))
    assert post("sliding/refresh/", {"token": token}).status_code == 200
