"""The token views with simplejwt's names, each with the alias that its `as_view()` returned."""

from __future__ import annotations

import codecs
import hashlib
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from asgiref.sync import iscoroutinefunction
from django.contrib.auth.decorators import login_not_required
from django.db import Error, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from django.views.generic import View
from rest_framework import generics, status
from rest_framework.exceptions import APIException, ParseError, UnsupportedMediaType
from rest_framework.response import Response

from . import state
from .aio.loop import in_thread
from .context import handling
from .exceptions import (
    AccountRefused,
    InvalidToken,
    ServiceUnavailable,
    TokenError,
    TokenReusedError,
    invalid_token,
    refuse_if_unavailable,
)
from .reports import call_without_variables
from .settings import api_settings as api_settings  # noqa: PLC0414  simplejwt's name, imported from here
from .settings import setting_attribute
from .transport import AUTH_HEADER_TYPES as AUTH_HEADER_TYPES  # noqa: PLC0414  likewise
from .transport import challenge, refuse_token

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import IO

    from rest_framework.parsers import BaseParser
    from rest_framework.request import Request
    from rest_framework.serializers import BaseSerializer
    from rest_framework.views import AsView, GenericView

    SerializerClass = type[BaseSerializer[Any]]
    """A serializer of any instance, or of none."""

T = TypeVar("T")

MAX_BODY_DEPTH = 100
"""The most levels of arrays and objects in a body.

Python can read far more levels, but a body that is shown in an answer is rendered from deeper in the call stack.
"""


CHARSETS = frozenset(
    {"utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "ascii", "iso8859-1"}
)
"""The charsets of bodies, as Python names them; `codecs.lookup` knows their aliases.

Django takes each of Python's codecs for a charset. Some need quadratic time (`punycode`), decompress (`zlib`) or raise
what no parser expects (`idna`).
"""


def parse_shallow(
    parse: Callable[..., T],
    stream: IO[bytes],
    media_type: str | None = None,
    parser_context: Mapping[str, Any] | None = None,
) -> T:
    """The body that a parser's `parse` reads. Raises ParseError for a body of more than MAX_BODY_DEPTH levels."""
    try:
        parsed = parse(stream, media_type, parser_context)
    except RecursionError as error:
        raise ParseError(_("The body is nested too deeply")) from error
    if is_deeper_than(MAX_BODY_DEPTH, parsed):
        raise ParseError(_("The body is nested too deeply"))
    return parsed


def charset_problem(request: HttpRequest) -> APIException | None:
    """The error to raise if the charset of the Content-Type can't be read; None if it can, or if there is none."""
    charset = (request.content_params or {}).get("charset", "utf-8")
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError):
        name = ""
    if name not in CHARSETS:
        return UnsupportedMediaType("", _("The charset must be UTF-8, UTF-16, UTF-32, ASCII or Latin-1."))
    # Django replaces wrong bytes one by one there: 140 ms for 2 MB.
    if request.content_type == "multipart/form-data" and name.startswith(("utf-16", "utf-32")):
        return ParseError(_("A multipart body must be in UTF-8, ASCII or Latin-1."))
    return None


def is_deeper_than(levels: int, parsed: object) -> bool:
    """Whether a parsed body has more than this many levels of lists and dicts."""
    containers = [parsed] if isinstance(parsed, dict | list) else []
    for _level in range(levels):
        inner = []
        for container in containers:
            for member in container.values() if isinstance(container, dict) else container:
                if isinstance(member, dict | list):
                    inner.append(member)  # noqa: PERF401  a comprehension would be one more call for each level
        if not inner:
            return False
        containers = inner
    return True


class NonAtomicView(generics.GenericAPIView[Any]):
    """A view whose answers must not be cached (RFC 6749 section 5.1). It uses the project's parsers.

    It runs outside ATOMIC_REQUESTS: when a session ends and the request is then refused, the end must stay written.
    """

    throttle_scope: str | None = None
    """For DRF's ScopedRateThrottle."""

    @classmethod
    def as_view(cls, **initkwargs: Any) -> AsView[GenericView]:
        return transaction.non_atomic_requests(super().as_view(**initkwargs))

    # `method_decorator` would make its decorators again for each request.
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """As DRF's. The answer has `no-store` beside its own directives for caches."""
        response = super().dispatch(request, *args, **kwargs)
        patch_cache_control(response, no_store=True)
        return response

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """As DRF's. If the charset can't be read, nothing decodes with it."""
        self.charset_problem = charset_problem(request)
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

    permission_classes = ()
    authentication_classes = ()

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
        """200 with the serializer's answer; 400 if it can't read the body; 401 if it refuses the token or login."""
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
        """The 401 for a refusal that wrote to the database. DRF would roll that back if the view raised."""
        refuse_token(request)
        headers = {"WWW-Authenticate": self.get_authenticate_header(request)}
        return Response(invalid_token(error).detail, status=status.HTTP_401_UNAUTHORIZED, headers=headers)


