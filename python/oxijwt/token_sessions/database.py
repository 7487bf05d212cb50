"""The sessions' database, what happens when it is busy, and what happens after a commit."""

from __future__ import annotations

import random
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from django.db import OperationalError, connections, router, transaction

from oxijwt import signals
from oxijwt.context import current_request
from oxijwt.exceptions import ServiceUnavailable

from .models import TokenSession

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.dispatch import Signal

T = TypeVar("T")

MARIADB_DEADLOCK = 1213
"""ER_LOCK_DEADLOCK, an error number."""
POSTGRESQL_DEADLOCK = "40P01"
"""deadlock_detected, an SQLSTATE."""
DEADLOCK_TRIES = 10
"""How often a write is tried if it ends in a deadlock each time."""
DEADLOCK_PAUSE = 0.02
"""The longest pause before the next try, in seconds."""
MAX_TRIES = 5
"""How often a refresh is decided and written if other requests get ahead of it each time."""


def database() -> str:
    """The alias of the database that sessions are written to. Decisions read from it too, and not from a replica."""
    return router.db_for_write(TokenSession)


def after_commit(act: Callable[[], object]) -> None:
    """Call `act` after the commit of the caller's transaction. Without a transaction, call it at once and let it raise.

    After a commit an exception is only logged, because the project's own `on_commit` hooks come next.
    """
    if connections[database()].in_atomic_block:
        transaction.on_commit(act, using=database(), robust=True)
    else:
        act()


def announce(signal: Signal, **named: object) -> None:
    """Send a signal with the request at hand after the commit, or at once if there is no transaction."""
    if signal.has_listeners(TokenSession):
        request = current_request()
        after_commit(lambda: signals.send(signal, TokenSession, request=request, **named))


@contextmanager
def refused_while_busy() -> Iterator[None]:
    """Raise ServiceUnavailable (503) on a deadlock, a lock timeout or an outdated snapshot.

    The client may repeat the request.
    """
    try:
        yield
    except OperationalError as error:
        raise ServiceUnavailable from error


def unless_deadlocked(write: Callable[[], T]) -> T:
    """Call `write`, and call it again if the database undid it to end a deadlock. Returns what `write` returns.

    In a transaction of the caller it is called only once: the database undid that whole transaction.
    """
    tries = 1 if connections[database()].in_atomic_block else DEADLOCK_TRIES
    while True:
        tries -= 1
        try:
            return write()
        except OperationalError as error:
            if not tries or not is_deadlock(error):
                raise
        # A random pause, so that two deadlocked writers do not try again at the same moment.
        time.sleep(random.uniform(0, DEADLOCK_PAUSE))  # noqa: S311  no secret


def is_deadlock(error: OperationalError) -> bool:
    """Whether MariaDB or PostgreSQL has undone a statement to end a deadlock."""
    return MARIADB_DEADLOCK in error.args or getattr(error.__cause__, "sqlstate", None) == POSTGRESQL_DEADLOCK
