"""A database that is down, with the blacklist app: 503 with `code` and `Retry-After`.

token_sessions/requests/test_unavailable.py does it with sessions.
"""

import json

import pytest
from django.db import InterfaceError, OperationalError, ProgrammingError, connection
from django.http import JsonResponse
from django.test import Client
from django.urls import reverse

from oxijwt.authentication import authenticate_token
from oxijwt.exceptions import AuthenticationFailed, ServiceUnavailable
from oxijwt.tokens import AccessToken, SlidingToken
from tests.client import PASSWORD, login, make_user

pytestmark = pytest.mark.django_db(transaction=True)

ROTATING = {"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True}
ENDPOINTS = ["token_obtain_pair", "token_refresh", "token_blacklist", "token_obtain_sliding", "token_refresh_sliding"]


@pytest.fixture
def bodies(settings):
    settings.SIMPLE_JWT = ROTATING
    user = make_user()
    tokens = login().json()
    credentials = {"username": user.username, "password": PASSWORD}
    refresh, sliding = {"refresh": tokens["refresh"]}, {"token": str(SlidingToken.for_user(user))}
    return dict(zip(ENDPOINTS, [credentials, refresh, refresh, credentials, sliding], strict=True)) | tokens


def send(bodies, endpoint, error):
    def fail(*_statement):
        raise error

    client = Client(raise_request_exception=False)
    with connection.execute_wrapper(fail):
        if endpoint == "whoami":
            return client.get(reverse("whoami"), headers={"Authorization": f"Bearer {bodies['access']}"})
        return client.post(reverse(endpoint), bodies[endpoint], content_type="application/json")


@pytest.mark.parametrize("error", [OperationalError("refused"), InterfaceError("connection is closed")], ids=repr)
@pytest.mark.parametrize("endpoint", [*ENDPOINTS, "whoami"])
def test_a_database_that_is_down_is_503(bodies, endpoint, error):
    response = send(bodies, endpoint, error)
    assert (response.status_code, response.json()["code"]) == (503, "service_unavailable")
    assert response.headers["Retry-After"] == "1"


@pytest.mark.parametrize("endpoint", [*ENDPOINTS, "whoami"])
def test_another_error_is_a_500(bodies, endpoint):
    assert send(bodies, endpoint, ProgrammingError("no such table")).status_code == 500


def orders(request):
    """The plain Django view of docs/sessions.md."""
    try:
        user, _token = authenticate_token(request.headers["X-Token"])
    except (AuthenticationFailed, ServiceUnavailable) as error:
        return JsonResponse(error.detail, status=error.status_code)
    return JsonResponse({"user": user.pk})


def test_a_plain_django_view_answers_401_and_503(rf):
    user = make_user()
    good = str(AccessToken.for_user(user))

    def answer(token):
        response = orders(rf.get("/", headers={"X-Token": token}))
        return response.status_code, json.loads(response.content).get("code")

    assert answer(good) == (200, None)
    assert answer(good[:-4]) == (401, "token_not_valid")
    assert answer("no token") == (401, "token_not_valid")

    def fail(*_statement):
        raise OperationalError

    with connection.execute_wrapper(fail):
        assert answer(good) == (503, "service_unavailable")
