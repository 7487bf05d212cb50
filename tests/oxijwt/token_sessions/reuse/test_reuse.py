"""A reused refresh token ends its session wherever it is read, whatever becomes of the caller's transaction.

SQLite in memory has no second connection. tests.sites.sqlite_file has SQLite in a file.
"""

import threading
import time
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction
from django.test import override_settings
from django.urls import include, path
from rest_framework.response import Response
from rest_framework.views import APIView

from oxijwt import signals
from oxijwt.exceptions import InvalidToken, ServiceUnavailable, TokenError, TokenReusedError
from oxijwt.serializers import TokenRefreshSerializer
from oxijwt.token_sessions import database
from oxijwt.token_sessions.models import RevokeReason, TokenSession
from oxijwt.tokens import RefreshToken
from tests.oxijwt.token_sessions.client import (
    answer,
    login,
    logout,
    make_user,
    post,
    refresh,
    refreshed,
    rows,
    session_of,
    verify,
)

pytestmark = pytest.mark.django_db(transaction=True)

MIDDLEWARE = [f"{__name__}.roll_back_refusals"]
LOCK_TIMEOUT = 1
SOON = LOCK_TIMEOUT + 1.5


class RefreshWithSerializer(APIView):
    """A plain view around the serializer, as a project writes one."""

    authentication_classes = ()
    permission_classes = ()

    def get_authenticate_header(self, _request):
        return "Bearer"

    def post(self, request):
        serializer = TokenRefreshSerializer(data=request.data)
        try:
            serializer.is_valid(raise_exception=True)
        except TokenError as error:
            raise InvalidToken(error.args[0]) from error
        return Response(serializer.validated_data)


class RefreshByHand(RefreshWithSerializer):
    """A project's own refresh, which raises the refusal."""

    def post(self, request):
        try:
            token = RefreshToken(request.data["refresh"])
            return Response({"refresh": token.rotate(), "access": str(token.access_token)})
        except TokenError as error:
            raise InvalidToken from error


class RefreshByHandReturning(RefreshWithSerializer):
    """The same, but it returns the refusal."""

    def post(self, request):
        try:
            return Response({"refresh": RefreshToken(request.data["refresh"]).rotate()})
        except TokenError:
            return Response({"detail": "no"}, status=401)


urlpatterns = [
    path("api/token/", include("oxijwt.urls")),
    path("api/token/project/serializer/", RefreshWithSerializer.as_view()),
    path("api/token/project/by-hand/", RefreshByHand.as_view()),
    path("api/token/project/returning/", RefreshByHandReturning.as_view()),
]
VIEWS = ("refresh/", "project/serializer/", "project/by-hand/", "project/returning/")


def roll_back_refusals(get_response):
    """A middleware with a transaction for each request, which it rolls back after an answer of 4xx."""

    def respond(request):
        with transaction.atomic():
            response = get_response(request)
            transaction.set_rollback(response.status_code >= 400)
        return response

    return respond


def has_second_connection():
    """Whether another connection sees the database."""
    return connection.vendor != "sqlite" or not connection.is_in_memory_db()


@pytest.fixture(autouse=True)
def urls():
    with override_settings(ROOT_URLCONF=__name__):
        yield


@pytest.fixture
def ada(clock):
    return make_user()


@pytest.fixture
def pair(ada, clock):
    """(A token whose use is reuse, the tokens of who spent it)."""
    old = login()["refresh"]
    newer = refreshed(old)
    clock.tick(31)
    return old, newer


def errors_of(caplog):
    return [record for record in caplog.records if record.name == "oxijwt.security" and record.levelname == "ERROR"]


def use(view, token):
    """The status of a refresh."""
    return post(view, {"refresh": token}).status_code


def assert_ended(old, newer):
    session = session_of(old)
    assert (session.revoked_at is None, session.revoke_reason) == (False, RevokeReason.REUSE)
    assert answer(refresh(newer["refresh"])) == (401, "session_revoked")


# Every view, in every transaction


@pytest.mark.parametrize("view", VIEWS)
def test_reuse_ends_without_a_transaction(pair, heard, caplog, view):
    """A project's own view refused the token; nothing ended, and no signal was sent."""
    heard.clear()
    assert use(view, pair[0]) == 401
    assert heard.names == ["session_revoked", "refresh_reuse_detected"]
    assert errors_of(caplog) == []
    assert_ended(*pair)


