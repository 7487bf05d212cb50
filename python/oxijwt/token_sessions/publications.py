"""What the database owes to REVOCATION_CACHE: sessions that have ended and are not on its list yet.

The transaction that ends a session writes down that the end must be published. After the commit it is published. What
could not be published stays owed: the next end, login, refresh or `manage.py publishrevocations` publishes it. Each of
them also rebuilds a list that the cache has lost.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import connections
from django.db.models.signals import pre_delete

from oxijwt.exceptions import ServiceUnavailable
from oxijwt.utils import aware_utcnow, logger

from . import revocation_cache
from .database import (
    after_commit,
    can_open_another,
    database,
    in_transaction,
    is_test_case,
    own_connection,
    refused_while_busy,
    unless_deadlocked,
)
from .models import OwedPublication, RevokeReason, TokenSession

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from uuid import UUID

    from django.db.models import Model

    from .models import TokenSessionQuerySet

BATCH_SIZE = 1000
"""The most sessions that one statement handles."""

_has_failed = threading.Event()
"""Set while this process owes what it could not publish."""


def owe(session_ids: Iterable[UUID], alias: str, *, is_deleted: bool = False) -> None:
    """Write down that these ended sessions must be published. The caller's transaction on `alias` has ended them.

    One INSERT. With `is_deleted` the rows of the sessions are deleted too.
    """
    until = aware_utcnow() + timedelta(seconds=revocation_cache.memory())
    rows = [OwedPublication(sid=sid, until=until, is_deleted=is_deleted) for sid in session_ids]
    OwedPublication.objects.using(alias).bulk_create(rows, BATCH_SIZE, ignore_conflicts=True)


def owe_deleted(sessions: TokenSessionQuerySet) -> None:
    """Write down, and publish after the commit, that these sessions have ended. The caller deletes their rows next.

    No statement without REVOCATION_CACHE, else three.
    """
    if not revocation_cache.is_configured():
        return
    recent = sessions.using(database()).exclude(revoked_at__lt=oldest_that_matters())
    ids = list(recent.exclude(revoke_reason=RevokeReason.MARKER).values_list("pk", flat=True))
    OwedPublication.objects.using(database()).filter(pk__in=ids).update(is_deleted=True)
    owe(ids, database(), is_deleted=True)
    tend()


def tend(*, is_committed: bool = False) -> None:
    """Publish what is owed after the commit, and rebuild a list that was lost. It never raises.

    With `is_committed` publish at once: what the caller's transaction has not written is committed already.
    """
    if not revocation_cache.is_configured():
        return
    if is_committed:
        log_failure(publish_now)
    else:
        after_commit(lambda: log_failure(publish_committed))


def log_failure(publish: Callable[[], object]) -> None:
    """Call `publish`, and only log a failure: what is owed stays owed."""
    try:
        publish()
    except ServiceUnavailable as error:
        logger.warning(
            "REVOCATION_CACHE does not answer: %s. Ended sessions stay owed.", type(error.__cause__).__name__
        )


def refuse_if_owing() -> None:
    """Raise ServiceUnavailable if this process could not publish an end. The client may repeat its logout.

    In a transaction of the caller nothing is published yet, and an exception would undo the end.
    """
    if revocation_cache.is_configured() and owes_publications() and not in_transaction():
        raise ServiceUnavailable


def publish_now() -> None:
    """Publish what is owed and committed, also inside a transaction of the caller. Raises ServiceUnavailable."""
    with committed_rows() as alias:
        publish_owed(alias)


def publish_committed() -> int:
    """As `publish_now`, outside a transaction. Returns how many ends were owed."""
    return publish_owed(database())


def publish_owed(alias: str) -> int:
    """Publish what `alias` shows as owed, and rebuild a list that was lost. Returns how many ends were owed.

    Raises ServiceUnavailable.
    """
    try:
        with refused_while_busy():
            if not revocation_cache.is_complete():
                revocation_cache.rebuild(ends_that_matter(alias))
            # Also if another process rebuilds the list: it may have read the database before these sessions ended.
            published = pay(alias)
    except ServiceUnavailable:
        _has_failed.set()
        raise
    _has_failed.clear()
    return published


def pay(alias: str) -> int:
    """Publish what is owed, batch by batch. Returns how many ends. Two statements for a batch, one if there is none."""
    owed = OwedPublication.objects.using(alias).filter(is_published=False).order_by("until")
    published = 0
    while batch := list(owed.values_list("pk", flat=True)[:BATCH_SIZE]):
        revocation_cache.publish(batch)
        unless_deadlocked(lambda paid=batch: settle(paid, alias))  # type: ignore[misc]  # mypy finds no type
        published += len(batch)
    return published


def settle(session_ids: list[UUID], alias: str) -> None:
    """Forget what was published. Sessions whose rows are deleted stay known here, for a rebuild."""
    paid = OwedPublication.objects.using(alias).filter(pk__in=session_ids)
    paid.filter(is_deleted=False).delete()
    if paid.exists():
        paid.update(is_published=True)


def ends_that_matter(alias: str) -> Iterator[UUID]:
    """The sessions whose access tokens may be valid though they have ended."""
    ended = TokenSession.objects.using(alias).filter(revoked_at__gte=oldest_that_matters())
    owed = OwedPublication.objects.using(alias).filter(until__gt=aware_utcnow())
    ids = (rows.values_list("pk", flat=True) for rows in (ended.without_markers(), owed))
    return chain.from_iterable(ids)


def oldest_that_matters() -> datetime:
    """If a session ended before this time, all its access tokens have expired."""
    return aware_utcnow() - timedelta(seconds=revocation_cache.memory())


def owes_publications() -> bool:
    """Whether this process could not publish an end, and has not done so since."""
    return _has_failed.is_set()


@contextmanager
def committed_rows() -> Iterator[str]:
    """The alias of a connection that sees committed rows only, and all of them.

    The caller's transaction may read an old snapshot, and sees its own rows, which a rollback may undo. Inside a
    TestCase, which never commits, what it sees counts as committed.
    """
    connection = connections[database()]
    if in_transaction() and not is_test_case(connection) and can_open_another(connection):
        with own_connection() as alias:
            yield alias
    else:
        yield database()


def connect() -> None:
    """Connect to the deletion of users, also as proxies of the user model.

    A receiver for any sender would slow down each deletion in the project.
    """
    for model in apps.get_models():
        if issubclass(model, get_user_model()):
            pre_delete.connect(before_delete, model, dispatch_uid="oxijwt.publications")


def before_delete(sender: type[Model], instance: Model, **kwargs: object) -> None:
    """Write down the ends of a user's sessions before Django deletes them with the user."""
    owe_deleted(TokenSession.objects.filter(user_id=instance.pk))
