"""RFC 9700 section 4.14, "Refresh Token Protection". The rules of RFC 6749 that it repeats come first."""

import pytest
from django.urls import include, path

from oxijwt import views
from oxijwt.checks import apps
from oxijwt.settings import api_settings
from oxijwt.token_sessions.models import RevokeReason
from oxijwt.tokens import AccessToken, RefreshToken
from tests.oxijwt.token_sessions.client import (
    PASSWORD,
    answer,
    claims,
    login,
    logout,
    make_user,
    post,
    refresh,
    refreshed,
    rows,
    session_of,
    who_am_i,
)
from tests.sites.session_urls import urlpatterns as site

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

OK = 200, None
INVALID = 401, "token_not_valid"
REUSED = 401, "token_reused"
REVOKED = 401, "session_revoked"
GRACE = 31

urlpatterns = [
    path("api/token/shop/refresh/", views.TokenRefreshView.as_view(audience="shop")),
    path("", include(site)),
]


@pytest.fixture(autouse=True)
def ada(clock):
    return make_user()


def tampered(token, other):
    """A token with the claims of another one, and its own signature."""
    return f"{other.rpartition('.')[0]}.{token.rpartition('.')[2]}"


# Section 4.14.1


def test_refresh_tokens_are_confidential_in_storage():
    token = login()["refresh"]
    stored = rows()
    assert claims(token)["sid"] in stored
    assert not [part for part in [*token.split("."), claims(token)["jti"]] if part in stored]


def test_refresh_tokens_can_not_be_generated_or_modified():
    mine, other = login()["refresh"], login()["refresh"]
    assert answer(refresh(tampered(mine, other))) == INVALID
    assert answer(refresh(mine)) == answer(refresh(other)) == OK


# Section 4.14.2


def test_the_server_determines_whether_to_issue_refresh_tokens(ada):
    """A project's view can answer with an access token only. It renews nothing."""
    access = str(AccessToken.for_user(ada))
    assert answer(who_am_i(access)) == OK
    assert answer(refresh(access)) == INVALID


def test_refresh_tokens_are_bound_to_the_scope(clock, jwt_settings):
    """Also if the user may have more later."""
    jwt_settings(USER_SCOPES=lambda user, request: "read write delete")
    body = {"username": "ada", "password": PASSWORD, "scope": "read write"}
    token = post("", body).json()["refresh"]
    for asked, status, granted in [
        ("read write delete", 400, None),
        (None, 200, "read write"),
        ("delete", 400, None),
        ("read", 200, "read"),
        ("read write", 400, None),
        (None, 200, "read"),
    ]:
        clock.tick(GRACE)
        response = post("refresh/", {"refresh": token} | ({} if asked is None else {"scope": asked}))
        assert response.status_code == status
        if status == 400:
            assert response.json()["code"] == "invalid_scope"
            continue
        token = response.json()["refresh"]
        assert claims(response.json()["access"])["scope"] == claims(token)["scope"] == granted


def test_a_repeated_refresh_does_not_widen_the_scope(clock, jwt_settings):
    jwt_settings(USER_SCOPES=lambda user, request: "read write")
    token = login()["refresh"]
    narrowed = post("refresh/", {"refresh": token, "scope": "read"}).json()
    repeated = refreshed(token)
    assert [claims(narrowed[kind])["scope"] for kind in narrowed] == ["read", "read"]
    assert [claims(repeated[kind])["scope"] for kind in repeated] == ["read", "read"]
    assert answer(post("refresh/", {"refresh": token, "scope": "write"})) == (400, "invalid_scope")


def test_refresh_tokens_are_bound_to_the_resource_servers(ada, clock, jwt_settings):
    jwt_settings(AUDIENCE="site")
    token = str(RefreshToken.for_user(ada, audience="shop"))
    for _time in range(3):
        clock.tick(GRACE)
        assert answer(refresh(token)) == INVALID  # another resource server's view
        tokens = post("shop/refresh/", {"refresh": token}).json()
        token = tokens["refresh"]
        assert claims(token)["aud"] == claims(tokens["access"])["aud"] == "shop"
        assert answer(who_am_i(tokens["access"])) == INVALID


def test_rotation_issues_a_new_refresh_token_with_every_response(clock):
    token, seen = login()["refresh"], set()
    for _time in range(4):
        clock.tick(GRACE)
        seen.add(token)
        token = refreshed(token)["refresh"]
        assert token not in seen


