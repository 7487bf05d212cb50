"""`jwt_required` with JWTCookieAuthentication: plain Django views read, check and delete the access cookie too."""

import pytest
from django.http import JsonResponse
from django.urls import include, path

from oxijwt.decorators import jwt_required
from oxijwt.tokens import AccessToken

from .browser import ACCESS, Browser, was_deleted

pytestmark = pytest.mark.urls(__name__)


@jwt_required
def plain(request):
    return JsonResponse({"user": request.user.get_username()})


@jwt_required
async def aplain(request):
    return JsonResponse({"user": request.user.get_username()})


urlpatterns = [path("plain/", plain), path("async/plain/", aplain), path("", include("tests.sites.cookie_urls"))]


@pytest.fixture
def browser(ada, settings):
    """A browser with an access cookie, on a site whose default class reads it."""
    settings.REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": ["oxijwt.authentication.JWTCookieAuthentication"]}
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.middleware.csrf.CsrfViewMiddleware"]
    browser = Browser()
    browser.plant(ACCESS, str(AccessToken.for_user(ada)))
    return browser


def test_a_good_cookie(browser, prefix):
    for answer in (browser.get(f"{prefix}/plain/", secure=True), browser.post(f"{prefix}/plain/", secure=True)):
        assert (answer.status_code, answer.json()) == (200, {"user": "ada"})


def test_a_good_cookie_without_the_csrf_token(browser, prefix):
    del browser.defaults["HTTP_X_CSRFTOKEN"]
    assert browser.get(f"{prefix}/plain/", secure=True).status_code == 200
    answer = browser.post(f"{prefix}/plain/", secure=True)
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")
    assert ACCESS not in answer.cookies


def test_a_bad_cookie_is_deleted(browser, prefix):
    browser.plant(ACCESS, "a.b.c")
    answer = browser.get(f"{prefix}/plain/", secure=True)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer["WWW-Authenticate"]
    assert was_deleted(answer, ACCESS)
