"""DRF permissions that look at the token of a request."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured
from rest_framework.permissions import BasePermission, SingleOperandHolder

from ._core import MAX_CLOCK_SKEW
from .exceptions import AuthenticationFailed, InsufficientScope
from .locale import gettext_lazy as _
from .tokens import Token
from .tokens.scopes import checked_names, names_in
from .transport.header import scope_challenge
from .verifier import SignedBy

if TYPE_CHECKING:
    from datetime import timedelta

    from rest_framework.request import Request
    from rest_framework.views import APIView


class RequireRecentLogin(BasePermission, SingleOperandHolder):
    """401 `login_required` unless the user entered credentials at most `max_age` (a timedelta) ago.

    Use it in sensitive views: `permission_classes = [IsAuthenticated, RequireRecentLogin(timedelta(minutes=10))]`.
    The time of the login is the `auth_time` claim (OpenID Connect Core section 2), which only login views set. Only
    tokens that our own key signed count: other issuers, that of JWK_URL included, have their own logins. A time that
    is more than a minute in the future does not count either.

    The second base is for type checkers and for `&`, `|` and `~`: DRF knows no other object among permission classes.
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


class TokenHasScope(BasePermission):
    """403 `insufficient_scope` unless the claim `scope` of the request's token has all of the view's `required_scopes`.

    These are names with a space in between, several names, or a dict with one of both for each HTTP method. Names are
    compared exactly (RFC 6749 section 3.3). A method that the dict does not name is refused, except HEAD, which needs
    what GET needs. Users who have no token, also those of another authentication class, are refused as DRF does it.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the request has a token. Raises InsufficientScope and ImproperlyConfigured."""
        method = request.method or ""
        needed, token = needed_scopes(view, method), request.auth
        if not isinstance(token, Token):
            return False
        if needed is None and not has_handler(view, method):
            return True  # DRF then answers 405
        require_scopes(token, needed, getattr(request.successful_authenticator, "www_authenticate_realm", "api"))
        return True


def require_scopes(token: Token, needed: tuple[str, ...] | None, realm: str) -> None:
    """Raise InsufficientScope unless a token has the needed scopes. None can't be had. `realm` is for the challenge."""
    if needed is None or not names_in(token.get("scope")).issuperset(needed):
        raise InsufficientScope(scope_challenge(realm, needed or ()))


def needed_scopes(view: object, method: str) -> tuple[str, ...] | None:
    """The scopes that a request needs; None if the view's `required_scopes` are a dict without its method.

    Raises ImproperlyConfigured, which names the view, unless they are scopes.
    """
    scopes: object = getattr(view, "required_scopes", None)
    if isinstance(scopes, Mapping):
        method = "GET" if method == "HEAD" and "HEAD" not in scopes else method
        if method not in scopes:
            return None
        scopes = scopes[method]
    try:
        return checked_names(scopes)
    except (TypeError, ValueError) as error:
        raise ImproperlyConfigured(f"TokenHasScope can't use {type(view).__name__}.required_scopes: {error}") from error


def has_handler(view: APIView, method: str) -> bool:
    """Whether the view has a handler for this HTTP method, as DRF looks for it."""
    return method.lower() in view.http_method_names and hasattr(view, method.lower())
