"""`manage.py flushexpiredtokens`: expired tokens go, batch by batch; the others stay."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oxijwt.records import flushing
from oxijwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from oxijwt.utils import aware_utcnow

pytestmark = pytest.mark.django_db(transaction=True)

BATCH = 10
PER_WINDOW = ["SELECT", "BEGIN", "DELETE", "DELETE", "COMMIT"]


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(flushing, "BATCH_SIZE", BATCH)


def add(name, number, expires_in, *, blacklisted=False):
    expires_at = aware_utcnow() + timedelta(seconds=expires_in)
    rows = [
        OutstandingToken(jti=f"{name} {index}", token="x", created_at=None, expires_at=expires_at)
        for index in range(number)
    ]
    OutstandingToken.objects.bulk_create(rows)
    if blacklisted:
        recorded = OutstandingToken.objects.filter(jti__startswith=name)
        BlacklistedToken.objects.bulk_create([BlacklistedToken(token=row) for row in recorded])


def flush():
    """The first word of each statement that the command sends."""
    with CaptureQueriesContext(connection) as captured:
        call_command("flushexpiredtokens", stdout=StringIO(), stderr=StringIO())
    return [query["sql"].split()[0] for query in captured.captured_queries]


def test_a_dry_run_finds_what_the_next_run_deletes():
    add("expired", 13, -1)
    add("blacklisted-and-expired", 11, -1, blacklisted=True)
    add("valid", 3, 60, blacklisted=True)
    before = OutstandingToken.objects.count(), BlacklistedToken.objects.count()
    found = flushing.flush_expired(dry_run=True)
    assert found == {"token_blacklist.OutstandingToken": 24, "token_blacklist.BlacklistedToken": 11}
    assert (OutstandingToken.objects.count(), BlacklistedToken.objects.count()) == before
    assert flushing.flush_expired() == found
    assert (left(), BlacklistedToken.objects.count()) == (["valid"], 3)


def left():
    return sorted({jti.split()[0] for jti in OutstandingToken.objects.values_list("jti", flat=True)})


def test_expired_tokens_go_and_the_others_stay():
    add("expired", 3, -1)
    add("long-expired", 3, -(10**6), blacklisted=True)
    add("valid", 3, 60)
    add("blacklisted", 3, 60, blacklisted=True)
    flush()
    assert left() == ["blacklisted", "valid"]
    assert OutstandingToken.objects.count() == 6
    assert sorted(BlacklistedToken.objects.values_list("token__jti", flat=True)) == [
        f"blacklisted {index}" for index in range(3)
    ]


@pytest.mark.parametrize("expired", [0, 1, BATCH - 5, BATCH - 4, BATCH - 3, BATCH, 3 * BATCH, 3 * BATCH + 6])
@pytest.mark.parametrize("blacklisted", [False, True])
def test_each_window_of_the_table_is_the_same_few_statements(expired, blacklisted):
    add("valid", 2, 60)
    add("expired", expired, -1, blacklisted=blacklisted)
    add("later", 2, 60)
    assert flush() == PER_WINDOW * ((expired + 4) // BATCH + 1)
    assert left() == ["later", "valid"]
    assert BlacklistedToken.objects.count() == 0


@pytest.mark.parametrize(("seconds", "sizes"), [(0.01, [8, 8, 8]), (0.1, [8, 8, 8]), (0.2, [4, 2, 2])])
def test_where_the_database_is_slow_batches_are_small(monkeypatch, seconds, sizes):
    """But never smaller than FEWEST, and they grow again."""
    monkeypatch.setattr(flushing, "BATCH_SIZE", 8)
    monkeypatch.setattr(flushing, "FEWEST", 2)
    batches = flushing.Batches("default")
    assert [size_after(batches, monkeypatch, seconds) for _ in sizes] == sizes
    assert [size_after(batches, monkeypatch, 0.01) for _ in range(3)][-1] == 8


def size_after(batches, monkeypatch, seconds):
    clock = iter([0, seconds])
    monkeypatch.setattr(flushing, "monotonic", lambda: next(clock))
    with batches.transaction():
        pass
    return batches.size


def test_a_second_flush_finds_nothing():
    add("expired", 25, -1)
    flush()
    assert flush() == PER_WINDOW


def test_expired_tokens_among_valid_ones_are_all_found():
    """Windows go by primary key, so rows that stay must not hide rows that go."""
    for index in range(12):
        add(f"expired{index}", 3, -1)
        add(f"valid{index}", 3, 60)
    flush()
    assert all(name.startswith("valid") for name in left())
    assert OutstandingToken.objects.count() == 36


def test_a_batch_that_fails_leaves_the_earlier_ones_deleted(monkeypatch):
    """Each batch is a transaction of its own: an interrupted flush is resumed by the next."""
    add("expired", 3 * BATCH, -1, blacklisted=True)
    windows = flushing.windows

    def interrupted(*args):
        for number, window in enumerate(windows(*args)):
            if number == 2:
                raise KeyboardInterrupt
            yield window

    monkeypatch.setattr(flushing, "windows", interrupted)
    with pytest.raises(KeyboardInterrupt):
        flush()
    assert OutstandingToken.objects.count() == BlacklistedToken.objects.count() == BATCH
    monkeypatch.setattr(flushing, "windows", windows)
    flush()
    assert OutstandingToken.objects.count() == BlacklistedToken.objects.count() == 0
