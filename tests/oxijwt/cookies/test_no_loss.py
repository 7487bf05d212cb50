"""No answer loses a login: a refresh that can't be answered spends nothing, and a late one deletes no newer cookie."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured

from oxijwt._core import unverified_claims
from oxijwt.serializers import TokenRefreshSerializer
from oxijwt.tokens import RefreshToken
from oxijwt.transport import cookies
from tests.client import PASSWORD

from .browser import ACCESS, REFRESH, Browser, was_deleted
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


def test_a_token_in_the_body_needs_no_room_in_a_cookie(monkeypatch, prefix):
    browser = Browser(prefix)
    body = {"username": "ada", "password": PASSWORD}
    held = browser.post("/token/", body, "application/json").json()["refresh"]
    monkeypatch.setitem(NOTE, "note", "x" * 4_000)
    answer = browser.send("refresh/", {"refresh": held})
    assert (answer.status_code, {*answer.json()}) == (200, {"access", "refresh"})


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


@pytest.mark.skipif(not apps.is_installed("oxijwt.token_blacklist"), reason="a session ends with a reused token")
@pytest.mark.parametrize("path", ["refresh/", "logout/"])
def test_the_second_of_two_tabs_keeps_the_cookies_of_the_first(prefix, path):
    """Both have sent the same cookie. The browser has the first one's new cookies when the second answer comes."""
    browser, late = Browser(prefix), Browser(prefix)
    browser.log_in()
    for name in (REFRESH, ACCESS):
        late.plant(name, browser.cookies[name].value)
    assert browser.send("refresh/").status_code == 200
    answer = late.send(path)
    assert (answer.status_code, answer.json()["code"]) == (401, "token_not_valid")
    assert was_deleted(answer, REFRESH) == was_deleted(answer, ACCESS) == (path == "logout/")
    assert browser.send("refresh/").status_code == 200


def test_another_bad_cookie_is_deleted(prefix):
    browser = Browser(prefix)
    browser.plant(REFRESH, "a.b.c")
    assert was_deleted(browser.send("refresh/"), REFRESH)


class MarkingToken(RefreshToken):
    """A project's class whose `rotate` goes on after ours, as docs/migrating-from-simplejwt.md allows."""

    def rotate(self, user=None):
        super().rotate(user)
        self["mark"] = "xxx"
        return str(self)


class LateToken(RefreshToken):
    """A project's class that changes claims for the next access token only: the refresh token is signed already."""

    def rotate(self, user=None):
        text = super().rotate(user)
        self["mark"] = "xxx"
        return text


class MarkingSerializer(TokenRefreshSerializer):
    token_class = MarkingToken


class LateSerializer(TokenRefreshSerializer):
    token_class = LateToken


@pytest.mark.parametrize(("kind", "marks"), [("Marking", ["xxx", "xxx"]), ("Late", [None, "xxx"])])
def test_a_projects_rotate_has_the_last_word(settings, prefix, kind, marks):
    settings.SIMPLE_JWT = settings.SIMPLE_JWT | {"TOKEN_REFRESH_SERIALIZER": f"{__name__}.{kind}Serializer"}
    browser = Browser(prefix)
    browser.log_in()
    assert browser.send("refresh/").status_code == 200
    found = [unverified_claims(browser.cookies[name].value, 4_096) for name in (REFRESH, ACCESS)]
    assert [claims.get("mark") for claims in found] == marks
