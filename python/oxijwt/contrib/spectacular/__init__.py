"""drf-spectacular finds these extensions once this module is imported. They describe the views and authentication.

Settings are read while a schema is made. The module imports no view, since it is imported while the apps are loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.drainage import set_override
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiViewExtension
from drf_spectacular.plumbing import build_bearer_security_scheme_object
from drf_spectacular.settings import spectacular_settings

from oxijwt.settings import api_settings
from oxijwt.transport.cookies import ACCESS, cookie_name
from oxijwt.transport.header import header_types

from .operations import operation_of
from .security import HEADER, needed_for, register

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drf_spectacular.openapi import AutoSchema
    from rest_framework.views import APIView

    from .security import Schema


class HeaderScheme(OpenApiAuthenticationExtension):
    """The token in the header of AUTH_HEADER_NAME."""

    target_class: str = "oxijwt.authentication.JWTAuthentication"
    name: str = HEADER

    def get_security_requirement(self, auto_schema: AutoSchema) -> list[dict[str, list[Any]]]:
        """The scheme, with the scopes of TokenHasScope. OpenAPI 3.0 allows scopes for OAuth schemes only."""
        from .schema import scopes_of  # noqa: PLC0415  it imports views

        # drf-spectacular warns if two classes share a scheme. These have the same definition.
        set_override(type(self.target), "suppress_collision_warning", True)
        allowed = not spectacular_settings.OAS_VERSION.startswith("3.0")
        return [{self.name: list(scopes_of(auto_schema.view, auto_schema.method)) if allowed else []}]

    def get_security_definition(self, auto_schema: AutoSchema) -> Schema:
        """`bearer`, or an `apiKey` if OpenAPI has no word for the header or its type. The first of several types."""
        types = header_types()
        prefix = "Bearer" if "Bearer" in types else types[0]
        return build_bearer_security_scheme_object(api_settings.AUTH_HEADER_NAME, prefix, bearer_format="JWT")


class StatelessScheme(HeaderScheme):
    """The same for the class without a database query."""

    target_class: str = "oxijwt.authentication.JWTStatelessUserAuthentication"


class OwnScheme(HeaderScheme):
    """The same for a project's subclasses that have no extension of their own."""

    target_class: str = "oxijwt.authentication.JWTAuthentication"
    match_subclasses = True
    priority = -2


class CookieScheme(HeaderScheme):
    """The token in the header or in the cookie of AUTH_COOKIE_ACCESS."""

    target_class: str = "oxijwt.authentication.JWTCookieAuthentication"
    match_subclasses = True
    priority = -1

    def get_security_requirement(self, auto_schema: AutoSchema) -> list[dict[str, list[Any]]]:
        """The header or the cookie. OpenAPI says by a second scheme that the cookie needs a CSRF token."""
        (by_header,) = super().get_security_requirement(auto_schema)
        if cookie_name(ACCESS) is None:
            return [by_header]
        by_cookie = needed_for(ACCESS, auto_schema.method, by_header[self.name])
        register(auto_schema.registry, [by_cookie])
        return [by_header, by_cookie]


class TokenViews(OpenApiViewExtension):
    """The package's views, and a project's subclasses of them that have no extension of their own."""

    target_class: str = "oxijwt.views.base.NonAtomicView"
    match_subclasses = True
    priority = -1

    def view_replacement(self) -> type[APIView]:
        """The view with our texts and bodies. What the project says with `extend_schema` counts more."""
        from .schema import TokenSchema, described  # noqa: PLC0415  it imports views

        view: type[APIView] = self.target
        return view if operation_of(view) is None else described(view, TokenSchema)


class ScopedViews(OpenApiViewExtension):
    """Views with `required_scopes`."""

    target_class: str = "rest_framework.views.APIView"
    match_subclasses = True
    priority = -3

    def view_replacement(self) -> type[APIView]:
        """The view. If it has TokenHasScope, its description ends with the scopes."""
        from .schema import ScopedSchema, described  # noqa: PLC0415  it imports views

        view: type[APIView] = self.target
        return view if getattr(view, "required_scopes", None) is None else described(view, ScopedSchema)


def add_jwks(endpoints: Sequence[Any]) -> list[Any]:
    """For PREPROCESSING_HOOKS: the endpoints, and each JWKSView, which is a plain Django view and not listed."""
    from .key_set import key_set_endpoints  # noqa: PLC0415  it imports views

    return [*endpoints, *key_set_endpoints()]
