"""Django's signal `user_logged_out` ends the session of the request's token, and no other session."""

from uuid import uuid4

import pytest
from django.contrib.auth import logout as django_logout
from django.contrib.auth.signals import user_logged_out
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import include, path
from rest_framework.response import Response
from rest_framework.views import APIView

from oxijwt.authentication import JWTAuthentication, JWTStatelessUserAuthentication, authenticate_token
from oxijwt.token_sessions.models import RevokeReason, TokenSession
from oxijwt.tokens import AccessToken, SlidingToken
from tests.oxijwt.token_sessions.client import (
    answer,
    changed,
    get,
    login,
    logout,
    make_user,
    refresh,
    rows,
    session_of,
    who_am_i,
)

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

ENDED = (401, "session_revoked")


class Logout(APIView):
    """Another package's: it knows nothing of oxijwt."""

    authentication_classes = (JWTAuthentication,)

    def get(self, request):
        django_logout(request)
        return Response()


class LogoutOfDjangosRequest(Logout):
    """Another one, which gives Django its own request."""

    def get(self, request):
        django_logout(request._request)
        return Response()


class SignalOnly(Logout):
    """As djoser's."""

    def get(self, request):
        user_logged_out.send(sender=type(request.user), request=request, user=request.user)
        return Response()


class StatelessLogout(Logout):
    authentication_classes = (JWTStatelessUserAuthentication,)


def logout_without_drf(request):
    django_logout(request)
    return HttpResponse()


urlpatterns = [
    path("api/out/", Logout.as_view()),
    path("api/out/djangos/", LogoutOfDjangosRequest.as_view()),
    path("api/out/signal/", SignalOnly.as_view()),
    path("api/out/stateless/", StatelessLogout.as_view()),
    path("api/out/plain/", logout_without_drf),
    path("", include("tests.sites.session_urls")),
]


@pytest.fixture(autouse=True)
def ada():
    return make_user()


@pytest.mark.parametrize("view", ["", "djangos/", "signal/", "stateless/"])
def test_the_session_of_the_request_ends_and_no_other(view, heard, ada):
    """Another package's logout answered 200, and the session went on."""
    tokens, others = login(), login()
    assert get(f"out/{view}", tokens["access"]).status_code == 200
    assert answer(who_am_i(tokens["access"])) == answer(refresh(tokens["refresh"])) == ENDED
    assert session_of(tokens["access"]).revoke_reason == RevokeReason.LOGOUT
    assert who_am_i(others["access"]).status_code == refresh(others["refresh"]).status_code == 200
    [told] = heard.of("session_revoked")
    assert (told["session_ids"], told["user_id"]) == ([session_of(tokens["access"]).pk], ada.pk)


@pytest.mark.parametrize("token_class", [SlidingToken, AccessToken])
def test_a_session_without_a_refresh_token_ends_too(token_class, jwt_settings, ada):
    jwt_settings(AUTH_TOKEN_CLASSES=["oxijwt.tokens.AccessToken", "oxijwt.tokens.SlidingToken"])
    token = str(token_class.for_user(ada))
    assert get("out/", token).status_code == 200
    assert who_am_i(token).status_code == 401


@pytest.mark.parametrize("view", ["", "djangos/", "signal/", "plain/"])
def test_a_request_without_a_token_ends_nothing(view):
    login()
    before = rows()
    assert get(f"out/{view}").status_code == 200
    assert rows() == before


def test_a_logout_of_djangos_own_session_ends_nothing(ada):
    """The admin's logout has a cookie and no token."""
    ada.is_staff = True
    ada.save()
    login()
    before, browser = rows(), Client()
    browser.force_login(ada)
    assert browser.post("/admin/logout/").status_code == 200
    assert "_auth_user_id" not in browser.session
    assert rows() == before


def test_the_signal_without_a_request_ends_nothing(ada):
    login()
    before = rows()
    user_logged_out.send(sender=type(ada), request=None, user=ada)
    user_logged_out.send(sender=type(ada), request=RequestFactory().get("/"), user=ada)
    assert rows() == before


@pytest.mark.parametrize("auth", [None, "a key", object(), {"sid": "of another package"}], ids=str)
def test_what_another_package_has_authenticated_ends_nothing(auth, ada):
    sid = str(session_of(login()["access"]).pk)
    before, request = rows(), RequestFactory().get("/")
    request.auth = {"sid": sid} if auth is None else auth
    user_logged_out.send(sender=type(ada), request=request, user=ada)
    assert rows() == before


def test_a_token_of_another_issuer_ends_nothing(other_issuers):
    tokens = login()
    before = rows()
    theirs = other_issuers.token(authenticate_token(tokens["access"])[1].payload)
    assert get("out/", theirs).status_code == get("out/stateless/", theirs).status_code == 200
    assert rows() == before


@pytest.mark.parametrize("sid", [None, str(uuid4()), "a project's own", 7])
def test_a_token_that_names_no_session_ends_nothing(sid, jwt_settings):
    jwt_settings(REQUIRE_SESSION=False)
    token, before = changed(login()["access"], sid=sid), rows()
    assert get("out/stateless/", token).status_code == 200
    assert rows() == before


@pytest.mark.parametrize(("scope", "statements"), [("local", 2), ("global", 3)])
@pytest.mark.parametrize("kind", ["refresh", "access"])
def test_our_own_logout_ends_and_tells_once(kind, scope, statements, heard, django_assert_num_queries):
    """It sends the signal itself."""
    told = []
    receive = lambda **arguments: told.append(arguments)  # noqa: E731
    user_logged_out.connect(receive)
    try:
        tokens = login()
        with django_assert_num_queries(statements):
            assert logout(**{kind: tokens[kind]}, scope=scope).status_code == 204
    finally:
        user_logged_out.disconnect(receive)
    assert (len(heard.of("session_revoked")), len(told)) == (1, 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("view", ["", "stateless/"])
def test_a_logout_that_could_not_be_written_is_503(view):
    """It must not look like a logout."""
    tokens = login()

    def fail(execute, sql, *rest):
        if "token_session" in sql and (view or sql.startswith("UPDATE")):
            raise OperationalError
        return execute(sql, *rest)

    with connection.execute_wrapper(fail):
        assert answer(get(f"out/{view}", tokens["access"])) == (503, "service_unavailable")
    assert who_am_i(tokens["access"]).status_code == 200


def test_a_second_logout_is_refused_before_it():
    tokens = login()
    get("out/", tokens["access"])
    before = rows()
    assert answer(get("out/", tokens["access"])) == ENDED
    assert rows() == before


def test_the_statements_of_a_logout(django_assert_num_queries):
    tokens = login()
    with django_assert_num_queries(2):  # the session with its user, and the UPDATE
        get("out/signal/", tokens["access"])
    assert TokenSession.objects.filter(revoked_at=None).count() == 0
