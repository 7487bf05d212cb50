"""The rules of RFC 10017 section 6.3.2.3 about refresh tokens, one test each, with the token in a cookie."""

from datetime import timedelta

import pytest

from tests.client import make_user
from tests.oxijwt.cookies.browser import REFRESH, Browser
from tests.oxijwt.token_sessions.client import claims

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.sites.cookie_urls")]
DAY = 86_400


@pytest.fixture
def browser(clock):
    """A browser with a login. The clock stands still."""
    make_user()
    browser = Browser()
    assert browser.log_in().status_code == 200
    return browser


def expiry(browser):
    return claims(browser.cookies[REFRESH].value)["exp"]


def test_must_rotate_refresh_tokens_on_each_use(browser, clock):
    spent = browser.cookies[REFRESH].value
    assert browser.send("refresh/").status_code == 200
    assert browser.cookies[REFRESH].value != spent
    clock.tick(60)  # after REFRESH_REUSE_GRACE
    browser.plant(REFRESH, spent)
    assert browser.send("refresh/").json()["code"] == "token_reused"


def test_must_expire_if_not_used_in_some_amount_of_time(browser, clock):
    clock.tick(DAY - 5)
    assert browser.send("refresh/").status_code == 200
    clock.tick(DAY + 1)
    assert browser.send("refresh/").status_code == 401


def test_must_not_extend_the_lifetime_beyond_the_one_that_was_established(browser, clock, jwt_settings):
    jwt_settings(SESSION_ABSOLUTE_LIFETIME=timedelta(days=3))
    browser.log_in()
    end = expiry(browser) + 2 * DAY
    for _hour in range(6):
        clock.tick(DAY / 2 - 10)
        answer = browser.send("refresh/")
        assert answer.status_code == 200
        assert expiry(browser) <= end
    assert expiry(browser) == end
    assert answer.cookies[REFRESH]["max-age"] <= 60
    clock.tick(61)
    assert browser.send("refresh/").status_code == 401


def test_should_link_the_lifetime_to_the_users_session(browser):
    """After a logout the refresh tokens of before are refused, whatever carries them."""
    held = browser.cookies[REFRESH].value
    assert browser.send("logout/").status_code == 204
    browser.plant(REFRESH, held)
    assert browser.send("refresh/").status_code == 401
    assert Browser().send("refresh/", {"refresh": held}).status_code == 401
