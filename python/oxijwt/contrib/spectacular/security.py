"""The security schemes: the token in the header, the tokens in cookies, and the CSRF token that goes with a cookie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http.request import HttpHeaders
from drf_spectacular.plumbing import ResolvedComponent
from rest_framework.permissions import SAFE_METHODS

from oxijwt.transport.cookies import ACCESS, REFRESH, cookie_name
from oxijwt.transport.csrf import CSRF_HEADER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drf_spectacular.plumbing import ComponentRegistry

Schema = dict[str, Any]
"""An object of an OpenAPI document."""

HEADER, CSRF = "jwtAuth", "csrfToken"
COOKIES = {ACCESS: "jwtAccessCookie", REFRESH: "jwtRefreshCookie"}
"""The names of the security schemes. drf-spectacular has the first one for simplejwt. The cookies' are by setting."""

COOKIE_TEXT = "The browser sends this cookie by itself. Each method but GET also needs the CSRF token."
CSRF_TEXT = f"The CSRF token. An answer that has a new one has it in the header {CSRF_HEADER}."


def cookie_scheme(setting: str) -> Schema:
    """The token in the cookie that a setting names."""
    return {"type": "apiKey", "in": "cookie", "name": cookie_name(setting), "description": COOKIE_TEXT}


def csrf_scheme() -> Schema:
    """The header of CSRF_HEADER_NAME.

    It is in capitals, as in drf-spectacular's script for Swagger UI: under two spellings a browser would send both.
    """
    name = HttpHeaders.parse_header_name(settings.CSRF_HEADER_NAME) or CSRF_HEADER
    return {"type": "apiKey", "in": "header", "name": name.upper(), "description": CSRF_TEXT}


def needed_for(setting: str, method: str, scopes: list[str]) -> dict[str, list[Any]]:
    """The security requirement of a request with this cookie."""
    return {COOKIES[setting]: scopes} | ({} if method in SAFE_METHODS else {CSRF: []})


def register(registry: ComponentRegistry, requirements: list[dict[str, list[Any]]]) -> None:
    """Add the definitions of the cookies and of the CSRF token that the requirements name."""
    names = {name for requirement in requirements for name in requirement}
    for name, schema in definitions():
        if name in names:
            registry.register_on_missing(ResolvedComponent(name, ResolvedComponent.SECURITY_SCHEMA, schema, name))


def definitions() -> Iterator[tuple[str, Schema]]:
    """(name, definition) of each scheme but the header's."""
    yield CSRF, csrf_scheme()
    for setting, name in COOKIES.items():
        yield name, cookie_scheme(setting)
