"""The rules of RFC 10017 (OAuth 2.0 for Browser-Based Applications, BCP 212) about cookies and CSRF, one test each.

token_sessions/cookies/test_rfc10017.py has those about refresh tokens.
"""

import pytest

from oxijwt.checks import check_deployment, check_settings

from .browser import ACCESS, REFRESH, Browser
from .conftest import site

pytestmark = pytest.mark.urls("tests.sites.cookie_urls")


@pytest.fixture(params=["login", "refresh", "logout", "refused cookie"])
def set_cookies(request):
    """The token cookies that each kind of answer sets or deletes."""
    browser = Browser()
    answer = browser.log_in()
    if request.param == "refresh":
        answer = browser.send("refresh/")
    elif request.param == "logout":
        answer = browser.send("logout/")
    elif request.param == "refused cookie":
        browser.plant(ACCESS, "a.b.c")
        answer = browser.get("/public/", secure=True)
    found = [morsel for name, morsel in answer.cookies.items() if "token" in name and name != "csrftoken"]
    assert len(found) == (1 if request.param == "refused cookie" else 2)
    return found


def findings(settings, check=check_settings, **simple_jwt):
    settings.SIMPLE_JWT = site(**simple_jwt)
    return {found.id.removeprefix("oxijwt.") for found in check()}


def test_6_1_3_2_must_enable_the_secure_flag(set_cookies, settings):
    assert all(morsel["secure"] for morsel in set_cookies)
    assert "W032" in findings(settings, check_deployment, AUTH_COOKIE_SECURE=False)


def test_6_1_3_2_must_enable_the_http_only_flag(set_cookies):
    assert all(morsel["httponly"] for morsel in set_cookies)


def test_6_1_3_2_should_enable_same_site_strict(set_cookies, settings):
    assert {morsel["samesite"] for morsel in set_cookies} == {"Strict"}
    assert "W033" in findings(settings, AUTH_COOKIE_SAMESITE="None")


def test_6_1_3_2_should_set_the_path_to_the_root(set_cookies, settings):
    assert {morsel["path"] for morsel in set_cookies} == {"/"}
    assert "W031" in findings(settings, AUTH_COOKIE_PATH="/session/")


def test_6_1_3_2_should_not_set_the_domain(set_cookies, settings):
    assert {morsel["domain"] for morsel in set_cookies} == {""}
    assert "W031" in findings(settings, AUTH_COOKIE_DOMAIN="testserver")


def test_6_1_3_2_should_start_the_name_with_a_prefix(set_cookies):
    """Our prefix is `__Host-`: not every browser knows `__Host-Http-`."""
    assert all(morsel.key.startswith("__Host-") for morsel in set_cookies)


def test_6_1_3_3_must_implement_a_csrf_defense():
    """Whatever changes state: without the check nothing of it happens."""
    browser = Browser()
    browser.log_in()
    held = browser.cookies[REFRESH].value
    del browser.defaults["HTTP_X_CSRFTOKEN"]
    for answer in (browser.log_in(), browser.send("refresh/"), browser.send("logout/")):
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")
    assert browser.post("/protected/", secure=True).status_code == 403
    browser.ask_csrf()
    assert browser.cookies[REFRESH].value == held
    assert browser.send("refresh/").status_code == 200


def test_6_1_3_3_1_same_site_alone_is_not_the_defense():
    """A page of another host of the same site gets the cookies sent, but not past the check."""
    browser = Browser(HTTP_ORIGIN="https://neighbour.testserver")
    answer = browser.log_in()
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")


def test_6_1_3_3_2_should_require_a_custom_header():
    """A form of a foreign page can send any body and no header of its own."""
    browser = Browser()
    browser.log_in()
    del browser.defaults["HTTP_X_CSRFTOKEN"]
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json"):
        answer = browser.generic("POST", "/session/refresh/", "", kind, secure=True)
        assert answer.status_code in {400, 403}, kind  # 400: an empty multipart body
        assert REFRESH not in answer.cookies
    browser.ask_csrf()
    assert browser.send("refresh/").status_code == 200


def test_6_1_3_3_3_anti_forgery_tokens_belong_to_the_secret_in_the_cookie():
    browser, other = Browser(), Browser()
    browser.log_in()
    stolen = other.defaults["HTTP_X_CSRFTOKEN"]
    assert browser.send("refresh/", HTTP_X_CSRFTOKEN=stolen).status_code == 403
    assert browser.send("refresh/").status_code == 200


def test_6_1_4_2_no_answer_shows_the_page_a_token():
    """Both tokens are in cookies: nothing is left for a script to steal."""
    browser = Browser()
    for answer in (browser.log_in(), browser.send("refresh/"), browser.send("logout/")):
        shown = answer.content.decode() + "".join(v for k, v in answer.headers.items() if k != "Set-Cookie")
        assert "eyJ" not in shown