def test_rotation_invalidates_the_previous_refresh_token_at_once_without_grace(jwt_settings):
    jwt_settings(REFRESH_REUSE_GRACE=api_settings.REFRESH_REUSE_GRACE * 0)
    token = login()["refresh"]
    assert answer(refresh(token)) == OK
    assert answer(refresh(token)) == REUSED


def test_rotation_invalidates_the_previous_refresh_token_after_the_grace_interval(clock):
    token = login()["refresh"]
    successor = refreshed(token)["refresh"]
    clock.tick(GRACE - 2)
    assert refreshed(token)["refresh"] == successor  # it yields nothing new
    clock.tick(2)
    assert answer(refresh(token)) == REUSED


@pytest.mark.parametrize("age", [1, 2, 3])
def test_the_server_retains_the_relationship_of_spent_tokens(clock, age):
    """Any ancestor of the active refresh token ends it, and no other login of the user."""
    tokens, other = [login()["refresh"]], login()["refresh"]
    for _time in range(3):
        clock.tick(GRACE)
        tokens.append(refreshed(tokens[-1])["refresh"])
    clock.tick(GRACE)
    assert answer(refresh(tokens[-1 - age])) == REUSED
    assert answer(refresh(tokens[-1])) == REVOKED
    assert answer(refresh(other)) == OK


def test_the_server_revokes_the_active_refresh_token_and_its_access_tokens(clock):
    """One of attacker and client refreshes first, and the other one presents the invalid token."""
    stolen = login()["refresh"]
    active = refreshed(stolen)
    clock.tick(GRACE)
    assert answer(refresh(stolen)) == REUSED
    assert answer(refresh(active["refresh"])) == answer(who_am_i(active["access"])) == REVOKED
    assert session_of(stolen).revoke_reason == RevokeReason.REUSE


@pytest.mark.django_db(transaction=True)
def test_an_invalidated_refresh_token_informs_the_server_of_the_breach(heard, clock):
    token = login()["refresh"]
    refreshed(token)
    assert "refresh_reuse_detected" not in heard.names
    clock.tick(GRACE)
    refresh(token)
    assert heard.names.count("refresh_reuse_detected") == 1


def test_a_revoked_client_obtains_a_fresh_grant(clock):
    token = login()["refresh"]
    refreshed(token)
    clock.tick(GRACE)
    refresh(token)
    assert answer(refresh(login()["refresh"])) == OK


def test_a_site_that_does_not_rotate_is_warned(jwt_settings):
    """Tokens are not sender-constrained. So rotation is the only method to detect a replay."""
    assert "oxijwt.W002" not in [found.id for found in apps.sessions()]
    jwt_settings(ROTATE_REFRESH_TOKENS=False)
    assert "oxijwt.W002" in [found.id for found in apps.sessions()]


@pytest.mark.parametrize("claim", ["sid", "gen"])
def test_the_integrity_of_the_grant_in_the_token_is_ensured(clock, claim):
    """A forged `sid` or `gen` of another token is no replay: it ends nothing."""
    mine = login()["refresh"]
    other = login()["refresh"] if claim == "sid" else refreshed(mine)["refresh"]
    clock.tick(GRACE)
    assert claims(mine)[claim] != claims(other)[claim]
    before = rows()
    assert answer(refresh(tampered(mine, other))) == answer(refresh(tampered(other, mine))) == INVALID
    assert rows() == before


def test_a_password_change_revokes_refresh_tokens(ada):
    token = login()["refresh"]
    ada.set_password(PASSWORD + "!")
    ada.save()
    assert answer(refresh(token)) == (401, "password_changed")


def test_a_logout_revokes_refresh_tokens():
    token, other = login()["refresh"], login()["refresh"]
    assert answer(logout(token)) == (204, None)
    assert answer(refresh(token)) == REVOKED
    assert answer(refresh(other)) == OK


def test_refresh_tokens_expire_if_the_client_is_inactive(clock):
    lifetime = api_settings.REFRESH_TOKEN_LIFETIME
    used, unused = login()["refresh"], login()["refresh"]
    clock.tick(lifetime / 2)
    used = refreshed(used)["refresh"]
    clock.tick(lifetime / 2)
    assert answer(refresh(used)) == OK
    assert answer(refresh(unused)) == INVALID
