"""`jwt_required`: a plain Django view, sync or async, for requests with a token."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.cache import patch_vary_headers
from rest_framework.exceptions import APIException, AuthenticationFailed, NotAuthenticated
from rest_framework.settings import api_settings as drf_settings
from rest_framework.views import set_rollback

from .authentication import JWTAuthentication
from .settings import api_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.contrib.auth.base_user import AbstractBaseUser

    from .models import TokenUser
    from .tokens import Token

    User = AbstractBaseUser | TokenUser

View = TypeVar("View", bound="Callable[..., Any]")


def jwt_required(view: View) -> View:
    """Let only requests with a valid token reach a view, and set their `user`, `auser` and `auth` (the token).

    `view` is a function or what `as_view()` returns. Requests are authenticated by those of DRF's
    DEFAULT_AUTHENTICATION_CLASSES that are JWTAuthentication, or by JWTAuthentication. All others are answered in JSON:
    401 with the challenge, 403, or 503. The view is exempt from Django's CSRF middleware, since these classes check
    what needs it, and from LoginRequiredMiddleware. Exceptions of the view itself are not handled.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        guard = Guard(request)
        refusal = guard.authenticate(request)
        return guard.finish(view(request, *args, **kwargs) if refusal is None else refusal)

    @wraps(view)
    async def aguarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        guard = Guard(request)
        refusal = await guard.aauthenticate(request)
        return guard.finish(await view(request, *args, **kwargs) if refusal is None else refusal)

    chosen: Any = aguarded if iscoroutinefunction(view) else guarded
    chosen.csrf_exempt, chosen.login_required = True, False
    return cast("View", chosen)


class Guard:
    """Authenticates a request to a view without DRF. The authentication classes see it in place of a DRF view."""

    audience: str | Sequence[str] | None = None
    """The audience or audiences whose tokens are accepted; None: what the authentication classes accept."""

    issuer: str | Sequence[str] | None = None
    """The issuer or issuers whose tokens are accepted; None: what the authentication classes accept."""

    def __init__(self, request: HttpRequest, kinds: Sequence[type[JWTAuthentication]] | None = None) -> None:
        """`kinds` are the authentication classes; None: those of DRF's default classes that are JWTAuthentication."""
        defaults = cast("Sequence[type]", drf_settings.DEFAULT_AUTHENTICATION_CLASSES)
        classes = kinds or [kind for kind in defaults if issubclass(kind, JWTAuthentication)] or [JWTAuthentication]
        self.authenticators: list[JWTAuthentication] = [kind() for kind in classes]
        request.parser_context = {"view": self}  # type: ignore[attr-defined]  # DRF's name, where `view_of` looks

    def accepts(self, request: HttpRequest) -> bool:
        """Set the request's user, if it has a valid token. Whether it has one. Raises APIException for another one."""
        return any(accept(request, kind.authenticate(request)) for kind in self.authenticators)  # type: ignore[arg-type]

    async def aaccepts(self, request: HttpRequest) -> bool:
        """As `accepts`, for async code."""
        for authenticator in self.authenticators:
            if accept(request, await authenticator.aauthenticate(request)):
                return True
        return False

    def authenticate(self, request: HttpRequest) -> JsonResponse | None:
        """Set the request's user. None, or the answer to a request without a valid token."""
        try:
            return None if self.accepts(request) else self.refusal(request, NotAuthenticated())
        except APIException as error:
            return self.refusal(request, error)

    async def aauthenticate(self, request: HttpRequest) -> JsonResponse | None:
        """As `authenticate`, for async code."""
        try:
            return None if await self.aaccepts(request) else self.refusal(request, NotAuthenticated())
        except APIException as error:
            return self.refusal(request, error)

    def refusal(self, request: HttpRequest, error: APIException) -> JsonResponse:
        """The answer to an exception, as DRF's, always with a `code`, and never cached."""
        set_rollback()
        headers = {"Cache-Control": "no-store"}
        if isinstance(error, NotAuthenticated | AuthenticationFailed):
            headers["WWW-Authenticate"] = self.authenticators[0].authenticate_header(request)  # type: ignore[arg-type]
        if getattr(error, "auth_header", None):
            headers["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]  # as DRF reads it
        if getattr(error, "wait", None):
            headers["Retry-After"] = str(int(error.wait))  # type: ignore[attr-defined]  # seconds
        body = error.detail if isinstance(error.detail, dict) else {"detail": error.detail, "code": error.get_codes()}
        return JsonResponse(body, status=error.status_code, headers=headers)

    def finalize_response(self, response: HttpResponseBase) -> HttpResponseBase:
        """The answer. An authentication class may replace this method of a view, to delete a cookie."""
        return response

    def finish(self, response: HttpResponseBase) -> HttpResponseBase:
        """The answer, marked so that Django's cache keeps it for this token only."""
        header = api_settings.AUTH_HEADER_NAME.removeprefix("HTTP_").replace("_", "-").title()
        patch_vary_headers(response, (header, "Cookie"))
        return self.finalize_response(response)


def accept(request: HttpRequest, authenticated: tuple[User, Token] | None) -> bool:
    """Set the request's user and token, if an authentication class has found them. Whether it has."""
    if authenticated is None:
        return False

    async def auser() -> object:
        return request.user

    request.user, request.auth = authenticated  # type: ignore[assignment, attr-defined]
    request.auser = auser  # type: ignore[assignment]
    return True
