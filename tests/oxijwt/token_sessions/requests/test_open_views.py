"""What a project does to our views from outside: middleware, and arguments of `as_view`."""

from http import HTTPStatus
from uuid import UUID

import pytest
from django.core.cache import cache
from django.test import Client, RequestFactory
from django.urls import reverse
from rest_framework.authentication import BasicAuthentication, SessionAuthentication
from rest_framework.throttling import ScopedRateThrottle, UserRateThrottle

from oxijwt import urls
from oxijwt.authentication import JWTAuthentication, JWTStatelessUserAuthentication
from oxijwt.serializers import TokenRefreshSerializer
from oxijwt.token_sessions.views import TokenLogoutView
from oxijwt.tokens import RefreshToken
from oxijwt.urls import blacklist, sliding
from tests.oxijwt.token_sessions.client import answer, claims, get, login, logout, make_user, session_of

pytestmark = pytest.mark.django_db

PATTERNS = [*urls.urlpatterns, *sliding.urlpatterns, *blacklist.urlpatterns]
VIEWS = {pattern.name: {"pk": UUID(int=1)} for pattern in PATTERNS}


@pytest.fixture
def login_required(settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]


@pytest.mark.parametrize("name", VIEWS)
def test_no_view_is_behind_djangos_login_page(login_required, name):
    """LoginRequiredMiddleware sent who asked for the JWK Set to the login page of the site."""
    path = reverse(name, kwargs=VIEWS[name] if name == "session_detail" else {})
    client = Client()
    for method in (client.get, client.post, client.delete):
        assert HTTPStatus(method(path).status_code) not in {HTTPStatus.FOUND, HTTPStatus.FORBIDDEN}


def test_another_view_is_behind_djangos_login_page(login_required):
    assert Client().get("/admin/password_change/").status_code == HTTPStatus.FOUND


# Throttles


class OnceAMinute(ScopedRateThrottle):
    THROTTLE_RATES = {"once": "1/min"}


@pytest.fixture
def _empty_cache():
    cache.clear()
    yield
    cache.clear()


@pytest.mark.usefixtures("_empty_cache")
@pytest.mark.parametrize("view", [pattern.callback.cls for pattern in PATTERNS if pattern.name != "jwks"])
def test_each_view_takes_a_throttle_scope(view):
    """It was a TypeError."""
    tokens = as_ada()
    for scope, expected in ((None, 405), ("once", 429)):
        throttled = view.as_view(throttle_scope=scope, throttle_classes=[OnceAMinute])
        request = RequestFactory().patch("/", HTTP_AUTHORIZATION=f"Bearer {tokens['access']}")
        assert [throttled(request, pk=UUID(int=1)).status_code for _again in range(2)] == [405, expected]


# Authentication classes


class CookieAuthentication(JWTAuthentication):
    """A project's class that reads the access token from a cookie."""

    def get_header(self, request):
        cookie = request.COOKIES.get("access")
        return None if cookie is None else f"Bearer {cookie}".encode()


def as_ada():
    make_user()
    return login()


def request_with(method, access, body=None, **headers):
    request = getattr(RequestFactory(), method)("/", body or {}, content_type="application/json", **headers)
    request.COOKIES["access"] = access
    return request


@pytest.mark.parametrize("scope", ["local", "global", "others"])
def test_a_logout_asks_the_views_authentication_classes(scope):
    """It asked JWTAuthentication, whatever the view had: with the token in a cookie a logout was 401."""
    tokens = as_ada()
    other = login()
    view = TokenLogoutView.as_view(authentication_classes=[CookieAuthentication])
    assert view(request_with("post", tokens["access"], {"scope": scope})).status_code == 204
    gone = {"local": [True, False], "global": [True, True], "others": [False, True]}[scope]
    assert [session_of(each["access"]).revoked_at is not None for each in (tokens, other)] == gone


