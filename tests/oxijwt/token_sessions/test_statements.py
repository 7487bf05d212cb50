"""How many SQL statements a request runs, those of transactions (BEGIN, SAVEPOINT, COMMIT) counted."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from oxijwt.token_sessions import database
from oxijwt.token_sessions.models import TokenSession
from tests.sites.settings import DATABASE

from .client import answer, get, login, logout, make_user, post, refresh, refreshed, verify, who_am_i

# In autocommit, as a site runs: the transaction of a TestCase would hide BEGIN and COMMIT.
pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def statements(number):
    """Exactly so many inside, printed where there are others."""
    with CaptureQueriesContext(connection) as captured:
        yield
    run = [query["sql"] for query in captured.captured_queries]
    assert len(run) == number, "\n".join([f"{len(run)} statements, not {number}:", *run])


@pytest.fixture(autouse=True)
def ada(clock):
    return make_user()


@pytest.fixture
def tokens(ada):
    return login()


def test_the_control_counts_begin_and_commit(ada):
    with statements(3), transaction.atomic():
        type(ada).objects.get(pk=ada.pk)


def test_the_control_counts_savepoints(ada):
    with statements(5), transaction.atomic(), transaction.atomic():
        type(ada).objects.get(pk=ada.pk)


def test_a_wrong_count_fails_and_prints_the_statements(ada):
    with pytest.raises(AssertionError, match="SELECT"), statements(0):
        type(ada).objects.get(pk=ada.pk)


def test_login_finds_the_user_and_inserts_the_session():
    with statements(2):
        login()


def test_login_with_update_last_login_runs_one_more(jwt_settings):
    jwt_settings(UPDATE_LAST_LOGIN=True)
    with statements(3):
        login()


def test_login_under_a_limit_runs_two_more(jwt_settings):
    jwt_settings(SESSION_LIMIT_PER_USER=1)
    login()
    with statements(4):
        login()


def test_a_refused_login_writes_nothing():
    with statements(1):
        assert post("", {"username": "ada", "password": "wrong"}).status_code == 401


@pytest.mark.parametrize("path", ["whoami/", "transfer/"])
def test_an_authenticated_request_reads_once(tokens, path):
    with statements(1):
        assert get(path, tokens["access"]).status_code == 200


def test_a_stateless_request_reads_nothing(tokens):
    with statements(0):
        assert get("stateless/", tokens["access"]).status_code == 200


def test_a_refused_request_reads_once(tokens):
    logout(tokens["refresh"])
    with statements(1):
        assert who_am_i(tokens["access"]).status_code == 401


def test_a_deactivated_users_request_reads_and_ends_once(ada, tokens):
    type(ada).objects.update(is_active=False)
    for number in (2, 1):
        with statements(number):
            assert who_am_i(tokens["access"]).status_code == 401


def test_a_deactivated_users_refresh_reads_once_and_ends_once(ada, tokens):
    type(ada).objects.update(is_active=False)
    for number in (2, 1):
        with statements(number):
            assert refresh(tokens["refresh"]).status_code == 401


def test_saving_a_deactivated_user_is_one_more(ada, tokens):
    ada.is_active = False
    with statements(2):
        ada.save()


def test_saving_anybody_else_is_none_more(ada, tokens):
    with statements(1):
        ada.save()


def test_a_rotating_refresh_runs_two(tokens):
    with statements(2):
        refreshed(tokens["refresh"])


def test_a_repeated_refresh_runs_one_with_either_token(tokens):
    current = refreshed(tokens["refresh"])
    for token in (tokens["refresh"], current["refresh"]):
        with statements(1):
            refreshed(token)


def test_a_refresh_without_rotation_runs_one(jwt_settings, tokens):
    jwt_settings(ROTATE_REFRESH_TOKENS=False)
    with statements(1):
        refreshed(tokens["refresh"])


def test_a_refused_refresh_runs_one(tokens):
    logout(tokens["refresh"])
    with statements(1):
        assert refresh(tokens["refresh"]).status_code == 401


def test_reuse_reads_and_ends(clock, tokens):
    refreshed(tokens["refresh"])
    clock.tick(31)
    with statements(2):
        assert answer(refresh(tokens["refresh"])) == (401, "token_reused")


@pytest.fixture
def atomic_requests(monkeypatch, settings):
    """Views run in a transaction, as a project's own views often do."""
    settings.ROOT_URLCONF = "tests.oxijwt.token_sessions.promises.urls"
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
        yield


