"""The base classes of the token views, sync and async."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from asgiref.sync import iscoroutinefunction
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.db import Error, transaction
from django.utils.cache import patch_cache_control
from django.utils.module_loading import import_string
from rest_framework import generics, status
from rest_framework.response import Response
from rest_framework.throttling import ScopedRateThrottle

from oxijwt.aio.loop import in_thread
from oxijwt.context import handling
from oxijwt.exceptions import (
    AccountRefused,
    InvalidToken,
    ServiceUnavailable,
    TokenError,
    TokenReusedError,
    invalid_token,
    refuse_if_unavailable,
)
from oxijwt.reports import call_without_variables
from oxijwt.settings import api_settings
from oxijwt.tokens import RefreshToken
from oxijwt.transport.header import challenge, refuse_token

from . import style
from .bodies import charset_problem, parse_shallow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest, HttpResponseBase
    from rest_framework.authentication import BaseAuthentication
    from rest_framework.exceptions import APIException
    from rest_framework.parsers import BaseParser
    from rest_framework.request import Request
    from rest_framework.serializers import BaseSerializer
    from rest_framework.throttling import BaseThrottle
    from rest_framework.views import AsView, GenericView

    from oxijwt.settings import setting_attribute

    SerializerClass = type[BaseSerializer[Any]]
    """A serializer of any instance, or of none."""


OBTAIN, REFRESH = "token_obtain", "token_refresh"
"""The `throttle_scope` of the login views, and of the refresh views."""


def refresh_token_class() -> type[RefreshToken]:
    """The class of the site's refresh tokens: the `token_class` of TOKEN_REFRESH_SERIALIZER."""
    serializer = import_string(api_settings.TOKEN_REFRESH_SERIALIZER)
    found: type[RefreshToken] = getattr(serializer, "token_class", RefreshToken)
    return found


class NonAtomicView(generics.GenericAPIView[Any]):
    """A view whose answers must not be cached (RFC 6749 section 5.1). It uses the project's parsers.

    It runs outside ATOMIC_REQUESTS: when a session ends and the request is then refused, the end must stay written.
    """

    throttle_scope: str | None = None
    """For DRF's ScopedRateThrottle."""

    def throttles_with_rates(self) -> list[BaseThrottle]:
        """`get_throttles`, without each ScopedRateThrottle that has no rate for OBTAIN or REFRESH.

        It would raise ImproperlyConfigured, also in a project that has it for views of its own.
        """
        return list(filter(self.has_rate, self.get_throttles()))

    def has_rate(self, throttle: BaseThrottle) -> bool:
        """False if the throttle counts by a scope of this package, and the project has set no rate for it."""
        if not isinstance(throttle, ScopedRateThrottle):
            return True
        throttle.scope = getattr(self, throttle.scope_attr, None)
        try:
            return throttle.scope not in {OBTAIN, REFRESH} or throttle.get_rate() is not None
        except ImproperlyConfigured:
            return False

    def check_throttles(self, request: Request) -> None:
        """As DRF's, but a request that one throttle refuses does not count for the later ones.

        Otherwise an address that is refused could go on to lock user names. Raises Throttled (429).
        """
        for throttle in self.throttles_with_rates():
            if not throttle.allow_request(request, self):
                self.throttled(request, throttle.wait())  # type: ignore[arg-type]  # None is fine

    @classmethod
    def as_view(cls, **initkwargs: Any) -> AsView[GenericView]:
        return transaction.non_atomic_requests(super().as_view(**initkwargs))

    # `method_decorator` would make its decorators again for each request.
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """As DRF's. The answer has `no-store` in addition to its own directives for caches."""
        response = super().dispatch(request, *args, **kwargs)
        patch_cache_control(response, no_store=True)
        return response

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """As DRF's. If the charset can't be read, nothing decodes with it."""
        self.charset_problem: APIException | None = charset_problem(request)
        if self.charset_problem is not None:
            request.encoding = "utf-8"
        return super().initialize_request(request, *args, **kwargs)

    def perform_authentication(self, request: Request) -> None:
        """As DRF's. Before it reads a token, it raises UnsupportedMediaType (415) for a charset that can't be read.

        Raises ParseError (400) for a multipart body in UTF-16 or UTF-32.
        """
        if self.charset_problem is not None:
            raise self.charset_problem
        super().perform_authentication(request)

    def handle_exception(self, exc: Exception) -> Response:
        """DRF's answer to an exception; 503 if the database is down, restarts or is read-only."""
        if isinstance(exc, Error):
            try:
                refuse_if_unavailable(exc)
            except ServiceUnavailable as unavailable:
                return super().handle_exception(unavailable)
        return super().handle_exception(exc)

    def get_parsers(self) -> list[BaseParser]:
        """The project's parsers, made for this request. They answer 400, never 500, to a hostile body."""
        parsers = super().get_parsers()
        for parser in parsers:
            parser.parse = partial(parse_shallow, parser.parse)  # type: ignore[method-assign]  # of this instance only
        return parsers


