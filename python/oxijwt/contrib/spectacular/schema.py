"""How drf-spectacular describes our views, and views that need scopes."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, cast

from drf_spectacular.drainage import get_view_method_names
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import get_doc
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.permissions import AND
from rest_framework.settings import api_settings as drf_settings

from oxijwt.permissions import TokenHasScope, needed_scopes
from oxijwt.settings import api_settings
from oxijwt.transport.cookies import cookie_name
from oxijwt.transport.csrf import CSRF_HEADER

from .bodies import CsrfTokenSerializer, body_of, has_answer, is_flat
from .errors import AccessTokenErrorSerializer, TokenBadRequestSerializer, TokenErrorSerializer
from .operations import Operation, is_ours, operation_of, project_classes
from .security import CSRF, needed_for, register

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rest_framework.generics import GenericAPIView
    from rest_framework.views import APIView

    from oxijwt.views.base import NonAtomicView

EMPTY: dict[str, object] = {"type": "object", "maxProperties": 0}
"""The body `{}`."""

ANYTHING: dict[str, object] = {"type": "object", "additionalProperties": {}}
WRONG_BODY = "The body lacks a field or has a wrong one: messages by field. Or it can't be read: `detail`."
WRONG_SCOPE = " With `invalid_scope`, the scope is more than what is allowed."


def described(view: type[APIView], added: type[AutoSchema]) -> type[APIView]:
    """A subclass of a view whose handlers have this schema. A project's own annotations come first."""
    handlers = {name: getattr(view, name) for name in get_view_method_names(view)}
    copies = {name: with_schema(handler, mixed(handler, view, added)) for name, handler in handlers.items()}
    return type(view.__name__, (view,), {"__module__": view.__module__, **copies})


def mixed(handler: Callable[..., Any], view: type[APIView], added: type[AutoSchema]) -> type[AutoSchema]:
    """The schema class of a handler: the project's annotations, `added`, and the project's DEFAULT_SCHEMA_CLASS."""
    own = getattr(handler, "kwargs", {}).get("schema") or type(view.schema)
    default = cast("type[AutoSchema]", drf_settings.DEFAULT_SCHEMA_CLASS)
    annotations = [base for base in own.__mro__ if base not in default.__mro__ and base not in AutoSchema.__mro__]
    return type(added.__name__, (*annotations, added, default), {})


def with_schema(handler: Callable[..., Any], schema: type[AutoSchema]) -> Callable[..., Any]:
    """A copy of a handler. drf-spectacular takes the schema from its `kwargs`, where `extend_schema` puts it too."""

    @wraps(handler)
    def copied(*args: Any, **kwargs: Any) -> Any:
        return handler(*args, **kwargs)

    kwargs = {**getattr(handler, "kwargs", {}), "schema": schema}
    copied.kwargs = kwargs  # type: ignore[attr-defined]  # drf-spectacular's attribute, and of DRF's `action`
    return copied


