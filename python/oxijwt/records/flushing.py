"""Deleting what has expired from the tables of the installed apps, in batches, in constant memory.

Each app has a `flushexpiredtokens` command, and Django runs only the first of that name: each empties both apps.
"""

from __future__ import annotations

from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import connections, router, transaction

from oxijwt.utils import aware_utcnow

from . import has_blacklist, session_app

if TYPE_CHECKING:
    from collections.abc import Iterator

BATCH_SIZE = 5000
"""The most rows of one transaction. Where the database is slow there are fewer, so that none is long."""
FEWEST = 1000
SLOW, FAST = 0.15, 0.05  # seconds


def flush_expired() -> int:
    """Delete every expired token and session; how many."""
    return _flush_outstanding_tokens() + _flush_sessions()


class _Batches:
    """Transactions of `size` rows: half as many after a slow one, twice as many after a fast one."""

    def __init__(self, database: str) -> None:
        self.size = BATCH_SIZE
        self._database = database

    @contextmanager
    def transaction(self) -> Iterator[None]:
        begun = monotonic()
        with transaction.atomic(using=self._database):
            yield
        seconds = monotonic() - begun
        if seconds > SLOW:
            self.size = max(self.size // 2, min(FEWEST, BATCH_SIZE))
        elif seconds < FAST:
            self.size = min(self.size * 2, BATCH_SIZE)


def _flush_outstanding_tokens() -> int:
    if not has_blacklist():
        return 0
    outstanding = apps.get_model("token_blacklist", "OutstandingToken")
    blacklisted = apps.get_model("token_blacklist", "BlacklistedToken")
    database = router.db_for_write(outstanding)
    now = aware_utcnow()
    batches, flushed = _Batches(database), 0
    # simplejwt's table has no index on the time: its rows are walked once, along the primary key.
    for window in _windows(outstanding.objects.using(database), batches):
        expired = outstanding.objects.using(database).filter(**window, expires_at__lte=now).order_by()
        # The window is said again, so that this table too is read along an index.
        entries = blacklisted.objects.using(database).filter(**{f"token__{name}": pk for name, pk in window.items()})
        with batches.transaction():
            _delete(entries.filter(token_id__in=expired.values("pk")))
            flushed += _delete(expired)
    return flushed


def _windows(rows: Any, batches: _Batches) -> Iterator[dict[str, Any]]:
    # Lookups that part the table into windows of so many rows, whatever was deleted from those before.
    keys = rows.order_by("pk").values_list("pk", flat=True)
    window: dict[str, Any] = {}
    while (last := keys.filter(**window)[batches.size - 1 : batches.size].first()) is not None:
        yield window | {"pk__lte": last}
        window = {"pk__gt": last}
    yield window


def _flush_sessions() -> int:
    if session_app() is None:
        return 0
    model = apps.get_model("token_sessions", "TokenSession")
    sessions = model.objects.using(router.db_for_write(model))
    # In the index's order: only what has expired is read, and PostgreSQL is not tempted to read the table.
    expired = (
        sessions.filter(flush_after__lt=aware_utcnow().date()).order_by("flush_after").values_list("pk", flat=True)
    )
    batches, flushed = _Batches(sessions.db), 0
    while (keys := _some(expired, batches.size)) is not None:
        with batches.transaction():
            flushed += _delete(sessions.filter(pk__in=keys))
    return flushed


def _some(keys: Any, number: int) -> Any:
    # As a subquery, which spares sending keys here and back; MySQL and MariaDB have none with a limit.
    if connections[keys.db].features.allow_sliced_subqueries_with_in:
        return None if keys.first() is None else keys[:number]
    return list(keys[:number]) or None


def _delete(rows: Any) -> int:
    # Without collecting related objects first: nothing refers to these rows but what was deleted just before.
    deleted: int = rows._raw_delete(rows.db)
    return deleted


class Command(BaseCommand):
    """The command of both apps."""

    help = "Deletes expired tokens and sessions."

    def handle(self, *args: Any, **options: Any) -> None:
        flush_expired()
