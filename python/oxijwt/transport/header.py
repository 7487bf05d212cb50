"""Where a request carries a token (the Authorization header), and what a 401 or 403 says in WWW-Authenticate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.functional import lazy
from rest_framework import HTTP_HEADER_ENCODING

from oxijwt.exceptions import AuthenticationFailed
from oxijwt.locale import gettext_lazy as _
from oxijwt.settings import api_settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import HttpRequest


def header_types() -> tuple[str, ...]:
    """The setting AUTH_HEADER_TYPES as a tuple."""
    types = api_settings.AUTH_HEADER_TYPES
    return tuple(types) if isinstance(types, list | tuple) else (types,)


# Django evaluates these at every use, so a module that imported the name earlier also sees an override.
AUTH_HEADER_TYPES = lazy(header_types, tuple)()
AUTH_HEADER_TYPE_BYTES = lazy(
    lambda: frozenset(name.encode(HTTP_HEADER_ENCODING) for name in header_types()), frozenset
)()


def header_of(request: HttpRequest) -> bytes | None:
    """The AUTH_HEADER_NAME header of a Django or DRF request, or None."""
    header: str | bytes | None = request.META.get(api_settings.AUTH_HEADER_NAME)
    if isinstance(header, str):
        # A test client can send characters that an HTTP server never passes on. A token never has the bytes for them.
        return header.encode(HTTP_HEADER_ENCODING, errors="replace")
    return header


def token_in(header: bytes) -> bytes | None:
    """The token in a header with one of AUTH_HEADER_TYPES, or None if the header has another scheme or is empty.

    Upper and lower case of the scheme are the same (RFC 9110 section 11.1). Raises AuthenticationFailed
    `bad_authorization_header` unless exactly one part follows the scheme.
    """
    parts = list(filter(None, header.replace(b"\t", b" ").split(b" ")))
    if not parts:
        return None
    scheme, types = parts[0].lower(), api_settings.AUTH_HEADER_TYPES
    for name in types if isinstance(types, list | tuple) else (types,):
        if name.encode(HTTP_HEADER_ENCODING).lower() == scheme:
            break
    else:
        return None
    if len(parts) != 2:  # noqa: PLR2004  the type and the token
        raise AuthenticationFailed(
            _("Authorization header must contain two space-delimited values"), code="bad_authorization_header"
        )
    return parts[1]


def refuse_token(request: HttpRequest) -> None:
    """Mark the request: its token was refused. DRF may ask another authenticator for the challenge."""
    request.oxijwt_refused_token = True  # type: ignore[attr-defined]  # this package's own mark


def challenge(request: HttpRequest, realm: str) -> str:
    """The WWW-Authenticate header of a 401 (RFC 6750 section 3), with an error only if a token was refused."""
    error = ', error="invalid_token"' if getattr(request, "oxijwt_refused_token", False) else ""
    return f'{AUTH_HEADER_TYPES[0]} realm="{realm}"{error}'


def scope_challenge(realm: str, names: Iterable[str]) -> str:
    """The WWW-Authenticate header of a 403 (RFC 6750 section 3.1). It names the scopes that are needed, if any help."""
    scope = " ".join(names)
    needed = f', scope="{scope}"' if scope else ""
    return f'{AUTH_HEADER_TYPES[0]} realm="{realm}", error="insufficient_scope"{needed}'
