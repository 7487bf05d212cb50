"""What the logger `oxijwt.security` says, and the addresses that it compares."""

import pytest
from django.db import transaction

from oxijwt.exceptions import TokenReusedError
from oxijwt.token_sessions.models import RevokeReason
from oxijwt.tokens import RefreshToken
from tests.leaks import require_absence
from tests.oxijwt.token_sessions.client import USER_AGENT, answer, login, logout, make_user, post, session_of, verify

pytestmark = pytest.mark.django_db(transaction=True)

HOME, OFFICE, THIEF = "192.0.2.1", "192.0.2.2", "203.0.113.9"


@pytest.fixture(autouse=True)
def ada(clock):
    return make_user()


@pytest.fixture
def logged(caplog):
    """The (level, message) of what is logged, for INFO and above."""
    caplog.set_level("INFO", logger="oxijwt.security")
    return lambda: [(r.levelname, r.getMessage()) for r in caplog.records if r.name == "oxijwt.security"]


def refresh_from(address, token, agent=USER_AGENT):
    return post("refresh/", {"refresh": token}, REMOTE_ADDR=address, HTTP_USER_AGENT=agent)


@pytest.fixture
def pair(clock):
    """(A token whose use is reuse, the tokens of who spent it at the office)."""
    old = login(REMOTE_ADDR=HOME)["refresh"]
    newer = refresh_from(OFFICE, old).json()
    clock.tick(31)
    return old, newer


def test_reuse_is_a_warning_with_both_addresses_and_no_token(pair, logged, ada):
    """Nothing was logged."""
    assert answer(refresh_from(THIEF, pair[0])) == (401, "token_reused")
    [(level, message)] = logged()
    assert level == "WARNING"
    session = session_of(pair[0])
    for part in (f"user {ada.pk},", f"session {session.pk},", "spent 31 seconds ago", THIEF, OFFICE):
        assert part in message
    require_absence([pair[0], *pair[1].values()], message)


def test_reuse_in_a_projects_own_code_is_a_warning_too(pair, logged, ada):
    with transaction.atomic(), pytest.raises(TokenReusedError):
        RefreshToken(pair[0])
    levels_and_messages = [(level, message) for level, message in logged() if level == "WARNING"]
    [(_level, message)] = levels_and_messages
    assert f"user {ada.pk}," in message
    assert "came from unknown" in message
    assert OFFICE in message


def test_reuse_is_logged_once_and_a_session_that_is_over_is_not(pair, logged):
    refresh_from(THIEF, pair[0])
    refresh_from(THIEF, pair[0])
    refresh_from(OFFICE, pair[1]["refresh"])
    assert [level for level, _message in logged()] == ["WARNING"]


def test_a_repeat_of_the_parent_is_an_info(logged, ada):
    old = login(REMOTE_ADDR=HOME)["refresh"]
    newer = refresh_from(OFFICE, old).json()
    assert logged() == []
    refresh_from(OFFICE, newer["refresh"])
    assert logged() == [], "a repeat of the current token says nothing"
    assert refresh_from(HOME, old).status_code == 200
    [(level, message)] = logged()
    assert level == "INFO"
    for part in (f"user {ada.pk},", f"session {session_of(old).pk}.", f"from {HOME}", f"from {OFFICE}"):
        assert part in message
    require_absence([old, *newer.values()], message)


@pytest.mark.parametrize(
    ("agent", "level"), [(USER_AGENT, "INFO"), ("curl", "WARNING"), ("", "WARNING")], ids=["same", "other", "none"]
)
def test_a_repeat_by_another_user_agent_is_a_warning(logged, agent, level):
    """The rotation's agent is compared, and not the login's."""
    old = login(REMOTE_ADDR=HOME, HTTP_USER_AGENT="phone")["refresh"]
    refresh_from(OFFICE, old)
    assert refresh_from(OFFICE, old, agent).status_code == 200
    assert [found for found, _message in logged()] == [level]


def test_a_repeat_without_a_request_or_client_info_is_an_info(logged, jwt_settings):
    old = login(HTTP_USER_AGENT="phone")["refresh"]
    refresh_from(OFFICE, old)
    RefreshToken(old).rotate()
    jwt_settings(SESSION_CLIENT_INFO=None)
    refresh_from(OFFICE, old, "curl")
    assert [found for found, _message in logged()] == ["INFO", "INFO"]


@pytest.mark.parametrize(
    "look",
    [verify, logout, lambda token: logout(token, scope="global"), lambda token: post("blacklist/", {"refresh": token})],
    ids=["verify", "logout", "logout everywhere", "blacklist"],
)
def test_what_is_no_refresh_is_no_reuse(pair, logged, look):
    look(pair[0])
    assert logged() == []


def broken(request):
    raise RuntimeError


def test_a_broken_client_info_keeps_no_session_alive(pair, logged, jwt_settings):
    """The log of a reuse asks the project for the address, and the project's function may raise."""
    jwt_settings(SESSION_CLIENT_INFO=f"{__name__}.broken")
    assert answer(refresh_from(THIEF, pair[0])) == (401, "token_reused")
    assert [level for level, _message in logged()] == ["ERROR", "WARNING"]
    assert session_of(pair[0]).revoke_reason == RevokeReason.REUSE


# The row's address and user agent


def client_of(token):
    session = session_of(token)
    return session.ip_address, session.user_agent


def test_address_and_agent_follow_each_rotation():
    """The session list named the place of the login for as long as the session lived."""
    old = login(REMOTE_ADDR=HOME, HTTP_USER_AGENT="phone")["refresh"]
    assert client_of(old) == (HOME, "phone")
    refresh_from(OFFICE, old, "laptop")
    assert client_of(old) == (OFFICE, "laptop")
    refresh_from(THIEF, old, "curl")
    assert client_of(old) == (OFFICE, "laptop"), "a repeat is no rotation"


def test_without_a_request_the_last_ones_known_stay():
    old = login(REMOTE_ADDR=HOME, HTTP_USER_AGENT="phone")["refresh"]
    RefreshToken(old).rotate()
    assert client_of(old) == (HOME, "phone")


def test_without_client_info_a_rotation_deletes_what_is_known(jwt_settings):
    old = login(REMOTE_ADDR=HOME, HTTP_USER_AGENT="phone")["refresh"]
    jwt_settings(SESSION_CLIENT_INFO=None)
    refresh_from(OFFICE, old)
    assert client_of(old) == (None, "")


@pytest.mark.parametrize("in_transaction", [False, True])
def test_a_session_that_ended_for_reuse_keeps_them(pair, heard, in_transaction):
    """An administrator looks for them, and they were deleted."""
    if in_transaction:
        with transaction.atomic():
            refresh_from(THIEF, pair[0], "curl")
    else:
        refresh_from(THIEF, pair[0], "curl")
    assert client_of(pair[0]) == (OFFICE, USER_AGENT)
    [told] = heard.of("refresh_reuse_detected")
    assert (told["session"].ip_address, told["request"].META["REMOTE_ADDR"]) == (OFFICE, THIEF)


def test_any_other_end_deletes_them(pair):
    assert logout(pair[1]["refresh"]).status_code == 204
    assert client_of(pair[0]) == (None, "")
