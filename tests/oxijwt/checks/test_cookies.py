"""Checks of the cookies that carry tokens, open and shut."""

import pytest
from django.core.checks import ERROR, WARNING

from oxijwt.authentication import JWTCookieAuthentication
from oxijwt.checks import check_deployment, check_settings

CLASSES = "oxijwt.authentication"


class Own(JWTCookieAuthentication):
    """A project's own class, which reads the cookie too."""


def found(settings, check=check_settings, default=(f"{CLASSES}.JWTCookieAuthentication",), **simple_jwt):
    settings.INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes"]
    settings.REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": default}
    settings.SIMPLE_JWT = simple_jwt
    return [(finding.id.removeprefix("oxijwt."), finding.level) for finding in check()]


@pytest.mark.parametrize("right", ["refresh_token", "my-token", "auth.v2"])
def test_a_name_that_is_a_cookies(settings, right):
    assert found(settings, AUTH_COOKIE_REFRESH=right) == []
    assert found(settings, AUTH_COOKIE_ACCESS=right, AUTH_COOKIE_REFRESH="other_token") == []


@pytest.mark.parametrize(
    "wrong", ["", "a token", "token;", "token=", "tökén", "__Host-token", "__SECURE-token", "Path", "httponly", 7]
)
def test_a_name_that_no_cookie_has(settings, wrong):
    assert found(settings, AUTH_COOKIE_REFRESH=wrong) == [("E053", ERROR)]
    assert ("E053", ERROR) in found(settings, AUTH_COOKIE_ACCESS=wrong)


@pytest.mark.parametrize("right", ["Strict", "Lax"])
def test_same_site(settings, right):
    assert found(settings, AUTH_COOKIE_SAMESITE=right) == []


@pytest.mark.parametrize("wrong", ["strict", "", None, False, ["Strict"]])
def test_same_site_of_another_value(settings, wrong):
    assert found(settings, AUTH_COOKIE_SAMESITE=wrong) == [("E053", ERROR)]


def test_same_site_none(settings):
    assert found(settings, AUTH_COOKIE_SAMESITE="None") == [("W033", WARNING)]


def test_the_path_and_the_domain(settings):
    assert found(settings, AUTH_COOKIE_PATH="/", AUTH_COOKIE_DOMAIN=None) == []
    assert found(settings, AUTH_COOKIE_PATH="/api/") == [("W031", WARNING)]
    assert found(settings, AUTH_COOKIE_DOMAIN="example.com") == [("W031", WARNING)]
    assert found(settings, AUTH_COOKIE_PATH="/a;b") == [("E053", ERROR), ("W031", WARNING)]
    assert found(settings, AUTH_COOKIE_DOMAIN="a b") == [("E053", ERROR), ("W031", WARNING)]


def test_two_cookies_have_two_names(settings):
    assert found(settings, AUTH_COOKIE_ACCESS="access_token") == []
    assert found(settings, AUTH_COOKIE_ACCESS="refresh_token") == [("E054", ERROR)]


@pytest.mark.parametrize("name", ["SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME"])
def test_a_name_of_one_of_djangos_cookies(settings, name):
    setattr(settings, name, "django_token")
    assert found(settings, AUTH_COOKIE_REFRESH="django_token") == []  # the prefix makes it another one
    assert found(settings, AUTH_COOKIE_REFRESH="django_token", AUTH_COOKIE_SECURE=False) == [("E054", ERROR)]


def test_reports_hide_the_cookies(settings):
    assert found(settings, AUTH_COOKIE_REFRESH="refresh") == [("W036", WARNING)]
    assert found(settings, AUTH_COOKIE_ACCESS="at") == [("W036", WARNING)]


def test_nobody_reads_the_access_cookie(settings):
    reads, other = f"{CLASSES}.JWTCookieAuthentication", f"{CLASSES}.JWTAuthentication"
    access = {"AUTH_COOKIE_ACCESS": "access_token"}
    assert found(settings, default=[other]) == []
    assert found(settings, default=[other], **access) == [("W034", WARNING)]
    assert found(settings, default=[other, reads], **access) == []
    assert found(settings, default=[f"{__name__}.Own"], **access) == []
    assert found(settings, default=["no.such.Class"], **access) == [("W034", WARNING)]


def test_cookies_over_http(settings):
    def deployed(**simple_jwt):
        return ("W032", WARNING) in found(settings, check_deployment, **simple_jwt)

    assert deployed(AUTH_COOKIE_SECURE=False)
    assert not deployed(AUTH_COOKIE_SECURE=True)
    assert not deployed()
    assert found(settings, AUTH_COOKIE_SECURE=False) == []
