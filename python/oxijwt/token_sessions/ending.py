"""Ends sessions, publishes the ends in REVOCATION_CACHE, and sends signals.

A refusal can end a session too. Then the caller's transaction is often rolled back: by DRF, ATOMIC_REQUESTS or a
middleware. So in a transaction such an end is written on a connection of its own.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db import Error, IntegrityError, OperationalError, connections, transaction

from oxijwt import signals
from oxijwt.records import has_blacklist
from oxijwt.records.blacklist import blacklist_all_of
from oxijwt.records.users import is_found_late, refuse_without_user
from oxijwt.settings import api_settings
from oxijwt.statements import kept
from oxijwt.statements.plain import is_plain
from oxijwt.utils import MICROSECOND, datetime_from_micros, now_micros

from . import revocation_cache
from .database import (
    after_commit,
    announce,
    database,
    in_transaction,
    own_connection,
    refused_while_busy,
    unless_deadlocked,
)
from .markers import leave_marker, may_adopt_later
from .models import RevokeReason, TokenSession, TokenSessionQuerySet
from .password import auth_hash, fallback_hashes
from .publications import owe, tend
from .security_log import log_reuse, log_uncertain_end

if TYPE_CHECKING:
    import uuid
    from collections.abc import Collection
    from contextlib import AbstractContextManager
    from datetime import datetime, timedelta

    from django.contrib.auth.base_user import AbstractBaseUser

    from .client_info import Client

    Columns = dict[str, object]
    """Values of columns, by their names. The text of their UPDATE is kept."""
    Chosen = TokenSessionQuerySet | Columns
    """Sessions: a query set, or those with these values."""


def end(sid: uuid.UUID, user_id: object, reason: RevokeReason | None = None) -> bool:
    """End one session, unless it has ended. Without a reason it is a logout. Raises ServiceUnavailable.

    Also publish what is owed to REVOCATION_CACHE. Returns whether this call has ended it.
    """
    reason = RevokeReason.LOGOUT if reason is None else reason
    ended = end_rows({"pk": sid}, reason, ids=[sid])
    tend()
    if ended:
        announce_end([sid], user_id, reason)
    return bool(ended)


def end_several(sessions: Collection[TokenSession], reason: RevokeReason) -> set[uuid.UUID]:
    """End these sessions, of any users, with one statement. Returns the ids of those that this call has ended.

    Also publish what is owed to REVOCATION_CACHE. Raises ServiceUnavailable.
    """
    rows = TokenSession.objects.filter(pk__in=[session.pk for session in sessions])
    now = datetime_from_micros(now_micros())
    ended = set(ids_ended_at(now, rows, database())) if end_rows(rows, reason, now) else set()
    tend()
    for user_id in {session.user_id for session in sessions if session.pk in ended}:
        ids = [session.pk for session in sessions if session.user_id == user_id and session.pk in ended]
        announce_end(ids, user_id, reason)
    return ended


def end_refused(session: TokenSession, reason: RevokeReason, *, is_locked: bool = False) -> None:
    """End a live session whose token is refused now, also if the caller's transaction is rolled back later.

    `is_locked` says that the caller's transaction holds the row. Raises ServiceUnavailable.
    """
    ended, is_committed = write_end(session, reason, is_locked=is_locked)
    make_known(session, reason, ended=ended, is_committed=is_committed)


def write_end(session: TokenSession, reason: RevokeReason, *, is_locked: bool) -> tuple[bool, bool]:
    """(Whether this call has ended the session, whether that is committed). Raises ServiceUnavailable."""
    if not in_transaction():
        return bool(end_rows({"pk": session.pk}, reason, ids=[session.pk])), True
    try:
        return end_apart(session.pk, reason, is_locked=is_locked), True
    except Error as error:
        log_uncertain_end(session, reason, error)
    return end_inside(session.pk, reason), False


def end_apart(sid: uuid.UUID, reason: RevokeReason, *, is_locked: bool) -> bool:
    """End the session on a connection of its own. Whether this call has ended it.

    Raises django.db.Error if the session may still be alive: the connection does not see the row or can't lock it.
    """
    if is_locked:
        raise OperationalError("The caller's transaction has locked the row.")
    with own_connection() as alias:
        if end_now(sid, reason, alias):
            return True
        # No row has changed. It proves an end only if this connection sees that the session has ended.
        if TokenSession.objects.using(alias).filter(pk=sid, revoked_at__isnull=False).exists():
            return False
        raise OperationalError("A new connection does not see the row.")


def end_inside(sid: uuid.UUID, reason: RevokeReason) -> bool:
    """End the session in the caller's transaction. Raises ServiceUnavailable if another transaction holds the row."""
    sessions = TokenSession.objects.using(database())
    with refused_while_busy(), transaction.atomic(using=database()):
        # `end_apart` has waited for a lock already. An UPDATE would wait for as long as the other transaction is open.
        features = connections[database()].features
        if features.has_select_for_update_nowait:
            no_key = features.has_select_for_no_key_update
            sessions.select_for_update(nowait=True, no_key=no_key).filter(pk=sid).values_list("pk").first()
        return end_now(sid, reason, database())


