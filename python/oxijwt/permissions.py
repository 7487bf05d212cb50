"""DRF permissions that look at the token of a request."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import BasePermission

from .exceptions import AuthenticationFailed

if TYPE_CHECKING:
    from datetime import timedelta

    from rest_framework.request import Request
    from rest_framework.views import APIView


class RequireRecentLogin(BasePermission):
    """401 `login_required` unless the user entered credentials at most `max_age` (a timedelta) ago.

    Use it in sensitive views: `permission_classes = [IsAuthenticated, RequireRecentLogin(timedelta(minutes=10))]`.
    The time of the login is the `auth_time` claim (OpenID Connect Core section 2), which only login views set.
    """

    def __init__(self, max_age: timedelta) -> None:
        self.max_age = max_age

    def __call__(self) -> RequireRecentLogin:
        """This object: DRF calls each entry of `permission_classes` to get an instance."""
        return self

    def has_permission(self, request: Request, view: APIView) -> bool:
        """True, or raises AuthenticationFailed `login_required`."""
        # Other authentication classes set `request.auth` to something else, or to None.
        claim = getattr(request.auth, "get", None)
        auth_time = None if claim is None else claim("auth_time")
        if type(auth_time) is int and time.time() - auth_time <= self.max_age.total_seconds():
            return True
        raise AuthenticationFailed(_("Log in again to do this."), code="login_required")
