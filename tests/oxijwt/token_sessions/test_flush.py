"""`flushexpiredtokens`: what is over goes, batch by batch, and nothing that still counts."""

from datetime import date, datetime, time, timedelta
from io import StringIO
from uuid import uuid4

import django
import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oxijwt.records import flushing
from oxijwt.token_sessions.models import MARKER_DAY, OwedPublication, RevokeReason, TokenSession
from oxijwt.tokens import AccessToken, RefreshToken
from oxijwt.utils import aware_utcnow

from .client import answer, login, logout, make_user, refresh, refreshed, session_of, who_am_i

pytestmark = pytest.mark.django_db

SESSIONS = "token_sessions.TokenSession"
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


@pytest.fixture
def kept(jwt_settings):
    """How many days longer rows are kept while nodes without sessions may have extended their tokens."""
    return (lambda days: days) if HAS_BLACKLIST else (lambda days: 0)


@pytest.mark.parametrize("days", [1, 14])
def test_a_login_that_is_never_refreshed_has_no_margin(clock, jwt_settings, kept, days):
    """Its row was kept for 8 more days: 3.4 GB in place of 0.7 for a million logins a day."""
    jwt_settings(REFRESH_TOKEN_LIFETIME=timedelta(days=days))
    token = login()["refresh"]
    last_day = date(2026, 3, 4) + timedelta(days=days + kept(days))
    assert session_of(token).flush_after == last_day
    for day, left in [(last_day, 1), (last_day + timedelta(days=1), 0)]:
        clock.move_to(datetime.combine(day, time()))
        call_command("flushexpiredtokens")
        assert TokenSession.objects.count() == left


def test_an_access_token_without_a_login_has_no_margin(ada):
    token = AccessToken.for_user(ada)
    assert session_of(str(token)).flush_after == date(2026, 3, 4)


def test_the_first_refresh_adds_the_margin_only_when_the_day_moves(clock, jwt_settings, kept):
    jwt_settings(REFRESH_TOKEN_LIFETIME=timedelta(days=14))
    tokens = login()
    days = []
    for hours in (1, 24):
        clock.tick(timedelta(hours=hours))
        tokens = refreshed(tokens["refresh"])
        days.append(session_of(tokens["refresh"]).flush_after - timedelta(days=kept(14)))
    assert days == [date(2026, 3, 18), date(2026, 3, 26)]


@pytest.mark.parametrize(("lifetime", "moves"), [(1, 8), (3, 4), (14, 2), (30, 2)])
def test_refreshes_move_the_day_seldom_and_never_too_late(clock, jwt_settings, kept, lifetime, moves):
    """Each move of the one indexed time is an update that PostgreSQL can't keep to the heap."""
    jwt_settings(REFRESH_TOKEN_LIFETIME=timedelta(days=lifetime), SESSION_ABSOLUTE_LIFETIME=None)
    tokens = login()
    first, days = session_of(tokens["refresh"]).flush_after, []
    for _ in range(16):
        clock.tick(timedelta(hours=23))
        tokens = refreshed(tokens["refresh"])
        session = session_of(tokens["refresh"])
        margin = session.flush_after - session.expires_at.date() - timedelta(days=kept(lifetime))
        assert timedelta(0) <= margin <= timedelta(days=min(lifetime, 7))
        days.append(session.flush_after)
    assert len({first, *days}) - 1 == moves


def test_a_remembered_login_has_its_own_margin(ada, clock):
    """The margin follows the session's idle lifetime, not that of its class."""
    token = RefreshToken.for_user(ada)
    token.set_exp(lifetime=timedelta(days=4))
    clock.tick(timedelta(days=1))
    session = session_of(refreshed(str(token))["refresh"])
    margin = session.flush_after - session.expires_at.date()
    assert margin == timedelta(days=5 if HAS_BLACKLIST else 4)


@pytest.mark.parametrize(("moment", "last"), [("22:50", 4), ("23:00", 5)])
def test_a_tolerated_token_keeps_its_row(clock, moment, last):
    """LEEWAY and another node's clock accept a token after its `exp`."""
    clock.move_to(f"2026-03-03 {moment}")
    kept_until = session_of(login()["refresh"]).flush_after
    assert kept_until == date(2026, 3, last + HAS_BLACKLIST)


