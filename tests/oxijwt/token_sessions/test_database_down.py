"""The database is gone, or goes in the middle of a request: an answer of 503, and nothing is half done."""

import pytest
from django.db import connection, connections
from django.test import Client

from oxijwt.token_sessions.models import TokenSession
from tests.oxijwt.token_sessions.crowd import PASSWORD, make_user
from tests.sites.settings import DATABASE

NOBODY_LISTENS = "1"
STATEMENTS = 2
"""Of every request here: it reads, then it writes."""

pytestmark = [
    pytest.mark.skipif(DATABASE == "sqlite", reason="no server; OXIJWT_DATABASE=postgres or mariadb has one"),
    pytest.mark.django_db(transaction=True),
]


def post(path, body):
    client = Client(raise_request_exception=False)
    return client.post(f"/api/token/{path}", body, content_type="application/json")


def who_am_i(access):
    return Client(raise_request_exception=False).get("/api/whoami/", HTTP_AUTHORIZATION=f"Bearer {access}")


def log_in():
    return post("", {"username": "ada", "password": PASSWORD})


REQUESTS = {
    "login": lambda _tokens: log_in(),
    "refresh": lambda tokens: post("refresh/", {"refresh": tokens["refresh"]}),
    "logout": lambda tokens: post("logout/", {"refresh": tokens["refresh"]}),
    "logout everywhere": lambda tokens: post("logout/", {"refresh": tokens["refresh"], "scope": "global"}),
}
READING = {
    "authenticated request": lambda tokens: who_am_i(tokens["access"]),
    "verify": lambda tokens: post("verify/", {"token": tokens["access"]}),
    "verify a refresh token": lambda tokens: post("verify/", {"token": tokens["refresh"]}),
    "blacklist": lambda tokens: post("blacklist/", {"refresh": tokens["refresh"]}),
}


@pytest.fixture
def tokens():
    make_user()
    return log_in().json()


def rows():
    connection.close()
    return list(TokenSession.objects.values())


@pytest.mark.parametrize("send", (REQUESTS | READING).values(), ids=REQUESTS | READING)
def test_without_the_database_every_request_is_503_and_good_afterwards(tokens, send, monkeypatch):
    before = rows()
    connection.close()
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "PORT", NOBODY_LISTENS)
        assert send(tokens).status_code == 503
        connection.close()
    assert rows() == before
    assert send(tokens).status_code < 300


@pytest.mark.parametrize("index", range(STATEMENTS))
@pytest.mark.parametrize("send", REQUESTS.values(), ids=REQUESTS)
def test_a_connection_that_breaks_in_the_middle_is_503_and_leaves_the_old_state(tokens, send, index):
    before = rows()
    with Breaking(index) as broken:
        assert send(tokens).status_code == 503
    assert broken == [index]
    assert rows() == before
    assert send(tokens).status_code < 300


class Breaking:
    """The server ends the connection before its statement with an index; yields the indexes at which it did."""

    def __init__(self, index):
        self._index = index
        self._seen = 0
        self._broken = []

    def __enter__(self):
        self._wrapper = connection.execute_wrapper(self._execute)
        self._wrapper.__enter__()
        return self._broken

    def __exit__(self, *error):
        self._wrapper.__exit__(*error)
        connection.close()

    def _execute(self, execute, *statement):
        if self._seen == self._index:
            end_connection_of_this_thread()
            self._broken.append(self._index)
        self._seen += 1
        return execute(*statement)


def end_connection_of_this_thread():
    by_database = {
        "postgres": lambda: f"SELECT pg_terminate_backend({connection.connection.info.backend_pid})",
        "mariadb": lambda: f"KILL {connection.connection.thread_id()}",
    }
    other = connections.create_connection("default")
    with other.cursor() as cursor:
        cursor.execute(by_database[DATABASE]())
    other.close()