class TokenSchema(AutoSchema):
    """The schema of one of our views."""

    @property
    def operation(self) -> Operation:
        """Of the view."""
        found = operation_of(type(self.view))
        if found is None:
            raise LookupError(f"{type(self.view).__name__} has no operation")
        return found

    def get_summary(self) -> str:
        """What the view does, in a few words."""
        return self.operation.summary

    def get_description(self) -> str:  # type: ignore[override]  # drf-spectacular's has no arguments
        """The docstring of a project's subclass, or ours for readers of the API."""
        return next(filter(None, map(get_doc, self.project_code())), self.operation.description)

    def project_code(self) -> Iterable[object]:
        """The handler and the classes that are the project's own and have a docstring."""
        handler = getattr(self.view, self.method.lower())
        if handler.__doc__ and not is_ours(handler):
            yield handler
        yield from (base for base in project_classes(type(self.view)) if vars(base).get("__doc__"))

    def get_auth(self) -> list[dict[str, Any]]:
        """As drf-spectacular's, and the cookies. A logout or a refresh may have its token in the body instead."""
        operation, found = self.operation, super().get_auth()
        names = filter(cookie_name, operation.token_cookies)
        by_cookie = [needed_for(setting, self.method, []) for setting in names]
        if operation.cookies and not operation.token_cookies:  # a login
            by_cookie = [{CSRF: []}]
        register(self.registry, by_cookie)
        found += [requirement for requirement in by_cookie if requirement not in found]
        return [*found, {}] if operation.is_logout or (by_cookie and operation.rotates) else found

    def get_override_parameters(self) -> list[Any]:
        """The headers of answers."""
        return [*super().get_override_parameters(), *answer_headers(self.operation)]

    def get_request_serializer(self) -> Any:
        """The body of a request; None for a view that takes none."""
        return self.get_body() if self.method == "POST" else None

    def get_body(self) -> Any:
        """The body of requests and answers."""
        view = cast("GenericAPIView[Any]", self.view)
        body = body_of(view.get_serializer_class(), self.operation)
        return body(many=True) if self.operation.many else body()

    def get_response_serializers(self) -> Any:
        """What the view answers, by status."""
        return {self.operation.status: self.success()} | dict(self.refusals())

    def success(self) -> Any:
        """The answer to a request that is not refused. drf-spectacular looks for lists outside of OpenApiResponse."""
        operation = self.operation
        if operation.status == 204:  # noqa: PLR2004  No Content
            return OpenApiResponse(description=operation.answer)
        if not operation.component:
            return OpenApiResponse(CsrfTokenSerializer, operation.answer)
        body = self.get_body()
        if operation.many:
            return body
        return OpenApiResponse(body if has_answer(body) else EMPTY, operation.answer)

    def refusals(self) -> Iterable[tuple[int, OpenApiResponse]]:
        """The answers to requests that are refused."""
        operation, takes_body = self.operation, self.method == "POST"
        if takes_body:
            body = TokenBadRequestSerializer if is_flat(self.get_body()) else ANYTHING
            asks_scopes = bool(operation.tokens and api_settings.USER_SCOPES)
            yield 400, OpenApiResponse(body, f"{WRONG_BODY}{WRONG_SCOPE * asks_scopes}")
        if operation.refused:
            error = AccessTokenErrorSerializer if self.view.get_authenticators() else TokenErrorSerializer
            yield 401, OpenApiResponse(error, operation.why_refused())
        if any(CSRF in requirement for requirement in self.get_auth()):
            yield 403, refusal("`csrf_failed`: the CSRF token is missing or wrong.")
        if operation.missing or self.has_pages():
            yield 404, refusal(operation.missing or "The page does not exist.")
        if takes_body:
            yield 415, refusal("The body has another media type, or an unknown charset.")
        if cast("NonAtomicView", self.view).throttles_with_rates():
            yield 429, refusal("Too many requests.")
        if operation.refused:
            yield 503, refusal("`service_unavailable`: the database is busy or down. Repeat the request.")

    def has_pages(self) -> bool:
        """Whether the view answers with pages of a list. It then answers 404 to the number of a missing page."""
        pages = cast("GenericAPIView[Any]", self.view).pagination_class if self.operation.many else None
        return pages is not None and not issubclass(pages, LimitOffsetPagination)


class ScopedSchema(AutoSchema):
    """The schema of a view that may have TokenHasScope."""

    def get_description(self) -> str:  # type: ignore[override]  # drf-spectacular's has no arguments
        """As drf-spectacular's, and the scopes."""
        scopes = " ".join(scopes_of(self.view, self.method))
        needed = f"The token needs the scope `{scopes}`." if scopes else ""
        return "\n\n".join(filter(None, (super().get_description(), needed)))


def scopes_of(view: APIView, method: str) -> tuple[str, ...]:
    """The scopes that TokenHasScope wants from a request. Raises ImproperlyConfigured, as the permission does."""
    permissions = [leaf for permission in view.get_permissions() for leaf in all_of(permission)]
    if not any(isinstance(permission, TokenHasScope) for permission in permissions):
        return ()
    return needed_scopes(view, method) or ()


def all_of(permission: Any) -> list[object]:
    """The permissions that must all agree: those on both sides of `&`."""
    if not isinstance(permission, AND):
        return [permission]
    return [leaf for name in ("op1", "op2") for leaf in all_of(getattr(permission, name))]


def refusal(text: str) -> OpenApiResponse:
    """An answer with an error."""
    return OpenApiResponse(TokenErrorSerializer, text)


def answer_headers(operation: Operation) -> Iterable[OpenApiParameter]:
    """The headers of the answers, by status."""
    yield header("Retry-After", int, "Seconds to wait.", 429, 503)
    if not operation.component:
        yield header("Set-Cookie", str, "Django's CSRF cookie.", 200)
        yield header(CSRF_HEADER, str, "The CSRF token.", 200)
    elif operation.cookies and not operation.tokens:
        yield header("Set-Cookie", str, "Deletes the cookies.", 204)
    elif operation.cookies:
        yield header("Set-Cookie", str, "The cookies with the tokens.", 200)
        yield header(CSRF_HEADER, str, "The next CSRF token.", 200)


def header(name: str, kind: Any, text: str, *statuses: int) -> OpenApiParameter:
    """A header of the answers with these statuses."""
    return OpenApiParameter(name, kind, OpenApiParameter.HEADER, description=text, response=[*statuses])
