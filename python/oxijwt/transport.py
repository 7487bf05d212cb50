"""Where a request carries a token: the Authorization header. And what a 401 answers there."""

from __future__ import annotations

from typing import Any

from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _
from rest_framework import HTTP_HEADER_ENCODING

from .exceptions import AuthenticationFailed
from .settings import api_settings


def _header_types() -> tuple[str, ...]:
    types = api_settings.AUTH_HEADER_TYPES
    return tuple(types) if isinstance(types, list | tuple) else (types,)


def _header_type_bytes() -> frozenset[bytes]:
    return frozenset(name.encode(HTTP_HEADER_ENCODING) for name in _header_types())


# Evaluated at every use, so that a name imported before an override follows it.
AUTH_HEADER_TYPES = lazy(_header_types, tuple)()
AUTH_HEADER_TYPE_BYTES = lazy(_header_type_bytes, frozenset)()


def header_of(request: Any) -> bytes | None:
    """The AUTH_HEADER_NAME header of a request, or None."""
    header: str | bytes | None = request.META.get(api_settings.AUTH_HEADER_NAME)
    if isinstance(header, str):
        # A test client can send text that no HTTP server can; it becomes bytes that no token has.
        return header.encode(HTTP_HEADER_ENCODING, errors="replace")
    return header


def token_in(header: bytes) -> bytes | None:
    """The token after one of AUTH_HEADER_TYPES (compared without case, RFC 9110 section 11.1), or None.

    Raises AuthenticationFailed where one of these types stands before anything but exactly one more part.
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


def refuse_token(request: Any) -> None:
    """Note on the request that its token was refused: DRF asks another authenticator for the challenge."""
    request.oxijwt_refused_token = True


def challenge(request: Any, realm: str) -> str:
    """The WWW-Authenticate header of a 401 (RFC 6750 section 3): with an error only where a token was refused."""
    error = ', error="invalid_token"' if getattr(request, "oxijwt_refused_token", False) else ""
    return f'{AUTH_HEADER_TYPES[0]} realm="{realm}"{error}'
