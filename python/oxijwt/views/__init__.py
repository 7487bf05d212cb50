"""The token views with simplejwt's names, each with the alias that its `as_view()` returned."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response
from django.views.generic import View

from oxijwt import state
from oxijwt.exceptions import InvalidToken as InvalidToken
from oxijwt.exceptions import TokenError as TokenError
from oxijwt.settings import api_settings as api_settings
from oxijwt.settings import setting_attribute
from oxijwt.transport.header import AUTH_HEADER_TYPES as AUTH_HEADER_TYPES

from .base import REFRESH, AcceptingMixin, AsyncTokenView, LoginView
from .base import NonAtomicView as NonAtomicView
from .base import TokenViewBase as TokenViewBase

if TYPE_CHECKING:
    from collections.abc import Callable


class TokenObtainPairView(LoginView):
    """Takes credentials, and answers with an access and a refresh token."""

    _serializer_class = setting_attribute[str]("TOKEN_OBTAIN_SERIALIZER")


token_obtain_pair: Callable[..., HttpResponseBase] = TokenObtainPairView.as_view()


class TokenRefreshView(AcceptingMixin, TokenViewBase):
    """Takes a refresh token, and answers with an access token, and with a new refresh token if they rotate."""

    throttle_scope: str = REFRESH
    _serializer_class = setting_attribute[str]("TOKEN_REFRESH_SERIALIZER")


token_refresh: Callable[..., HttpResponseBase] = TokenRefreshView.as_view()


class TokenObtainSlidingView(LoginView):
    """Takes credentials, and answers with a sliding token."""

    _serializer_class = setting_attribute[str]("SLIDING_TOKEN_OBTAIN_SERIALIZER")


token_obtain_sliding: Callable[..., HttpResponseBase] = TokenObtainSlidingView.as_view()


class TokenRefreshSlidingView(AcceptingMixin, TokenViewBase):
    """Takes a sliding token before its refresh period ends, and answers with a new one."""

    throttle_scope: str = REFRESH
    _serializer_class = setting_attribute[str]("SLIDING_TOKEN_REFRESH_SERIALIZER")


token_refresh_sliding: Callable[..., HttpResponseBase] = TokenRefreshSlidingView.as_view()


class TokenVerifyView(AcceptingMixin, TokenViewBase):
    """Takes a token of any type, and answers 200 if it is valid. That does not say what the token may be used for."""

    _serializer_class = setting_attribute[str]("TOKEN_VERIFY_SERIALIZER")


token_verify: Callable[..., HttpResponseBase] = TokenVerifyView.as_view()


class TokenBlacklistView(AcceptingMixin, TokenViewBase):
    """Takes a refresh token and blacklists it: a logout."""

    _serializer_class = setting_attribute[str]("TOKEN_BLACKLIST_SERIALIZER")


token_blacklist: Callable[..., HttpResponseBase] = TokenBlacklistView.as_view()


class AsyncTokenObtainPairView(AsyncTokenView, TokenObtainPairView):
    """TokenObtainPairView for an ASGI server. A thread checks the credentials, since hashing takes long."""


class AsyncTokenRefreshView(AsyncTokenView, TokenRefreshView):
    """TokenRefreshView for an ASGI server."""


class AsyncTokenObtainSlidingView(AsyncTokenView, TokenObtainSlidingView):
    """TokenObtainSlidingView for an ASGI server. A thread checks the credentials."""


class AsyncTokenRefreshSlidingView(AsyncTokenView, TokenRefreshSlidingView):
    """TokenRefreshSlidingView for an ASGI server."""


class AsyncTokenVerifyView(AsyncTokenView, TokenVerifyView):
    """TokenVerifyView for an ASGI server."""


class AsyncTokenBlacklistView(AsyncTokenView, TokenBlacklistView):
    """TokenBlacklistView for an ASGI server. A thread ends the token."""


class JWKSView(View):
    """GET → the JWK Set with the public keys of this site (RFC 7517 section 5). Everybody may read and cache it.

    The view reads no table and no cookie. With HMAC keys the set is empty.
    """

    http_method_names: list[str] = ["get", "head"]

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        # DRF marks its views itself, so that LoginRequiredMiddleware does not redirect their clients.
        return login_not_required(transaction.non_atomic_requests(super().as_view(**initkwargs)))

    def get(self, request: HttpRequest) -> HttpResponseBase | None:
        """200 with the set; 304 if the client already has it. Raises KeyConfigurationError."""
        body = state.token_backend.public_jwk_set().encode()
        etag = f'"{hashlib.sha256(body).hexdigest()}"'
        headers = {"Cache-Control": "public, max-age=300", "ETag": etag}
        response = HttpResponse(body, content_type="application/jwk-set+json", headers=headers)
        return get_conditional_response(request, etag=etag, response=response)


jwks: Callable[..., HttpResponseBase] = JWKSView.as_view()
