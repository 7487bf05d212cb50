"""Ends the session of a reused refresh token, also if the caller's transaction is rolled back later.

A project's own view refuses a spent token, and then its transaction is often rolled back: by DRF, ATOMIC_REQUESTS or a
middleware. So in a transaction the end is written on a connection of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import Error, OperationalError, connections, transaction

from oxijwt import signals
from oxijwt.utils import MICROSECOND, datetime_from_micros, now_micros

from . import revocation_cache
from .database import announce, database, in_transaction, own_connection, refused_while_busy
from .ending import announce_end, end_rows, publish_after_commit, update_live
from .models import RevokeReason, TokenSession
from .security_log import log_reuse, logger

if TYPE_CHECKING:
    import uuid

    from .client_info import Client


def end_for_reuse(session: TokenSession, client: Client | None, retired_for: int, *, is_locked: bool) -> None:
    """End the session, and send the signals. `client` sent a token that was spent `retired_for` microseconds before.

    `is_locked` says that the caller's transaction holds the row. Raises ServiceUnavailable.
    """
    log_reuse(session, retired_for, client)
    ended, is_committed = write_end(session, is_locked=is_locked)
    try:
        if is_committed:
            revocation_cache.publish([session.pk])
        else:
            publish_after_commit([session.pk])
    finally:  # also if the list could not be written: the session has ended
        if ended:
            announce_end([session.pk], session.user_id, RevokeReason.REUSE, at_once=is_committed)
        announce(signals.refresh_reuse_detected, at_once=is_committed, session=session, age=retired_for * MICROSECOND)


def write_end(session: TokenSession, *, is_locked: bool) -> tuple[bool, bool]:
    """(Whether this call has ended the session, whether that is committed). Raises ServiceUnavailable."""
    if not in_transaction():
        return bool(end_rows(TokenSession.objects.filter(pk=session.pk), RevokeReason.REUSE)), True
    try:
        return end_apart(session.pk, is_locked=is_locked), True
    except Error as error:
        logger.error(
            "A refresh token of session %s (user %s) was reused. The end of the session could only be written in the "
            "caller's transaction: a rollback undoes it.",
            session.pk,
            session.user_id,
            exc_info=error,
        )
    return end_inside(session.pk), False


def end_apart(sid: uuid.UUID, *, is_locked: bool) -> bool:
    """End the session on a connection of its own. Whether this call has ended it.

    Raises django.db.Error if the session may still be alive: the connection does not see the row or can't lock it.
    """
    if is_locked:
        raise OperationalError("The caller's transaction has locked the row.")
    with own_connection() as alias:
        if end_now(sid, alias):
            return True
        # No row has changed. That is no proof, unless this connection sees that the session has ended.
        if TokenSession.objects.using(alias).filter(pk=sid, revoked_at__isnull=False).exists():
            return False
        raise OperationalError("A new connection does not see the row.")


def end_inside(sid: uuid.UUID) -> bool:
    """End the session in the caller's transaction. Raises ServiceUnavailable if another transaction holds the row."""
    sessions = TokenSession.objects.using(database())
    with refused_while_busy(), transaction.atomic(using=database()):
        # `end_apart` has waited for a lock already. An UPDATE would wait for as long as the other transaction is open.
        features = connections[database()].features
        if features.has_select_for_update_nowait:
            no_key = features.has_select_for_no_key_update
            sessions.select_for_update(nowait=True, no_key=no_key).filter(pk=sid).values_list("pk").first()
        return end_now(sid, database())


def end_now(sid: uuid.UUID, alias: str) -> bool:
    """Write the end on this connection. Whether the row was live."""
    sessions = TokenSession.objects.filter(pk=sid)
    return bool(update_live(sessions, RevokeReason.REUSE, datetime_from_micros(now_micros()), alias))
