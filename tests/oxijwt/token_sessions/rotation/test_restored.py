"""A database that has forgotten its last refreshes, and refresh tokens that a node without sessions has issued."""

from datetime import timedelta
from uuid import uuid4

import pytest

from oxijwt.token_sessions import refresh as refreshing
from oxijwt.token_sessions.models import TokenSession
from oxijwt.tokens import RefreshToken
from tests.oxijwt.token_sessions.client import (
    answer,
    changed,
    claims,
    get,
    login,
    logout,
    make_user,
    refresh,
    refreshed,
    session_of,
    verify,
)

pytestmark = pytest.mark.django_db

GRACE = 30


@pytest.fixture(autouse=True)
def ada(clock):
    return make_user()


def forget(token):
    """Take the token's session back to its login, as an old backup has it."""
    session = session_of(token)
    session.generation, session.rotated_at = 0, None
    session.save()


def foreign(token):
    """The successor that a node without sessions makes: all claims are copied, but the `jti` is another."""
    return changed(token, jti=uuid4().hex)


# A database that has forgotten


@pytest.mark.parametrize("age", [0, GRACE - 2])
def test_a_young_token_that_the_database_has_forgotten_is_repeated_and_restores_its_row(clock, heard, caplog, age):
    newest = refreshed(login()["refresh"])["refresh"]
    before = session_of(newest)
    forget(newest)
    clock.tick(age)
    assert claims(refreshed(newest)["refresh"])["jti"] == claims(newest)["jti"]
    after = session_of(newest)
    assert (after.generation, after.expires_at) == (before.generation, before.expires_at)
    assert after.rotated_at.replace(microsecond=0) == before.rotated_at.replace(microsecond=0)
    assert heard.names[-1] == "session_restored"
    assert "Session restored" in caplog.text
    assert newest not in caplog.text


def test_an_older_token_that_the_database_has_forgotten_rotates(clock, heard):
    newest = refreshed(login()["refresh"])["refresh"]
    forget(newest)
    clock.tick(GRACE + 1)
    assert claims(refreshed(newest)["refresh"])["gen"] == 2
    assert session_of(newest).generation == 2
    assert heard.names[-2:] == ["session_restored", "session_refreshed"]


def test_the_tokens_before_a_restored_one_are_spent(clock):
    """A thief who waits for a fail-over gains nothing."""
    stolen = login()["refresh"]
    newest = refreshed(stolen)["refresh"]
    forget(newest)
    refreshed(newest)
    clock.tick(GRACE + 1)
    assert answer(refresh(stolen)) == (401, "token_reused")
    assert session_of(newest).revoked_at is not None


def test_a_rotation_that_the_database_has_forgotten_does_not_overwrite_another_one(clock):
    """Between reading and writing the database forgot, and came to the same generation again, by another rotation."""
    first = login()["refresh"]
    newest = refreshed(first)["refresh"]
    clock.tick(GRACE + 1)
    late = RefreshToken(newest)
    forget(newest)
    again = refreshed(first)["refresh"]
    assert claims(again)["gen"] == claims(newest)["gen"] == 1
    assert claims(late.rotate())["iat"] == claims(again)["iat"]
    assert session_of(newest).generation == 1


@pytest.mark.parametrize("scope", ["others", "global"])
def test_a_logout_believes_a_token_that_the_database_has_forgotten(scope):
    other, newest = login(), refreshed(login()["refresh"])["refresh"]
    forget(newest)
    assert logout(newest, scope=scope).status_code == 204
    assert answer(refresh(other["refresh"])) == (401, "session_revoked")


def test_verify_calls_a_forgotten_token_valid_and_writes_nothing():
    newest = refreshed(login()["refresh"])["refresh"]
    forget(newest)
    assert answer(verify(newest)) == (200, None)
    assert session_of(newest).generation == 0


def test_a_forgotten_token_of_an_ended_session_is_refused():
    newest = refreshed(login()["refresh"])["refresh"]
    assert logout(newest).status_code == 204
    forget(newest)
    assert answer(refresh(newest)) == (401, "session_revoked")


# A node without sessions


def test_a_token_of_a_node_without_sessions_rotates_the_row(clock):
    tokens = login()
    clock.tick(GRACE + 1)
    new = refreshed(foreign(tokens["refresh"]))["refresh"]
    assert claims(new)["gen"] == 1
    assert session_of(new).generation == 1


def test_a_token_of_a_node_without_sessions_is_its_own_answer_while_the_row_is_young(clock):
    """No row tells its claims again, so the same token is the answer."""
    token = foreign(refreshed(login()["refresh"])["refresh"])
    body = refreshed(token)
    assert body.get("refresh", token) == token
    assert body["access"]
    assert session_of(token).generation == 1


def test_a_token_of_such_a_node_that_the_database_has_forgotten_rotates_at_once(heard):
    """It restored the row with its own time, and the token before it had grace again."""
    first = login()["refresh"]
    newest = foreign(refreshed(first)["refresh"])
    forget(newest)
    assert claims(refreshed(newest)["refresh"])["gen"] == 2
    assert heard.names[-2:] == ["session_restored", "session_refreshed"]
    assert answer(refresh(first)) == (401, "token_reused")


def test_a_token_of_such_a_node_is_its_own_answer_after_a_lost_race(monkeypatch):
    """The tokens that the lost try had made were never written, and were the answer."""
    own = refreshed(login()["refresh"])["refresh"]
    token, write = foreign(own), refreshing.write
    forget(own)

    def losing(*arguments):
        monkeypatch.setattr(refreshing, "write", write)
        refreshed(own)  # another request restores the row first
        return write(*arguments)

    monkeypatch.setattr(refreshing, "write", losing)
    body = refreshed(token)
    assert body.get("refresh", token) == token
    assert session_of(token).generation == 1


# Leeway


@pytest.mark.parametrize(("leeway", "status"), [(0, 401), (60, 200)])
@pytest.mark.parametrize("end", ["idle", "absolute"])
def test_leeway_counts_for_the_ends_of_a_session(clock, jwt_settings, leeway, status, end):
    day = timedelta(days=1)
    ends = {"SESSION_ABSOLUTE_LIFETIME": day} if end == "absolute" else {}
    jwt_settings(LEEWAY=leeway, REFRESH_TOKEN_LIFETIME=day, ACCESS_TOKEN_LIFETIME=2 * day, **ends)
    access = login()["access"]
    clock.tick(day + timedelta(seconds=30))
    assert get("whoami/", access).status_code == status
    assert TokenSession.objects.get().revoked_at is None