def test_a_logout_asks_no_other_class_than_the_views():
    tokens = as_ada()
    header = {"HTTP_AUTHORIZATION": f"Bearer {tokens['access']}"}
    view = TokenLogoutView.as_view(authentication_classes=[CookieAuthentication])
    assert view(RequestFactory().post("/", **header)).status_code == 401
    assert TokenLogoutView.as_view(authentication_classes=[])(RequestFactory().post("/", **header)).status_code == 401
    assert session_of(tokens["access"]).revoked_at is None


def authenticate_with(settings, classes):
    names = [f"{each.__module__}.{each.__name__}" for each in classes]
    settings.REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": names}


@pytest.mark.parametrize(
    "classes",
    [
        [CookieAuthentication],
        [BasicAuthentication, SessionAuthentication, CookieAuthentication],
        [JWTStatelessUserAuthentication, JWTAuthentication, CookieAuthentication],
    ],
    ids=["one", "with DRF's", "with both of ours"],
)
def test_the_default_is_the_projects_setting(settings, classes):
    authenticate_with(settings, classes)
    tokens = as_ada()
    other = login()
    client = Client()
    client.cookies["access"] = tokens["access"]
    assert len(client.get("/api/token/sessions/").json()) == 2
    other_path = f"/api/token/sessions/{claims(other['access'])['sid']}/"
    assert client.delete(other_path).status_code == 204
    assert client.post("/api/token/logout/").status_code == 204
    assert client.get("/api/token/sessions/").status_code == 401


@pytest.mark.parametrize("classes", [[], [SessionAuthentication], [JWTStatelessUserAuthentication]])
def test_without_a_class_that_reads_sessions_the_header_is_read(settings, classes):
    authenticate_with(settings, classes)
    tokens = as_ada()
    assert len(get("token/sessions/", tokens["access"]).json()) == 1
    assert logout(access=tokens["access"]).status_code == 204


class EveryUser(UserRateThrottle):
    """A throttle that asks for the user, and lets everybody through."""

    THROTTLE_RATES = {"user": "1000/s"}


def test_a_stale_access_token_blocks_no_logout_with_a_refresh_token():
    tokens = as_ada()
    view = TokenLogoutView.as_view(throttle_classes=[EveryUser])
    body = {"refresh": tokens["refresh"]}
    request = RequestFactory().post("/", body, content_type="application/json", HTTP_AUTHORIZATION="Bearer stale")
    assert view(request).status_code == 204


# Refresh tokens of a project's own type


class DeviceToken(RefreshToken):
    token_type = "device"


class DeviceRefreshSerializer(TokenRefreshSerializer):
    token_class = DeviceToken


@pytest.mark.parametrize("scope", ["local", "others", "global"])
@pytest.mark.parametrize("named_by", ["the setting", "the view"])
def test_a_refresh_class_with_its_own_type_can_be_logged_out(jwt_settings, named_by, scope):
    """Only RefreshToken's type could, all others were 401."""
    user = make_user()
    own, other = (str(DeviceToken.for_user(user)) for _each in range(2))
    if named_by == "the setting":
        jwt_settings(TOKEN_REFRESH_SERIALIZER=f"{__name__}.DeviceRefreshSerializer")
        assert logout(own, scope=scope).status_code == 204
    else:
        body = {"refresh": own, "scope": scope}
        request = RequestFactory().post("/", body, content_type="application/json")
        assert TokenLogoutView.as_view(token_class=DeviceToken)(request).status_code == 204
    gone = {"local": [True, False], "others": [False, True], "global": [True, True]}[scope]
    assert [session_of(each).revoked_at is not None for each in (own, other)] == gone


@pytest.mark.parametrize("scope", ["local", "others", "global"])
def test_a_token_of_another_type_than_the_views_is_refused(scope):
    own = str(DeviceToken.for_user(make_user()))
    assert answer(logout(own, scope=scope)) == (401, "token_not_valid")
    assert session_of(own).revoked_at is None
