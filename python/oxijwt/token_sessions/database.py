"""The sessions' database, what happens when it is busy, and what happens after a commit."""

from __future__ import annotations

import random
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from django.db import Error, NotSupportedError, OperationalError, connections, router, transaction

from oxijwt import signals
from oxijwt.context import current_request
from oxijwt.exceptions import refuse_if_unavailable

from .models import TokenSession

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.db.backends.base.base import BaseDatabaseWrapper
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
OWN_ALIAS = "oxijwt_own"
"""The alias of a connection of our own, while it is open."""
OWN_OPTIONS: dict[str, dict[str, object]] = {
    "postgresql": {"connect_timeout": 2},
    "mysql": {"connect_timeout": 2},
    "sqlite": {"timeout": 1},
}
"""Settings of such a connection, in seconds, by the database's vendor."""
NOT_COPIED = frozenset({"pool", "isolation_level"})
"""An exhausted pool would make us wait. At REPEATABLE READ a refresh at the same moment would undo the end."""
LOCK_TIMEOUTS = {
    "postgresql": "SET LOCAL lock_timeout = '1s'",  # a plain SET would reach other clients of PgBouncer
    "mysql": "SET SESSION innodb_lock_wait_timeout = 1",
}
CLOCKS = {
    "postgresql": "SELECT EXTRACT(EPOCH FROM clock_timestamp())",
    "mysql": "SELECT UNIX_TIMESTAMP(SYSDATE(6))",
}
"""The statements that ask a database for its time, in seconds since 1970, by its vendor."""
MAX_TRIES = 5
"""How often a refresh is decided and written if other requests get ahead of it each time."""


def database() -> str:
    """The alias of the database that sessions are written to. Decisions read from it too, and not from a replica."""
    return router.db_for_write(TokenSession)


def clock_difference() -> float:
    """How far this machine's clock is ahead of the database's, in seconds. 0 if the database has no clock of its own.

    Raises django.db.Error.
    """
    connection = connections[database()]
    if connection.vendor not in CLOCKS:
        connection.ensure_connection()
        return 0.0
    with connection.cursor() as cursor:
        begun = time.time()
        cursor.execute(CLOCKS[connection.vendor])
        seconds = float(cursor.fetchone()[0])
    return (begun + time.time()) / 2 - seconds


def in_transaction() -> bool:
    """Whether the caller has a transaction open, or commits by hand."""
    connection = connections[database()]
    return connection.in_atomic_block or not connection.get_autocommit()


def is_test_case(connection: BaseDatabaseWrapper) -> bool:
    """Whether the outermost transaction is that of Django's TestCase, around each test."""
    blocks = connection.atomic_blocks
    return bool(blocks) and getattr(blocks[0], "_from_testcase", False)


@contextmanager
def own_connection() -> Iterator[str]:
    """The alias of a new connection with a transaction, which commits at the end. It waits a second for a lock.

    Raises django.db.Error if it can't be opened, or if a new connection can't see the database (SQLite in memory).
    """
    own = open_another(connections[database()])
    connections[OWN_ALIAS] = own
    try:
        with transaction.atomic(using=OWN_ALIAS):
            if own.vendor in LOCK_TIMEOUTS:
                with own.cursor() as cursor:
                    cursor.execute(LOCK_TIMEOUTS[own.vendor])
            yield OWN_ALIAS
    finally:
        del connections[OWN_ALIAS]
        own.close()


def open_another(shared: BaseDatabaseWrapper) -> BaseDatabaseWrapper:
    """A connection with the same settings, outside of the connection pool, in autocommit, at READ COMMITTED."""
    if not can_open_another(shared):
        raise NotSupportedError("A new connection can't see this database.")
    options = {name: value for name, value in shared.settings_dict["OPTIONS"].items() if name not in NOT_COPIED}
    settings = {**shared.settings_dict, "AUTOCOMMIT": True, "OPTIONS": options | OWN_OPTIONS[shared.vendor]}
    return type(shared)(settings, OWN_ALIAS)


def can_open_another(shared: BaseDatabaseWrapper) -> bool:
    """Whether a new connection sees the same database: not with SQLite in memory, or an unknown vendor."""
    return shared.vendor in OWN_OPTIONS and not (shared.vendor == "sqlite" and shared.is_in_memory_db())  # type: ignore[attr-defined]  # SQLite's


def after_commit(act: Callable[[], object]) -> None:
    """Call `act` after the commit of the caller's transaction. Without a transaction, call it at once and let it raise.

    After a commit an exception is only logged, because the project's own `on_commit` hooks come next.
    """
    if connections[database()].in_atomic_block:
        transaction.on_commit(act, using=database(), robust=True)
    else:
        act()


def announce(signal: Signal, *, at_once: bool = False, **named: object) -> None:
    """Send a signal with the request at hand after the commit, or at once if there is nothing to commit."""
    if not signal.has_listeners(TokenSession):
        return
    request = current_request()
    if at_once:
        signals.send(signal, TokenSession, request=request, **named)
    else:
        after_commit(lambda: signals.send(signal, TokenSession, request=request, **named))


@contextmanager
def refused_while_busy() -> Iterator[None]:
    """Raise ServiceUnavailable (503) on a deadlock, a lock timeout or an outdated snapshot, or if the database is down.

    The client may repeat the request.
    """
    try:
        yield
    except Error as error:
        refuse_if_unavailable(error)
        raise


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