@pytest.mark.parametrize("view", VIEWS)
def test_reuse_ends_under_atomic_requests(pair, heard, caplog, monkeypatch, view):
    """DRF rolled the end back with the refusal, and the thief's successor went on."""
    heard.clear()
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
        assert use(view, pair[0]) == 401
    if has_second_connection() or view == "refresh/":
        assert errors_of(caplog) == []
    else:
        assert len(errors_of(caplog)) == 1
    if has_second_connection() or view in {"refresh/", "project/returning/"}:
        assert heard.names == ["session_revoked", "refresh_reuse_detected"]
        assert_ended(*pair)
    else:
        assert heard == []


@pytest.mark.parametrize("view", VIEWS)
def test_reuse_ends_behind_a_middleware_that_rolls_back(pair, heard, caplog, settings, view):
    """Both signals were sent, and the session went on."""
    settings.MIDDLEWARE = MIDDLEWARE
    heard.clear()
    assert use(view, pair[0]) == 401
    settings.MIDDLEWARE = []
    if has_second_connection():
        assert heard.names == ["session_revoked", "refresh_reuse_detected"]
        assert errors_of(caplog) == []
        assert_ended(*pair)
    else:
        # SQLite in memory has one connection: nothing survives the rollback, and no signal says that it did.
        assert (heard.names, len(errors_of(caplog))) == ([], 1)


@pytest.mark.django_db(transaction=False)
@pytest.mark.parametrize("view", VIEWS)
def test_reuse_ends_inside_a_test_case(pair, caplog, view):
    """Another connection does not see the row there. That it changes no row must not count as an end."""
    started = time.monotonic()
    assert use(view, pair[0]) == 401
    assert time.monotonic() - started < SOON
    assert not connection.needs_rollback
    assert len(errors_of(caplog)) == 1
    assert_ended(*pair)


@pytest.mark.django_db(transaction=False)
def test_signals_inside_a_test_case_wait_for_its_hooks(pair, django_capture_on_commit_callbacks):
    ages = []

    def receive(age, **arguments):
        ages.append(age)

    signals.refresh_reuse_detected.connect(receive)
    with django_capture_on_commit_callbacks(execute=True):
        assert use("refresh/", pair[0]) == 401
        assert ages == []
    assert ages == [timedelta(seconds=31)]


# Rows that are locked, and connections that can't be used


def test_a_row_that_the_caller_has_locked_ends_in_its_transaction(pair, caplog):
    """Our own connection waits for the lock of the caller: a second, and not for ever."""
    started = time.monotonic()
    with transaction.atomic():
        TokenSession.objects.update(user_agent="written")
        with pytest.raises(TokenReusedError):
            RefreshToken(pair[0])
    assert time.monotonic() - started < SOON
    assert len(errors_of(caplog)) == 1
    assert_ended(*pair)


@contextmanager
def locked_by_another():
    """Another connection has locked the rows."""
    locked, done = threading.Event(), threading.Event()

    def lock():
        with transaction.atomic():
            TokenSession.objects.update(user_agent="written")
            locked.set()
            done.wait(30)
        connection.close()

    thread = threading.Thread(target=lock)
    thread.start()
    try:
        assert locked.wait(10)
        yield
    finally:
        done.set()
        thread.join()


