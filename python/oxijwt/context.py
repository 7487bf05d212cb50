"""The request at hand, and whether it is a login."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_request: ContextVar[Any] = ContextVar("oxijwt_request", default=None)
_login: ContextVar[bool] = ContextVar("oxijwt_login", default=False)


@contextmanager
def handling(request: Any, *, login: bool = False) -> Iterator[None]:
    """Code inside works for this request (or for None), which may be a login."""
    tokens = _request.set(request), _login.set(login)
    try:
        yield
    finally:
        _request.reset(tokens[0])
        _login.reset(tokens[1])


def current_request() -> Any:
    """The request that a token view handles now, or None."""
    return _request.get()


def is_login() -> bool:
    """Whether a login view checks credentials now."""
    return _login.get()
