"""A database that is down, restarts or is read-only: 503 with `code` and `Retry-After`, and good afterwards.

../test_database_down.py does it with real servers.
"""

import json

import pytest
from django.db import IntegrityError, InterfaceError, InternalError, OperationalError, ProgrammingError, connection
from django.test import Client

from oxijwt.authentication import authenticate_token
from oxijwt.exceptions import ServiceUnavailable
from oxijwt.token_sessions import api
from oxijwt.token_sessions.models import TokenSession
from tests.oxijwt.token_sessions.client import PASSWORD, claims, login, make_user, refreshed, session_of

pytestmark = pytest.mark.django_db(transaction=True)

UNAVAILABLE = {"detail": "The service is temporarily unavailable, try again.", "code": "service_unavailable"}


class DriverError(Exception):
    """An error of psycopg, which names the SQLSTATE `sqlstate`, or of psycopg2: `pgcode`."""


def caused(error, sqlstate, name="sqlstate"):
    error.__cause__ = DriverError()
    setattr(error.__cause__, name, sqlstate)
    return error


def read_only():
    return caused(InternalError("cannot execute UPDATE in a read-only transaction"), "25006")


DOWN = {
    "refuses connections": lambda: OperationalError("connection refused"),
    "restarts": lambda: caused(OperationalError("terminating connection"), "57P01"),
    "closed": lambda: InterfaceError("connection is closed"),
    "read-only": read_only,
    "read-only, psycopg2": lambda: caused(InternalError("cannot execute UPDATE"), "25006", "pgcode"),
}
OUR_FAULT = {
    "no such table": lambda: ProgrammingError("relation does not exist"),
    "unique": lambda: IntegrityError("duplicate key"),
    "failed transaction": lambda: caused(InternalError("current transaction is aborted"), "25P02"),
}


class Failing:
    """Inside, the statement of this index and later ones raise; with `writes`, those that write."""

    def __init__(self, make, index=0, writes=False):
        self.make, self.index, self.writes, self.seen = make, index, writes, 0

    def __enter__(self):
        self.wrapper = connection.execute_wrapper(self.execute)
        self.wrapper.__enter__()

    def __exit__(self, *error):
        self.wrapper.__exit__(*error)

    def execute(self, execute, sql, *rest):
        self.seen += 1
        is_read = sql.startswith(("SELECT", "SAVEPOINT", "ROLLBACK", "RELEASE"))
        if self.seen > self.index and not (self.writes and is_read):
            raise self.make()
        return execute(sql, *rest)


def post(path, body, **headers):
    client = Client(raise_request_exception=False, headers=headers)
    return client.post(f"/api/token/{path}", json.dumps(body), content_type="application/json")


def call(method, path, access):
    client = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {access}"})
    return getattr(client, method)(f"/api/{path}")


CREDENTIALS = {"username": "ada", "password": PASSWORD}
VIEWS = {
    "login": lambda tokens: post("", CREDENTIALS),
    "sliding login": lambda tokens: post("sliding/", CREDENTIALS),
    "refresh": lambda tokens: post("refresh/", {"refresh": tokens["refresh"]}),
    "sliding refresh": lambda tokens: post("sliding/refresh/", {"token": tokens["sliding"]}),
    "verify": lambda tokens: post("verify/", {"token": tokens["access"]}),
    "blacklist": lambda tokens: post("blacklist/", {"refresh": tokens["refresh"]}),
    "logout": lambda tokens: post("logout/", {"refresh": tokens["refresh"]}),
    "logout by access token": lambda tokens: call("post", "token/logout/", tokens["access"]),
    "logout everywhere": lambda tokens: post("logout/", {"refresh": tokens["refresh"], "scope": "global"}),
    "list": lambda tokens: call("get", "token/sessions/", tokens["access"]),
    "delete": lambda tokens: call("delete", f"token/sessions/{claims(tokens['access'])['sid']}/", tokens["access"]),
    "request": lambda tokens: call("get", "whoami/", tokens["access"]),
    "request of a project's class": lambda tokens: call("get", "own-lookup/", tokens["access"]),
}
SECOND_STATEMENTS = ["login", "refresh", "blacklist", "logout", "logout by access token", "logout everywhere", "delete"]
WRITING = [*SECOND_STATEMENTS, "sliding login"]