def test_the_day_never_passes_the_absolute_end(clock, jwt_settings):
    """A margin behind it would save no update: no refresh moves the day any more."""
    jwt_settings(REFRESH_TOKEN_LIFETIME=timedelta(days=9), SESSION_ABSOLUTE_LIFETIME=timedelta(days=10))
    tokens = login()
    clock.tick(timedelta(days=8))
    tokens = refreshed(tokens["refresh"])
    assert session_of(tokens["refresh"]).flush_after == date(2026, 3, 23 if HAS_BLACKLIST else 14)


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
        assert flushing.flush_expired()[SESSIONS] == number
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


@pytest.mark.parametrize("markers", [0, 2])
def test_a_dry_run_finds_what_the_next_run_deletes(ada, clock, jwt_settings, markers):
    """Markers count when ADOPT_UNTIL has passed."""
    if markers:
        jwt_settings(ADOPT_UNTIL=aware_utcnow() - timedelta(seconds=1))
    make_sessions(ada, 4, date(2026, 3, 3))
    make_sessions(ada, 1, date(2026, 3, 5))
    make_sessions(ada, 2, MARKER_DAY)
    TokenSession.objects.filter(flush_after=MARKER_DAY).update(revoke_reason=RevokeReason.MARKER)
    OwedPublication.objects.create(sid=uuid4(), until=aware_utcnow() - timedelta(1))
    before = everything()
    found = flushing.flush_expired(dry_run=True)
    assert everything() == before
    assert (found[SESSIONS], found["token_sessions.OwedPublication"]) == (4 + markers, 1)
    assert flushing.flush_expired() == found
    assert TokenSession.objects.count() == 3 - markers
    assert flushing.flush_expired(dry_run=True) == dict.fromkeys(found, 0)


def everything():
    return [list(model.objects.order_by("pk").values()) for model in (TokenSession, OwedPublication)]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ([], f"{SESSIONS}: 2 deleted\n"),
        (["--dry-run"], f"{SESSIONS}: 2 to delete\n"),
        (["--verbosity", "0"], None),
    ],
)
def test_the_command_prints_the_number_for_each_table(ada, options, line):
    make_sessions(ada, 2, date(2026, 3, 3))
    call_command("flushexpiredtokens", *options, stdout=(output := StringIO()))
    assert output.getvalue() == "" if line is None else line in output.getvalue()
    assert TokenSession.objects.count() == (2 if "--dry-run" in options else 0)


@pytest.mark.skipif(django.VERSION < (6, 0), reason="Django 5.2 has no tasks")
def test_a_task_flushes(ada):
    """Django's default backend runs it at once. The result must be JSON."""
    from oxijwt.tasks import flush_expired_tokens  # noqa: PLC0415

    make_sessions(ada, 2, date(2026, 3, 3))
    result = flush_expired_tokens.enqueue()
    assert result.return_value[SESSIONS] == 2
    assert TokenSession.objects.count() == 0


@pytest.mark.skipif(not HAS_BLACKLIST, reason="tests.sites.adoption has both apps")
def test_one_command_empties_both_apps(ada):
    outstanding = apps.get_model("token_blacklist", "OutstandingToken")
    blacklisted = apps.get_model("token_blacklist", "BlacklistedToken")
    now = aware_utcnow()
    for number, expires_at in enumerate([now - timedelta(1), now + timedelta(1)]):
        token = outstanding.objects.create(jti=number, token="", expires_at=expires_at)
        blacklisted.objects.create(token=token)
    make_sessions(ada, 2, date(2026, 3, 3))
    counts = {"token_blacklist.OutstandingToken": 1, "token_blacklist.BlacklistedToken": 1, SESSIONS: 2}
    assert flushing.flush_expired() == counts | {"token_sessions.OwedPublication": 0}
    assert list(outstanding.objects.values_list("jti", flat=True)) == ["1"]
    assert blacklisted.objects.count() == 1
    assert TokenSession.objects.count() == 0
