"""A logout by cookie on sites without sessions: with the blacklist app, and with no app that can end tokens."""

import pytest
from django.apps import apps

from oxijwt.exceptions import TokenError
from oxijwt.tokens import RefreshToken

from .browser import ACCESS, REFRESH, Browser, was_deleted
from .conftest import site

pytestmark = [
    pytest.mark.urls("tests.sites.cookie_urls"),
    pytest.mark.skipif(apps.is_installed("oxijwt.token_sessions"), reason="token_sessions/cookies has the same"),
]


@pytest.fixture(params=["blacklist", "no app"])
def ends(request, settings):
    """Whether the site can end a token."""
    if request.param == "no app":
        settings.INSTALLED_APPS = [name for name in settings.INSTALLED_APPS if name != "oxijwt.token_blacklist"]
        settings.SIMPLE_JWT = site(BLACKLIST_AFTER_ROTATION=False)
    return request.param == "blacklist"


def lives(text):
    try:
        RefreshToken(text)
    except TokenError:
        return False
    return True


def test_a_logout_by_the_refresh_cookie(ends, prefix):
    browser = Browser(prefix)
    browser.log_in()
    refresh = browser.cookies[REFRESH].value
    answer = browser.send("logout/")
    assert (answer.status_code, answer.content) == (204, b"")
    assert was_deleted(answer, REFRESH)
    assert was_deleted(answer, ACCESS)
    assert lives(refresh) is not ends


@pytest.mark.usefixtures("ends")
def test_a_logout_by_the_access_cookie_only_deletes(prefix):
    browser = Browser(prefix)
    browser.log_in()
    refresh = browser.cookies.pop(REFRESH).value
    refused = browser.send("logout/", HTTP_X_CSRFTOKEN="x" * 64)
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf_failed")
    answer = browser.send("logout/")
    assert answer.status_code == 204
    assert was_deleted(answer, ACCESS)
    assert lives(refresh)


@pytest.mark.parametrize(("scope", "status"), [("local", 204), ("global", 400), ("others", 400), (7, 400), ([], 400)])
def test_no_other_login_can_be_ended(scope, status, prefix):
    browser = Browser(prefix)
    browser.log_in()
    answer = browser.send("logout/", {"scope": scope})
    assert answer.status_code == status
    assert (REFRESH in answer.cookies) is (status == 204)


def test_a_header_alone_ends_nothing(prefix):
    browser = Browser(prefix)
    browser.log_in()
    access = browser.cookies[ACCESS].value
    answer = Browser(prefix).send("logout/", HTTP_AUTHORIZATION=f"Bearer {access}")
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
