"""Adopting refresh tokens that have no session: simplejwt's, and ours from before the app was installed."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, connections, transaction

from oxijwt.exceptions import SessionError
from oxijwt.settings import api_settings
from oxijwt.utils import datetime_from_micros, now_micros

from .database import database, unless_deadlocked
from .ending import end
from .markers import adopts_now, is_marked
from .models import RevokeReason, TokenSession
from .reading import Reading, decided, find_with_user, permitted
from .rows import flush_day, new_session

if TYPE_CHECKING:
    from datetime import timedelta

ADOPTION_NAMESPACE = uuid.UUID("6f786a77-7400-5e55-8000-61646f707465")


def adopted_session_id(jti: str) -> uuid.UUID:
    """The id of the session that adopts a refresh token with this `jti`: the same however often it is tried."""
    return uuid.uuid5(ADOPTION_NAMESPACE, jti)


def read_without_sid(claims: dict[str, Any], jti: str, lifetime: timedelta) -> Reading | None:
    """The session that has adopted a refresh token without `sid`, or adopts it now; None where it stays without one.

    What was adopted once is decided by its session also when adopting is over. A new session is decided on but not
    written: `is_new` says so.
    """
    now = now_micros()
    user, session = find_with_user(adopted_session_id(jti), claims.get(api_settings.USER_ID_CLAIM))
    if user is None:
        return None
    if session is not None:
        return permitted(decided(session, user, 0, lifetime, now))
    if is_marked(user, claims.get("iat")):
        raise SessionError("session_revoked")
    if not _adopts():
        return None
    session = _adopting_session(user, claims, jti, lifetime, now)
    return replace(decided(session, user, 0, lifetime, now), is_new=True, issued_at=claims.get("iat"))


def end_without_sid(claims: dict[str, Any], jti: str, lifetime: timedelta) -> TokenSession | None:
    """End a refresh token without `sid`: the session that would adopt it is there already, and over."""
    user, session = find_with_user(adopted_session_id(jti), claims.get(api_settings.USER_ID_CLAIM))
    if user is None:
        return None
    if session is None:
        session = _adopting_session(user, claims, jti, lifetime, now_micros())
        session.revoked_at, session.revoke_reason = session.created_at, RevokeReason.LOGOUT
        if insert_adopted(session, lambda: None):
            return session
    end(session.pk, user.pk)
    return session


def insert_adopted(session: TokenSession, on_adoption: Any) -> bool:
    """Insert an adopted session with what `on_adoption` writes; False where another request has adopted it."""

    def insert() -> bool:
        try:
            with transaction.atomic(using=database()):
                session.save(using=database(), force_insert=True)
                on_adoption()
        except IntegrityError:
            return False
        return True

    return unless_deadlocked(insert)


def refuse_logged_out(reading: Reading) -> None:
    """Raise SessionError, and end the session, where a logout everywhere came while its token was being adopted."""
    if connections[database()].in_atomic_block:
        transaction.on_commit(lambda: _end_if_logged_out(reading), using=database())
    elif _end_if_logged_out(reading):
        raise SessionError("session_revoked")


def _adopting_session(user: Any, claims: dict[str, Any], jti: str, lifetime: timedelta, now: int) -> TokenSession:
    session = new_session(user, lifetime, None, now, pk=adopted_session_id(jti))
    # Kept until the adopted token has expired, whatever its lifetime was: it must not be adopted twice.
    session.flush_after = flush_day(datetime_from_micros(int(claims["exp"]) * 1_000_000), session.flush_after)
    return session


def _end_if_logged_out(reading: Reading) -> bool:
    """End a session adopted just now, where a logout everywhere has come since its token was read."""
    marked = is_marked(reading.user, reading.issued_at)
    if marked:
        end(reading.session.pk, reading.user.pk, RevokeReason.LOGOUT_GLOBAL)
    return marked


def _adopts() -> bool:
    return api_settings.TOKEN_SESSIONS == "issue" and api_settings.ROTATE_REFRESH_TOKENS and adopts_now()
