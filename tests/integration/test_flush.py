"""`manage.py flushexpiredtokens`: expired tokens go, batch by batch; the others stay."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oxijwt.token_blacklist.management.commands import flushexpiredtokens
from oxijwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from oxijwt.utils import aware_utcnow

pytestmark = pytest.mark.django_db(transaction=True)

BATCH = 10
PER_BATCH = ["SELECT", "BEGIN", "DELETE", "SELECT", "DELETE", "DELETE", "COMMIT"]


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(flushexpiredtokens, "BATCH_SIZE", BATCH)


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


@pytest.mark.parametrize(
    ("expired", "batches"), [(1, 1), (BATCH - 1, 1), (BATCH, 1), (BATCH + 1, 2), (3 * BATCH, 3), (3 * BATCH + 5, 4)]
)
@pytest.mark.parametrize("blacklisted", [False, True])
def test_each_batch_is_the_same_few_statements(expired, batches, blacklisted):
    add("valid", 2, 60)
    add("expired", expired, -1, blacklisted=blacklisted)
    add("later", 2, 60)
    assert flush() == PER_BATCH * batches + ["SELECT"]
    assert left() == ["later", "valid"]
    assert BlacklistedToken.objects.count() == 0


def test_nothing_expired_is_one_statement():
    add("valid", 30, 60)
    assert flush() == ["SELECT"]
    assert OutstandingToken.objects.count() == 30


def test_a_second_flush_finds_nothing():
    add("expired", 25, -1)
    flush()
    assert flush() == ["SELECT"]


def test_expired_tokens_among_valid_ones_are_all_found():
    """Batches go by primary key, so rows that stay must not hide rows that go."""
    for index in range(12):
        add(f"expired{index}", 3, -1)
        add(f"valid{index}", 3, 60)
    flush()
    assert all(name.startswith("valid") for name in left())
    assert OutstandingToken.objects.count() == 36


def test_a_batch_that_fails_leaves_the_earlier_ones_deleted(monkeypatch):
    """Each batch is a transaction of its own: an interrupted flush is resumed by the next."""
    add("expired", 3 * BATCH, -1, blacklisted=True)
    batches = flushexpiredtokens._expired_batches

    def interrupted(database):
        for number, ids in enumerate(batches(database)):
            if number == 2:
                raise KeyboardInterrupt
            yield ids

    monkeypatch.setattr(flushexpiredtokens, "_expired_batches", interrupted)
    with pytest.raises(KeyboardInterrupt):
        flush()
    assert OutstandingToken.objects.count() == BlacklistedToken.objects.count() == BATCH
    monkeypatch.setattr(flushexpiredtokens, "_expired_batches", batches)
    flush()
    assert OutstandingToken.objects.count() == BlacklistedToken.objects.count() == 0