def end_now(sid: uuid.UUID, reason: RevokeReason, alias: str) -> bool:
    """Write the end on this connection. Whether the row was live."""
    return bool(update_live({"pk": sid}, reason, datetime_from_micros(now_micros()), alias, ids=[sid]))


def make_known(session: TokenSession, reason: RevokeReason, *, ended: bool, is_committed: bool) -> None:
    """Publish an end that `write_end` has written, and send the signal."""
    tend(is_committed=is_committed)
    if ended:
        announce_end([session.pk], session.user_id, reason, at_once=is_committed)


def end_for_reuse(session: TokenSession, client: Client | None, retired_for: int, *, is_locked: bool) -> None:
    """End the session, and send the signals. `client` sent a token that was spent `retired_for` microseconds before.

    `is_locked` says that the caller's transaction holds the row. Raises ServiceUnavailable.
    """
    log_reuse(session, retired_for, client)
    ended, is_committed = write_end(session, RevokeReason.REUSE, is_locked=is_locked)
    make_known(session, RevokeReason.REUSE, ended=ended, is_committed=is_committed)
    announce(signals.refresh_reuse_detected, at_once=is_committed, session=session, age=retired_for * MICROSECOND)


def revoke_for_user(
    user: AbstractBaseUser, except_: Collection[uuid.UUID] = (), reason: RevokeReason = RevokeReason.REVOKED
) -> int:
    """End a user's sessions, except those whose ids are in `except_`, and all tokens that could still be adopted."""
    if except_ or not isinstance(user, get_user_model()):
        sessions: Chosen = TokenSession.objects.of(user).exclude(pk__in=except_)
    else:
        sessions = {"user": user}
    now = datetime_from_micros(now_micros())
    with refused_while_busy():
        ended = unless_deadlocked(lambda: end_all_of(user, sessions, reason, now))
    if may_adopt_later():
        after_commit(lambda: end_adopted_meanwhile(sessions, reason, now))
    tend()
    if ended and signals.session_revoked.has_listeners(TokenSession):
        announce_end(ids_ended_at(now, sessions, database()), user.pk, reason)
    return ended


def end_all_of(user: AbstractBaseUser, sessions: Chosen, reason: RevokeReason, now: datetime) -> int:
    """End these sessions of a user, and all tokens that could still be adopted. Returns how many sessions it ended."""
    asks = may_adopt_later() and is_found_late(database())
    try:
        with one_transaction():
            ended = update_live(sessions, reason, now, database())
            blacklist_all_of(user)
            leave_marker(user)
            if asks:
                refuse_without_user(user.pk)
    except IntegrityError:  # the user was deleted, and the sessions with the user: nobody needs a marker
        return 0
    return ended


def end_least_recently_refreshed(user: AbstractBaseUser, newest: TokenSession) -> None:
    """End the sessions above SESSION_LIMIT_PER_USER, the least recently refreshed ones first. Two SQL statements.

    The caller publishes the ends.
    """
    sessions = list(usable_by(user).only("created_at", "rotated_at"))
    now = datetime_from_micros(now_micros())  # after the query: what it found was not created later

    def age(session: TokenSession) -> tuple[bool, timedelta, uuid.UUID]:
        # Logins at the same time see each other's sessions. They put them before `newest`, so that all end the same
        # ones. If a session was created in the future, the clock of its node is ahead: it counts as older.
        is_older = not newest.created_at <= session.created_at <= now
        return is_older, now - (session.rotated_at or session.created_at), session.pk

    limit = max(api_settings.SESSION_LIMIT_PER_USER, 1)
    surplus = [session.pk for session in sorted(sessions, key=age)[limit:]]
    if surplus:
        end_rows(TokenSession.objects.filter(pk__in=surplus), RevokeReason.LIMIT, ids=surplus)
        announce_end(surplus, user.pk, RevokeReason.LIMIT)


