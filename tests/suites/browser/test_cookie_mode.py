"""What only cookie mode has: cookies that no script can read, and a login that outlives a reload."""

import pytest
from playwright.sync_api import expect

from tools.demo import GRACE_OVER

REFRESH, CSRF = "__Host-refresh_token", "__Host-csrftoken"
# All that a script can reach of an answer and of the browser's stores.
READABLE = """async () => {
    const csrf = (await (await fetch("/api/session/csrf/")).json()).csrf_token;
    const answer = await fetch("/api/session/refresh/", {method: "POST", headers: {"X-CSRFToken": csrf}});
    const stores = [...Object.values(localStorage), ...Object.values(sessionStorage)];
    return [document.cookie, ...stores, JSON.stringify([...answer.headers]), await answer.text()].join();
}"""


@pytest.fixture
def logged_in(patient_person):
    patient_person.be_logged_in("cookie")
    return patient_person


@pytest.fixture
def tab(logged_in):
    """Another tab of the same browser."""
    opened = type(logged_in)(logged_in.page.context.new_page(), logged_in.site)
    yield opened
    opened.page.close()


def cookies_of(person):
    return {cookie["name"]: cookie for cookie in person.page.context.cookies()}


def test_the_flags_of_the_cookies(logged_in):
    cookies = cookies_of(logged_in)
    assert set(cookies) == {REFRESH, CSRF}
    for cookie in cookies.values():
        # The cookie of a domain, and not of one host, would have a dot before it.
        assert cookie["domain"] == "127.0.0.1"
        assert cookie["path"] == "/"
        assert cookie["httpOnly"]
        assert cookie["secure"]
        assert cookie["sameSite"] == "Strict"
    issued_at = int(logged_in.value("iat").split()[0])
    assert cookies[REFRESH]["expires"] == pytest.approx(issued_at + 24 * 60 * 60, abs=5)


def test_scripts_cannot_read_the_cookies(logged_in):
    secrets = [cookies_of(logged_in)[REFRESH]["value"]]
    read = logged_in.page.evaluate(READABLE)
    secrets.append(cookies_of(logged_in)[REFRESH]["value"])
    assert '"access"' in read
    assert not any(secret in read for secret in secrets)
    assert logged_in.page.evaluate("document.cookie") == ""
    expect(logged_in.page.locator("#refresh-note")).to_contain_text("for scripts, all cookies are “”")
    expect(logged_in.button("Replay the old refresh token")).to_be_hidden()


def test_a_refresh_changes_the_cookie(logged_in):
    logged_in.page.wait_for_timeout(1000 * GRACE_OVER)  # since a refresh of an earlier test
    before = cookies_of(logged_in)[REFRESH]["value"]
    logged_in.press("Refresh")
    logged_in.reads("You have a new access token")
    assert cookies_of(logged_in)[REFRESH]["value"] != before


def test_the_login_outlives_a_reload(logged_in):
    sid = logged_in.value("sid")
    logged_in.page.reload()
    logged_in.reads("Your browser still has the cookie")
    assert logged_in.value("sid") == sid


def test_tabs_share_the_login(logged_in, tab):
    tab.open("#cookie")
    tab.reads("Your browser still has the cookie")
    assert tab.value("sid") == logged_in.value("sid")
    tab.press("Log out")
    tab.reads("You are logged out")
    logged_in.press("Call the protected view")
    logged_in.reads("401:")
    expect(logged_in.button("Log in")).to_be_visible()


def test_a_login_in_another_tab_makes_a_new_csrf_token(logged_in, tab):
    tab.open()
    tab.choose("cookie")
    tab.press("Log out")
    tab.reads("You are logged out")
    tab.log_in()
    logged_in.press("Refresh")
    logged_in.reads("You have a new access token")
    assert [exchange.rsplit("/", 1)[1] for exchange in logged_in.exchanges] == [" 403", " 200", " 200"]


@pytest.mark.parametrize("button", ["Log out", "End this session"])
def test_the_cookie_is_deleted(logged_in, button):
    logged_in.press(button)
    expect(logged_in.button("Log in")).to_be_visible()
    assert set(cookies_of(logged_in)) == {CSRF}


def test_both_modes_go_on_working(logged_in):
    sid = logged_in.value("sid")
    logged_in.choose("header")
    logged_in.log_in()
    assert logged_in.value("sid") != sid
    logged_in.choose("cookie")
    assert logged_in.value("sid") == sid
    logged_in.press("Call the protected view")
    logged_in.reads("hello demo")
    logged_in.choose("header")
    logged_in.press("Log out")
    logged_in.reads("You are logged out")
    logged_in.choose("cookie")
    logged_in.press("Call the protected view")
    logged_in.reads("hello demo")


def test_without_a_cookie_the_page_asks_for_the_password(person):
    person.open("#cookie")
    person.page.reload()
    expect(person.button("Log in")).to_be_visible()
    expect(person.page.get_by_role("status")).to_be_empty()
    assert person.page.locator("#mode [value=cookie]").is_checked()
