"""A logout by cookie that could not be published: 503, and the same request may be repeated."""

import pytest

from tests.oxijwt.cookies.browser import ACCESS, REFRESH, Browser, was_deleted

pytestmark = pytest.mark.urls("tests.sites.cookie_urls")


@pytest.mark.parametrize("prefix", ["", "/async"], ids=["sync", "async"])
@pytest.mark.parametrize("cookie", [REFRESH, ACCESS])
def test_a_503_keeps_the_cookies_and_may_be_repeated(denylist, jwt_settings, prefix, cookie):
    jwt_settings(AUTH_COOKIE_ACCESS="access_token")
    browser = Browser(prefix)
    browser.log_in()
    tokens = {"access": browser.cookies[ACCESS].value}
    del browser.cookies[ACCESS if cookie == REFRESH else REFRESH]
    with denylist.lost():
        answer = browser.send("logout/")
    assert answer.status_code == 503
    assert not {REFRESH, ACCESS} & set(answer.cookies)
    assert not denylist.has(tokens)
    answer = browser.send("logout/")
    assert answer.status_code == 204
    assert was_deleted(answer, cookie)
    assert denylist.has(tokens)
