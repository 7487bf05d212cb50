"""A logout by cookie ends sessions: which token counts, which sessions end, and which cookies are deleted."""

import pytest

from oxijwt.token_sessions.models import TokenSession
from tests.client import make_user
from tests.oxijwt.cookies.browser import ACCESS, HERE, REFRESH, Browser, was_deleted
from tests.oxijwt.token_sessions.client import claims

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.sites.cookie_urls")]


@pytest.fixture(autouse=True)
def ada(jwt_settings):
    jwt_settings(AUTH_COOKIE_ACCESS="access_token")
    return make_user()


@pytest.fixture(params=["", "/async"], ids=["sync", "async"])
def browser(request, clock):
    """A browser with a login. The clock stands still."""
    browser = Browser(request.param)
    browser.log_in()
    return browser


@pytest.fixture
def other():
    """Another browser of the same user."""
    browser = Browser()
    browser.log_in()
    return browser


def tokens(browser):
    """The refresh and the access token of the browser's cookies."""
    return browser.cookies[REFRESH].value, browser.cookies[ACCESS].value


def live():
    """The ids of the sessions that have not ended."""
    return {str(pk) for pk in TokenSession.objects.filter(revoked_at=None).values_list("pk", flat=True)}


def sid(browser):
    return claims(browser.cookies[REFRESH].value)["sid"]


@pytest.mark.parametrize("cookie", [REFRESH, ACCESS])
@pytest.mark.parametrize("scope", [None, "local", "others", "global"])
def test_each_scope_by_each_cookie(browser, other, scope, cookie):
    mine, others = sid(browser), sid(other)
    del browser.cookies[ACCESS if cookie == REFRESH else REFRESH]
    answer = browser.send("logout/", {} if scope is None else {"scope": scope})
    assert (answer.status_code, answer.content) == (204, b"")
    assert was_deleted(answer, REFRESH)
    assert was_deleted(answer, ACCESS)
    assert live() == {None: {others}, "local": {others}, "others": {mine}, "global": set()}[scope]


@pytest.mark.parametrize("cookie", [REFRESH, ACCESS])
@pytest.mark.parametrize("missing", ["csrf", "origin"])
def test_a_cookie_needs_the_csrf_check(browser, cookie, missing):
    before = live()
    del browser.cookies[ACCESS if cookie == REFRESH else REFRESH]
    if missing == "csrf":
        del browser.defaults["HTTP_X_CSRFTOKEN"]
    else:
        browser.defaults["HTTP_ORIGIN"] = "https://evil.example"
    answer = browser.send("logout/")
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")
    assert not {REFRESH, ACCESS} & set(answer.cookies)
    assert live() == before
    browser.defaults["HTTP_ORIGIN"] = HERE
    browser.ask_csrf()
    assert browser.send("logout/").status_code == 204


def test_the_body_comes_first(browser, other):
    mine = sid(browser)
    answer = browser.send("logout/", {"refresh": tokens(other)[0]}, HTTP_AUTHORIZATION=f"Bearer {tokens(browser)[1]}")
    assert answer.status_code == 204
    assert set(answer.cookies) == set()  # their session goes on
    assert live() == {mine}


def test_the_header_comes_before_the_cookies_and_needs_no_csrf_check(browser, other):
    mine = sid(browser)
    del browser.defaults["HTTP_X_CSRFTOKEN"]
    answer = browser.send("logout/", HTTP_AUTHORIZATION=f"Bearer {tokens(other)[1]}")
    assert answer.status_code == 204
    assert was_deleted(answer, REFRESH)
    assert live() == {mine}


@pytest.mark.parametrize("header", ["Bearer a.b.c", "Bearer", "Bearer a b"])
def test_a_bad_header_is_401_even_with_good_cookies(browser, header):
    answer = browser.send("logout/", HTTP_AUTHORIZATION=header)
    assert answer.status_code == 401
    assert set(answer.cookies) == set()
    assert live() == {sid(browser)}


def test_a_header_of_another_scheme_does_not_count(browser):
    assert browser.send("logout/", HTTP_AUTHORIZATION="Basic YTpi").status_code == 204
    assert live() == set()


def test_the_access_cookie_counts_where_a_default_class_reads_only_headers(browser, settings):
    settings.REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": ["oxijwt.authentication.JWTAuthentication"]}
    del browser.cookies[REFRESH]
    assert browser.send("logout/").status_code == 204
    assert live() == set()


@pytest.mark.parametrize("cookie", [REFRESH, ACCESS])
def test_a_cookie_of_a_session_that_is_gone(browser, cookie):
    TokenSession.objects.all().delete()
    del browser.cookies[ACCESS if cookie == REFRESH else REFRESH]
    answer = browser.send("logout/")
    assert answer.status_code == 401
    assert was_deleted(answer, REFRESH)
    assert was_deleted(answer, ACCESS)


def test_a_spent_cookie_still_ends_its_session(browser, clock):
    stale = tokens(browser)[0]
    assert browser.send("refresh/").status_code == 200
    clock.tick(3600)
    browser.plant(REFRESH, stale)
    answer = browser.send("logout/")
    assert answer.status_code == 204
    assert live() == set()


def test_a_stolen_cookie_ends_the_session_at_its_second_use(browser, clock):
    stolen = tokens(browser)[0]
    assert browser.send("refresh/").status_code == 200
    clock.tick(60)
    thief = Browser()
    thief.plant(REFRESH, stolen)
    answer = thief.send("refresh/")
    assert (answer.status_code, answer.json()["code"]) == (401, "token_reused")
    assert was_deleted(answer, REFRESH)
    assert live() == set()
    answer = browser.send("refresh/")
    assert (answer.status_code, answer.json()["code"]) == (401, "session_revoked")


def test_two_tabs_refresh_with_one_cookie(browser):
    stale = tokens(browser)[0]
    assert browser.send("refresh/").status_code == 200
    fresh = tokens(browser)[0]
    browser.plant(REFRESH, stale)
    assert browser.send("refresh/").status_code == 200
    assert tokens(browser)[0] == fresh


@pytest.mark.parametrize("scope", ["everywhere", "", 7, None, []])
def test_an_unknown_scope_ends_nothing(browser, scope):
    answer = browser.send("logout/", {"scope": scope})
    assert answer.status_code == 400
    assert not {REFRESH, ACCESS} & set(answer.cookies)
    assert live() == {sid(browser)}


@pytest.mark.parametrize("refresh", ["a.b.c", "no token", "a\x00b"])
@pytest.mark.parametrize("scope", ["local", "global"])
def test_a_bad_refresh_cookie_does_not_keep_the_access_cookie_from_logging_out(browser, refresh, scope):
    browser.plant(REFRESH, refresh)
    answer = browser.send("logout/", {"scope": scope})
    assert answer.status_code == 204
    assert live() == set()
    assert was_deleted(answer, REFRESH)


def test_two_bad_cookies_are_401(browser):
    browser.plant(REFRESH, "a.b.c")
    browser.plant(ACCESS, "a.b.c")
    answer = browser.send("logout/")
    assert answer.status_code == 401
    assert len(live()) == 1
    assert was_deleted(answer, REFRESH)
    assert was_deleted(answer, ACCESS)
