"""The request at hand, and whether it is a login."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest
    from rest_framework.request import Request

_request: ContextVar[HttpRequest | Request | None] = ContextVar("oxijwt_request", default=None)
_login: ContextVar[bool] = ContextVar("oxijwt_login", default=False)


@contextmanager
def handling(request: HttpRequest | Request | None, *, login: bool = False) -> Iterator[None]:
    """Inside, `current_request` returns this request, and `is_login` returns `login`."""
    tokens = _request.set(request), _login.set(login)
    try:
        yield
    finally:
        _request.reset(tokens[0])
        _login.reset(tokens[1])


def current_request() -> HttpRequest | Request | None:
    """The request that a token view is handling, or None outside of token views."""
    return _request.get()


def is_login() -> bool:
    """Whether a login view is checking credentials."""
    return _login.get()
