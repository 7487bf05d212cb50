"""Where a request carries a token in a cookie, and how an answer sets and deletes this cookie (RFC 6265).

The rules are those of "OAuth 2.0 for Browser-Based Applications" (BCP 212, section 6.1.3.2). HttpOnly is always on: a
cookie that a script can read protects a token no better than the page's own memory.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.cache import patch_vary_headers

from oxijwt._core import CoreError, unverified_claims
from oxijwt.settings import api_settings
from oxijwt.utils import seconds_left

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponseBase
    from rest_framework.views import APIView

    from oxijwt.utils import Hidden

REFRESH, ACCESS = "AUTH_COOKIE_REFRESH", "AUTH_COOKIE_ACCESS"
"""The settings that name the two cookies."""

FIELDS = {REFRESH: "refresh", ACCESS: "access"}
"""The field of a serializer's answer whose token goes into the cookie, by setting."""

TOKEN = re.compile(r"[A-Za-z0-9_.-]+")
"""The characters of a compact serialization (RFC 7515 section 7.1)."""

MOST_BYTES = 4096
"""The longest Set-Cookie that each browser stores (RFC 6265 section 6.1)."""

LONGEST_AGE = 400 * 86_400
"""Seconds after which browsers delete each cookie (RFC 6265bis section 5.5)."""


def cookie_name(setting: str) -> str | None:
    """The full name of a cookie, by its setting; None if the site does not use the cookie.

    Browsers accept a name with `__Host-` only from this host, with Secure and for each path. So no neighbouring host
    can plant such a cookie.
    """
    base: str | None = getattr(api_settings, setting)
    if base is None or not api_settings.AUTH_COOKIE_SECURE:
        return base
    is_host_only = api_settings.AUTH_COOKIE_PATH == "/" and api_settings.AUTH_COOKIE_DOMAIN is None
    return f"{'__Host-' if is_host_only else '__Secure-'}{base}"


def attributes() -> dict[str, Any]:
    """The attributes of both cookies, as arguments of Django's `set_cookie`."""
    return {
        "path": api_settings.AUTH_COOKIE_PATH,
        "domain": api_settings.AUTH_COOKIE_DOMAIN,
        "secure": api_settings.AUTH_COOKIE_SECURE,
        "samesite": api_settings.AUTH_COOKIE_SAMESITE,
        "httponly": True,
    }


def token_cookie(request: HttpRequest, setting: str) -> str | None:
    """The value of a request's cookie, or None if the cookie is missing or empty. Nothing about it is checked."""
    name = cookie_name(setting)
    return None if name is None else request.COOKIES.get(name) or None


def max_age(token: str) -> int | None:
    """The seconds until a token's `exp`; None, for a cookie until the browser closes, if the token has none.

    The text is read and not verified: this site has just signed it.
    """
    try:
        left = seconds_left(unverified_claims(token, api_settings.MAX_TOKEN_LENGTH))
    except CoreError:  # a project's own backend may make tokens that only it can read
        return None
    return None if left is None else min(left, LONGEST_AGE)


def set_cookie(response: HttpResponseBase, setting: str, token: Hidden[str]) -> None:
    """Put a token into its cookie. Raises ImproperlyConfigured if browsers would ignore the cookie for its size."""
    name = cookie_name(setting) or ""
    response.set_cookie(name, token.value, max_age=max_age(token.value), **attributes())
    size = len(response.cookies[name].OutputString().encode())
    if size > MOST_BYTES:
        del response.cookies[name]
        raise ImproperlyConfigured(
            f"The cookie of SIMPLE_JWT['{setting}'] has {size} bytes, and browsers store at most {MOST_BYTES}:"
            " put fewer or shorter claims into the token."
        )


def delete_cookie(response: HttpResponseBase, setting: str) -> None:
    """Delete a cookie, if the site uses it. Browsers need the same path and domain, and Secure for its prefix."""
    name = cookie_name(setting)
    if name is not None:
        response.set_cookie(name, "", max_age=0, expires="Thu, 01 Jan 1970 00:00:00 GMT", **attributes())


def delete_cookies(response: HttpResponseBase) -> None:
    """Delete both cookies."""
    delete_cookie(response, REFRESH)
    delete_cookie(response, ACCESS)


def delete_unless_set(response: HttpResponseBase) -> None:
    """Delete the access cookie, unless the answer sets a new one."""
    if cookie_name(ACCESS) not in response.cookies:
        delete_cookie(response, ACCESS)


def vary_by_cookie(response: HttpResponseBase) -> None:
    """Let caches keep the answer for requests with the same cookies only, as Django's sessions do."""
    patch_vary_headers(response, ("Cookie",))


def afterwards(view: APIView | None, change: Callable[[HttpResponseBase], None]) -> None:
    """Change a DRF view's answer to this request: an authentication class does not get the answer."""
    if view is None:
        return
    finalize = view.finalize_response

    def finalize_and_change(*args: Any, **kwargs: Any) -> Any:
        response = finalize(*args, **kwargs)
        change(response)
        return response

    view.finalize_response = finalize_and_change  # type: ignore[method-assign]  # of this instance only
