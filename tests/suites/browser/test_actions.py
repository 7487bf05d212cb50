"""The actions that the page has in both modes."""

import re

import pytest
from playwright.sync_api import expect


@pytest.fixture(params=["header", "cookie"])
def logged_in(patient_person, request):
    """Somebody who is logged in, in one of the two modes."""
    patient_person.be_logged_in(request.param)
    return patient_person


@pytest.mark.parametrize("mode", ["header", "cookie"])
def test_a_wrong_password(person, mode):
    person.choose(mode)
    person.page.get_by_label("Password", exact=True).fill("wrong")
    person.press("Log in")
    person.reads("401: No active account found")
    expect(person.button("Log out")).to_be_hidden()


def test_a_protected_view(logged_in):
    logged_in.press("Call the protected view")
    logged_in.reads("hello demo")
    assert logged_in.exchanges == ["GET /api/hello/ 200"]


def test_concurrent_calls_share_one_refresh(logged_in):
    logged_in.press("Call it 5 times with a broken token")
    logged_in.reads("One refresh served them all")
    *calls, refresh = sorted(logged_in.exchanges)
    assert calls == [*["GET /api/hello/ 200"] * 5, *["GET /api/hello/ 401"] * 5]
    assert re.fullmatch(r"POST /api/(token|session)/refresh/ 200", refresh)


def test_a_refresh(logged_in):
    sid, jti = logged_in.value("sid"), logged_in.value("jti")
    logged_in.press("Refresh")
    logged_in.reads("You have a new access token")
    assert logged_in.value("sid") == sid
    assert logged_in.value("jti") != jti


def test_a_second_session_is_ended_from_the_list(logged_in):
    logged_in.page.get_by_label("Password for the second login").fill(logged_in.site.password)
    logged_in.press("Open a second session")
    logged_in.reads("The second session is open")
    logged_in.press("Call the view from the other device")
    logged_in.reads("The view answers the other device")
    other = logged_in.page.locator("#other-note code").inner_text()
    logged_in.press(f"End session {other}")
    logged_in.reads("has ended")
    expect(logged_in.button(f"End session {other}")).to_have_count(0)
    logged_in.press("Call the view from the other device")
    logged_in.reads("401: The session was ended")
    logged_in.press("Call the protected view")
    logged_in.reads("hello demo")


def test_the_own_session_is_ended_from_the_list(logged_in):
    logged_in.press("End this session")
    logged_in.reads("has ended")
    expect(logged_in.button("Log in")).to_be_visible()


def test_the_signing_key_rotates(logged_in):
    old = logged_in.value("kid", "access-header")
    logged_in.press("Rotate the signing key")
    logged_in.reads("A new key signs from now on")
    logged_in.press("Call the protected view")
    logged_in.reads("hello demo")
    assert logged_in.exchanges == ["GET /api/hello/ 200"]
    assert logged_in.value("kid", "access-header") == old
    logged_in.press("Refresh")
    logged_in.reads("You have a new access token")
    new = logged_in.value("kid", "access-header")
    assert new != old
    expect(logged_in.page.locator("#keys li").filter(has_text=new)).to_contain_text("signing")
    expect(logged_in.page.locator("#keys li").filter(has_text=old)).to_contain_text("retiring")
    logged_in.press("Call the protected view")
    logged_in.reads("hello demo")


def test_a_logout(logged_in):
    access = logged_in.page.locator("#access-raw").text_content()
    logged_in.press("Log out")
    logged_in.reads("You are logged out")
    expect(logged_in.button("Log in")).to_be_visible()
    answer = logged_in.page.request.get(
        f"{logged_in.site.origin}/api/hello/", headers={"Authorization": f"Bearer {access}"}
    )
    assert (answer.status, answer.json()["code"]) == (401, "session_revoked")


def test_a_lost_network_does_not_end_the_login(logged_in):
    logged_in.page.context.set_offline(True)
    for button in ("Call the protected view", "Refresh", "Log out"):
        logged_in.press(button)
        logged_in.reads("The server does not answer.")
    logged_in.page.context.set_offline(False)
    logged_in.press("Refresh")
    logged_in.reads("You have a new access token")
    assert all("net::ERR_INTERNET_DISCONNECTED" in error for error in logged_in.errors)
    logged_in.errors.clear()
