"""Ending sessions, and telling of it."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Case, When
from django.db.models.functions import Coalesce

from oxijwt import signals
from oxijwt.context import current_request
from oxijwt.records import has_blacklist
from oxijwt.records.blacklist import blacklist_all_of
from oxijwt.settings import api_settings
from oxijwt.utils import MICROSECOND, datetime_from_micros, now_micros

from . import revocation_cache
from .database import database, refused_while_busy, unless_deadlocked
from .markers import leave_marker, may_adopt_later
from .models import RevokeReason, TokenSession
from .password import auth_hash, fallback_hashes

if TYPE_CHECKING:
    import uuid
    from collections.abc import Collection, Iterable
    from datetime import datetime


def end(sid: uuid.UUID, user_id: Any, reason: RevokeReason | None = None) -> None:
    """End one session, once; ending it again only publishes it again. Without a reason it is a logout."""
    reason = RevokeReason.LOGOUT if reason is None else reason
    ended = end_rows(TokenSession.objects.filter(pk=sid), reason)
    try:
        _publish([sid])
    finally:  # it ended, whether or not the list could be told
        if ended:
            _announce_end([sid], user_id, reason)


def revoke_for_user(user: Any, except_: Collection[uuid.UUID] = (), reason: Any = RevokeReason.REVOKED) -> int:
    """End a user's sessions but those in `except_`, and what else of the user's could still be adopted."""
    sessions = TokenSession.objects.filter(user=user).exclude(pk__in=except_)
    now = datetime_from_micros(now_micros())

    def write() -> int:
        with _one_transaction():
            ended = _update(sessions, reason, now)
            blacklist_all_of(user)
            leave_marker(user)
        return ended

    with refused_while_busy():
        ended = unless_deadlocked(write)
    if may_adopt_later():
        transaction.on_commit(lambda: _end_adopted_meanwhile(sessions, reason, now), using=database())
    recent = _recently_ended(sessions)
    try:
        _publish(recent)
    finally:
        if ended:
            _announce_end([pk for pk, revoked_at in recent.items() if revoked_at == now], user.pk, reason)
    return ended


def publish_again(user: Any) -> None:
    """Tell REVOCATION_CACHE again of a user's sessions that ended lately: a logout that it missed was repeated."""
    _publish(_recently_ended(TokenSession.objects.filter(user=user)))


def end_for_reuse(session: TokenSession, user: Any, retired_for: int) -> None:
    """End the session of a refresh token that came back `retired_for` microseconds after it was spent; signal it."""
    try:
        end(session.pk, user.pk, RevokeReason.REUSE)
    finally:
        signals.refresh_reuse_detected.send(
            TokenSession, session=session, request=current_request(), age=retired_for * MICROSECOND
        )


def end_least_recently_refreshed(user: Any, newest: TokenSession) -> None:
    """End what is over SESSION_LIMIT_PER_USER: two statements."""
    # Logins of the same moment see each other: they go before `newest`, so that all of them end the same sessions.
    is_older = Case(When(created_at__gte=newest.created_at, then=0), default=1)
    recent = usable_by(user).order_by(is_older, Coalesce("rotated_at", "created_at").desc(), "pk")
    surplus = list(recent.values_list("pk", flat=True)[max(api_settings.SESSION_LIMIT_PER_USER, 1) :])
    if surplus:
        end_rows(TokenSession.objects.filter(pk__in=surplus), RevokeReason.LIMIT)
        _publish(surplus)
        _announce_end(surplus, user.pk, RevokeReason.LIMIT)


def usable_by(user: Any) -> Any:
    """A user's live sessions, those less that ended when the password was changed."""
    hashes = {auth_hash(user), *fallback_hashes(user), b""}
    live = TokenSession.objects.db_manager(database()).live(datetime_from_micros(now_micros())).filter(user=user)
    return live if hashes == {b""} else live.filter(auth_hash__in=hashes)


def end_rows(sessions: Any, reason: Any, now: datetime | None = None) -> int:
    """End those that are not ended yet, and forget where they came from; how many."""
    with refused_while_busy():
        return unless_deadlocked(lambda: _update(sessions, reason, now or datetime_from_micros(now_micros())))


def _update(sessions: Any, reason: Any, now: datetime) -> int:
    live = sessions.using(database()).filter(revoked_at__isnull=True)
    ended: int = live.update(revoked_at=now, revoke_reason=reason, ip_address=None, user_agent="")
    return ended


def _end_adopted_meanwhile(sessions: Any, reason: Any, now: datetime) -> None:
    """End what was adopted while a logout everywhere was written.

    Either this sees the adopted session, committed before the marker was; or who adopted it looks for the marker after
    that commit, and sees it.
    """
    if end_rows(sessions, reason, now):
        _publish(_recently_ended(sessions))


def _one_transaction() -> Any:
    # Without the blacklist app and without a marker a single UPDATE is written.
    if has_blacklist() or may_adopt_later():
        return transaction.atomic(using=database())
    return nullcontext()


def _recently_ended(sessions: Any) -> dict[uuid.UUID, datetime]:
    # Nobody listening and no cache: the UPDATE alone will do.
    if not revocation_cache.is_configured() and not signals.session_revoked.has_listeners(TokenSession):
        return {}
    recent = sessions.using(database()).filter(revoked_at__gte=revocation_cache.oldest_that_matters())
    return dict(recent.exclude(revoke_reason=RevokeReason.MARKER).values_list("pk", "revoked_at"))


def _publish(ids: Iterable[uuid.UUID]) -> None:
    # After the commit: a list that says more than the database would end a session that is alive.
    transaction.on_commit(lambda: revocation_cache.publish(ids), using=database())


def _announce_end(ids: list[uuid.UUID], user_id: Any, reason: Any) -> None:
    signals.session_revoked.send(
        TokenSession, session_ids=ids, user_id=user_id, reason=reason, request=current_request()
    )
