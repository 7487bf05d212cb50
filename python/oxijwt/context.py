"""The request at hand, and whether it is a login. Projects wrap their own login views in `login`."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from django.http import HttpRequest
    from rest_framework.request import Request

    from .token_sessions.models import TokenSession

_request: ContextVar[HttpRequest | Request | None] = ContextVar("oxijwt_request", default=None)
_scope: ContextVar[object] = ContextVar("oxijwt_scope", default=None)
_login: ContextVar[dict[object, TokenSession] | None] = ContextVar("oxijwt_login", default=None)


@contextmanager
def handling(request: HttpRequest | Request | None, *, login: bool = False, scope: object = None) -> Iterator[None]:
    """Inside, `current_request` returns this request. With `login`, `current_login` returns a new login.

    `scope` is what the client asks for. Nobody has checked it.
    """
    tokens = _request.set(request), _login.set({} if login else None), _scope.set(scope)
    try:
        yield
    finally:
        _request.reset(tokens[0])
        _login.reset(tokens[1])
        _scope.reset(tokens[2])


def login(request: HttpRequest | Request | None) -> AbstractContextManager[None]:
    """Inside, tokens are made for a user who has just logged in with this Django or DRF request.

    For a project's own login views: one-time codes, social login, registration. `for_user` then starts a session with
    the request's IP address and user agent, and sets `auth_time`, as the login views of this package do. All tokens of
    one class and user belong to the same session.
    """
    return handling(request, login=True)


def current_request() -> HttpRequest | Request | None:
    """The request that a token view is handling, or None outside of token views."""
    return _request.get()


def asked_scope() -> object:
    """The scope that the client of this login asks for, unchecked, or None."""
    return _scope.get()


def current_login() -> dict[object, TokenSession] | None:
    """The sessions that this login has started, by kind of token and user; None if this is not a login."""
    return _login.get()