def usable_by(user: AbstractBaseUser) -> TokenSessionQuerySet:
    """A user's live logins, without those that the last change of the password has ended."""
    hashes = {auth_hash(user), *fallback_hashes(user), b""}
    sessions = TokenSession.objects.db_manager(database()).filter(is_login=True)
    live = sessions.live(datetime_from_micros(now_micros())).of(user)
    return live if hashes == {b""} else live.filter(auth_hash__in=hashes)


def end_rows(
    sessions: Chosen,
    reason: RevokeReason,
    now: datetime | None = None,
    ids: list[uuid.UUID] | None = None,
) -> int:
    """End those of the sessions that have not ended. Returns how many. Raises ServiceUnavailable."""
    at = now or datetime_from_micros(now_micros())
    with refused_while_busy():
        return unless_deadlocked(lambda: update_live(sessions, reason, at, database(), ids))


def update_live(
    sessions: Chosen,
    reason: RevokeReason,
    now: datetime,
    alias: str,
    ids: list[uuid.UUID] | None = None,
) -> int:
    """Write the end into live rows, and that it must be published. Returns how many rows were live.

    The rows lose their IP address and user agent. After reuse they keep both, since an administrator looks for them.
    `ids` are those of the sessions, if the caller knows them.
    """
    values: dict[str, object] = {"revoked_at": now, "revoke_reason": reason}
    if reason != RevokeReason.REUSE:
        values |= {"ip_address": None, "user_agent": ""}
    if not revocation_cache.is_configured():
        return write_into_live(sessions, values, alias)
    with transaction.atomic(using=alias):
        ended = write_into_live(sessions, values, alias)
        if ended:
            owe(ids_ended_at(now, sessions, alias) if ids is None else ids, alias)
    return ended


def write_into_live(sessions: Chosen, values: Columns, alias: str) -> int:
    """One UPDATE of those of the sessions that have not ended. Returns how many rows it changed."""
    manager = TokenSession.objects
    if isinstance(sessions, dict) and is_plain(manager, TokenSessionQuerySet):
        return kept.update(manager, alias, sessions | {"revoked_at": None}, values)
    return rows_of(sessions, alias).filter(revoked_at__isnull=True).update(**values)


def rows_of(sessions: Chosen, alias: str) -> TokenSessionQuerySet:
    """The sessions as a query set of this database."""
    if isinstance(sessions, dict):
        return TokenSession.objects.using(alias).filter(**sessions)
    return sessions.using(alias)


def ids_ended_at(now: datetime, sessions: Chosen, alias: str) -> list[uuid.UUID]:
    """Those of the sessions that this process has just ended."""
    return list(rows_of(sessions, alias).filter(revoked_at=now).values_list("pk", flat=True))


def end_adopted_meanwhile(sessions: Chosen, reason: RevokeReason, now: datetime) -> None:
    """End the sessions that have adopted a token while a logout everywhere was written.

    If an adopting request committed before the marker was committed, this function sees its session. If it committed
    later, it sees the marker, since it looks for one after its commit.
    """
    if end_rows(sessions, reason, now):
        tend()


def one_transaction() -> AbstractContextManager[None]:
    """A transaction, if a logout everywhere needs more than one UPDATE: for the blacklist app, or for a marker."""
    if has_blacklist() or may_adopt_later():
        return transaction.atomic(using=database())
    return nullcontext()


def announce_end(ids: list[uuid.UUID], user_id: object, reason: RevokeReason, *, at_once: bool = False) -> None:
    """Send the signal `session_revoked` after the commit, or at once."""
    announce(signals.session_revoked, at_once=at_once, session_ids=ids, user_id=user_id, reason=reason)
