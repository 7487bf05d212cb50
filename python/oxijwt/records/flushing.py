"""Delete expired tokens and sessions from the tables of the installed apps, in batches and in constant memory.

Both apps have a `flushexpiredtokens` command, and Django only runs the first of two with the same name. So each of the
two commands flushes the tables of both apps.
"""

from __future__ import annotations

from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import connections, router, transaction

from oxijwt.settings import api_settings
from oxijwt.utils import aware_utcnow, now_micros

from . import has_blacklist, session_app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from django.core.management.base import CommandParser
    from django.db.models import Model, QuerySet

    Row = TypeVar("Row", bound=Model)
    Key = TypeVar("Key")

BATCH_SIZE = 5000
"""The most rows that one transaction deletes. A slow database gets smaller batches, so that transactions stay short."""
FEWEST = 1000
"""The smallest batch for a slow database, in rows."""
SLOW, FAST = 0.15, 0.05
"""A transaction longer than SLOW halves the next batch, a shorter one than FAST doubles it; in seconds."""


def flush_expired(*, dry_run: bool = False) -> dict[str, int]:
    """Delete every expired token and session. Returns how many rows it deleted, by the labels of the models.

    Then publish what is owed to REVOCATION_CACHE. If the cache does not answer, that is only logged.

    With `dry_run` it only counts, and does neither.
    """
    counts = flush_outstanding_tokens(dry_run=dry_run) | flush_sessions(dry_run=dry_run)
    app = session_app()
    if app is not None and not dry_run:
        app.tend_revocation_cache()
    return counts


class Batches:
    """Transactions that delete `size` rows each; `size` follows the speed of the database."""

    def __init__(self, database: str) -> None:
        self.size: int = BATCH_SIZE
        self._database = database

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Inside, one batch is deleted in a transaction."""
        begun = monotonic()
        with transaction.atomic(using=self._database):
            yield
        seconds = monotonic() - begun
        if seconds > SLOW:
            self.size = max(self.size // 2, min(FEWEST, BATCH_SIZE))
        elif seconds < FAST:
            self.size = min(self.size * 2, BATCH_SIZE)


def flush_outstanding_tokens(*, dry_run: bool) -> dict[str, int]:
    """Delete the blacklist app's expired tokens, with their blacklist entries. Returns how many, by model."""
    if not has_blacklist():
        return {}
    outstanding = apps.get_model("token_blacklist", "OutstandingToken")
    blacklisted = apps.get_model("token_blacklist", "BlacklistedToken")
    database = router.db_for_write(outstanding)
    tokens, entries = outstanding.objects.using(database), blacklisted.objects.using(database)
    now = aware_utcnow()
    if dry_run:
        found = tokens.filter(expires_at__lte=now).count(), entries.filter(token__expires_at__lte=now).count()
    else:
        found = flush_in_windows(tokens, entries, now)
    return {outstanding._meta.label: found[0], blacklisted._meta.label: found[1]}


def flush_in_windows(tokens: QuerySet[Row], entries: QuerySet[Row], now: datetime) -> tuple[int, int]:
    """Delete the tokens that have expired by `now`, and their entries. Returns the numbers of both."""
    batches, flushed, forgotten = Batches(tokens.db), 0, 0
    # simplejwt's table has no index on `expires_at`, so the loop reads it once, in the order of the primary key.
    for window in windows(tokens, batches):
        expired = tokens.filter(**window, expires_at__lte=now).order_by()
        # The window is repeated here, so that the database uses an index of this table too.
        blacklisted = entries.filter(**{f"token__{name}": pk for name, pk in window.items()})
        with batches.transaction():
            forgotten += delete(blacklisted.filter(token_id__in=expired.values("pk")))
            flushed += delete(expired)
    return flushed, forgotten


def windows(rows: QuerySet[Row], batches: Batches) -> Iterator[dict[str, object]]:
    """Lookups for `filter` that divide a table into windows of `batches.size` rows, in the order of the primary key.

    The caller may delete rows of a window before it takes the next one.
    """
    keys = rows.order_by("pk").values_list("pk", flat=True)
    window: dict[str, object] = {}
    while (last := keys.filter(**window)[batches.size - 1 : batches.size].first()) is not None:
        yield window | {"pk__lte": last}
        window = {"pk__gt": last}
    yield window


def flush_sessions(*, dry_run: bool) -> dict[str, int]:
    """Delete expired sessions, and publications that REVOCATION_CACHE need not know any more. Returns how many."""
    if session_app() is None:
        return {}
    publications, sessions = old_publications(), expired_sessions()
    if dry_run:
        counts = publications.count(), sum(rows.count() for rows in sessions)
    else:
        counts = delete(publications), sum(flush(rows) for rows in sessions)
    return {publications.model._meta.label: counts[0], sessions[0].model._meta.label: counts[1]}


def old_publications() -> QuerySet[Model]:
    """The ends of sessions whose access tokens have all expired."""
    model = apps.get_model("token_sessions", "OwedPublication")
    return model.objects.using(router.db_for_write(model)).filter(until__lt=aware_utcnow())


def expired_sessions() -> list[QuerySet[Model]]:
    """The sessions to delete: those that have expired, and the markers after ADOPT_UNTIL, if it is set."""
    model = apps.get_model("token_sessions", "TokenSession")
    sessions = model.objects.using(router.db_for_write(model))
    expired = sessions.filter(flush_after__lt=aware_utcnow().date())
    until = api_settings.ADOPT_UNTIL
    if until is not None and until.timestamp() * 1_000_000 <= now_micros():
        return [expired, sessions.undated_markers()]
    return [expired.without_markers()]


def flush(rows: QuerySet[Row]) -> int:
    """Delete sessions batch by batch. Returns how many."""
    # In the index's order: so the database reads only these rows, and PostgreSQL does not choose a table scan.
    in_order = rows.order_by("flush_after").values_list("pk", flat=True)
    batches, flushed = Batches(rows.db), 0
    while (keys := first_of(in_order, batches.size)) is not None:
        with batches.transaction():
            flushed += delete(rows.model._base_manager.using(rows.db).filter(pk__in=keys))
    return flushed


def first_of(keys: QuerySet[Row, Key], number: int) -> QuerySet[Row, Key] | list[Key] | None:
    """The first `number` keys for `pk__in`, or None if no key is left."""
    # A subquery saves sending the keys here and back. MySQL and MariaDB allow no LIMIT in such a subquery.
    if connections[keys.db].features.allow_sliced_subqueries_with_in:
        return None if keys.first() is None else keys[:number]
    return list(keys[:number]) or None


def delete(rows: QuerySet[Row]) -> int:
    """Delete rows without looking for related objects first: the rows that refer to these were deleted before."""
    deleted: int = rows._raw_delete(rows.db)
    return deleted


class Command(BaseCommand):
    """The `flushexpiredtokens` command of both apps."""

    help = "Deletes expired tokens and sessions, and prints how many rows of each table."

    def add_arguments(self, parser: CommandParser) -> None:
        """The one option."""
        parser.add_argument("--dry-run", action="store_true", help="Only count the rows. Nothing is deleted.")

    def handle(self, *args: Any, dry_run: bool = False, verbosity: int = 1, **options: Any) -> None:
        """Delete or count. `--verbosity 0` prints nothing."""
        counts = flush_expired(dry_run=dry_run)
        for label, number in counts.items() if verbosity else ():
            self.stdout.write(f"{label}: {number} {'to delete' if dry_run else 'deleted'}")
