"""Ends sessions, publishes the ends in REVOCATION_CACHE, and sends signals.

A refusal can end a session too. Then the caller's transaction is often rolled back: by DRF, ATOMIC_REQUESTS or a
middleware. So in a transaction such an end is written on a connection of its own.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from django.db import Error, IntegrityError, OperationalError, connections, transaction

from oxijwt import signals
from oxijwt.records import has_blacklist
from oxijwt.records.blacklist import blacklist_all_of
from oxijwt.records.users import is_found_late, refuse_without_user
from oxijwt.settings import api_settings
from oxijwt.utils import datetime_from_micros, now_micros

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
from .models import RevokeReason, TokenSession
from .password import auth_hash, fallback_hashes
from .security_log import log_uncertain_end

if TYPE_CHECKING:
    import uuid
    from collections.abc import Collection, Iterable
    from contextlib import AbstractContextManager
    from datetime import datetime, timedelta

    from django.contrib.auth.base_user import AbstractBaseUser

    from .models import TokenSessionQuerySet


def end(sid: uuid.UUID, user_id: object, reason: RevokeReason | None = None) -> None:
    """End one session. If it has ended already, only publish that again. Without a reason it is a logout."""
    reason = RevokeReason.LOGOUT if reason is None else reason
    ended = end_rows(TokenSession.objects.filter(pk=sid), reason)
    try:
        publish_after_commit([sid])
    finally:  # also if the list could not be written: the session has ended
        if ended:
            announce_end([sid], user_id, reason)


def end_refused(session: TokenSession, reason: RevokeReason, *, is_locked: bool = False) -> None:
    """End a live session whose token is refused now, also if the caller's transaction is rolled back later.

    `is_locked` says that the caller's transaction holds the row. Raises ServiceUnavailable.
    """
    ended, is_committed = write_end(session, reason, is_locked=is_locked)
    make_known(session, reason, ended=ended, is_committed=is_committed)


def write_end(session: TokenSession, reason: RevokeReason, *, is_locked: bool) -> tuple[bool, bool]:
    """(Whether this call has ended the session, whether that is committed). Raises ServiceUnavailable."""
    if not in_transaction():
        return bool(end_rows(TokenSession.objects.filter(pk=session.pk), reason)), True
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
    sessions = TokenSession.objects.filter(pk=sid)
    return bool(update_live(sessions, reason, datetime_from_micros(now_micros()), alias))


def make_known(session: TokenSession, reason: RevokeReason, *, ended: bool, is_committed: bool) -> None:
    """Publish an end that `write_end` has written, and send the signal. Raises ServiceUnavailable."""
    try:
        if is_committed:
            revocation_cache.publish([session.pk])
        else:
            publish_after_commit([session.pk])
    finally:  # also if the list could not be written: the session has ended
        if ended:
            announce_end([session.pk], session.user_id, reason, at_once=is_committed)


def revoke_for_user(
    user: AbstractBaseUser, except_: Collection[uuid.UUID] = (), reason: RevokeReason = RevokeReason.REVOKED
) -> int:
    """End a user's sessions, except those whose ids are in `except_`, and all tokens that could still be adopted."""
    sessions = TokenSession.objects.of(user).exclude(pk__in=except_)
    now = datetime_from_micros(now_micros())
    with refused_while_busy():
        ended = unless_deadlocked(lambda: end_all_of(user, sessions, reason, now))
    if may_adopt_later():
        after_commit(lambda: end_adopted_meanwhile(sessions, reason, now))
    recent = recently_ended(sessions)
    try:
        publish_after_commit(recent)
    finally:
        if ended:
            announce_end([pk for pk, revoked_at in recent.items() if revoked_at == now], user.pk, reason)
    return ended


def end_all_of(user: AbstractBaseUser, sessions: TokenSessionQuerySet, reason: RevokeReason, now: datetime) -> int:
    """End these sessions of a user, and all tokens that could still be adopted. Returns how many sessions it ended."""
    asks = may_adopt_later() and is_found_late(database())
    try:
        with one_transaction():
            ended = update_live(sessions, reason, now)
            blacklist_all_of(user)
            leave_marker(user)
            if asks:
                refuse_without_user(user.pk)
    except IntegrityError:  # the user was deleted, and the sessions with the user: nobody needs a marker
        return 0
    return ended


