"""The nine invariants of token sessions, over the HTTP API, in one process."""

import uuid
from datetime import timedelta

import pytest
from django.db import OperationalError, connection

from oxijwt.token_sessions.claims import refresh_claims, token_id
from oxijwt.token_sessions.models import TokenSession

from .client import (
    answer,
    claims,
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

pytestmark = pytest.mark.django_db

NAMED = ("sid", "gen", "jti", "iat", "exp")


def named(token):
    return {name: claims(token)[name] for name in NAMED}


@pytest.fixture(autouse=True)
def ada(clock):
    return make_user()


def test_invariant_1_at_most_one_generation_of_a_session_is_live(clock):
    tokens = [login()["refresh"]]
    for _ in range(5):
        clock.tick(31)
        tokens.append(refreshed(tokens[-1])["refresh"])
    assert TokenSession.objects.count() == 1
    assert [verify(token).status_code for token in tokens] == [401] * 4 + [200] * 2
    clock.tick(30)
    assert [verify(token).status_code for token in tokens] == [401] * 5 + [200]


ENDINGS = {
    "logout": lambda ada, tokens: logout(tokens["refresh"]),
    "logout with the access token": lambda ada, tokens: logout(access=tokens["access"]),
    "logout everywhere": lambda ada, tokens: logout(tokens["refresh"], scope="global"),
    "revoke_for_user": lambda ada, tokens: TokenSession.objects.revoke_for_user(ada),
    "deletion of the row": lambda ada, tokens: TokenSession.objects.all().delete(),
    "deactivation": lambda ada, tokens: (setattr(ada, "is_active", False), ada.save()),
    "a request after an update": lambda ada, tokens: (
        type(ada).objects.update(is_active=False),
        who_am_i(tokens["access"]),
    ),
    "deletion of the user": lambda ada, tokens: ada.delete(),
    "a new password": lambda ada, tokens: (ada.set_password("another"), ada.save()),
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("seconds_later", [0, 29, 31])
def test_invariant_2_an_ended_session_never_yields_a_token(ada, clock, ending, seconds_later):
    first = login()
    second = refreshed(first["refresh"])
    assert who_am_i(second["access"]).status_code == 200
    ENDINGS[ending](ada, second)
    clock.tick(seconds_later)
    before = rows()
    for tokens in (first, second):
        assert refresh(tokens["refresh"]).status_code == 401
        assert who_am_i(tokens["access"]).status_code == 401
        assert verify(tokens["refresh"]).status_code == 401
        assert verify(tokens["access"]).status_code == 401
    assert rows() == before


@pytest.mark.parametrize(("idle_days", "absolute_days", "after_days"), [(1, 30, 1), (40, 2, 2)])
def test_invariant_2_a_session_past_an_end_never_yields_a_token(
    clock, jwt_settings, idle_days, absolute_days, after_days
):
    jwt_settings(
        REFRESH_TOKEN_LIFETIME=timedelta(days=idle_days),
        SESSION_ABSOLUTE_LIFETIME=timedelta(days=absolute_days),
        ACCESS_TOKEN_LIFETIME=timedelta(days=90),
    )
    tokens = login()
    clock.tick(timedelta(days=after_days) - timedelta(seconds=1))
    assert who_am_i(tokens["access"]).status_code == 200
    clock.tick(1)
    assert refresh(tokens["refresh"]).status_code == 401
    assert who_am_i(tokens["access"]).status_code == 401


def test_invariant_3_many_refreshes_of_one_token_make_one_generation_and_all_name_it():
    token = login()["refresh"]
    answers = [refreshed(token)["refresh"] for _ in range(8)]
    assert session_of(token).generation == 1
    assert [named(answer) for answer in answers] == [named(answers[0])] * 8


@pytest.mark.parametrize("seconds", [0, 1, 29.999])
def test_invariant_4_a_retry_within_grace_gets_the_same_generation(clock, seconds):
    token = login()["refresh"]
    lost = refreshed(token)["refresh"]
    clock.tick(seconds)
    assert named(refreshed(token)["refresh"]) == named(lost)
    assert named(refreshed(lost)["refresh"]) == named(lost)


@pytest.mark.parametrize("generations", [1, 2, 3])
def test_invariant_5_use_after_grace_ends_refresh_and_access_tokens(clock, heard, generations):
    stolen = login()
    tokens = stolen
    for _ in range(generations):
        clock.tick(30)
        tokens = refreshed(tokens["refresh"])
    clock.tick(30)
    assert answer(refresh(stolen["refresh"])) == (401, "token_reused")
    assert answer(refresh(tokens["refresh"])) == (401, "session_revoked")
    for access in (stolen["access"], tokens["access"]):
        assert answer(who_am_i(access)) == (401, "session_revoked")
    assert len(heard.of("refresh_reuse_detected")) == 1


def test_invariant_6_grace_does_not_slide_with_its_use(clock):
    token = login()["refresh"]
    refreshed(token)
    for _ in range(5):
        clock.tick(5.9)
        assert refresh(token).status_code == 200
    clock.tick(0.5)
    assert answer(refresh(token)) == (401, "token_reused")


def test_invariant_6_grace_never_covers_a_grandparent(clock):
    grandparent = login()["refresh"]
    parent = refreshed(grandparent)["refresh"]
    clock.tick(30)
    refreshed(parent)
    assert answer(refresh(grandparent)) == (401, "token_reused")


def test_invariant_7_no_child_outlives_the_absolute_end_and_the_idle_end_only_moves_forward(clock, jwt_settings):
    jwt_settings(REFRESH_TOKEN_LIFETIME=timedelta(days=10), SESSION_ABSOLUTE_LIFETIME=timedelta(days=25))
    tokens = login()
    absolute = session_of(tokens["refresh"]).absolute_expires_at
    ends = [session_of(tokens["refresh"]).expires_at]
    for _ in range(4):
        clock.tick(timedelta(days=6))
        tokens = refreshed(tokens["refresh"])
        ends.append(session_of(tokens["refresh"]).expires_at)
        assert max(claims(token)["exp"] for token in tokens.values()) <= absolute.timestamp()
    assert ends == sorted(ends)
    assert ends[-1] == absolute
    clock.tick(timedelta(days=1))
    assert refresh(tokens["refresh"]).status_code == 401


@pytest.mark.parametrize("which", ["retired", "forgiven", "current", "access", "old access", "expired"])
def test_invariant_8_logout_with_any_token_of_the_session_ends_it_whole(clock, which):
    first = login()
    second = refreshed(first["refresh"])
    clock.tick(30)
    third = refreshed(second["refresh"])
    clock.tick(timedelta(days=1, seconds=-1) if which == "expired" else 1)
    token = {"retired": first, "forgiven": second, "current": third, "expired": second}.get(which, {}).get("refresh")
    access = {"access": third, "old access": first}.get(which, {}).get("access")
    assert logout(token, access=access).status_code == 204
    for tokens in (first, second, third):
        assert refresh(tokens["refresh"]).status_code == 401
        assert who_am_i(tokens["access"]).status_code == 401
    assert session_of(third["refresh"]).revoked_at is not None


class FailAt:
    """Lets the database fail before or after its nth statement."""

    def __init__(self, number, when):
        self.left, self.when = number, when

    def __call__(self, execute, *arguments):
        self.left -= 1
        if self.left == 0 and self.when == "before":
            raise OperationalError("the server has gone away")
        result = execute(*arguments)
        if self.left == 0:
            raise OperationalError("the server has gone away")
        return result


ACTIONS = {
    "login": lambda tokens: post("", {"username": "ada", "password": "a password of the tests"}),
    "refresh": lambda tokens: refresh(tokens["refresh"]),
    "reuse": lambda tokens: refresh(tokens["old"]),
    "logout": lambda tokens: logout(tokens["refresh"]),
    "logout everywhere": lambda tokens: logout(tokens["refresh"], scope="global"),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("name", ACTIONS)
def test_invariant_9_a_failure_at_any_statement_leaves_the_old_state_or_the_new(clock, name, number, when):
    old = login()["refresh"]
    tokens = refreshed(old) | {"old": old}
    clock.tick(31)
    before = session_of(old)
    with connection.execute_wrapper(FailAt(number, when)):
        try:
            status = ACTIONS[name](tokens).status_code
        except OperationalError:
            status = 500
    assert status in {500, 503}
    after = session_of(old)
    if name == "login":
        assert TokenSession.objects.count() in {1, 2}
    assert (after.generation, after.revoked_at is None) in {
        (before.generation, True),
        (before.generation, False),
        (before.generation + 1, True),
    }
    if name == "refresh":
        assert refreshed(tokens["refresh"])["refresh"]


def test_rotating_again_after_a_lost_write_is_one_generation():
    """The row says what was issued: nothing in the answer depends on which request wrote it."""
    token = login()["refresh"]
    session = session_of(token)
    assert refresh_claims(session).items() <= claims(token).items()


@pytest.mark.parametrize("generation", [0, 1, 9, 10, 2**31 - 1])
def test_the_id_of_a_token_is_a_uuid_of_version_5(generation):
    for sid in (uuid.UUID(int=0), *(uuid.uuid4() for _ in range(200))):
        assert token_id(sid, generation) == uuid.uuid5(sid, str(generation)).hex
