"""A refresh that can't be answered spends nothing: the next request with the same token succeeds."""

from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured

from oxijwt.transport import cookies
from tests.client import PASSWORD

from .browser import REFRESH, Browser
from .conftest import site

pytestmark = pytest.mark.urls("tests.sites.cookie_urls")

NOTE = {"note": ""}


def claims(_user, _request, _token):
    return dict(NOTE)


@pytest.fixture(autouse=True)
def no_grace(settings):
    """A spent token is refused at once, so a token that a failed refresh has spent is found."""
    settings.SIMPLE_JWT = site(REFRESH_REUSE_GRACE=timedelta(0), CLAIMS=f"{__name__}.claims")


def test_a_refresh_cookie_that_outgrows_its_limit(monkeypatch, prefix):
    browser = Browser(prefix)
    browser.log_in()
    held = browser.cookies[REFRESH].value
    with monkeypatch.context() as patched:
        patched.setattr(cookies, "MOST_BYTES", 100)
        with pytest.raises(ImproperlyConfigured, match="AUTH_COOKIE_REFRESH"):
            browser.send("refresh/")
    assert browser.cookies[REFRESH].value == held
    assert browser.send("refresh/").status_code == 200


def test_an_access_cookie_that_outgrows_its_limit(monkeypatch, prefix):
    browser = Browser(prefix)
    browser.log_in()
    monkeypatch.setitem(NOTE, "note", "x" * 4_000)
    with pytest.raises(ImproperlyConfigured, match="AUTH_COOKIE_ACCESS"):
        browser.send("refresh/")
    monkeypatch.setitem(NOTE, "note", "x")
    assert browser.send("refresh/").status_code == 200


def test_a_login_that_can_not_be_answered_is_no_login(settings, monkeypatch, prefix):
    settings.SIMPLE_JWT = settings.SIMPLE_JWT | {"ON_LOGIN_SUCCESS": f"{__name__}.fail"}
    monkeypatch.setitem(NOTE, "note", "x" * 4_000)
    with pytest.raises(ImproperlyConfigured, match="AUTH_COOKIE_ACCESS"):
        Browser(prefix).log_in()


def fail(_user, _request):
    raise AssertionError("the login was reported")


@pytest.mark.parametrize("in_body", [True, False], ids=["body", "cookie"])
def test_an_access_token_that_can_not_be_signed(monkeypatch, prefix, in_body):
    """Its claims are too long for any token."""
    browser = Browser(prefix)
    if in_body:
        body = {"username": "ada", "password": PASSWORD}
        held = browser.post("/token/", body, "application/json").json()["refresh"]
    else:
        browser.log_in()
        held = browser.cookies[REFRESH].value
    monkeypatch.setitem(NOTE, "note", "x" * 20_000)
    body = {"refresh": held} if in_body else {}
    assert browser.send("refresh/", body).status_code == 401
    monkeypatch.setitem(NOTE, "note", "x")
    browser.plant(REFRESH, held)
    assert browser.send("refresh/", body).status_code == 200
