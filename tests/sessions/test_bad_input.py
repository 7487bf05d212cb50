"""What no client of ours sends, and rows that are gone: 401 with a code, never a 500, nothing written."""

import pytest
from django.test import RequestFactory

from oxijwt.token_sessions.client_info import clean_address, clean_user_agent, client_info
from oxijwt.token_sessions.models import TokenSession
from tests.site import forge

from .api import (
    PASSWORD,
    USER_AGENT,
    answer,
    changed,
    claims,
    get,
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


JSON = {
    "true": True,
    "false": False,
    "zero": 0,
    "a number": 5,
    "negative": -1,
    "huge": 2**70,
    "just too big": 2**31,
    "a float": 1.5,
    "a whole float": 0.0,
    "empty text": "",
    "text": "x",
    "NUL": "\0",
    "digits": "0",
    "a list": [],
    "a list of one": [0],
    "an object": {},
    "an object of one": {"a": 0},
}
SIDS = JSON | {
    "upper case": lambda sid: sid.upper(),
    "braces": lambda sid: "{" + sid + "}",
    "no hyphens": lambda sid: sid.replace("-", ""),
    "urn": lambda sid: f"urn:uuid:{sid}",
    "spaces": lambda sid: f" {sid} ",
    "in a list": lambda sid: [sid],
}
GENERATIONS = {name: value for name, value in JSON.items() if name not in {"zero", "a number"}}


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


@pytest.mark.parametrize("name", SIDS)
def test_a_sid_that_is_no_uuid_is_refused(tokens, name):
    sid = claims(tokens["refresh"])["sid"]
    changes = {"sid": SIDS[name](sid) if callable(SIDS[name]) else SIDS[name]}
    assert_refused_everywhere(tokens, changes, {"token_not_valid"})
    access = changed(tokens["access"], **changes)
    assert answer(who_am_i(access)) == (401, "token_not_valid")
    assert answer(logout(access=access)) == (401, "token_not_valid")
    assert answer(verify(access)) == (401, "token_not_valid")


@pytest.mark.parametrize("name", GENERATIONS)
def test_a_generation_that_is_no_small_integer_is_refused(tokens, name):
    assert_refused_everywhere(tokens, {"gen": GENERATIONS[name]}, {"token_not_valid"})


def test_a_refresh_token_without_generation_is_refused(tokens):
    broken = changed(tokens["refresh"], gen=None)
    before = rows()
    assert answer(refresh(broken)) == (401, "token_not_valid")
    assert answer(logout(broken)) == (401, "token_not_valid")
    assert rows() == before


def test_a_null_sid_is_refused_like_any_other(tokens):
    null = forge(claims(tokens["refresh"]) | {"sid": None})
    assert answer(refresh(null)) == (401, "token_not_valid")
    assert answer(who_am_i(forge(claims(tokens["access"]) | {"sid": None}))) == (401, "token_not_valid")


USER_IDS = {
    name: value for name, value in JSON.items() if isinstance(value, str | int) and not isinstance(value, bool)
} | {
    "another": "999999",
    "blank before": lambda pk: f" {pk}",
    "blank after": lambda pk: f"{pk} ",
    "plus": lambda pk: f"+{pk}",
    "leading zero": lambda pk: f"0{pk}",
    "fullwidth digits": lambda pk: "".join(chr(ord(digit) + 0xFEE0) for digit in str(pk)),
}


@pytest.mark.parametrize("name", [name for name in JSON if name not in USER_IDS])
def test_a_user_id_that_is_neither_text_nor_integer_is_refused(tokens, name):
    changes = {"user_id": JSON[name]}
    assert_refused_everywhere(tokens, changes, {"token_not_valid"})
    access = changed(tokens["access"], **changes)
    for response in (who_am_i(access), get("stateless/", access), verify(access), logout(access=access)):
        assert answer(response) == (401, "token_not_valid")


@pytest.mark.parametrize("typ", ["at+jwt", "application/AT+JWT"])
def test_an_access_token_of_rfc_9068_refreshes_and_ends_nothing(tokens, typ):
    header = {"alg": "HS256", "typ": typ}
    refresh_token = forge(claims(tokens["refresh"]), header)
    expired = forge(claims(tokens["refresh"]) | {"exp": 1}, header)
    before = rows()
    for token in (refresh_token, expired):
        for response in (
            refresh(token),
            logout(token),
            logout(token, scope="global"),
            post("blacklist/", {"refresh": token}),
        ):
            assert answer(response) == (401, "token_not_valid")
    assert rows() == before
    assert answer(who_am_i(forge(claims(tokens["access"]), header))) == answer(who_am_i(tokens["access"]))


@pytest.mark.parametrize("name", USER_IDS)
def test_a_user_id_that_does_not_parse_is_nobodys(ada, tokens, name):
    changes = {"user_id": USER_IDS[name](ada.pk) if callable(USER_IDS[name]) else USER_IDS[name]}
    assert_refused_everywhere(tokens, changes, {"user_not_found", "no_active_account"})
    assert answer(who_am_i(changed(tokens["access"], **changes))) == (401, "user_not_found")
    assert answer(get("stateless/", changed(tokens["access"], sid=5))) == (200, None)


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
