"""A login by cookie ends the session whose cookie it replaces, as Django's own login replaces its session."""

import time

import pytest
from django.db import OperationalError, ProgrammingError, connection
from django.urls import resolve

from oxijwt.serializers import TokenObtainPairSerializer, TokenRefreshSerializer
from oxijwt.token_sessions.models import RevokeReason, TokenSession
from oxijwt.tokens import RefreshToken
from tests.client import forge, make_user
from tests.oxijwt.cookies.browser import REFRESH, Browser, bad_tokens
from tests.oxijwt.token_sessions.client import claims

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.sites.cookie_urls")]


@pytest.fixture(autouse=True)
def ada():
    return make_user()


@pytest.fixture(params=["", "/async"], ids=["sync", "async"])
def browser(request):
    """A browser with a login."""
    browser = Browser(request.param)
    assert browser.log_in().status_code == 200
    return browser


def sid(browser):
    return claims(browser.cookies[REFRESH].value)["sid"]


def live():
    """The ids of the sessions that have not ended."""
    return {str(pk) for pk in TokenSession.objects.filter(revoked_at=None).values_list("pk", flat=True)}


def test_the_same_user_logs_in_again(browser):
    old = sid(browser)
    assert browser.log_in().status_code == 200
    assert live() == {sid(browser)} != {old}
    assert TokenSession.objects.get(pk=old).revoke_reason == RevokeReason.LOGOUT
    assert browser.send("refresh/").status_code == 200


def test_a_stolen_token_ends_with_its_session(browser):
    """The owner's cookie is then spent. It ends the session all the same."""
    stolen = browser.cookies[REFRESH].value
    thief = Browser()
    thief.plant(REFRESH, stolen)
    assert thief.send("refresh/").status_code == 200
    assert browser.log_in().status_code == 200
    assert live() == {sid(browser)}
    assert thief.send("refresh/").status_code == 401
    assert browser.send("refresh/").status_code == 200


def test_an_expired_token_ends_its_session(browser):
    old = claims(browser.cookies[REFRESH].value)
    browser.plant(REFRESH, forge(old | {"exp": int(time.time()) - 60}))
    assert browser.log_in().status_code == 200
    assert live() == {sid(browser)} != {old["sid"]}


def test_another_user_ends_nothing(browser):
    make_user("bob")
    old = sid(browser)
    assert browser.log_in("bob").status_code == 200
    assert live() == {old, sid(browser)}


def test_a_refused_login_ends_nothing(browser):
    old = sid(browser)
    assert browser.log_in(password="wrong").status_code == 401
    assert live() == {old}
    assert browser.send("refresh/").status_code == 200


def test_a_login_without_a_csrf_token_ends_nothing(browser):
    old = sid(browser)
    assert browser.log_in(HTTP_X_CSRFTOKEN="x" * 64).status_code == 403
    assert live() == {old}


@pytest.mark.parametrize("name", bad_tokens("refresh"))
def test_a_bad_cookie_stops_no_login(browser, name):
    old = sid(browser)
    browser.plant(REFRESH, bad_tokens("refresh")[name])
    assert browser.log_in().status_code == 200
    assert live() == {old, sid(browser)}


class OwnToken(RefreshToken):
    """A project's class: its tokens have another `token_type`."""

    token_type = "own_refresh"


class OwnLoginSerializer(TokenObtainPairSerializer):
    token_class = OwnToken


class OwnRefreshSerializer(TokenRefreshSerializer):
    token_class = OwnToken


def test_a_projects_own_token_class(settings):
    """Only RefreshToken was read, so no login of such a project ended a session."""
    names = {"TOKEN_OBTAIN_SERIALIZER": OwnLoginSerializer, "TOKEN_REFRESH_SERIALIZER": OwnRefreshSerializer}
    own = {name: f"{__name__}.{kind.__name__}" for name, kind in names.items()}
    settings.SIMPLE_JWT = settings.SIMPLE_JWT | own
    browser = Browser()
    assert browser.log_in().status_code == browser.log_in().status_code == 200
    assert live() == {sid(browser)}
    assert browser.send("refresh/").status_code == 200


def test_a_token_of_another_issuer_ends_nothing(browser, other_issuers):
    """It names the user and the session, but this site has not signed it."""
    old = claims(browser.cookies[REFRESH].value)
    browser.plant(REFRESH, other_issuers.token(old))
    assert browser.log_in().status_code == 200
    assert live() == {old["sid"], sid(browser)}


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OperationalError, "The database is not available: OperationalError: refused"),
        (ProgrammingError, "The session that a login replaces goes on: ProgrammingError: refused"),
    ],
)
def test_a_login_succeeds_though_the_old_session_can_not_be_read(browser, caplog, error, said):
    """The new session is written, and its tokens must reach the browser. The log says that the old one goes on."""
    started = []

    def fail(execute, sql, *arguments):
        if started and "token_sessions_tokensession" in sql:
            raise error("refused")
        if sql.startswith("INSERT INTO") and "token_sessions_tokensession" in sql:
            started.append(sql)
        return execute(sql, *arguments)

    old = sid(browser)
    with connection.execute_wrapper(fail):
        assert browser.log_in().status_code == 200
    assert started
    assert live() == {old, sid(browser)}
    assert [record.getMessage() for record in caplog.records if record.name == "oxijwt"] == [said]


@pytest.mark.parametrize("path", ["/session/", "/async/session/"])
def test_a_login_is_outside_of_atomic_requests(path):
    """On PostgreSQL an error that is not raised again would undo the request's transaction, and so the new session."""
    assert connection.alias in resolve(path).func._non_atomic_requests
