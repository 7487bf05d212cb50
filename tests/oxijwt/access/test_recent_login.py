"""RequireRecentLogin where DRF takes permission classes: in a list, and joined with `&`, `|` and `~`."""

import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.views import APIView

from oxijwt.exceptions import AuthenticationFailed
from oxijwt.permissions import RequireRecentLogin
from oxijwt.tokens import AccessToken

RECENT = RequireRecentLogin(timedelta(minutes=10))
JOINED = [RECENT, RECENT & IsAuthenticated, IsAuthenticated & RECENT, ~(~RECENT), ~AllowAny | RECENT]


def is_allowed(entry, age):
    """Whether a user of the test who logged in so many seconds ago may pass a view with this entry."""
    token = AccessToken()
    token["auth_time"] = int(time.time()) - age
    request = SimpleNamespace(auth=AccessToken(str(token)), user=SimpleNamespace(is_authenticated=True))
    (permission,) = APIView(permission_classes=[entry]).get_permissions()
    return permission.has_permission(request, None)


@pytest.mark.parametrize("entry", JOINED)
def test_a_recent_login_passes(entry):
    assert is_allowed(entry, 5)


@pytest.mark.parametrize("entry", JOINED)
def test_an_old_login_does_not(entry):
    with pytest.raises(AuthenticationFailed) as caught:
        is_allowed(entry, 3600)
    assert caught.value.detail["code"] == "login_required"


def test_another_way_in_is_asked_first():
    assert is_allowed(AllowAny | RECENT, 3600)