@pytest.fixture
def tokens():
    make_user()
    return login() | {"sliding": post("sliding/", CREDENTIALS).json()["token"]}


def rows():
    return list(TokenSession.objects.order_by("pk").values())


def assert_unavailable(response):
    assert response.status_code == 503
    assert response.json() == UNAVAILABLE
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Retry-After"] == "1"


@pytest.mark.parametrize("down", DOWN)
@pytest.mark.parametrize("view", VIEWS)
def test_the_answer_is_503_and_says_when_to_come_again(tokens, view, down):
    """They were HTML pages with 500: 2,196 in a minute of restarts."""
    before = rows()
    with Failing(DOWN[down]):
        assert_unavailable(VIEWS[view](tokens))
    assert rows() == before
    assert VIEWS[view](tokens).status_code < 300


@pytest.mark.parametrize("down", DOWN)
@pytest.mark.parametrize("view", SECOND_STATEMENTS)
def test_it_is_503_too_if_the_database_goes_in_the_middle(tokens, view, down):
    before = rows()
    with Failing(DOWN[down], index=1):
        assert_unavailable(VIEWS[view](tokens))
    assert rows() == before
    assert VIEWS[view](tokens).status_code < 300


@pytest.mark.parametrize("fault", OUR_FAULT)
@pytest.mark.parametrize("view", VIEWS)
def test_another_error_of_the_database_is_still_a_500(tokens, view, fault):
    with Failing(OUR_FAULT[fault]):
        assert VIEWS[view](tokens).status_code == 500


@pytest.mark.parametrize("view", WRITING)
def test_a_read_only_database_refuses_what_writes(tokens, view):
    before = rows()
    with Failing(read_only, writes=True):
        assert_unavailable(VIEWS[view](tokens))
    assert rows() == before


@pytest.mark.parametrize("view", sorted(VIEWS.keys() - set(WRITING)))
def test_a_read_only_database_serves_what_reads(tokens, view):
    with Failing(read_only, writes=True):
        assert VIEWS[view](tokens).status_code == 200


def test_a_read_only_database_serves_a_repeat(tokens):
    newer = refreshed(tokens["refresh"])
    with Failing(read_only, writes=True):
        response = VIEWS["refresh"](tokens)
        assert response.status_code == 200
    assert claims(response.json()["refresh"])["gen"] == claims(newer["refresh"])["gen"]


@pytest.mark.parametrize("down", DOWN)
def test_code_without_a_view_gets_the_same_exception(tokens, down):
    session = session_of(tokens["access"])
    user = session.user
    with Failing(DOWN[down]):
        for act in (
            lambda: authenticate_token(tokens["access"]),
            lambda: api.end_session(session),
            lambda: api.end_session_of(tokens["refresh"]),
            lambda: api.revoke_for_user(user),
        ):
            with pytest.raises(ServiceUnavailable) as caught:
                act()
            assert caught.value.get_codes()["code"] == "service_unavailable"


def test_the_log_has_the_cause_and_no_token(tokens, caplog):
    """An answer of 503 is not reported as an exception, so nobody would know why."""
    with Failing(DOWN["refuses connections"]):
        VIEWS["refresh"](tokens)
        VIEWS["request"](tokens)
    told = [record for record in caplog.records if record.name == "oxijwt"]
    assert [record.levelname for record in told] == ["WARNING", "WARNING"]
    assert all("connection refused" in record.getMessage() and record.exc_info is None for record in told)
    assert not [text for text in tokens.values() if text in caplog.text]
