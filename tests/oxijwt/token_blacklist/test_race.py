"""Many requests refresh one token at the same moment: exactly one of them gets a successor."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from oxijwt.records import blacklist as tables
from oxijwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from oxijwt.tokens import RefreshToken
from tests.client import make_user, post
from tests.sites.settings import DATABASE

THREADS = 16
ROUNDS = 20
PATIENCE = 60
BLACKLISTED = {"detail": "Token is blacklisted", "code": "token_not_valid"}

pytestmark = [
    pytest.mark.skipif(DATABASE == "sqlite", reason="SQLite has one writer; OXIJWT_DATABASE=postgres or mariadb races"),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def crowd():
    """A function that runs another in THREADS threads at once and returns what each of them returned."""
    start = threading.Barrier(THREADS, timeout=PATIENCE)

    def in_one_thread(action):
        start.wait()
        return action()

    with ThreadPoolExecutor(THREADS) as pool:

        def run(action):
            return [future.result() for future in [pool.submit(in_one_thread, action) for _ in range(THREADS)]]

        yield run
        run(close_connection)


@pytest.fixture
def user(settings):
    settings.SIMPLE_JWT = {"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True}
    return make_user()


def close_connection():
    connection.close()  # looked up here: the running thread's


def race_for_successor(crowd, token):
    """Refresh `token` from every thread; the one successor, after a look at every answer and at both tables."""
    before = OutstandingToken.objects.count(), BlacklistedToken.objects.count()
    answers = crowd(lambda: post("token_refresh", {"refresh": token}))
    after = OutstandingToken.objects.count(), BlacklistedToken.objects.count()

    won = [answer for answer in answers if answer.status_code == 200]
    lost = [answer for answer in answers if answer.status_code != 200]
    assert len(won) == 1
    assert [(answer.status_code, answer.json()) for answer in lost] == [(401, BLACKLISTED)] * (THREADS - 1)
    assert after == (before[0] + 1, before[1] + 1)
    return won[0].json()["refresh"]


def test_one_of_many_simultaneous_refreshes_gets_the_successor(user, crowd):
    token = str(RefreshToken.for_user(user))
    seen = {token}
    for _round in range(ROUNDS):
        token = race_for_successor(crowd, token)
        seen.add(token)
    assert len(seen) == ROUNDS + 1
    assert set(OutstandingToken.objects.values_list("token", flat=True)) == seen
    assert RefreshToken(token)["user_id"] == str(user.pk)


def test_the_insert_decides_among_refreshes_that_all_passed_the_check(user, crowd, monkeypatch):
    """No SELECT can decide here: nobody inserts before everybody has found the token unlisted."""
    everybody_has_checked = threading.Barrier(THREADS, timeout=PATIENCE)
    inserted = []

    def replace(outstanding, successor):
        everybody_has_checked.wait()
        inserted.append(successor.jti)
        original(outstanding, successor)

    original = tables.replace
    monkeypatch.setattr(tables, "replace", replace)
    token = str(RefreshToken.for_user(user))
    for round_number in range(1, ROUNDS // 4 + 1):
        token = race_for_successor(crowd, token)
        assert len(inserted) == THREADS * round_number


def test_one_of_many_simultaneous_refreshes_of_an_unrecorded_token_gets_the_successor(user, crowd):
    """A token made elsewhere, or before the app was installed, is recorded by the first who rotates it."""
    token = RefreshToken()
    token["user_id"] = str(user.pk)
    text = str(token)
    answers = crowd(lambda: post("token_refresh", {"refresh": text}))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * (THREADS - 1)
    assert OutstandingToken.objects.count() == 2
    assert BlacklistedToken.objects.count() == 1


def test_simultaneous_logouts_all_succeed_or_find_the_token_blacklisted(user, crowd):
    text = str(RefreshToken.for_user(user))
    answers = crowd(lambda: post("token_blacklist", {"refresh": text}))
    assert {(answer.status_code, str(answer.json())) for answer in answers} <= {(200, "{}"), (401, str(BLACKLISTED))}
    assert 200 in {answer.status_code for answer in answers}
    assert BlacklistedToken.objects.count() == 1


def test_a_logout_during_a_refresh_leaves_no_successor_or_comes_too_late(user, crowd):
    """Half of the threads log out, half refresh: at most one successor, and the presented token is dead."""
    text = str(RefreshToken.for_user(user))
    turns = iter(["token_refresh", "token_blacklist"] * THREADS)
    answers = crowd(lambda: post(next(turns), {"refresh": text}))
    assert {answer.status_code for answer in answers} <= {200, 401}
    successors = [answer.json()["refresh"] for answer in answers if "refresh" in answer.json()]
    assert len(successors) <= 1
    assert OutstandingToken.objects.count() == 1 + len(successors)
    assert BlacklistedToken.objects.count() == 1
    assert post("token_refresh", {"refresh": text}).status_code == 401
