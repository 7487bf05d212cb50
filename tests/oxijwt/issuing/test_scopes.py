"""Scopes when tokens are made: who may have them, and how a client narrows them. Nothing widens them."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from oxijwt.exceptions import InvalidScope
from oxijwt.tokens import AccessToken, RefreshToken, SlidingToken
from tests.client import PASSWORD, make_user, post

from . import callables
from .callables import SCOPES, read, scopes_of

pytestmark = pytest.mark.django_db

ALL = SCOPES["ada"]
ROTATING = {"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True}


@pytest.fixture(autouse=True)
def ada(db):
    return make_user()


@pytest.fixture
def scoped(settings):
    settings.SIMPLE_JWT = ROTATING | {"USER_SCOPES": scopes_of}


def log_in(name="token_obtain_pair", **body):
    return post(name, {"username": "ada", "password": PASSWORD, **body})


def refreshed(token, **body):
    return post("token_refresh", {"refresh": token, **body})


def scopes(response):
    """The scopes of the tokens in an answer: (access or sliding, refresh)."""
    assert response.status_code == 200, response.content
    body = response.json()
    access = body.get("access", body.get("token"))
    return read(access).get("scope"), read(body["refresh"]).get("scope") if "refresh" in body else None


def refused(response):
    return (response.status_code, response.json().get("code")) == (400, "invalid_scope")


LOGINS = {
    # asked for → the scope of both tokens; None: 400 invalid_scope
    None: ALL,
    "orders:read": "orders:read",
    "orders:write orders:read": "orders:write orders:read",
    "orders:read orders:read": "orders:read",
    "orders:read users:delete": None,
    "users:delete": None,
    "ORDERS:READ": None,
    "": None,
    " ": None,
    "orders:read  orders:write": None,
    "orders:read\x00": None,
    "orders:read\torders:write": None,
    'orders:"read"': None,
    "orders:re\ud800ad": None,
    "é": None,
}


@pytest.mark.parametrize("asked", LOGINS)
def test_a_login_gets_what_the_user_may_have_and_asks_for(scoped, asked):
    response = log_in(**({} if asked is None else {"scope": asked}))
    expected = LOGINS[asked]
    assert refused(response) if expected is None else scopes(response) == (expected, expected)


@pytest.mark.parametrize("asked", [7, True, {}, {"orders:read": 1}, [], ["orders:read"]])
def test_a_scope_of_another_type_is_refused(scoped, asked):
    assert refused(log_in(scope=asked))


def test_a_wrong_password_is_401_whatever_scope_is_asked_for(scoped):
    assert post("token_obtain_pair", {"username": "ada", "password": "x", "scope": "\x00"}).status_code == 401


def test_without_the_setting_the_field_is_ignored():
    assert scopes(log_in(scope="orders:read")) == (None, None)


def test_a_user_without_scopes_gets_a_token_without_the_claim(scoped, monkeypatch):
    monkeypatch.setitem(SCOPES, "ada", "")
    assert scopes(log_in()) == (None, None)
    assert refused(log_in(scope="orders:read"))


def test_a_refresh_keeps_the_scope(scoped):
    pair = log_in(scope="orders:read reports:read").json()
    assert scopes(refreshed(pair["refresh"])) == ("orders:read reports:read",) * 2


def test_a_refresh_narrows_for_good(scoped):
    pair = log_in().json()
    second = refreshed(pair["refresh"], scope="orders:read")
    assert scopes(second) == ("orders:read", "orders:read")
    assert scopes(refreshed(second.json()["refresh"])) == ("orders:read", "orders:read")


def test_a_refresh_never_widens(scoped):
    pair = log_in(scope="orders:read").json()
    assert refused(refreshed(pair["refresh"], scope="orders:read orders:write"))
    assert scopes(refreshed(pair["refresh"])) == ("orders:read", "orders:read")  # the refusal has spent nothing


def test_without_rotation_only_the_access_token_is_narrower(settings):
    settings.SIMPLE_JWT = {"USER_SCOPES": scopes_of}
    pair = log_in().json()
    assert scopes(refreshed(pair["refresh"], scope="orders:read")) == ("orders:read", None)
    assert scopes(refreshed(pair["refresh"])) == (ALL, None)


def test_what_the_user_may_have_is_asked_again(scoped, monkeypatch):
    """A scope that the user has lost is in no new access token. It comes back with the right, if the login had it."""
    pair = log_in().json()
    monkeypatch.setitem(SCOPES, "ada", "orders:read users:delete")
    second = refreshed(pair["refresh"])
    assert scopes(second) == ("orders:read", ALL)
    assert refused(refreshed(second.json()["refresh"], scope="orders:write"))
    monkeypatch.setitem(SCOPES, "ada", ALL)
    assert scopes(refreshed(second.json()["refresh"])) == (ALL, ALL)


def test_a_scope_given_after_the_login_needs_another_login(scoped, monkeypatch):
    monkeypatch.setitem(SCOPES, "ada", "")
    pair = log_in().json()
    monkeypatch.setitem(SCOPES, "ada", ALL)
    second = refreshed(pair["refresh"])
    assert scopes(second) == (None, None)
    assert refused(refreshed(second.json()["refresh"], scope="orders:read"))


def test_a_sliding_token_narrows_and_never_widens(scoped):
    token = log_in("token_obtain_sliding").json()["token"]
    narrow = post("token_refresh_sliding", {"token": token, "scope": "orders:read"})
    assert scopes(narrow) == ("orders:read", None)
    narrow = narrow.json()["token"]
    assert scopes(post("token_refresh_sliding", {"token": narrow})) == ("orders:read", None)
    assert refused(post("token_refresh_sliding", {"token": narrow, "scope": "orders:write"}))


def test_a_sliding_token_loses_what_the_user_loses(scoped, monkeypatch):
    """It kept the scope for as long as it was refreshed. It does not come back, since only the token knew it."""
    token = log_in("token_obtain_sliding").json()["token"]
    monkeypatch.setitem(SCOPES, "ada", "orders:read users:delete")
    renewed = post("token_refresh_sliding", {"token": token})
    assert scopes(renewed) == ("orders:read", None)
    monkeypatch.setitem(SCOPES, "ada", ALL)
    assert scopes(post("token_refresh_sliding", {"token": renewed.json()["token"]})) == ("orders:read", None)


def test_a_scope_longer_than_a_token_is_refused_before_it_is_read(scoped, monkeypatch):
    """Two megabytes of names took half a second."""
    monkeypatch.setattr("oxijwt.tokens.issuing.given_names", None)
    assert refused(log_in(scope="a " * 8_192 + "a"))


GIVEN = {
    # for_user(scope=…) → the claim; an exception for what is refused
    "orders:read orders:write": "orders:read orders:write",
    ("orders:read", "orders:write"): "orders:read orders:write",
    (): None,
    "users:delete": InvalidScope,
    "orders:read\x00": InvalidScope,
    "": InvalidScope,
    7: InvalidScope,
}


@pytest.mark.parametrize("kind", [RefreshToken, AccessToken, SlidingToken])
@pytest.mark.parametrize("given", GIVEN)
def test_for_user_takes_a_scope(scoped, ada, kind, given):
    expected = GIVEN[given]
    if expected is InvalidScope:
        with pytest.raises(InvalidScope):
            kind.for_user(ada, scope=given)
        return
    token = kind.for_user(ada, scope=given)
    assert token.get("scope") == expected
    if kind is RefreshToken:
        assert token.access_token.get("scope") == expected


def test_for_user_without_the_setting_takes_any_scope(ada):
    token = RefreshToken.for_user(ada, scope="anything:at-all")
    assert (token["scope"], token.access_token["scope"]) == ("anything:at-all",) * 2
    pair = refreshed(str(token), scope="anything:else")
    assert refused(pair)


def test_for_user_without_a_scope_gives_all_that_the_user_may_have(scoped, ada):
    assert AccessToken.for_user(ada)["scope"] == ALL


def test_a_projects_own_view_gets_no_more_than_the_user_may_have(scoped, ada, monkeypatch):
    refresh = str(RefreshToken.for_user(ada))
    monkeypatch.setitem(SCOPES, "ada", "orders:read")
    assert RefreshToken(refresh).access_token["scope"] == "orders:read"


def test_a_projects_own_claim_is_left_alone(ada):
    """Without scopes in the settings, `scope` may be a project's own claim, also a list."""
    refresh = RefreshToken.for_user(ada)
    refresh["scope"] = ["a", "b"]
    assert refresh.access_token["scope"] == ["a", "b"]
    assert scopes(refreshed(str(refresh), scope="a"))[0] == ["a", "b"]


@pytest.mark.parametrize("answer", [7, "a\x00", ["a b"], [7]])
def test_another_answer_than_scopes_is_an_error(settings, ada, answer):
    settings.SIMPLE_JWT = {"USER_SCOPES": lambda *_: answer}
    with pytest.raises(ImproperlyConfigured, match="USER_SCOPES"):
        RefreshToken.for_user(ada)


@pytest.mark.parametrize("answer", ["a b", ["a", "b"], ("a", "b"), {"a": 1, "b": 2}])
def test_scopes_may_be_a_text_or_several(settings, ada, answer):
    settings.SIMPLE_JWT = {"USER_SCOPES": lambda *_: answer}
    assert RefreshToken.for_user(ada)["scope"] == "a b"


def test_nothing_that_a_client_sent_is_in_the_answer(scoped):
    assert b"users:delete" not in log_in(scope="users:delete").content
    assert callables.SCOPES["ada"] == ALL
