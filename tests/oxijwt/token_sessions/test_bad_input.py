"""What no client of ours sends beside its token, and rows that are gone: 401 with a code, never a 500, nothing written.

Tokens, headers and bodies that are spoilt are the cases of tests/suites/hostile.
"""

import ipaddress
import itertools

import pytest
from django.test import RequestFactory

from oxijwt.token_sessions.client_info import IPV4, clean_address, clean_user_agent, client_info
from oxijwt.token_sessions.models import TokenSession

from .client import (
    PASSWORD,
    USER_AGENT,
    answer,
    changed,
    claims,
    login,
    logout,
    make_user,
    post,
    refresh,
    refreshed,
    rows,
    session_of,
    verify,
    who_am_i,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ada():
    return make_user()


ADDRESSES = {
    "192.0.2.7": "192.0.2.7",
    "192.0.2.7:8080": "192.0.2.7",
    "2001:db8::1": "2001:db8::1",
    "[2001:db8::1]": "2001:db8::1",
    "[2001:db8::1]:443": "2001:db8::1",
    "2001:0DB8:0:0::0001": "2001:db8::1",
    "fe80::1%eth0": "fe80::1",
    "[fe80::1%eth0]:443": "fe80::1",
    "unix:": None,
    "unix:/run/app.sock": None,
    "": None,
    "\0": None,
    "192.0.2.7\0": None,
    "192.0.2.7, 192.0.2.8": None,
    "localhost": None,
    "999.1.1.1": None,
    "[": None,
    ":": None,
    "%": None,
    "1" * 10_000: None,
}


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda address: repr(address[:40]))
def test_an_address_is_stored_bare_or_not_at_all(address):
    tokens = login(REMOTE_ADDR=address)
    assert session_of(tokens["refresh"]).ip_address == ADDRESSES[address]


GOOD_OCTETS = ["0", "1", "9", "10", "99", "100", "199", "200", "249", "250", "255"]
OCTETS = [*GOOD_OCTETS, "256", "01", "00", "1000", "", " 1", "\u0661"]


def test_an_address_of_version_4_is_taken_as_ipaddress_takes_it():
    accepted = 0
    for octets in itertools.product(OCTETS, OCTETS, ["0", "255", "256", "01"], ["1", "1\n", "1.1", "25"]):
        address = ".".join(octets)
        try:
            expected = str(ipaddress.ip_address(address))
        except ValueError:
            assert not IPV4.fullmatch(address)
        else:
            assert clean_address(address) == expected == address
            accepted += 1
    assert accepted == len(GOOD_OCTETS) ** 2 * 2 * 2


@pytest.mark.parametrize("address", [None, b"192.0.2.7", 3221225991, ["192.0.2.7"]])
def test_an_address_that_is_no_text_is_none(address):
    assert clean_address(address) is None


AGENTS = {
    "as it is": (USER_AGENT, USER_AGENT),
    "too long": ("x" * 10_000, "x" * 255),
    "as long as the column": ("x" * 255, "x" * 255),
    "control characters": ("a\0b\x1b[31mc\r\nd\x7fe\x85f", "ab[31mcdef"),
    "only control characters": ("\0\0", ""),
    "too long before cleaning": ("\0" * 300 + "x" * 300, "x" * 255),
    "markup": ("<script>", "<script>"),
    "empty": ("", ""),
    "Latin": ("café", "café"),
}


@pytest.mark.parametrize("name", AGENTS)
def test_a_user_agent_is_stored_clean(name):
    sent, stored = AGENTS[name]
    assert session_of(login(HTTP_USER_AGENT=sent)["refresh"]).user_agent == stored


@pytest.mark.parametrize("agent", [None, b"bytes", 5, ["x"]])
def test_a_user_agent_that_is_no_text_is_empty(agent):
    assert clean_user_agent(agent) == ""


def test_a_lone_surrogate_is_left_out():
    assert clean_user_agent("a\udc80b\U0001f600") == "ab\U0001f600"


