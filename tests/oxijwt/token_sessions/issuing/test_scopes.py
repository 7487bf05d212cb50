"""A session remembers how far a refresh has narrowed its scope, so that no older token of it widens the scope again."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from oxijwt.authentication import authenticate_token
from oxijwt.tokens import RefreshToken
from tests.oxijwt.issuing.callables import SCOPES, roles, scopes_of
from tests.oxijwt.token_sessions.client import PASSWORD, claims, get, make_user, post, rows, session_of

pytestmark = pytest.mark.django_db

ALL = SCOPES["ada"]


@pytest.fixture(autouse=True)
def ada(db, clock, jwt_settings):
    jwt_settings(USER_SCOPES=scopes_of)
    return make_user()


@pytest.fixture
def first(ada):
    return log_in()["refresh"]


def log_in(**body):
    return post("", {"username": "ada", "password": PASSWORD, **body}).json()


def refreshed(token, **body):
    return post("refresh/", {"refresh": token, **body})


def scopes(response):
    assert response.status_code == 200, response.content
    return tuple(claims(response.json()[name]).get("scope") for name in ("access", "refresh"))


def refused(response):
    return (response.status_code, response.json().get("code")) == (400, "invalid_scope")


def test_a_session_that_nobody_narrowed_has_no_scope_in_its_row(first):
    assert scopes(refreshed(first)) == (ALL, ALL)
    assert session_of(first).scope is None


def test_a_repeated_refresh_does_not_widen_again(first, clock):
    """The response was lost, and the client repeats with the wide token but without `scope`."""
    assert scopes(refreshed(first, scope="orders:read")) == ("orders:read", "orders:read")
    clock.tick(5)
    assert scopes(refreshed(first)) == ("orders:read", "orders:read")
    assert refused(refreshed(first, scope="orders:write"))
    assert session_of(first).scope == "orders:read"


def test_a_repeat_of_the_current_token_does_not_widen_either(first, clock):
    second = refreshed(first, scope="orders:read orders:write").json()["refresh"]
    clock.tick(5)
    assert scopes(refreshed(second, scope="orders:read")) == ("orders:read", "orders:read orders:write")
    assert scopes(refreshed(second)) == ("orders:read orders:write",) * 2


def test_later_rotations_stay_narrow_and_can_be_narrower(first, clock):
    second = refreshed(first, scope="orders:read orders:write").json()["refresh"]
    clock.tick(60)
    third = refreshed(second)
    assert scopes(third) == ("orders:read orders:write",) * 2
    clock.tick(60)
    fourth = refreshed(third.json()["refresh"], scope="orders:write")
    assert scopes(fourth) == ("orders:write",) * 2
    clock.tick(60)
    assert refused(refreshed(fourth.json()["refresh"], scope="orders:read"))


def test_a_refused_scope_writes_nothing(first):
    before = rows()
    assert refused(refreshed(first, scope="users:delete"))
    assert rows() == before


def test_a_spent_token_is_reuse_whatever_scope_it_asks_for(first, clock):
    refreshed(first)
    clock.tick(60)
    response = refreshed(first, scope="users:delete")
    assert (response.status_code, response.json()["code"]) == (401, "token_reused")
    assert session_of(first).revoked_at is not None


def test_while_nothing_rotates_the_row_still_limits(first, clock, jwt_settings):
    second = refreshed(first, scope="orders:read").json()["refresh"]
    jwt_settings(ROTATE_REFRESH_TOKENS=False)
    for token in (first, second):
        assert claims(refreshed(token).json()["access"])["scope"] == "orders:read"
    assert RefreshToken(first).access_token["scope"] == "orders:read"


def test_the_race_that_loses_does_not_widen(first, monkeypatch, clock):
    """Another request narrows the session between the reading and the UPDATE of this one."""
    from oxijwt.token_sessions import refresh as refreshing  # noqa: PLC0415

    update_row, others = refreshing.update_row, []

    def overtaken(session, update):
        if not others:
            others.append(None)
            others.append(refreshed(first, scope="orders:read"))
        return update_row(session, update)

    monkeypatch.setattr(refreshing, "update_row", overtaken)
    assert scopes(refreshed(first)) == ("orders:read", "orders:read")
    assert scopes(others[1]) == ("orders:read", "orders:read")


def test_the_race_that_loses_may_ask_for_too_much(first, monkeypatch, clock):
    from oxijwt.token_sessions import refresh as refreshing  # noqa: PLC0415

    update_row, others = refreshing.update_row, []

    def overtaken(session, update):
        if not others:
            others.append(None)
            refreshed(first, scope="orders:read")
        return update_row(session, update)

    monkeypatch.setattr(refreshing, "update_row", overtaken)
    assert refused(refreshed(first, scope="orders:write"))


def test_an_older_sliding_token_does_not_widen_again(ada):
    wide = post("sliding/", {"username": "ada", "password": PASSWORD}).json()["token"]
    narrow = post("sliding/refresh/", {"token": wide, "scope": "orders:read"}).json()["token"]
    for token in (wide, narrow):
        answer = post("sliding/refresh/", {"token": token})
        assert claims(answer.json()["token"])["scope"] == "orders:read"


def test_the_scope_of_an_access_token_counts_where_it_is_read(first, ada):
    access = refreshed(first, scope="orders:read").json()["access"]
    assert get("whoami/", access).status_code == 200
    assert authenticate_token(access)[1]["scope"] == "orders:read"


def test_claims_are_asked_again_in_a_repeat(first, ada, jwt_settings, clock):
    """A repeat says the current refresh token again, with an access token of its own."""
    jwt_settings(CLAIMS=roles)
    ada.is_staff = True
    ada.save()
    second = refreshed(first).json()
    assert claims(second["access"])["is_staff"] is True
    ada.is_staff = False
    ada.save()
    clock.tick(5)
    again = refreshed(first).json()
    assert "is_staff" not in claims(again["access"])
    assert claims(again["refresh"]) == claims(second["refresh"])


def test_claims_that_can_not_be_used_spend_no_token(first, jwt_settings):
    before = rows()
    jwt_settings(CLAIMS=lambda *_: {"sid": "x"})
    with pytest.raises(ImproperlyConfigured):
        refreshed(first)
    assert rows() == before


def test_an_own_view_asks_without_a_statement_more(first, jwt_settings, django_assert_num_queries):
    jwt_settings(CLAIMS=roles)
    refresh = RefreshToken(first)
    with django_assert_num_queries(0):
        assert refresh.access_token["name"] == "ada"
