"""The token views, in simplejwt's names, each with its `as_view()` alias."""

import hashlib
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.decorators import method_decorator
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import cache_control
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.generic import View
from rest_framework import generics, status
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from . import state
from .context import handling
from .exceptions import AccountRefused, InvalidToken, TokenError, TokenReusedError
from .reports import without_variables
from .settings import api_settings as api_settings  # noqa: PLC0414  simplejwt's name, imported from here
from .settings import setting_attribute
from .transport import AUTH_HEADER_TYPES as AUTH_HEADER_TYPES  # noqa: PLC0414  likewise
from .transport import challenge, refuse_token

MAX_BODY_DEPTH = 100
"""Levels of arrays and objects: far below what Python reads, since what it reads may be rendered again, deeper down."""


def _refusing(parse: Callable[..., Any]) -> Callable[..., Any]:
    """A parser's `parse` that raises ParseError for a body of more than MAX_BODY_DEPTH levels, or in no charset."""

    @wraps(parse)
    def parse_or_refuse(stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        _refuse_charset((parser_context or {}).get("encoding"))
        try:
            parsed = parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError(_("The body is nested too deeply")) from error
        if _is_deeper(parsed, MAX_BODY_DEPTH):
            raise ParseError(_("The body is nested too deeply"))
        return parsed

    return parse_or_refuse


def _refuse_charset(encoding: str | None) -> None:
    # Django takes every codec for a charset, `zlib` and `rot13` too, and DRF 3.18.0 and older decode with them.
    try:
        "".encode(encoding or "utf-8")
    except (LookupError, UnicodeError) as error:
        raise ParseError(_("The body is in no known charset")) from error


def _is_deeper(parsed: object, levels: int) -> bool:
    containers: list[Any] = [parsed] if isinstance(parsed, dict | list) else []
    for _level in range(levels):
        inner: list[Any] = []
        for container in containers:
            for member in container.values() if isinstance(container, dict) else container:
                if isinstance(member, dict | list):
                    inner.append(member)  # noqa: PERF401  a comprehension would be another call for each level
        if not inner:
            return False
        containers = inner
    return True


@method_decorator(cache_control(no_store=True), name="dispatch")
class NonAtomicView(generics.GenericAPIView[Any]):
    """A view whose answers no cache may keep (RFC 6749 section 5.1), with the parsers of the project.

    It is outside ATOMIC_REQUESTS: ending a session must outlive the refusal that follows it.
    """

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        return transaction.non_atomic_requests(super().as_view(**initkwargs))

    def get_parsers(self) -> list[BaseParser]:
        """The project's parsers, made for this request: none of them answers 500 to what a body holds."""
        parsers = super().get_parsers()
        for parser in parsers:
            parser.parse = _refusing(parser.parse)  # type: ignore[method-assign]  # of this instance only
        return parsers


@method_decorator([sensitive_post_parameters(), sensitive_variables(), without_variables], name="dispatch")
class TokenViewBase(NonAtomicView):
    """POST → what the serializer answers. It never authenticates, so a stale credential can't block a login.

    Django's error reports show no variable of the request: they would be tokens and passwords.
    """

    permission_classes = ()
    authentication_classes = ()

    serializer_class: type[BaseSerializer[Any]] | None = None
    _serializer_class: Any = ""

    www_authenticate_realm = "api"

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        """`serializer_class` where a subclass sets it, else the one the settings name. Raises ImportError."""
        if self.serializer_class:
            return self.serializer_class
        try:
            serializer: type[BaseSerializer[Any]] = import_string(self._serializer_class)
        except ImportError as error:
            raise ImportError(f"Could not import serializer '{self._serializer_class}'") from error
        return serializer

    def get_authenticate_header(self, request: Request) -> str:
        """The challenge of a 401, which says `invalid_token` where a token was refused, not a login."""
        return challenge(request, self.www_authenticate_realm)

    def handle_exception(self, exc: Exception) -> Response:
        """The answer to an exception, DRF's; a refused token is remembered for the challenge."""
        if isinstance(exc, InvalidToken | AccountRefused):
            refuse_token(self.request)
        return super().handle_exception(exc)

    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """200 with the serializer's answer; 400 for a body it can't read; 401 for a token or login it refuses."""
        serializer = self.get_serializer(data=request.data)
        try:
            with handling(request):
                serializer.is_valid(raise_exception=True)
        except TokenReusedError as error:
            return self.refusal(request, error)
        except TokenError as error:
            raise invalid_token(error) from error
        return Response(serializer.validated_data, status=status.HTTP_200_OK)

    def refusal(self, request: Request, error: TokenError) -> Response:
        """The 401 of a refusal that wrote something: returned, since raising it would have DRF roll that back."""
        refuse_token(request)
        headers = {"WWW-Authenticate": self.get_authenticate_header(request)}
        return Response(invalid_token(error).detail, status=status.HTTP_401_UNAUTHORIZED, headers=headers)


class AcceptingMixin:
    """A view that reads tokens: `as_view(audience=…, issuer=…)` says which."""

    audience: str | Sequence[str] | None = None
    """Whom a token must be for, one or several; None: the settings'."""

    issuer: str | Sequence[str] | None = None
    """Whose token it must be, likewise."""


def invalid_token(error: TokenError) -> InvalidToken:
    """The 401 that a TokenError is answered with, under its own code where it has one."""
    return InvalidToken(error.args[0], code=getattr(error, "code", None))


class TokenObtainPairView(TokenViewBase):
    """Takes credentials, answers with an access and a refresh token."""

    _serializer_class = setting_attribute[str]("TOKEN_OBTAIN_SERIALIZER")


token_obtain_pair = TokenObtainPairView.as_view()


class TokenRefreshView(AcceptingMixin, TokenViewBase):
    """Takes a refresh token, answers with an access token, and with a new refresh token where they rotate."""

    _serializer_class = setting_attribute[str]("TOKEN_REFRESH_SERIALIZER")


token_refresh = TokenRefreshView.as_view()


class TokenObtainSlidingView(TokenViewBase):
    """Takes credentials, answers with a sliding token."""

    _serializer_class = setting_attribute[str]("SLIDING_TOKEN_OBTAIN_SERIALIZER")


token_obtain_sliding = TokenObtainSlidingView.as_view()


class TokenRefreshSlidingView(AcceptingMixin, TokenViewBase):
    """Takes a sliding token whose refresh period is not over, answers with a fresh one."""

    _serializer_class = setting_attribute[str]("SLIDING_TOKEN_REFRESH_SERIALIZER")


token_refresh_sliding = TokenRefreshSlidingView.as_view()


class TokenVerifyView(AcceptingMixin, TokenViewBase):
    """Takes a token of any type, answers 200 where it is valid; says nothing about what it may be used for."""

    _serializer_class = setting_attribute[str]("TOKEN_VERIFY_SERIALIZER")


token_verify = TokenVerifyView.as_view()


class TokenBlacklistView(AcceptingMixin, TokenViewBase):
    """Takes a refresh token and blacklists it: a logout."""

    _serializer_class = setting_attribute[str]("TOKEN_BLACKLIST_SERIALIZER")


token_blacklist = TokenBlacklistView.as_view()


class JWKSView(View):
    """GET → the public JWK Set of what signs here (RFC 7517 section 5): open to all, and for caches to keep.

    It reads no table and no cookie. The set of HMAC keys is empty.
    """

    http_method_names = ["get", "head"]

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        return transaction.non_atomic_requests(super().as_view(**initkwargs))

    def get(self, request: HttpRequest) -> HttpResponseBase | None:
        """200 with the set; 304 where the client has it. Raises KeyConfigurationError."""
        body = state.token_backend.public_jwk_set().encode()
        etag = f'"{hashlib.sha256(body).hexdigest()}"'
        headers = {"Cache-Control": "public, max-age=300", "ETag": etag}
        response = HttpResponse(body, content_type="application/jwk-set+json", headers=headers)
        return get_conditional_response(request, etag=etag, response=response)


jwks = JWKSView.as_view()
