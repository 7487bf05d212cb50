"""The database that sessions are written to, and what it is to be busy."""

from __future__ import annotations

import random
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from django.db import OperationalError, connections, router

from oxijwt.exceptions import ServiceUnavailable

from .models import TokenSession

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

MARIADB_DEADLOCK = 1213
POSTGRESQL_DEADLOCK = "40P01"
DEADLOCK_TRIES = 10
DEADLOCK_PAUSE = 0.02
MAX_TRIES = 5
"""How often something is decided or written again when another request got ahead."""


def database() -> str:
    """The alias of the database that sessions are written to; decisions read there too."""
    return router.db_for_write(TokenSession)


@contextmanager
def refused_while_busy() -> Iterator[None]:
    """A deadlock, a lock timeout or a snapshot that is too old is 503: the request may be repeated."""
    try:
        yield
    except OperationalError as error:
        raise ServiceUnavailable from error


def unless_deadlocked(write: Callable[[], T]) -> T:
    """What `write` returns; called again where the database undid it to end a deadlock, and the transaction is ours."""
    tries = 1 if connections[database()].in_atomic_block else DEADLOCK_TRIES
    while True:
        tries -= 1
        try:
            return write()
        except OperationalError as error:
            if not tries or not _is_deadlock(error):
                raise
        # Whoever was undone at the same time is to come back at another.
        time.sleep(random.uniform(0, DEADLOCK_PAUSE))  # noqa: S311  no secret


def _is_deadlock(error: OperationalError) -> bool:
    # MariaDB's ER_LOCK_DEADLOCK, PostgreSQL's deadlock_detected.
    return MARIADB_DEADLOCK in error.args or getattr(error.__cause__, "sqlstate", None) == POSTGRESQL_DEADLOCK
