"""Signals say what is committed, and no receiver and no lost cache undoes it."""

from contextlib import contextmanager

import pytest
from django.contrib.auth.signals import user_logged_out
from django.core.cache import caches
from django.db import connection, transaction

from oxijwt import signals
from oxijwt.token_sessions import api
from oxijwt.token_sessions.models import TokenSession
from oxijwt.tokens import RefreshToken

from .client import answer, login, logout, make_user, refresh, refreshed, session_of, who_am_i

pytestmark = pytest.mark.django_db(transaction=True)

FAULT = "a receiver of the project is broken"


@pytest.fixture(autouse=True)
def ada(clock):
    return make_user()


@contextmanager
def connected(signal, receive):
    """Inside, `receive` hears the signal."""
    signal.connect(receive, weak=False)
    try:
        yield
    finally:
        signal.disconnect(receive)


def broken(**arguments):
    raise RuntimeError(FAULT)


def errors_of(caplog):
    return [record for record in caplog.records if record.name == "oxijwt" and record.levelname == "ERROR"]


def spent():
    """A token that is spent, and the clock's next step makes it reuse."""
    tokens = login()
    refreshed(tokens["refresh"])
    return tokens["refresh"]


# Receivers that raise


ACTS = {
    "session_started": lambda clock: answer(refresh(login()["refresh"])),
    "session_refreshed": lambda clock: answer(refresh(login()["refresh"])),
    "refresh_repeated": lambda clock: answer(refresh(spent())),
    "refresh_reuse_detected": lambda clock: (old := spent(), clock.tick(31), answer(refresh(old)))[-1],
    "session_revoked": lambda clock: answer(logout(login()["refresh"])),
}
ANSWERS = {"refresh_reuse_detected": (401, "token_reused"), "session_revoked": (204, None)}


@pytest.mark.parametrize("name", ACTS)
def test_a_receiver_that_raises_fails_no_request(name, clock, caplog):
    """A receiver that raised made a 500 after the write."""
    heard = []
    with (
        connected(getattr(signals, name), broken),
        connected(getattr(signals, name), lambda **arguments: heard.append(arguments)),
    ):
        assert ACTS[name](clock) == ANSWERS.get(name, (200, None))
    assert len(heard) == len(errors_of(caplog)) == 1
    [record] = errors_of(caplog)
    assert "broken" in record.getMessage()
    assert str(record.exc_info[1]) == FAULT


def test_a_receiver_that_raises_logs_nobody_out(clock):
    """The client got a 500 after the rotation, and its own retry ended the session half a minute later."""
    tokens = login()
    with connected(signals.session_refreshed, broken):
        newer = refreshed(tokens["refresh"])
    clock.tick(31)
    assert refresh(newer["refresh"]).status_code == 200


def test_a_receiver_of_user_logged_out_that_raises_fails_no_logout(caplog):
    """Django's own signal made a 500 after the session was ended."""
    with connected(user_logged_out, broken):
        assert logout(login()["refresh"]).status_code == 204
    assert len(errors_of(caplog)) == 1


# Commit and rollback


@pytest.fixture
def in_a_transaction(heard):
    """The signals heard so far, each with whether it came inside of a transaction."""
    inside = []
    receive = lambda **arguments: inside.append(connection.in_atomic_block)  # noqa: E731
    names = ("session_started", "session_refreshed", "session_revoked", "refresh_repeated")
    for name in names:
        getattr(signals, name).connect(receive, weak=False)
    yield inside
    for name in names:
        getattr(signals, name).disconnect(receive)


def test_signals_wait_for_the_commit_of_the_caller(ada, heard, in_a_transaction):
    """They were sent before the commit, when another connection did not see the session yet."""
    with transaction.atomic():
        token = RefreshToken.for_user(ada)
        rotated = RefreshToken(str(token)).rotate()
        api.revoke_for_user(ada)
        assert heard == []
    assert heard.names == ["session_started", "session_refreshed", "session_revoked"]
    assert in_a_transaction == [False] * 3
    assert answer(refresh(rotated)) == (401, "session_revoked")


@pytest.mark.parametrize("outer", [False, True], ids=["transaction", "savepoint"])
def test_no_signal_tells_of_what_was_rolled_back(ada, heard, outer):
    """Signals of a session that never was were sent."""

    def undone():
        with transaction.atomic():
            RefreshToken.for_user(ada)
            transaction.set_rollback(True)

    if outer:
        with transaction.atomic():
            undone()
    else:
        undone()
    assert (heard, TokenSession.objects.count()) == ([], 0)


def test_a_repeat_is_told_at_once(heard, in_a_transaction):
    """A repeat writes nothing, so a rollback does not undo it."""
    tokens = login()
    refreshed(tokens["refresh"])
    heard.clear()
    in_a_transaction.clear()
    with transaction.atomic():
        RefreshToken(tokens["refresh"]).rotate()
        transaction.set_rollback(True)
    assert (heard.names, in_a_transaction) == (["refresh_repeated"], [True])


def test_signals_come_at_once_where_the_project_commits_by_hand(ada, heard):
    """Django refuses `on_commit` there, so a revocation was a 500."""
    login()
    transaction.set_autocommit(False)
    try:
        heard.clear()
        assert api.revoke_for_user(ada) == 1
        assert heard.names == ["session_revoked"]
        transaction.commit()
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)
    assert TokenSession.objects.filter(revoked_at=None).count() == 0


# A cache that is lost at the commit


class Unreachable:
    """A cache whose server is gone."""

    def __getattr__(self, name):
        raise ConnectionError


@pytest.fixture
def lost_cache(jwt_settings, monkeypatch):
    jwt_settings(REVOCATION_CACHE="default")
    monkeypatch.setattr("oxijwt.token_sessions.revocation_cache.cache", Unreachable)
    yield
    caches["default"].clear()


ENDS = {
    "end_session": lambda ada, token: api.end_session(session_of(token)),
    "end_session_of": lambda ada, token: api.end_session_of(token),
    "revoke_for_user": lambda ada, token: api.revoke_for_user(ada),
    "blacklist": lambda ada, token: RefreshToken(token).blacklist(),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_a_lost_cache_drops_no_hook_of_the_project(lost_cache, ada, caplog, end):
    """Redis was down at the commit: the project's later `on_commit` hooks never ran, and `atomic` raised."""
    tokens, ran = login(), []
    with transaction.atomic():
        end(ada, tokens["refresh"])
        transaction.on_commit(lambda: ran.append(True))
    assert ran == [True]
    assert answer(who_am_i(tokens["access"])) == (401, "session_revoked")
    assert {record.levelname for record in caplog.records if "REVOCATION_CACHE" in record.getMessage()} == {"WARNING"}


def test_a_logout_still_sees_that_the_cache_is_lost(lost_cache):
    assert logout(login()["refresh"]).status_code == 503
