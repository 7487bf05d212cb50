"""Authentication for django-ninja. A project imports this module by its name, since django-ninja is not an app."""

from __future__ import annotations

from functools import partial, wraps
from typing import TYPE_CHECKING, Any

from asgiref.sync import iscoroutinefunction
from ninja.errors import AuthenticationError, HttpError
from ninja.security.base import SecuritySchema
from ninja.security.http import HttpAuthBase
from rest_framework.exceptions import APIException, NotAuthenticated

from oxijwt.authentication import JWTCookieAuthentication, view_of
from oxijwt.decorators import Guard
from oxijwt.permissions import needed_scopes, require_scopes
from oxijwt.settings import api_settings
from oxijwt.transport.cookies import ACCESS, cookie_name
from oxijwt.transport.header import header_types

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase
    from ninja import NinjaAPI

    from oxijwt.authentication import JWTAuthentication
    from oxijwt.tokens import Token

    Names = str | Sequence[str] | None
    Scopes = Names | Mapping[str, str | Sequence[str]]


class RefusedError(HttpError):
    """A request whose token is refused, or whose sender may not do this. `response` is the answer of a DRF view.

    An API that is not registered answers with the status and `detail` alone.
    """

    response: HttpResponse

    def __init__(self, error: APIException, response: HttpResponse) -> None:
        detail = error.detail.get("detail", error.detail) if isinstance(error.detail, dict) else error.detail
        super().__init__(error.status_code, str(detail))
        self.response = response


class JWTAuth(HttpAuthBase):
    """`auth=JWTAuth()`: lets only requests with a valid token reach an operation, sync or async.

    It sets the request's `user`, `auser` and `auth` (the token). A request without a token is left to the next entry of
    `auth`.
    """

    authentication_classes: Sequence[type[JWTAuthentication]] | None = None
    """The classes that decide; None: those of DRF's default classes that are JWTAuthentication, or else this one."""

    audience: Names = None
    """The audience or audiences whose tokens are accepted; None: what the authentication classes accept."""

    issuer: Names = None
    """The issuer or issuers whose tokens are accepted; None: what the authentication classes accept."""

    required_scopes: Scopes = None
    """The scopes that a token must have, as TokenHasScope reads them from a DRF view; None: it needs none."""

    def __init__(self, *, audience: Names = None, issuer: Names = None, required_scopes: Scopes = None) -> None:
        super().__init__()
        self.audience = self.audience if audience is None else audience
        self.issuer = self.issuer if issuer is None else issuer
        self.required_scopes = self.required_scopes if required_scopes is None else required_scopes
        self.openapi_security_schema = SecuritySchema(**self.security_scheme())

    def security_scheme(self) -> dict[str, str]:
        """Where the token is, as an OpenAPI document says it."""
        return header_scheme()

    def __call__(self, request: HttpRequest) -> Token | None:
        """The token, or None if the request has no token. Raises RefusedError."""
        guard = self.guard(request)
        try:
            return self.permitted(request, guard) if guard.accepts(request) else None
        except APIException as error:
            refused = RefusedError(error, guard.refusal(request, error))
        raise refused

    def guard(self, request: HttpRequest) -> Guard:
        """A guard for the request. It changes the answer as the guards of earlier entries of `auth` do."""
        earlier, guard = guard_of(request), Guard(request, self.authentication_classes)
        guard.audience, guard.issuer = self.audience, self.issuer
        if earlier is not None:
            guard.finalize_response = earlier.finalize_response  # type: ignore[method-assign]  # of this instance only
        return guard

    def permitted(self, request: HttpRequest, guard: Guard) -> Token:
        """The token of a request that was authenticated. Raises InsufficientScope."""
        token: Token = request.auth  # type: ignore[attr-defined]  # the guard has set it
        if self.required_scopes is not None:
            realm = guard.authenticators[0].www_authenticate_realm
            require_scopes(token, needed_scopes(self, request.method or ""), realm)
        return token


class AsyncJWTAuth(JWTAuth):
    """As JWTAuth, without a thread for async operations."""

    async def __call__(self, request: HttpRequest) -> Token | None:  # type: ignore[override]  # async
        """As JWTAuth's."""
        guard = self.guard(request)
        try:
            return self.permitted(request, guard) if await guard.aaccepts(request) else None
        except APIException as error:
            refused = RefusedError(error, guard.refusal(request, error))
        raise refused


class JWTCookieAuth(JWTAuth):
    """As JWTAuth, with the token in the header or in the cookie of AUTH_COOKIE_ACCESS, which needs the CSRF check."""

    csrf = True
    """The page with the documentation then sends the CSRF token too, if the whole API has this `auth`."""

    authentication_classes: Sequence[type[JWTAuthentication]] | None = (JWTCookieAuthentication,)

    def security_scheme(self) -> dict[str, str]:
        """The cookie. Without AUTH_COOKIE_ACCESS the header."""
        name = cookie_name(ACCESS)
        return header_scheme() if name is None else {"type": "apiKey", "in": "cookie", "name": name}


class AsyncJWTCookieAuth(AsyncJWTAuth, JWTCookieAuth):
    """As JWTCookieAuth, without a thread for async operations."""


def header_scheme() -> dict[str, str]:
    """`bearer`, or an `apiKey` if OpenAPI has no word for the header or its type."""
    name = api_settings.AUTH_HEADER_NAME.removeprefix("HTTP_").replace("_", "-").title()
    types = header_types()
    if name == "Authorization" and "bearer" in map(str.lower, types):
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    return {"type": "apiKey", "in": "header", "name": name, "description": f"`{types[0]}`, a space, and the token."}


def register(api: NinjaAPI) -> None:
    """Let an API answer as DRF views do: `detail`, `code` and the headers. Answers vary by the token and the cookies.

    Call it where the API is made. A handler for AuthenticationError that is added later has precedence.
    """
    api.add_exception_handler(RefusedError, lambda _request, refused: refused.response)
    api.add_exception_handler(AuthenticationError, partial(answer_nobody, api))
    api.add_decorator(finished, mode="view")


def answer_nobody(api: NinjaAPI, request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    """The answer to a request without a token. Without JWTAuth, and after it, an error is the operation's own."""
    guard = guard_of(request)
    if guard is None or getattr(request, "auth", None) is not None:
        return api.on_exception(request, HttpError(error.status_code, error.message))
    return guard.refusal(request, NotAuthenticated())


def finished(run: Callable[..., Any]) -> Callable[..., Any]:
    """An operation whose answers are changed by the guard of the request."""

    @wraps(run)
    def finishing(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        return finish(request, run(request, *args, **kwargs))

    @wraps(run)
    async def afinishing(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        return finish(request, await run(request, *args, **kwargs))

    return afinishing if iscoroutinefunction(run) else finishing


def finish(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """The answer as the guard of the request changes it, if the request has one."""
    guard = guard_of(request)
    return response if guard is None else guard.finish(response)


def guard_of(request: HttpRequest) -> Guard | None:
    """The guard that has authenticated the request, or None."""
    view: object = view_of(request)
    return view if isinstance(view, Guard) else None