class TokenViewBase(NonAtomicView):
    """POST → the serializer's answer. The view never authenticates, so a stale credential can't block a login.

    Django's error reports show no variables of such a request, since these would be tokens and passwords.
    """

    permission_classes: Sequence[Any] = ()
    authentication_classes: Sequence[type[BaseAuthentication]] = ()

    serializer_class: SerializerClass | None = None
    _serializer_class: str | setting_attribute[str] = ""

    www_authenticate_realm = "api"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """As DRF's, without variables in error reports. Raises TypeError for DRF's Request."""
        return call_without_variables(request, super().dispatch, *args, **kwargs)

    def get_serializer_class(self) -> SerializerClass:
        """`serializer_class` if a subclass sets it, otherwise the class that the settings name. Raises ImportError."""
        if self.serializer_class:
            return self.serializer_class
        try:
            serializer: SerializerClass = import_string(self._serializer_class)
        except ImportError as error:
            raise ImportError(f"Could not import serializer '{self._serializer_class}'") from error
        return serializer

    def get_authenticate_header(self, request: Request) -> str:
        """The challenge of a 401. It says `invalid_token` if a token was refused, but not if a login was."""
        return challenge(request, self.www_authenticate_realm)

    def handle_exception(self, exc: Exception) -> Response:
        """DRF's answer to an exception. A refused token is noted on the request, for the challenge."""
        if isinstance(exc, InvalidToken | AccountRefused):
            refuse_token(self.request)
        return super().handle_exception(exc)

    def post(self, request: Request, *args: object, **kwargs: object) -> Response:
        # 200 with the serializer's answer; 400 if it can't read the body; 401 if it refuses the token or login.
        # Not a docstring: drf-spectacular would take it for the description of a project's replacement of a view.
        serializer = self.get_serializer(data=self.get_body(request))
        try:
            with handling(request):
                serializer.is_valid(raise_exception=True)
        except TokenReusedError as error:
            return self.refusal(request, error)
        except TokenError as error:
            raise invalid_token(error) from error
        return self.answer(serializer.validated_data)

    def get_body(self, request: Request) -> Any:
        """What the serializer reads: the request's data, with simplejwt's names."""
        return style.with_refresh(request.data) if api_settings.uses_oauth_names else request.data

    def answer(self, data: dict[str, Any]) -> Response:
        """200 with what the serializer answers, in the style of TOKEN_RESPONSE_STYLE."""
        if api_settings.uses_oauth_names or api_settings.TOKEN_RESPONSE_EXPIRES_IN:
            data = style.styled(data)
        return Response(data, status=status.HTTP_200_OK)

    def refusal(self, request: Request, error: TokenError) -> Response:
        """The 401 for a refusal that wrote to the database. DRF would roll that back if the view raised."""
        refuse_token(request)
        headers = {"WWW-Authenticate": self.get_authenticate_header(request)}
        return Response(invalid_token(error).detail, status=status.HTTP_401_UNAUTHORIZED, headers=headers)


class LoginView(TokenViewBase):
    """Takes credentials. UserNameRateThrottle counts its requests by the user name."""

    throttle_scope: str = OBTAIN

    def get_login_name(self, request: Request) -> object:
        """The user name in the body, unchecked; None if the body has none."""
        field = getattr(self.get_serializer_class(), "username_field", get_user_model().USERNAME_FIELD)
        body = self.get_body(request)
        return body.get(field) if isinstance(body, dict) else None


async def avalidate(serializer: BaseSerializer[Any]) -> None:
    """Validate the request's data. A project's serializer that can't be awaited runs in a thread."""
    if hasattr(serializer, "ais_valid"):
        await serializer.ais_valid(raise_exception=True)
    else:
        await in_thread(lambda: serializer.is_valid(raise_exception=True))


class AsyncTokenView(TokenViewBase):
    """As TokenViewBase, for an ASGI server: bodies and tokens are read in the event loop, statements run in threads."""

    args: Any
    kwargs: Any
    headers: dict[str, str]
    request: Request
    response: Response

    async def dispatch(  # type: ignore[override]  # async
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """As DRF's. Error reports show no variables, and the answer has `no-store`."""
        response = await call_without_variables(request, self.respond, *args, **kwargs)
        patch_cache_control(response, no_store=True)
        return response

    async def respond(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """The answer of the handler, or to its exception."""
        self.args, self.kwargs, self.headers = args, kwargs, self.default_response_headers
        self.request = self.initialize_request(request, *args, **kwargs)
        try:
            response = await self.handled(*args, **kwargs)
        except Exception as error:
            response = self.handle_exception(error)
        self.response = self.finalize_response(self.request, response, *args, **kwargs)
        return self.response

    async def handled(self, *args: Any, **kwargs: Any) -> Response:
        """The answer of the handler. Throttles and permissions of the project run in a thread."""
        initial = partial(self.initial, self.request, *args, **kwargs)
        if self.waits_at_first():
            await in_thread(initial)
        else:
            initial()
        name = (self.request.method or "").lower()
        handler = getattr(self, name, None) if name in self.http_method_names else None
        if iscoroutinefunction(handler):
            answer: Response = await handler(self.request, *args, **kwargs)
            return answer
        return await in_thread(partial(handler or self.http_method_not_allowed, self.request, *args, **kwargs))

    def waits_at_first(self) -> bool:
        """Whether `initial` may wait: for throttles and permissions of the project."""
        return bool(self.throttles_with_rates() or self.get_permissions())

    async def post(self, request: Request, *args: object, **kwargs: object) -> Response:  # type: ignore[override]  # async
        # As TokenViewBase's, also without a docstring.
        serializer = self.get_serializer(data=self.get_body(request))
        try:
            with handling(request):
                await avalidate(serializer)
        except TokenReusedError as error:
            return self.refusal(request, error)
        except TokenError as error:
            raise invalid_token(error) from error
        return self.answer(serializer.validated_data)


class AcceptingMixin:
    """A view that reads tokens. `as_view(audience=…, issuer=…)` says which tokens it accepts."""

    audience: str | Sequence[str] | None = None
    """The audience or audiences whose tokens are accepted; None: the setting."""

    issuer: str | Sequence[str] | None = None
    """The issuer or issuers whose tokens are accepted; None: the setting."""
