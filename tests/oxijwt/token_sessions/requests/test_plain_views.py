"""Plain Django views, required scopes and throttles, with sessions."""

import pytest
from django.core.cache import cache
from django.test import Client, RequestFactory
from rest_framework.throttling import ScopedRateThrottle

from oxijwt.tokens import RefreshToken
from oxijwt.views import TokenRefreshView
from tests.client import CHALLENGE, INVALID_TOKEN
from tests.oxijwt.access import plain_views
from tests.oxijwt.access.views import orders, send
from tests.oxijwt.token_sessions.client import login, logout, make_user, refreshed

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    return make_user()


@pytest.fixture
def tokens(user):
    return login()


@pytest.mark.parametrize("view", plain_views.VIEWS)
def test_an_ended_session(tokens, settings, view, django_assert_num_queries):
    """A good request takes one statement, as in a view of DRF."""
    logged_out = login()
    logout(logged_out["refresh"])
    settings.ROOT_URLCONF = plain_views.__name__
    with django_assert_num_queries(1):
        good = Client().get(f"/{view}/", headers={"Authorization": f"Bearer {tokens['access']}"})
    assert good.status_code == 200
    ended = Client().get(f"/{view}/", headers={"Authorization": f"Bearer {logged_out['access']}"})
    assert (ended.status_code, ended.json()["code"]) == (401, "session_revoked")
    assert ended["WWW-Authenticate"] == INVALID_TOKEN


def test_a_scope_lasts_through_refreshes(user):
    refresh = RefreshToken.for_user(user, scope="orders:read")
    again = refreshed(str(refresh))["access"]
    for access in (str(refresh.access_token), again):
        assert send(orders("orders:read"), token=access).status_code == 200
        refused = send(orders("orders:write"), token=access)
        assert refused.status_code == 403
        assert refused["WWW-Authenticate"] == f'{CHALLENGE}, error="insufficient_scope", scope="orders:write"'


class OnceAMinute(ScopedRateThrottle):
    THROTTLE_RATES = {"token_refresh": "1/min"}


def test_a_throttled_refresh_spends_nothing(tokens):
    cache.clear()
    view = TokenRefreshView.as_view(throttle_classes=[OnceAMinute])

    def refresh(token):
        return view(RequestFactory().post("/", {"refresh": token}, content_type="application/json"))

    current = refresh(tokens["refresh"]).data["refresh"]
    assert refresh(current).status_code == 429
    cache.clear()
    assert refresh(current).status_code == 200
    cache.clear()
