"""The cookies themselves: names, attributes, ages, sizes and deletion, under each setting."""

import time

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection
from django.http import HttpResponse
from rest_framework.response import Response
from rest_framework.views import APIView

from oxijwt._core import unverified_claims
from oxijwt.authentication import JWTCookieAuthentication
from oxijwt.checks import check_settings
from oxijwt.serializers import TokenObtainPairSerializer
from oxijwt.tokens import AccessToken, RefreshToken
from oxijwt.transport.cookies import REFRESH as REFRESH_SETTING
from oxijwt.transport.cookies import set_cookie
from oxijwt.utils import Hidden

from .browser import ACCESS, REFRESH, Browser, was_deleted
from .conftest import site

pytestmark = pytest.mark.urls("tests.sites.cookie_urls")


def flags(morsel):
    """A cookie's attributes that are set, without its age."""
    return {name: value for name, value in morsel.items() if value and name not in {"max-age", "expires"}}


STRICT = {"path": "/", "secure": True, "httponly": True, "samesite": "Strict"}
VARIANTS = {
    "default": ({}, "__Host-", STRICT),
    "path": ({"AUTH_COOKIE_PATH": "/session/"}, "__Secure-", STRICT | {"path": "/session/"}),
    "domain": ({"AUTH_COOKIE_DOMAIN": "testserver"}, "__Secure-", STRICT | {"domain": "testserver"}),
    "http": ({"AUTH_COOKIE_SECURE": False}, "", {k: v for k, v in STRICT.items() if k != "secure"}),
    "http and path": (
        {"AUTH_COOKIE_SECURE": False, "AUTH_COOKIE_PATH": "/session/"},
        "",
        {"path": "/session/", "httponly": True, "samesite": "Strict"},
    ),
    "lax": ({"AUTH_COOKIE_SAMESITE": "Lax"}, "__Host-", STRICT | {"samesite": "Lax"}),
    "none": ({"AUTH_COOKIE_SAMESITE": "None"}, "__Host-", STRICT | {"samesite": "None"}),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_each_variant_logs_in_refreshes_and_logs_out(settings, variant, prefix):
    changed, name_prefix, expected = VARIANTS[variant]
    settings.SIMPLE_JWT = site(**changed)
    refresh, access = f"{name_prefix}refresh_token", f"{name_prefix}access_token"
    browser = Browser(prefix)
    for answer in (browser.log_in(), browser.send("refresh/")):
        assert (answer.status_code, answer.json()) == (200, {})
        assert set(answer.cookies) == {refresh, access, "csrftoken"}
        assert flags(answer.cookies[refresh]) == flags(answer.cookies[access]) == expected
    assert browser.post("/protected/", secure=True).json() == {"user": "ada"}
    answer = browser.send("logout/")
    assert answer.status_code == 204
    for name in (refresh, access):
        assert was_deleted(answer, name)
        assert answer.cookies[name]["expires"] == "Thu, 01 Jan 1970 00:00:00 GMT"
        assert flags(answer.cookies[name]) == expected


def test_the_names_can_be_chosen(settings):
    settings.SIMPLE_JWT = site(AUTH_COOKIE_REFRESH="my-token", AUTH_COOKIE_ACCESS="other-token")
    assert {"__Host-my-token", "__Host-other-token"} <= set(Browser().log_in().cookies)


def test_the_name_can_have_the_prefix_of_rfc_10017(settings):
    settings.SIMPLE_JWT = site(AUTH_COOKIE_REFRESH="Http-refresh_token")
    browser = Browser()
    assert "__Host-Http-refresh_token" in browser.log_in().cookies
    assert browser.send("refresh/").status_code == 200
    assert [found.id for found in check_settings() if found.id.startswith("oxijwt.E")] == []


def test_the_access_token_is_in_the_body_by_default(settings, prefix):
    settings.SIMPLE_JWT = site(AUTH_COOKIE_ACCESS=None)
    browser = Browser(prefix)
    for answer in (browser.log_in(), browser.send("refresh/")):
        assert set(answer.json()) == {"access"}
        assert set(answer.cookies) == {REFRESH, "csrftoken"}
    browser.plant("__Host-access_token", answer.json()["access"])
    assert browser.get("/protected/", secure=True).status_code == 401  # nobody reads it
    access = {"HTTP_AUTHORIZATION": f"Bearer {answer.json()['access']}"}
    assert browser.post("/protected/", secure=True, **access).json() == {"user": "ada"}
    assert set(browser.send("logout/").cookies) == {REFRESH}


@pytest.mark.parametrize("access", [None, "access_token"], ids=["in the body", "in a cookie"])
def test_the_oauth_style(settings, access, prefix):
    settings.SIMPLE_JWT = site(AUTH_COOKIE_ACCESS=access, TOKEN_RESPONSE_STYLE="oauth")
    browser = Browser(prefix)
    for answer in (browser.log_in(), browser.send("refresh/")):
        body = answer.json()
        assert ("access_token" in body) is (access is None)
        assert set(body) - {"access_token"} == {"token_type", "expires_in"}
        assert (ACCESS in answer.cookies) is (access is not None)
    held = browser.cookies[REFRESH].value
    body = browser.send("refresh/", {"refresh_token": held}).json()
    assert "refresh_token" in body
    assert browser.cookies[REFRESH].value == held
    answer = browser.send("logout/", {"refresh_token": body["refresh_token"]})
    assert (answer.status_code, set(answer.cookies)) == (204, set())


def test_the_style_with_expires_in(settings, prefix):
    settings.SIMPLE_JWT = site(TOKEN_RESPONSE_EXPIRES_IN=True)
    assert set(Browser(prefix).log_in().json()) == {"expires_in"}


def test_a_refresh_without_rotation_leaves_the_refresh_cookie(settings, prefix):
    settings.SIMPLE_JWT = site(ROTATE_REFRESH_TOKENS=False, BLACKLIST_AFTER_ROTATION=False)
    browser = Browser(prefix)
    browser.log_in()
    assert set(browser.send("refresh/").cookies) == {ACCESS, "csrftoken"}


def test_max_age_follows_each_token(prefix):
    browser = Browser(prefix)
    for answer in (browser.log_in(), browser.send("refresh/")):
        for name in (REFRESH, ACCESS):
            morsel = answer.cookies[name]
            left = unverified_claims(morsel.value, 16_384)["exp"] - time.time()
            assert left - 5 < morsel["max-age"] <= left + 5


class ShortLived(TokenObtainPairSerializer):
    @classmethod
    def get_token(cls, user):
        token = super().get_token(user)
        token.payload["exp"] = int(time.time()) + 60
        return token


class Endless(ShortLived):
    @classmethod
    def get_token(cls, user):
        token = super().get_token(user)
        token.payload["exp"] = int(time.time()) + 40 * 365 * 86_400
        return token


class Large(ShortLived):
    size = 2_300

    @classmethod
    def get_token(cls, user):
        token = super().get_token(user)
        token["note"] = "x" * cls.size
        return token


@pytest.mark.parametrize(("name", "age"), [("ShortLived", 60), ("Endless", 400 * 86_400)])
def test_max_age_follows_a_projects_serializer(settings, name, age):
    settings.SIMPLE_JWT = site(TOKEN_OBTAIN_SERIALIZER=f"{__name__}.{name}")
    assert age - 5 < Browser().log_in().cookies[REFRESH]["max-age"] <= age


def test_a_cookie_over_4096_bytes_is_an_error_when_it_is_made(settings, monkeypatch):
    settings.SIMPLE_JWT = site(TOKEN_OBTAIN_SERIALIZER=f"{__name__}.Large", AUTH_COOKIE_ACCESS=None)
    browser = Browser()
    answer = browser.log_in()
    room = 4096 - len(answer.cookies[REFRESH].OutputString())
    monkeypatch.setattr(Large, "size", Large.size + room * 3 // 4 - 3)
    assert 4080 < len(browser.log_in().cookies[REFRESH].OutputString()) <= 4096
    monkeypatch.setattr(Large, "size", Large.size + 20)
    with pytest.raises(ImproperlyConfigured, match=r"AUTH_COOKIE_REFRESH'\] has 41\d\d bytes, .* 4096") as caught:
        browser.log_in()
    assert "ey" not in str(caught.value)


def test_4096_bytes_are_the_most():
    """The text has no `exp`, so the other attributes have a fixed length."""
    response = HttpResponse()
    set_cookie(response, REFRESH_SETTING, Hidden("x"))
    room = 4096 - len(response.cookies[REFRESH].OutputString())
    set_cookie(response, REFRESH_SETTING, Hidden("x" * (room + 1)))
    assert len(response.cookies[REFRESH].OutputString()) == 4096
    with pytest.raises(ImproperlyConfigured, match="has 4097 bytes"):
        set_cookie(response, REFRESH_SETTING, Hidden("x" * (room + 2)))
    assert REFRESH not in response.cookies


def test_the_csrf_token(prefix):
    """It is in the body and the header, and both stand for the secret in Django's cookie."""
    browser = Browser(prefix, csrf=False)
    answer = browser.ask_csrf()
    assert answer.status_code == 200
    assert answer.json() == {"csrf_token": answer["X-CSRFToken"]}
    assert answer["Cache-Control"] == "no-store"
    secret = answer.cookies["csrftoken"].value
    assert browser.ask_csrf().cookies["csrftoken"].value == secret  # asking again keeps it
    login = browser.log_in()
    assert login["X-CSRFToken"]
    rotated = login.cookies["csrftoken"].value
    assert rotated != secret
    refreshed = browser.send("refresh/")
    assert refreshed.cookies["csrftoken"].value == rotated
    assert browser.send("logout/", HTTP_X_CSRFTOKEN=refreshed["X-CSRFToken"]).status_code == 204


@pytest.mark.parametrize("middleware", [True, False], ids=["with CsrfViewMiddleware", "without it"])
@pytest.mark.parametrize("in_session", [True, False], ids=["CSRF_USE_SESSIONS", "cookie"])
def test_all_goes_on_with_djangos_other_settings(settings, middleware, in_session, prefix):
    settings.CSRF_USE_SESSIONS = in_session
    if middleware:
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.middleware.csrf.CsrfViewMiddleware"]
    browser = Browser(prefix)
    login = browser.log_in()
    assert login.status_code == 200
    assert ("csrftoken" in login.cookies) is not in_session
    assert browser.send("refresh/").status_code == 200
    assert browser.post(f"{prefix}/protected/", secure=True).status_code == 200
    refused = browser.send("logout/", HTTP_X_CSRFTOKEN="x" * 64)
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf_failed")
    assert browser.send("logout/").status_code == 204


@pytest.mark.parametrize("path", ["refresh/", "logout/"])
def test_a_database_that_is_down_is_503_and_keeps_the_cookies(path, prefix):
    def fail(*_statement):
        raise OperationalError("refused")

    browser = Browser(prefix)
    browser.log_in()
    with connection.execute_wrapper(fail):
        answer = browser.send(path)
        view = browser.post("/protected/", secure=True)
    assert (answer.status_code, view.status_code) == (503, 503)
    assert REFRESH not in answer.cookies
    assert ACCESS not in {*answer.cookies, *view.cookies}
    assert browser.send(path).status_code in {200, 204}


def test_a_view_that_sets_the_access_cookie_itself_keeps_it(ada, settings, rf):
    """The deletion of a refused cookie leaves a new one alone."""

    class Renewing(APIView):
        authentication_classes = (JWTCookieAuthentication,)

        def get(self, _request):
            response = Response({})
            response.set_cookie(ACCESS, str(AccessToken.for_user(ada)))
            return response

    request = rf.get("/")
    request.COOKIES[ACCESS] = "a.b.c"
    assert Renewing.as_view()(request).cookies[ACCESS].value.count(".") == 2


def test_a_cookie_without_a_name_is_no_access_cookie(ada, settings):
    """Django reads `=text` as a cookie whose name is empty, and AUTH_COOKIE_ACCESS is None here."""
    settings.SIMPLE_JWT = site(AUTH_COOKIE_ACCESS=None)
    answer = Browser().get("/protected/", secure=True, HTTP_COOKIE=f"={AccessToken.for_user(ada)}")
    assert (answer.status_code, set(answer.cookies)) == (401, set())


def test_caches_keep_an_answer_for_one_cookie_only(ada):
    browser = Browser()
    assert "Cookie" in browser.get("/public/", secure=True)["Vary"]
    browser.plant(ACCESS, str(AccessToken.for_user(ada)))
    assert "Cookie" in browser.get("/protected/", secure=True)["Vary"]
    header = {"HTTP_AUTHORIZATION": f"Bearer {AccessToken.for_user(ada)}"}
    assert "Cookie" not in browser.get("/protected/", secure=True, **header)["Vary"]


@pytest.mark.parametrize("path", ["", "refresh/", "logout/"])
def test_other_methods_read_no_cookie(path, prefix):
    browser = Browser(prefix)
    browser.plant(REFRESH, "a.b.c")
    for method, status in (("options", 200), ("get", 405), ("put", 405), ("delete", 405)):
        answer = getattr(browser, method)(f"{prefix}/session/{path}", secure=True)
        assert (answer.status_code, set(answer.cookies)) == (status, set()), method


HOSTILE = {
    "list": ("[1, 2]", 400),
    "text": ('"refresh"', 400),
    "number": ("7", 400),
    "null": ("null", 400),
    "deep": ("[" * 5000 + "]" * 5000, 400),
    "not JSON": ("{", 400),
    "refresh null": ('{"refresh": null}', 400),
    "refresh list": ('{"refresh": []}', 400),
    "refresh empty": ('{"refresh": ""}', 400),
    "refresh surrogate": ('{"refresh": "\\ud800"}', 400),
    "refresh bad": ('{"refresh": "a.b.c"}', 401),
}


@pytest.mark.parametrize("path", ["refresh/", "logout/"])
@pytest.mark.parametrize("body", HOSTILE)
def test_a_hostile_body_is_4xx_and_keeps_the_cookies(path, body, prefix):
    text, status = HOSTILE[body]
    browser = Browser(prefix)
    browser.log_in()
    answer = browser.generic("POST", f"{prefix}/session/{path}", text, "application/json", secure=True)
    assert answer.status_code == status
    assert set(answer.cookies) <= {"csrftoken"}
    assert browser.send("refresh/").status_code == 200


def test_forms_and_empty_bodies(prefix):
    browser = Browser(prefix)
    browser.log_in()
    for kind in ("application/x-www-form-urlencoded", "application/json", ""):
        answer = browser.generic("POST", f"{prefix}/session/refresh/", "", kind, secure=True)
        assert answer.status_code == 200, kind
    assert browser.post(f"{prefix}/session/refresh/", {"other": "field"}, secure=True).status_code == 200  # multipart
    assert browser.post(f"{prefix}/session/logout/", {"other": "field"}, secure=True).status_code == 204


def test_of_two_cookies_with_one_name_django_reads_the_last(ada):
    """Without a prefix a neighbouring host could plant one. With __Host- browsers keep only this host's."""
    good, header = str(AccessToken.for_user(ada)), f"{ACCESS}=a.b.c; {ACCESS}="
    browser = Browser()
    browser.cookies.clear()
    answer = browser.get("/protected/", secure=True, HTTP_COOKIE=header + good)
    assert (answer.status_code, answer.json()) == (200, {"user": "ada"})
    answer = browser.get("/protected/", secure=True, HTTP_COOKIE=f"{ACCESS}={good}; {ACCESS}=a.b.c")
    assert answer.status_code == 401
    assert was_deleted(answer, ACCESS)


def test_an_end_is_an_end(ada, prefix):
    """The token of a cookie is refused after its logout."""
    browser = Browser(prefix)
    browser.log_in()
    refresh = browser.cookies[REFRESH].value
    assert RefreshToken(refresh)["user_id"] == str(ada.pk)
    assert browser.send("logout/").status_code == 204
    browser.plant(REFRESH, refresh)
    answer = browser.send("refresh/")
    assert answer.status_code == 401
    # A blacklisted token may be the last one of another tab, whose new cookie must stay.
    assert was_deleted(answer, REFRESH) is not apps.is_installed("oxijwt.token_blacklist")
