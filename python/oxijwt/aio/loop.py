"""The event loop: it must not wait, and hands work over to a thread."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar

from asgiref.sync import sync_to_async

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

_must_not_wait: ContextVar[bool] = ContextVar("oxijwt_must_not_wait", default=False)
asks_records_later: ContextVar[bool] = ContextVar("oxijwt_asks_records_later", default=False)
"""Whether `verify` leaves a token's records out."""


class WouldWaitError(Exception):
    """Code in the event loop would have to wait. The caller calls it again in a thread."""


@contextmanager
def without_waiting() -> Iterator[None]:
    """Inside, sync code runs in the event loop: before it waits for the network, it raises WouldWaitError."""
    token = _must_not_wait.set(True)
    try:
        yield
    finally:
        _must_not_wait.reset(token)


def refuse_to_wait() -> None:
    """Raise WouldWaitError inside `without_waiting`. Code calls it before it waits."""
    if _must_not_wait.get():
        raise WouldWaitError


@contextmanager
def records_later() -> Iterator[None]:
    """Inside, `verify` does not ask a token's records: the caller awaits them afterwards."""
    token = asks_records_later.set(True)
    try:
        yield
    finally:
        asks_records_later.reset(token)


async def in_thread(act: Callable[[], T]) -> T:
    """Call `act` in the thread that has Django's connections, and return its result."""
    return await sync_to_async(act)()


async def in_any_thread(act: Callable[[], T]) -> T:
    """As `in_thread`, for code that may wait long and never uses the database. No other code waits for the thread."""
    return await sync_to_async(act, thread_sensitive=False)()


def is_only_sync(kind: type, name: str, twin: str) -> bool:
    """Whether a class has its own method `name`, but the async twin that it inherits. Then its own method counts."""
    for each in kind.__mro__:
        if twin in vars(each):
            return False
        if name in vars(each):
            return True
    return False
