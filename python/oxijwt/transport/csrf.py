"""Django's own CSRF check, for requests whose token is in a cookie: browsers send cookies by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.middleware.csrf import get_token
from rest_framework.authentication import CSRFCheck

from oxijwt.aio.loop import in_thread
from oxijwt.exceptions import CsrfFailed

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

CSRF_HEADER = "X-CSRFToken"
"""The header of an answer with the CSRF token. The page sends it back in the header of CSRF_HEADER_NAME."""


def no_response(_request: HttpRequest) -> HttpResponse:
    """What Django's middleware calls to get an answer. It is never called, since only its hooks are used."""
    raise NotImplementedError


def read_secret(request: HttpRequest) -> CSRFCheck:
    """Django's check, after it has read the request's CSRF cookie (or session, with CSRF_USE_SESSIONS)."""
    check = CSRFCheck(no_response)
    check.process_request(request)
    return check


def check_csrf(request: HttpRequest) -> None:
    """Check the CSRF token and the origin of an unsafe Django or DRF request. Raises CsrfFailed.

    DRF exempts its views from Django's middleware, so this is the only check. A safe method passes.
    """
    reason = read_secret(request).process_view(request, None, (), {})  # type: ignore[arg-type]  # as DRF calls it
    if reason:
        # The reason may quote a header, and a test client can send a lone surrogate in it.
        raise CsrfFailed(f"{CsrfFailed.default_detail}: {reason}".encode(errors="replace").decode())


async def acheck_csrf(request: HttpRequest) -> None:
    """As `check_csrf`, for async code: in a thread if the secret is in a session, which may be in the database."""
    if settings.CSRF_USE_SESSIONS:
        return await in_thread(lambda: check_csrf(request))
    return check_csrf(request)


def send_csrf_token(request: HttpRequest, response: HttpResponse) -> None:
    """Put the CSRF token into the answer's header, and set Django's CSRF cookie: the middleware may be missing.

    `read_secret` must have read the request before.
    """
    response.headers[CSRF_HEADER] = get_token(request)
    CSRFCheck(no_response).process_response(request, response)