def publish_again(user: AbstractBaseUser) -> None:
    """Publish the user's recently ended sessions again, since the cache may have missed a logout."""
    publish_after_commit(recently_ended(TokenSession.objects.of(user)))


def end_least_recently_refreshed(user: AbstractBaseUser, newest: TokenSession) -> None:
    """End the sessions above SESSION_LIMIT_PER_USER, the least recently refreshed ones first. Two SQL statements."""
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
        end_rows(TokenSession.objects.filter(pk__in=surplus), RevokeReason.LIMIT)
        publish_after_commit(surplus)
        announce_end(surplus, user.pk, RevokeReason.LIMIT)


def usable_by(user: AbstractBaseUser) -> TokenSessionQuerySet:
    """A user's live logins, without those that the last change of the password has ended."""
    hashes = {auth_hash(user), *fallback_hashes(user), b""}
    sessions = TokenSession.objects.db_manager(database()).filter(is_login=True)
    live = sessions.live(datetime_from_micros(now_micros())).of(user)
    return live if hashes == {b""} else live.filter(auth_hash__in=hashes)


def end_rows(sessions: TokenSessionQuerySet, reason: RevokeReason, now: datetime | None = None) -> int:
    """End those of the sessions that have not ended. Returns how many. Raises ServiceUnavailable."""
    with refused_while_busy():
        return unless_deadlocked(lambda: update_live(sessions, reason, now or datetime_from_micros(now_micros())))


def update_live(sessions: TokenSessionQuerySet, reason: RevokeReason, now: datetime, alias: str | None = None) -> int:
    """Write the end into live rows, and delete their IP address and user agent. Returns how many.

    After reuse the rows keep both, since an administrator looks for them. `alias` names a connection; None is the
    sessions' database.
    """
    live = sessions.using(alias or database()).filter(revoked_at__isnull=True)
    if reason == RevokeReason.REUSE:
        return live.update(revoked_at=now, revoke_reason=reason)
    return live.update(revoked_at=now, revoke_reason=reason, ip_address=None, user_agent="")


def end_adopted_meanwhile(sessions: TokenSessionQuerySet, reason: RevokeReason, now: datetime) -> None:
    """End the sessions that have adopted a token while a logout everywhere was written.

    If an adopting request committed before the marker was committed, this function sees its session. If it committed
    later, it sees the marker, since it looks for one after its commit.
    """
    if end_rows(sessions, reason, now):
        publish_after_commit(recently_ended(sessions))


def one_transaction() -> AbstractContextManager[None]:
    """A transaction, if a logout everywhere needs more than one UPDATE: for the blacklist app, or for a marker."""
    if has_blacklist() or may_adopt_later():
        return transaction.atomic(using=database())
    return nullcontext()


def recently_ended(sessions: TokenSessionQuerySet) -> dict[uuid.UUID, datetime]:
    """Those of the sessions that have ended, but may have valid access tokens: when they ended, by their ids.

    Empty, without a query, if REVOCATION_CACHE is not set and nobody listens to the signal.
    """
    if not revocation_cache.is_configured() and not signals.session_revoked.has_listeners(TokenSession):
        return {}
    recent = sessions.using(database()).filter(revoked_at__gte=revocation_cache.oldest_that_matters())
    rows = recent.exclude(revoke_reason=RevokeReason.MARKER).values_list("pk", "revoked_at")
    return {pk: revoked_at for pk, revoked_at in rows if revoked_at is not None}


def publish_after_commit(ids: Iterable[uuid.UUID]) -> None:
    """Publish ended sessions in REVOCATION_CACHE, after the commit: a rollback would leave the session alive.

    Raises ServiceUnavailable if there is no transaction. After the commit of a caller's transaction it only logs.
    """
    if revocation_cache.is_configured():
        after_commit(lambda: revocation_cache.publish(ids))


def announce_end(ids: list[uuid.UUID], user_id: object, reason: RevokeReason, *, at_once: bool = False) -> None:
    """Send the signal `session_revoked` after the commit, or at once."""
    announce(signals.session_revoked, at_once=at_once, session_ids=ids, user_id=user_id, reason=reason)
