"""What only header mode has: the page can read its refresh token."""

import re

import pytest
from playwright.sync_api import expect


@pytest.fixture
def logged_in(person):
    person.log_in()
    return person


def test_the_token_is_explained_and_counts_down(logged_in):
    assert logged_in.value("token_type") == "access"
    assert logged_in.value("alg", "access-header") == "EdDSA"
    assert re.match(r"\d{10} \(\d+ \w+ \d{4}, \d\d:\d\d:\d\d\)", logged_in.value("exp"))
    assert logged_in.value("gen", "refresh-claims") == "0"
    assert logged_in.value("sid", "refresh-claims") == logged_in.value("sid")
    before = logged_in.page.locator("#left strong").inner_text()
    assert re.match(r"1:[45]\d|2:00", before)
    expect(logged_in.page.locator("#left strong")).not_to_have_text(before, timeout=3000)
    assert logged_in.page.locator("#left strong").inner_text() < before


def test_a_replay_ends_the_session(logged_in):
    expect(logged_in.button("Replay the old refresh token")).to_be_hidden()
    logged_in.press("Refresh")
    logged_in.reads("You have a new access token")
    assert logged_in.value("gen", "refresh-claims") == "1"
    logged_in.press("Replay the old refresh token")
    logged_in.reads("401: An old refresh token came back")
    expect(logged_in.button("Log in")).to_be_visible()
    assert logged_in.exchanges == [
        "POST /api/token/refresh/ 401",
        "GET /api/hello/ 401",
        "POST /api/token/refresh/ 401",
    ]


def test_a_second_refresh_at_once_spends_no_token(logged_in):
    for _ in range(2):
        logged_in.press("Refresh")
        logged_in.reads("You have a new access token")
    assert logged_in.value("gen", "refresh-claims") == "1"
    logged_in.press("Replay the old refresh token")
    logged_in.reads("401: An old refresh token came back")


def test_another_tab_is_another_session(logged_in, chromium):
    tab = type(logged_in)(logged_in.page.context.new_page(), logged_in.site)
    tab.open()
    tab.log_in()
    logged_in.press("Load the list again")
    logged_in.reads("This is the list")
    logged_in.press(f"End session {tab.value('sid')[:8]}…")
    logged_in.reads("has ended")
    tab.press("Call the protected view")
    tab.reads("401: The session was ended")
    expect(tab.button("Log in")).to_be_visible()
    assert tab.errors == []


def test_a_reload_forgets_the_tokens(logged_in):
    logged_in.page.reload()
    expect(logged_in.button("Log in")).to_be_visible()
    assert logged_in.page.evaluate("[document.cookie, localStorage.length, sessionStorage.length]") == ["", 0, 0]


def test_an_expired_token_is_said_to_be_expired(person):
    person.page.clock.install()
    person.open()
    person.log_in()
    person.page.clock.fast_forward("01:59")
    expect(person.page.locator("#left")).to_contain_text("until it expires")
    person.page.clock.fast_forward("00:02")
    expect(person.page.locator("#left")).to_have_text(re.compile(r"0:00 The token has expired\."))