async def avalidate(serializer: BaseSerializer[Any]) -> None:
    """Validate the request's data. A project's serializer that can't be awaited runs in a thread."""
    if hasattr(serializer, "ais_valid"):
        await serializer.ais_valid(raise_exception=True)
    else:
        await in_thread(lambda: serializer.is_valid(raise_exception=True))


class AsyncTokenView(TokenViewBase):
    """As TokenViewBase, for an ASGI server: bodies and tokens are read in the event loop, statements run in threads."""

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
        if self.get_throttles() or self.get_permissions():
            await in_thread(initial)
        else:
            initial()
        name = (self.request.method or "").lower()
        handler = getattr(self, name, None) if name in self.http_method_names else None
        if iscoroutinefunction(handler):
            answer: Response = await handler(self.request, *args, **kwargs)
            return answer
        return await in_thread(partial(handler or self.http_method_not_allowed, self.request, *args, **kwargs))

    async def post(self, request: Request, *args: object, **kwargs: object) -> Response:  # type: ignore[override]  # async
        """As TokenViewBase's."""
        serializer = self.get_serializer(data=request.data)
        try:
            with handling(request):
                await avalidate(serializer)
        except TokenReusedError as error:
            return self.refusal(request, error)
        except TokenError as error:
            raise invalid_token(error) from error
        return Response(serializer.validated_data, status=status.HTTP_200_OK)


class AcceptingMixin:
    """A view that reads tokens. `as_view(audience=…, issuer=…)` says which tokens it accepts."""

    audience: str | Sequence[str] | None = None
    """The audience or audiences whose tokens are accepted; None: the setting."""

    issuer: str | Sequence[str] | None = None
    """The issuer or issuers whose tokens are accepted; None: the setting."""


class TokenObtainPairView(TokenViewBase):
    """Takes credentials, and answers with an access and a refresh token."""

    _serializer_class = setting_attribute[str]("TOKEN_OBTAIN_SERIALIZER")


token_obtain_pair = TokenObtainPairView.as_view()


class TokenRefreshView(AcceptingMixin, TokenViewBase):
    """Takes a refresh token, and answers with an access token, and with a new refresh token if they rotate."""

    _serializer_class = setting_attribute[str]("TOKEN_REFRESH_SERIALIZER")


token_refresh = TokenRefreshView.as_view()


class TokenObtainSlidingView(TokenViewBase):
    """Takes credentials, and answers with a sliding token."""

    _serializer_class = setting_attribute[str]("SLIDING_TOKEN_OBTAIN_SERIALIZER")


token_obtain_sliding = TokenObtainSlidingView.as_view()


class TokenRefreshSlidingView(AcceptingMixin, TokenViewBase):
    """Takes a sliding token before its refresh period ends, and answers with a new one."""

    _serializer_class = setting_attribute[str]("SLIDING_TOKEN_REFRESH_SERIALIZER")


token_refresh_sliding = TokenRefreshSlidingView.as_view()


class TokenVerifyView(AcceptingMixin, TokenViewBase):
    """Takes a token of any type, and answers 200 if it is valid. That does not say what the token may be used for."""

    _serializer_class = setting_attribute[str]("TOKEN_VERIFY_SERIALIZER")


token_verify = TokenVerifyView.as_view()


class TokenBlacklistView(AcceptingMixin, TokenViewBase):
    """Takes a refresh token and blacklists it: a logout."""

    _serializer_class = setting_attribute[str]("TOKEN_BLACKLIST_SERIALIZER")


token_blacklist = TokenBlacklistView.as_view()


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

    http_method_names = ["get", "head"]

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


jwks = JWKSView.as_view()
