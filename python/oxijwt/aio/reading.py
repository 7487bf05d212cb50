"""Reading a token from async code."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Self, TypeVar

from django.core.exceptions import SynchronousOnlyOperation
from django.views.decorators.debug import sensitive_variables

from oxijwt.utils import Hidden

from .loop import WouldWaitError, in_any_thread, in_thread, records_later, without_waiting

if TYPE_CHECKING:
    from collections.abc import Callable

    from oxijwt.utils import Names

Read = TypeVar("Read", bound="AsyncReading")

READING = frozenset({"__init__", "__new__", "check_blacklist", "read", "verify"})
"""The methods that read a token and ask its records."""


class AsyncReading:
    """Tokens that async code can read."""

    read: Callable[..., Self]

    @classmethod
    @sensitive_variables()
    async def aread(
        cls,
        token: str | bytes | None,
        *,
        audience: Names | None = None,
        issuer: Names | None = None,
        view: object = None,
    ) -> Self:
        """As `read`, for async code. Raises as `read`.

        A subclass of a project that has a method of READING reads in a thread, since it may ask the database.
        """
        held = Hidden(token)
        del token
        read = partial(read_held, cls, held, audience=audience, issuer=issuer, view=view)
        if has_own_reading(cls):
            return await in_thread(read)
        with records_later():
            found = await read_without_waiting(read)
        await found.acheck_records()
        return found

    async def acheck_records(self) -> None:
        """Check what `verify` would ask the token's records; nothing for a token that it asks no records about."""


def read_held(token_class: type[Read], held: Hidden[str | bytes | None], **accepts: object) -> Read:
    """As `token_class.read`, which raises TokenError."""
    return token_class.read(held.value, **accepts)


def has_own_reading(token_class: type) -> bool:
    """Whether a project's class has a method of READING, among this class and its parents."""
    for each in token_class.__mro__:
        if not each.__module__.startswith("oxijwt.") and each is not object and not READING.isdisjoint(vars(each)):
            return True
    return False


async def read_without_waiting(read: Callable[[], Read]) -> Read:
    """The token that `read` returns. A thread reads it only if it must wait for keys, or asks the database for them."""
    try:
        with without_waiting():
            return read()
    except WouldWaitError:
        pass
    except SynchronousOnlyOperation:
        return await in_thread(read)
    return await in_any_thread(read)
