"""Deleting what has expired from the tables of the installed apps, in batches, in constant memory.

Each app has a `flushexpiredtokens` command, and Django runs only the first of that name: each empties both apps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import router, transaction

from .utils import aware_utcnow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BATCH_SIZE = 2000


def flush_expired() -> int:
    """Delete every expired token and session; how many."""
    return _flush_outstanding_tokens() + _flush_sessions()


def _flush_outstanding_tokens() -> int:
    if "token_blacklist" not in apps.app_configs:
        return 0
    outstanding = apps.get_model("token_blacklist", "OutstandingToken")
    blacklisted = apps.get_model("token_blacklist", "BlacklistedToken")
    expired = outstanding.objects.filter(expires_at__lte=aware_utcnow())

    def delete(database: str, ids: list[Any]) -> None:
        _delete(blacklisted.objects.using(database).filter(token_id__in=ids))
        _delete(outstanding.objects.using(database).filter(pk__in=ids))

    return _in_batches(expired, delete)


def _flush_sessions() -> int:
    if not apps.is_installed("oxijwt.token_sessions"):
        return 0
    sessions = apps.get_model("token_sessions", "TokenSession")
    expired = sessions.objects.filter(flush_after__lt=aware_utcnow().date())
    return _in_batches(expired, lambda database, ids: _delete(sessions.objects.using(database).filter(pk__in=ids)))


def _in_batches(expired: Any, delete: Callable[[str, list[Any]], None]) -> int:
    database = router.db_for_write(expired.model)
    flushed = 0
    for ids in _batches(expired.using(database).order_by("pk")):
        with transaction.atomic(using=database):
            delete(database, ids)
        flushed += len(ids)
    return flushed


def _batches(expired: Any) -> Iterator[list[Any]]:
    # Walking the primary key reads every row once, also where the time has no index (simplejwt's tables).
    ids: list[Any] = list(expired.values_list("pk", flat=True)[:BATCH_SIZE])
    while ids:
        yield ids
        ids = list(expired.filter(pk__gt=ids[-1]).values_list("pk", flat=True)[:BATCH_SIZE])


def _delete(rows: Any) -> None:
    # Without collecting related objects first: nothing refers to these rows but what was deleted just before.
    rows._raw_delete(rows.db)


class Command(BaseCommand):
    """The command of both apps."""

    help = "Deletes expired tokens and sessions."

    def handle(self, *args: Any, **options: Any) -> None:
        flush_expired()
