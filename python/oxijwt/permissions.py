"""DRF permissions that look at the token of a request."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import BasePermission

from ._core import MAX_CLOCK_SKEW
from .exceptions import AuthenticationFailed
from .tokens import Token
from .verifier import SignedBy

if TYPE_CHECKING:
    from datetime import timedelta

    from rest_framework.request import Request
    from rest_framework.views import APIView


class RequireRecentLogin(BasePermission):
    """401 `login_required` unless the user entered credentials at most `max_age` (a timedelta) ago.

    Use it in sensitive views: `permission_classes = [IsAuthenticated, RequireRecentLogin(timedelta(minutes=10))]`.
    The time of the login is the `auth_time` claim (OpenID Connect Core section 2), which only login views set. Only
    tokens that our own key signed count: other issuers, that of JWK_URL included, have their own logins. A time that
    is more than a minute in the future does not count either.
    """

    def __init__(self, max_age: timedelta) -> None:
        self.max_age = max_age

    def __call__(self) -> RequireRecentLogin:
        """This object: DRF calls each entry of `permission_classes` to get an instance."""
        return self

    def has_permission(self, request: Request, view: APIView) -> bool:
        """True, or raises AuthenticationFailed `login_required`."""
        # Other authentication classes set `request.auth` to something else, or to None.
        token: object = request.auth
        auth_time = token.get("auth_time") if isinstance(token, Token) and token.signed_by is SignedBy.US else None
        if type(auth_time) is int and -MAX_CLOCK_SKEW <= time.time() - auth_time <= self.max_age.total_seconds():
            return True
        raise AuthenticationFailed(_("Log in again to do this."), code="login_required")
