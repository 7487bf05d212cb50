"""Logins with an audience of their own: their session's tokens keep it, and only views that say so take them."""

from datetime import UTC, datetime

import pytest
from django.urls import include, path

from oxijwt import views
from oxijwt.exceptions import KeyConfigurationError
from oxijwt.token_sessions import views as session_views
from oxijwt.token_sessions.models import RevokeReason, TokenSession
from oxijwt.tokens import AccessToken, RefreshToken, SlidingToken
from tests.oxijwt.token_sessions.client import answer, claims, get, make_user, post
from tests.sites.session_urls import WhoAmI, WhoDoesTheTokenSayIAm
from tests.sites.session_urls import urlpatterns as site

pytestmark = pytest.mark.django_db

SHOP = {"audience": "shop", "issuer": "https://shop.example"}
OURS = ("shop", "https://shop.example")
REFUSED = (401, "token_not_valid")


class Shop(WhoAmI):
    audience, issuer = OURS


class StatelessShop(WhoDoesTheTokenSayIAm):
    audience, issuer = OURS


urlpatterns = [
    path("api/token/shop/refresh/", views.TokenRefreshView.as_view(**SHOP)),
    path("api/token/shop/verify/", views.TokenVerifyView.as_view(**SHOP)),
    path("api/token/shop/blacklist/", views.TokenBlacklistView.as_view(**SHOP)),
    path("api/token/shop/sliding/refresh/", views.TokenRefreshSlidingView.as_view(**SHOP)),
    path("api/token/shop/logout/", session_views.TokenLogoutView.as_view(**SHOP)),
    path("api/token/shop/sessions/", session_views.SessionListView.as_view(**SHOP)),
    path("api/token/shop/sessions/<uuid:pk>/", session_views.SessionView.as_view(**SHOP)),
    path("api/token/wrong/logout/", session_views.TokenLogoutView.as_view(audience=7)),
    path("api/shop/", Shop.as_view()),
    path("api/shop/stateless/", StatelessShop.as_view()),
    path("", include(site)),
]


@pytest.fixture(autouse=True)
def _urls(settings, jwt_settings):
    settings.ROOT_URLCONF = __name__
    jwt_settings(AUDIENCE="site", ISSUER="https://site.example")


@pytest.fixture
def ada():
    return make_user()


@pytest.fixture
def tokens(ada):
    """A login for the shop."""
    refresh = RefreshToken.for_user(ada, **SHOP)
    return {"refresh": str(refresh), "access": str(refresh.access_token)}


@pytest.fixture
def here(ada):
    """A login for the site."""
    refresh = RefreshToken.for_user(ada)
    return {"refresh": str(refresh), "access": str(refresh.access_token)}


def recipients(text):
    return claims(text).get("aud"), claims(text).get("iss")


def alive():
    return TokenSession.objects.filter(revoked_at=None).count()


def test_every_token_of_the_session_keeps_them(clock, tokens):
    for _time in range(3):
        clock.tick(60)
        assert recipients(tokens["refresh"]) == recipients(tokens["access"]) == OURS
        response = post("shop/refresh/", {"refresh": tokens["refresh"]})
        tokens = response.json()
    assert claims(tokens["refresh"])["gen"] == 3
    assert TokenSession.objects.get().generation == 3


def test_a_repeated_refresh_answers_the_same_tokens(tokens):
    first, again = (post("shop/refresh/", {"refresh": tokens["refresh"]}).json() for _time in range(2))
    assert first["refresh"] == again["refresh"]
    assert recipients(again["access"]) == OURS


@pytest.mark.parametrize("view", ["refresh/", "verify/"])
def test_views_of_the_site_refuse_them_and_spend_nothing(tokens, here, view):
    field = "token" if view == "verify/" else "refresh"
    for where, mine, other in (("", here, tokens), ("shop/", tokens, here)):
        assert answer(post(f"{where}{view}", {field: other["refresh"]})) == REFUSED
        assert post(f"{where}{view}", {field: mine["refresh"]}).status_code == 200
    assert alive() == 2


def test_access_tokens_are_for_views_that_say_so(tokens, here):
    for path_here, path_shop in (("whoami/", "shop/"), ("stateless/", "shop/stateless/")):
        assert get(path_here, here["access"]).status_code == get(path_shop, tokens["access"]).status_code == 200
        assert answer(get(path_here, tokens["access"])) == answer(get(path_shop, here["access"])) == REFUSED


def test_a_spent_token_for_elsewhere_ends_nothing(clock, tokens):
    post("shop/refresh/", {"refresh": tokens["refresh"]})
    clock.tick(31)
    assert answer(post("refresh/", {"refresh": tokens["refresh"]})) == REFUSED
    assert alive() == 1
    assert answer(post("shop/refresh/", {"refresh": tokens["refresh"]})) == (401, "token_reused")
    assert alive() == 0