def test_a_row_that_another_has_locked_is_503_and_no_hang(pair, caplog):
    """Never a 401 for what did not end, and the caller's transaction is still good."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite locks no rows")
    started = time.monotonic()
    with locked_by_another(), transaction.atomic():
        with pytest.raises(ServiceUnavailable):
            RefreshToken(pair[0])
        assert time.monotonic() - started < SOON
        assert TokenSession.objects.count() == 1
    assert len(errors_of(caplog)) == 1
    with pytest.raises(TokenReusedError):
        RefreshToken(pair[0])
    assert_ended(*pair)


def test_without_another_connection_it_ends_in_the_transaction(pair, caplog, monkeypatch):
    """A server without a free connection left the session alive."""
    monkeypatch.setattr(database, "open_another", unreachable)
    with transaction.atomic(), pytest.raises(TokenReusedError):
        RefreshToken(pair[0])
    assert len(errors_of(caplog)) == 1
    assert_ended(*pair)


def unreachable(shared):
    """A connection to a server that does not exist."""
    nowhere = {"HOST": "127.0.0.1", "PORT": "1", "NAME": "/nowhere/at/all"}
    return type(shared)({**shared.settings_dict, **nowhere}, database.OWN_ALIAS)


def test_the_connection_is_closed_and_forgotten(pair, monkeypatch):
    if not has_second_connection():
        pytest.skip("SQLite in memory has no second connection")
    opened = []
    original = database.open_another
    monkeypatch.setattr(database, "open_another", lambda shared: opened.append(original(shared)) or opened[-1])
    with transaction.atomic(), pytest.raises(TokenReusedError):
        RefreshToken(pair[0])
    [own] = opened
    assert own.connection is None
    assert not hasattr(connections._connections, database.OWN_ALIAS)


def test_a_pool_is_not_asked_for_a_second_connection(monkeypatch):
    """An exhausted pool would make the request wait for half a minute."""
    if not has_second_connection():
        pytest.skip("SQLite in memory has no second connection")
    options = {**connection.settings_dict["OPTIONS"], "pool": True, "isolation_level": "whatever"}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    assert {"pool", "isolation_level"}.isdisjoint(
        database.open_another(connections["default"]).settings_dict["OPTIONS"]
    )


# What another connection did meanwhile


def in_another_thread(act):
    failures = []

    def run():
        try:
            act()
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert failures == []


@contextmanager
def repeatable_read():
    """A transaction at REPEATABLE READ, which has read its snapshot."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            connection.cursor().execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        TokenSession.objects.count()
        yield


def at_repeatable_read():
    if connection.vendor == "mysql":
        connection.cursor().execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")  # the next one's


def test_reuse_ends_at_repeatable_read_and_survives_a_rollback(pair, caplog):
    if not has_second_connection():
        pytest.skip("SQLite in memory has no second connection")
    at_repeatable_read()
    with repeatable_read():
        with pytest.raises(TokenReusedError):
            RefreshToken(pair[0])
        transaction.set_rollback(True)
    assert errors_of(caplog) == []
    assert_ended(*pair)


def test_a_session_that_somebody_else_has_ended_is_over(pair, heard, caplog):
    """The caller's snapshot shows a live session. Our own connection changes no row, and sees why."""
    if connection.vendor == "sqlite":
        pytest.skip("the snapshots of the servers")
    at_repeatable_read()
    with repeatable_read():
        in_another_thread(lambda: TokenSession.objects.update(revoked_at="2026-03-04T05:06:38Z", revoke_reason=1))
        heard.clear()
        with pytest.raises(TokenReusedError):
            RefreshToken(pair[0])
    assert (heard.names, errors_of(caplog)) == (["refresh_reuse_detected"], [])
    assert session_of(pair[0]).revoke_reason == RevokeReason.LOGOUT


def test_the_loser_of_a_strict_race_ends_the_session_in_a_transaction(ada, jwt_settings, caplog):
    """The loser has locked the row to read it again, so it does not wait for its own lock."""
    jwt_settings(REFRESH_REUSE_GRACE=timedelta(0))
    old = login()["refresh"]
    late, newer = RefreshToken(old), refreshed(old)
    started = time.monotonic()
    with transaction.atomic(), pytest.raises(TokenReusedError):
        late.rotate()
    assert time.monotonic() - started < LOCK_TIMEOUT
    assert len(errors_of(caplog)) == 1
    assert_ended(old, newer)


# What ends nothing


@pytest.mark.parametrize(
    "look",
    [
        verify,
        lambda token: logout(token, scope="others"),
        lambda token: logout(token, scope="global"),
    ],
    ids=["verify", "others", "global"],
)
def test_only_reading_for_a_refresh_ends(pair, heard, look):
    before = rows()
    heard.clear()
    assert answer(look(pair[0])) == (401, "token_reused")
    assert (rows(), heard) == (before, [])


def test_logout_and_blacklist_take_a_spent_token_as_a_logout(pair, heard):
    heard.clear()
    assert logout(pair[0]).status_code == 204
    assert heard.names == ["session_revoked"]
    assert session_of(pair[0]).revoke_reason == RevokeReason.LOGOUT


def test_there_is_no_second_step():
    """A project that caught TokenError and did not know of `end_session` left the session alive."""
    assert not hasattr(TokenReusedError(), "end_session")
