"""The real adrf with sessions: its sync and async views, as functions and as classes, each gate open and shut."""

import pytest
from adrf.decorators import api_view
from adrf.views import APIView
from asgiref.sync import async_to_sync
from django.db import OperationalError, connection
from django.test import AsyncClient, AsyncRequestFactory, Client
from django.urls import path
from rest_framework.decorators import permission_classes
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response

from oxijwt.authentication import JWTAuthentication, JWTCookieAuthentication, JWTStatelessUserAuthentication
from oxijwt.permissions import TokenHasScope
from oxijwt.tokens import Token
from tests.client import CHALLENGE, INVALID_TOKEN, claims, forge
from tests.handovers import counted
from tests.oxijwt.token_sessions.client import login, logout, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def shown(request):
    return Response({"user": str(request.user.pk), "token": isinstance(request.auth, Token)})


@api_view(["GET", "POST"])
@permission_classes([IsAuthenticated])
def function(request):
    return shown(request)


@api_view(["GET", "POST"])
@permission_classes([IsAuthenticated])
async def async_function(request):
    return shown(request)


class Sync(APIView):
    permission_classes = (IsAuthenticated,)

    def get(self, request):
        return shown(request)

    post = get


class Async(APIView):
    permission_classes = (IsAuthenticated,)

    async def get(self, request):
        return shown(request)

    post = get


class Scoped(Async):
    permission_classes = (TokenHasScope,)
    required_scopes = "orders:read"


VIEWS = {
    "function": function,
    "async-function": async_function,
    "class": Sync.as_view(),
    "async-class": Async.as_view(),
    "stateless": Async.as_view(authentication_classes=(JWTStatelessUserAuthentication,)),
    "cookie": Async.as_view(authentication_classes=(JWTCookieAuthentication,)),
    "scoped": Scoped.as_view(),
    "audience": type("ForOrders", (Async,), {"audience": "orders"}).as_view(),
}
urlpatterns = [path(f"{name}/", view) for name, view in VIEWS.items()]
OF_SESSIONS = ["function", "async-function", "class", "async-class", "cookie"]


@pytest.fixture
def ada():
    return make_user()


@pytest.fixture
def tokens(ada, settings):
    """Of a session; made by the test site's own views."""
    site, settings.ROOT_URLCONF = settings.ROOT_URLCONF, "tests.sites.session_urls"
    made = login()
    settings.ROOT_URLCONF = site
    return made


@pytest.fixture(params=["WSGI", "ASGI"])
def ask(request):
    """The answer to a request, by the test client of each kind. Under ASGI nobody may ask the database in the loop."""

    def asked(view, token, method="get", **cookies):
        client = {"WSGI": Client, "ASGI": AsyncClient}[request.param](enforce_csrf_checks=True)
        client.cookies.load(cookies)
        call = getattr(client, method)
        csrf = {"X-CSRFToken": cookies.get("csrftoken", "")}
        return (call if request.param == "WSGI" else async_to_sync(call))(f"/{view}/", headers=headed(token) | csrf)

    return asked


def headed(token):
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def said(answer):
    return answer.status_code, answer.json().get("code"), answer.headers.get("WWW-Authenticate")


@pytest.mark.parametrize("view", [*OF_SESSIONS, "stateless"])
def test_a_good_token(ada, tokens, ask, view):
    for method in ("get", "post"):
        answer = ask(view, tokens["access"], method)
        assert (answer.status_code, answer.json()) == (200, {"user": str(ada.pk), "token": True})


@pytest.mark.parametrize("view", [*OF_SESSIONS, "stateless"])
def test_bad_tokens(ada, tokens, ask, view):
    expired = forge(claims("access", user_id=str(ada.pk), exp=1))
    for token in ("x", "a.b.c", expired, tokens["refresh"]):
        assert said(ask(view, token)) == (401, "token_not_valid", INVALID_TOKEN)
    answer = ask(view, None)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, CHALLENGE)


@pytest.mark.parametrize("view", OF_SESSIONS)
def test_an_ended_session(tokens, ask, view, settings):
    settings.ROOT_URLCONF, own = "tests.sites.session_urls", settings.ROOT_URLCONF
    logout(tokens["refresh"])
    settings.ROOT_URLCONF = own
    assert said(ask(view, tokens["access"])) == (401, "session_revoked", INVALID_TOKEN)


@pytest.mark.parametrize("view", OF_SESSIONS)
def test_one_statement(tokens, ask, view, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert ask(view, tokens["access"]).status_code == 200


@pytest.mark.parametrize("view", OF_SESSIONS)
def test_a_database_that_is_down(tokens, ask, view):
    def down(execute, sql, *rest):
        raise OperationalError("server closed the connection")

    with connection.execute_wrapper(down):
        answer = ask(view, tokens["access"])
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "service_unavailable", "1")


def test_scopes_and_audiences(ada, ask, settings):
    settings.SIMPLE_JWT = settings.SIMPLE_JWT | {"REQUIRE_SESSION": False}
    for view, claim in (("scoped", {"scope": "orders:read"}), ("audience", {"aud": "orders"})):
        good = claims("access", user_id=str(ada.pk)) | claim
        assert ask(view, forge(good)).status_code == 200
        assert ask(view, forge(good | dict.fromkeys(claim, "other"))).status_code in {401, 403}


def test_a_cookie_needs_the_csrf_check(tokens, ask, settings):
    settings.SIMPLE_JWT = settings.SIMPLE_JWT | {"AUTH_COOKIE_ACCESS": "access", "AUTH_COOKIE_SECURE": False}
    access = tokens["access"]
    assert ask("cookie", None, access=access).status_code == 200
    assert ask("cookie", None, "post", access=access, csrftoken="a" * 32).status_code == 200
    assert said(ask("cookie", None, "post", access=access)) == (403, "csrf_failed", None)


class Awaited(JWTAuthentication):
    """What oxijwt could have for adrf, and does not have."""

    async def authenticate(self, request):
        return await self.aauthenticate(request)

    async def aauthenticate(self, request):
        return await super().aauthenticate(request)


@pytest.mark.parametrize(
    ("kind", "seen"), [(JWTAuthentication, ["adrf.views"]), (Awaited, ["adrf.views", "django.db.models.query"])]
)
def test_hand_overs(tokens, kind, seen):
    """adrf awaits an `authenticate` that is async, in its thread: this costs more than ours, which is sync."""
    request = AsyncRequestFactory().get("/", headers=headed(tokens["access"]))
    with counted() as found:
        assert async_to_sync(Async.as_view(authentication_classes=(kind,)))(request).status_code == 200
    assert found == seen