def test_a_sliding_token_keeps_them(ada, jwt_settings):
    token = str(SlidingToken.for_user(ada, **SHOP))
    assert answer(post("sliding/refresh/", {"token": token})) == REFUSED
    fresh = post("shop/sliding/refresh/", {"token": token}).json()["token"]
    assert recipients(fresh) == OURS
    jwt_settings(AUTH_TOKEN_CLASSES=("oxijwt.tokens.SlidingToken",))
    assert get("shop/", fresh).status_code == 200
    assert answer(get("whoami/", fresh)) == REFUSED


def test_the_sessions_of_the_caller(tokens, here):
    for where, other in (("", tokens), ("shop/", here)):
        assert answer(get(f"token/{where}sessions/", other["access"])) == REFUSED
    listed = get("token/shop/sessions/", tokens["access"]).json()
    assert {session["id"]: session["current"] for session in listed} == {
        claims(tokens["access"])["sid"]: True,
        claims(here["access"])["sid"]: False,
    }


# Logging out


@pytest.mark.parametrize("scope", ["local", "others", "global"])
def test_a_logout_with_an_access_token_is_for_whom_the_view_says(tokens, here, scope):
    for where, other in (("", tokens), ("shop/", here)):
        assert answer(post(f"{where}logout/", {"scope": scope}, other["access"])) == REFUSED
    assert alive() == 2
    assert post("shop/logout/", {"scope": scope}, tokens["access"]).status_code == 204
    assert alive() == (0 if scope == "global" else 1)


@pytest.mark.parametrize("scope", ["others", "global"])
def test_a_logout_of_several_is_for_whom_the_view_says(tokens, here, scope):
    for where, other in (("", tokens), ("shop/", here)):
        assert answer(post(f"{where}logout/", {"refresh": other["refresh"], "scope": scope})) == REFUSED
    assert alive() == 2
    assert post("shop/logout/", {"refresh": tokens["refresh"], "scope": scope}).status_code == 204
    assert alive() == (0 if scope == "global" else 1)


@pytest.mark.parametrize("view", ["logout/", "blacklist/"])
def test_any_refresh_token_ends_its_own_session(tokens, here, view):
    """As a spent or expired one does: it can be used for nothing else."""
    assert post(view, {"refresh": tokens["refresh"]}).status_code in {200, 204}
    assert alive() == 1
    assert str(TokenSession.objects.get(revoked_at=None).pk) == claims(here["refresh"])["sid"]


@pytest.mark.parametrize("view", ["logout/", "blacklist/"])
def test_a_token_without_a_session_is_ended_where_it_is_taken(ada, jwt_settings, view):
    jwt_settings(TOKEN_SESSIONS="accept")
    token = str(RefreshToken.for_user(ada, **SHOP))
    assert answer(post(view, {"refresh": token})) == REFUSED
    assert not TokenSession.objects.exists()
    assert post(f"shop/{view}", {"refresh": token}).status_code in {200, 204}
    assert TokenSession.objects.get().revoke_reason == RevokeReason.LOGOUT
    assert answer(post("shop/refresh/", {"refresh": token})) == (401, "session_revoked")


@pytest.mark.parametrize("scope", ["local", "global"])
def test_a_repeated_logout_is_for_whom_the_view_says(tokens, jwt_settings, scope):
    jwt_settings(REVOCATION_CACHE="default")
    for _time in range(2):
        assert post("shop/logout/", {"scope": scope}, tokens["access"]).status_code == 204
    assert answer(post("logout/", {"scope": scope}, tokens["access"])) == REFUSED
    assert answer(post("logout/", {"refresh": tokens["refresh"], "scope": "global"})) == REFUSED


def test_a_mistake_of_the_logout_view_is_no_401(tokens):
    for body, access in (({"refresh": tokens["refresh"], "scope": "global"}, None), ({}, tokens["access"])):
        with pytest.raises(KeyConfigurationError, match=r"TokenLogoutView\.audience"):
            post("wrong/logout/", body, access)


# Adoption


def test_an_adopted_token_keeps_them(ada, jwt_settings, clock):
    jwt_settings(TOKEN_SESSIONS="accept")
    token = RefreshToken.for_user(ada, **SHOP)
    assert "sid" not in token
    jwt_settings(TOKEN_SESSIONS="issue", ADOPT_UNTIL=datetime(2030, 1, 1, tzinfo=UTC))
    assert answer(post("refresh/", {"refresh": str(token)})) == REFUSED
    assert not TokenSession.objects.exists()
    adopted = post("shop/refresh/", {"refresh": str(token)}).json()
    assert "sid" in claims(adopted["refresh"])
    assert recipients(adopted["refresh"]) == recipients(adopted["access"]) == OURS
    assert AccessToken.read(adopted["access"], **SHOP)["sid"] == str(TokenSession.objects.get().pk)
