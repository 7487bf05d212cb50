"""`flushexpiredtokens`: what is over goes, batch by batch, and nothing that still counts."""

from datetime import date, datetime, timedelta
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oxijwt.records import flushing
from oxijwt.token_sessions.models import TokenSession
from oxijwt.utils import aware_utcnow

from .client import answer, login, logout, make_user, refresh, refreshed, session_of, who_am_i

pytestmark = pytest.mark.django_db

HAS_BLACKLIST = apps.is_installed("oxijwt.token_blacklist")
"""Whether rows are kept a refresh token's lifetime longer: nodes without sessions may have extended their tokens."""


@pytest.fixture(autouse=True)
def ada(clock):
    return make_user()


def make_sessions(user, number, flush_after):
    now = aware_utcnow()
    TokenSession.objects.bulk_create(
        TokenSession(user=user, created_at=now, expires_at=now, flush_after=flush_after, auth_hash=b"")
        for _ in range(number)
    )


@pytest.mark.parametrize(("days", "left"), [(-1, 0), (0, 1), (1, 1)])
def test_a_session_goes_when_its_day_is_over(ada, days, left):
    make_sessions(ada, 1, date(2026, 3, 4) + timedelta(days=days))
    call_command("flushexpiredtokens", stdout=StringIO())
    assert TokenSession.objects.count() == left


@pytest.mark.parametrize("revoked", [False, True])
@pytest.mark.parametrize("access_days", [0, 3])
def test_a_row_is_kept_as_long_as_any_of_its_tokens_may_live(clock, jwt_settings, revoked, access_days):
    """An access token made at the idle end's last moment outlived the row where its lifetime was over a day."""
    jwt_settings(
        REFRESH_TOKEN_LIFETIME=timedelta(days=2),
        ACCESS_TOKEN_LIFETIME=timedelta(days=access_days, minutes=5),
        ROTATE_REFRESH_TOKENS=False,
    )
    tokens = login()
    clock.tick(timedelta(days=2, seconds=-1))
    last = refreshed(tokens["refresh"])["access"]
    if revoked:
        logout(tokens["refresh"])
    clock.tick(timedelta(days=access_days, minutes=4))
    call_command("flushexpiredtokens")
    assert TokenSession.objects.count() == 1
    assert who_am_i(last).status_code == 401
    clock.tick(timedelta(days=12 if HAS_BLACKLIST else 10))
    call_command("flushexpiredtokens")
    assert TokenSession.objects.count() == 0
    assert refresh(tokens["refresh"]).status_code == 401


def test_refreshes_move_the_day_once_in_a_week_and_never_too_late(clock):
    """Each move of the one indexed time is an update that PostgreSQL can't keep to the heap."""
    tokens = login()
    days = set()
    for _ in range(16):
        clock.tick(timedelta(hours=23))
        tokens = refreshed(tokens["refresh"])
        session = session_of(tokens["refresh"])
        assert session.flush_after > session.expires_at.date()
        days.add(session.flush_after)
    assert len(days) == 2


def test_the_day_follows_the_absolute_end(clock, jwt_settings):
    jwt_settings(REFRESH_TOKEN_LIFETIME=timedelta(days=9), SESSION_ABSOLUTE_LIFETIME=timedelta(days=10))
    tokens = login()
    clock.tick(timedelta(days=8))
    tokens = refreshed(tokens["refresh"])
    assert session_of(tokens["refresh"]).flush_after == date(2026, 3, 30 if HAS_BLACKLIST else 21)


def test_a_lifetime_that_reaches_the_end_of_the_calendar_is_no_error(jwt_settings):
    left = datetime.max - datetime(2026, 3, 4, 5, 6, 7)  # noqa: DTZ001, DTZ901  a difference
    jwt_settings(REFRESH_TOKEN_LIFETIME=left - timedelta(seconds=1), SESSION_ABSOLUTE_LIFETIME=None)
    assert session_of(login()["refresh"]).flush_after == date.max


def test_live_sessions_stay_usable(clock):
    tokens = login()
    clock.tick(timedelta(hours=23))
    call_command("flushexpiredtokens")
    assert refresh(tokens["refresh"]).status_code == 200


def test_a_flushed_session_is_over(clock):
    tokens = login()
    clock.tick(timedelta(days=12))
    call_command("flushexpiredtokens")
    assert TokenSession.objects.count() == 0
    assert answer(refresh(tokens["refresh"])) == (401, "token_not_valid")


@pytest.mark.parametrize("number", [1, 7, 21])
def test_every_batch_is_found_and_deleted_with_one_statement_each(ada, monkeypatch, number):
    monkeypatch.setattr(flushing, "BATCH_SIZE", 7)
    make_sessions(ada, number, date(2026, 3, 3))
    make_sessions(ada, 3, date(2026, 3, 5))
    with CaptureQueriesContext(connection) as captured:
        assert flushing.flush_expired() == number
    batches = -(-number // 7)
    run = [query["sql"] for query in captured if "token_sessions_tokensession" in query["sql"]]
    assert len([sql for sql in run if sql.startswith("DELETE")]) == batches, run
    assert len(run) <= 2 * batches + 2
    assert TokenSession.objects.count() == 3


def test_what_points_to_sessions_is_not_collected(ada):
    """No row is read one by one, and no signal is sent for one."""
    from django.db.models.signals import pre_delete  # noqa: PLC0415

    make_sessions(ada, 3, date(2026, 3, 3))
    deleted = []
    pre_delete.connect(deleted.append, sender=TokenSession)
    flushing.flush_expired()
    pre_delete.disconnect(deleted.append, sender=TokenSession)
    assert deleted == []


def test_both_apps_have_the_same_command():
    from oxijwt.token_blacklist.management.commands import flushexpiredtokens as other  # noqa: PLC0415
    from oxijwt.token_sessions.management.commands import flushexpiredtokens as own  # noqa: PLC0415

    assert own.Command is other.Command


@pytest.mark.skipif(not HAS_BLACKLIST, reason="tests.sites.adoption has both apps")
def test_one_command_empties_both_apps(ada):
    outstanding = apps.get_model("token_blacklist", "OutstandingToken")
    blacklisted = apps.get_model("token_blacklist", "BlacklistedToken")
    now = aware_utcnow()
    for number, expires_at in enumerate([now - timedelta(1), now + timedelta(1)]):
        token = outstanding.objects.create(jti=number, token="", expires_at=expires_at)
        blacklisted.objects.create(token=token)
    make_sessions(ada, 2, date(2026, 3, 3))
    assert flushing.flush_expired() == 3
    assert list(outstanding.objects.values_list("jti", flat=True)) == ["1"]
    assert blacklisted.objects.count() == 1
    assert TokenSession.objects.count() == 0