def forwarded(request):
    """What a project behind a proxy may say."""
    return request.META["HTTP_X_REAL_IP"], "an app of ours\0"


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        (None, (None, "")),
        (forwarded, ("192.0.2.9", "an app of ours")),
        (f"{__name__}.forwarded", ("192.0.2.9", "an app of ours")),
        (lambda request: (None, None), (None, "")),
        (lambda request: ("nonsense", 7), (None, "")),
    ],
)
def test_client_info_is_a_setting(jwt_settings, setting, expected):
    jwt_settings(SESSION_CLIENT_INFO=setting)
    session = session_of(login(REMOTE_ADDR="192.0.2.1", HTTP_X_REAL_IP="192.0.2.9")["refresh"])
    assert (session.ip_address, session.user_agent) == expected


def test_forwarded_headers_are_not_believed():
    session = session_of(login(REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR="192.0.2.9")["refresh"])
    assert session.ip_address == "192.0.2.1"


def test_without_a_request_there_is_nothing_to_know():
    assert client_info(None) == (None, "")
    assert client_info(RequestFactory().get("/")) == ("127.0.0.1", "")


@pytest.fixture
def tokens():
    return login()


def assert_refused_everywhere(tokens, changes, code):
    """Refresh, access, verify, logout and blacklist say 401, and nothing is written."""
    before = rows()
    broken = changed(tokens["refresh"], **changes)
    for response in (
        refresh(broken),
        verify(broken),
        logout(broken),
        logout(broken, scope="global"),
        post("blacklist/", {"refresh": broken}),
    ):
        assert response.status_code == 401
        assert response.json()["code"] in code
    assert rows() == before


def test_a_refresh_token_without_generation_is_refused(tokens):
    broken = changed(tokens["refresh"], gen=None)
    before = rows()
    assert answer(refresh(broken)) == (401, "token_not_valid")
    assert answer(logout(broken)) == (401, "token_not_valid")
    assert rows() == before


def test_a_session_of_another_user_is_none(tokens):
    make_user("grace")
    grace = login("grace")
    stolen = {"sid": claims(grace["refresh"])["sid"]}
    assert_refused_everywhere(tokens, stolen, {"session_revoked"})
    assert answer(who_am_i(changed(tokens["access"], **stolen))) == (401, "session_revoked")


def test_a_token_without_user_is_refused(tokens):
    assert answer(refresh(changed(tokens["refresh"], user_id=None))) == (401, "no_active_account")
    assert answer(who_am_i(changed(tokens["access"], user_id=None)))[0] == 401


def test_a_session_whose_row_is_gone_is_refused(tokens):
    """Django sets no attribute where the join finds nothing: this was a 500."""
    TokenSession.objects.all().delete()
    assert_refused_everywhere(tokens, {}, {"session_revoked"})
    assert answer(who_am_i(tokens["access"])) == (401, "session_revoked")
    assert answer(verify(tokens["access"])) == (401, "session_revoked")


def test_a_user_who_is_gone_is_refused(tokens, ada):
    ada.delete()
    assert answer(refresh(tokens["refresh"])) == (401, "no_active_account")
    assert answer(who_am_i(tokens["access"])) == (401, "user_not_found")
    assert answer(verify(tokens["access"])) == (401, "user_not_found")
    assert answer(logout(tokens["refresh"])) == (401, "user_not_found")


def test_the_controls_of_these_tests_are_accepted(tokens):
    """Signing the claims again, unchanged, makes a good token: what was refused above was refused for the change."""
    again = changed(tokens["refresh"])
    assert who_am_i(changed(tokens["access"])).status_code == 200
    assert verify(again).status_code == 200
    assert refreshed(again)["refresh"]
    assert logout(again, scope="local").status_code == 204
    assert post("", {"username": "ada", "password": PASSWORD}).status_code == 200


@pytest.mark.parametrize("iat", [None, -1e300, -(2**80), 1e15, "x", True, [], 0])
def test_a_token_without_sid_and_with_an_odd_iat_never_ends_in_a_500(tokens, iat):
    for token in (changed(tokens["refresh"], sid=None, gen=None, iat=iat),):
        assert refresh(token).status_code in {200, 401}
        assert verify(token).status_code in {200, 401}
