"""Adoption: a refresh token without a session gets one. simplejwt has issued it, or oxijwt without the session app."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from django.db import IntegrityError, connections, transaction

from oxijwt import signals, state
from oxijwt.exceptions import SessionError
from oxijwt.records.users import is_found_late, refuse_without_user
from oxijwt.settings import api_settings
from oxijwt.statements import rows
from oxijwt.utils import datetime_from_micros, now_micros

from .claims import UnknownSessionError, adopted_session_id
from .client_info import client_at_hand
from .database import after_commit, announce, database, unless_deadlocked
from .ending import end
from .markers import adopts_now, is_marked
from .models import RevokeReason, TokenSession
from .reading import Reading, Shown, decided, find_with_user, read_for_use
from .rows import last_day, new_session

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from django.contrib.auth.base_user import AbstractBaseUser

    from oxijwt.utils import Claims


def read_without_sid(claims: Claims, jti: str, lifetime: timedelta) -> Reading | None:
    """The session that has adopted this refresh token, or can adopt it now, and the decision on it. None if neither.

    A token that was adopted belongs to its session, also after ADOPT_UNTIL. A new session is not written; `is_new`
    marks it. Raises SessionError.
    """
    shown = Shown(dict(claims), None, 0, lifetime, now_micros(), client_at_hand(), asks_blacklist=False)
    user, session = find_with_user(adopted_session_id(jti), claims.get(api_settings.USER_ID_CLAIM))
    if user is None:
        return None
    if session is not None:
        return decided(session, user, shown)
    if is_marked(user, claims.get("iat")):
        raise SessionError("session_revoked")
    if not (is_open() and api_settings.ROTATE_REFRESH_TOKENS):
        return None
    session = adopting_session(user, claims, jti, lifetime, shown.now)
    return replace(decided(session, user, shown), is_new=True)


def is_open() -> bool:
    """Whether tokens without `sid` get a session now."""
    return bool(api_settings.TOKEN_SESSIONS == "issue") and adopts_now()


def read_adopted(claims: Claims, jti: str) -> TokenSession | None:
    """The session that has adopted this sliding token, or None. One SQL statement. Raises SessionError if it ended."""
    try:
        return read_for_use(adopted_session_id(jti), claims.get(api_settings.USER_ID_CLAIM))[1]
    except UnknownSessionError:
        return None


def adopt(user: AbstractBaseUser, claims: Claims, jti: str, lifetime: timedelta) -> TokenSession:
    """The session that adopts this sliding token: a new one, or that of another request. Raises SessionError."""
    if is_marked(user, claims.get("iat")):
        raise SessionError("session_revoked")
    session = adopting_session(user, claims, jti, lifetime, now_micros())
    if not insert_adopted(session, lambda: None):
        return read_for_use(session.pk, claims.get(api_settings.USER_ID_CLAIM))[1]
    refuse_logged_out(session, user, claims.get("iat"))
    announce(signals.session_started, session=session, adopted=True)
    return session


def end_without_sid(claims: Claims, jti: str, lifetime: timedelta) -> TokenSession | None:
    """End the session that has adopted this refresh token. If no session has, insert one that has ended already.

    Returns the session, or None if the token's user does not exist.
    """
    user, session = find_with_user(adopted_session_id(jti), claims.get(api_settings.USER_ID_CLAIM))
    if user is None:
        return None
    if session is None:
        session = adopting_session(user, claims, jti, lifetime, now_micros())
        session.revoked_at, session.revoke_reason = session.created_at, RevokeReason.LOGOUT
        if insert_adopted(session, lambda: None):
            return session
    end(session.pk, user.pk)
    return session


def insert_adopted(session: TokenSession, on_adoption: Callable[[], None]) -> bool:
    """Insert an adopted session, and call `on_adoption` in the same transaction.

    Returns False if another request has adopted the token, or if the user is gone.
    """
    alias = database()
    asks = is_found_late(alias)

    def insert() -> bool:
        try:
            with transaction.atomic(using=alias):
                rows.insert(session, alias)
                if asks:
                    refuse_without_user(session.user_id)
                on_adoption()
        except IntegrityError:
            return False
        return True

    return unless_deadlocked(insert)


def refuse_logged_out(session: TokenSession, user: AbstractBaseUser, issued_at: object) -> None:
    """End a session that was just inserted, if a logout everywhere has come since its token was read or made.

    Raises SessionError then. In a transaction of the caller the check waits for the commit, and does not raise.
    """
    if connections[database()].in_atomic_block:
        after_commit(lambda: end_if_logged_out(session, user, issued_at))
    elif end_if_logged_out(session, user, issued_at):
        raise SessionError("session_revoked")


def end_if_logged_out(session: TokenSession, user: AbstractBaseUser, issued_at: object) -> bool:
    """End an adopted session if a marker forbids to adopt its token, by its `iat`. Whether one does."""
    marked = is_marked(user, issued_at)
    if marked:
        end(session.pk, user.pk, RevokeReason.LOGOUT_GLOBAL)
    return marked


def adopting_session(user: AbstractBaseUser, claims: Claims, jti: str, lifetime: timedelta, now: int) -> TokenSession:
    """A session that adopts this refresh token at `now`, in microseconds since 1970. It is not written."""
    session = new_session(user, lifetime, None, now, pk=adopted_session_id(jti))
    # The row is kept until the adopted token has expired, however long it lives, so that it is not adopted twice.
    expires_at = datetime_from_micros(int(claims["exp"]) * 1_000_000)
    session.flush_after = max(session.flush_after, last_day(expires_at, state.token_backend.get_leeway()))
    return session