@pytest.fixture
def on_second_connection(monkeypatch):
    """The first words of the statements in a transaction on a connection of its own, for each such connection."""
    opened, original = [], database.open_another

    def open_another(shared):
        opened.append(original(shared))
        opened[-1].force_debug_cursor = True
        return opened[-1]

    monkeypatch.setattr(database, "open_another", open_another)
    return lambda: [in_transaction(own.queries_log) for own in opened]


def in_transaction(queries):
    """The first words from BEGIN on. What comes before it is how Django opens a connection to MariaDB."""
    words = [query["sql"].split()[0] for query in queries]
    return words[words.index("BEGIN") :]


def test_reuse_in_our_view_runs_two_with_atomic_requests(clock, tokens, atomic_requests, on_second_connection):
    refreshed(tokens["refresh"])
    clock.tick(31)
    with statements(2):
        assert answer(refresh(tokens["refresh"])) == (401, "token_reused")
    assert on_second_connection() == []


@pytest.mark.skipif(DATABASE == "sqlite", reason="SQLite in memory has no second connection")
@pytest.mark.parametrize("view", ["serializer", "by-hand"])
def test_reuse_in_a_transaction_ends_on_a_second_connection(clock, tokens, atomic_requests, on_second_connection, view):
    """One statement of the two is there. The transaction of the request (BEGIN, ROLLBACK or COMMIT) only reads."""
    refreshed(tokens["refresh"])
    clock.tick(31)
    with statements(3):
        response = Client().post(f"/api/project/{view}/", {"refresh": tokens["refresh"]})
    assert answer(response) == (401, "token_reused")
    assert on_second_connection() == [["BEGIN", "SET", "UPDATE", "COMMIT"]]


@pytest.mark.parametrize("scope", ["local", "others", "global"])
@pytest.mark.parametrize("kind", ["refresh", "access"])
def test_logout_runs_two_with_any_scope(tokens, scope, kind):
    login()
    arguments = {"refresh": tokens["refresh"]} if kind == "refresh" else {"access": tokens["access"]}
    with statements(2):
        assert logout(**arguments, scope=scope).status_code == 204


@pytest.mark.parametrize("age", [timedelta(0), timedelta(seconds=31), timedelta(days=2)])
def test_logout_with_a_retired_or_expired_token_runs_two(clock, tokens, age):
    refreshed(tokens["refresh"])
    clock.tick(age)
    with statements(2):
        assert logout(tokens["refresh"]).status_code == 204


def test_blacklisting_runs_two(tokens):
    with statements(2):
        assert post("blacklist/", {"refresh": tokens["refresh"]}).status_code == 200


@pytest.mark.parametrize("kind", ["refresh", "access"])
def test_verify_runs_one(tokens, kind):
    with statements(1):
        assert verify(tokens[kind]).status_code == 200


def test_the_list_of_sessions_runs_two_however_many_there_are(tokens):
    for _ in range(5):
        login()
    with statements(2):
        assert len(get("token/sessions/", tokens["access"]).json()) == 6


def test_sliding_tokens_authenticate_and_refresh_with_one(jwt_settings):
    jwt_settings(AUTH_TOKEN_CLASSES=["oxijwt.tokens.SlidingToken"])
    token = post("sliding/", {"username": "ada", "password": "a password of the tests"}).json()["token"]
    with statements(1):
        assert who_am_i(token).status_code == 200
    with statements(1):
        assert post("sliding/refresh/", {"token": token}).status_code == 200


def test_revoke_for_user_is_one_update_however_many_sessions_there_are(ada):
    for _ in range(5):
        login()
    with statements(1):
        assert TokenSession.objects.revoke_for_user(ada) == 5
