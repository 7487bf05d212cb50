"""A session's row: a new one, what Rust decides on, and the claims that follow from it."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from typing import Any

from oxijwt._core import RefreshPolicy, SessionState
from oxijwt.settings import api_settings

from .auth_hash import auth_hash
from .client_info import client_info
from .clock import MICROSECOND, micros, moment
from .models import TokenSession

DAY = timedelta(days=1)
FLUSH_MARGIN = 8 * DAY


def new_session(user: Any, lifetime: timedelta, request: Any, now: int, pk: uuid.UUID | None = None) -> TokenSession:
    """A session that begins at `now`, in microseconds; not written yet."""
    begun = SessionState.begin(policy_for(lifetime), now)
    address, agent = client_info(request)
    absolute = begun.absolute_expires_at
    session = TokenSession(
        id=pk or uuid.uuid4(),
        user=user,
        generation=begun.generation,
        auth_hash=auth_hash(user),
        created_at=moment(now),
        expires_at=moment(begun.expires_at),
        absolute_expires_at=None if absolute is None else moment(absolute),
        ip_address=address,
        user_agent=agent,
    )
    session.flush_after = flush_day(last_exp(session))
    return session


def token_id(session: TokenSession) -> str:
    """The `jti` of the session's current refresh token, 32 hex digits.

    It follows from the row, so that a token said again is equal; it is no secret.
    """
    return uuid.uuid5(session.pk, str(session.generation)).hex


def refresh_claims(session: TokenSession) -> dict[str, Any]:
    """The claims of the session's current refresh token that follow from its row."""
    generation, issued_at, expires_at = state_of(session).refresh_claims()
    claims = {
        api_settings.SESSION_ID_CLAIM: str(session.pk),
        api_settings.SESSION_GENERATION_CLAIM: generation,
        "iat": issued_at,
        "exp": expires_at,
    }
    if api_settings.JTI_CLAIM is not None:
        claims[api_settings.JTI_CLAIM] = token_id(session)
    return claims


def policy_for(lifetime: timedelta) -> RefreshPolicy:
    """What the settings say about refreshing; `lifetime` is the idle lifetime."""
    absolute = api_settings.SESSION_ABSOLUTE_LIFETIME
    return RefreshPolicy(
        grace_seconds=int(api_settings.REFRESH_REUSE_GRACE.total_seconds()),
        idle_lifetime=lifetime // MICROSECOND,
        absolute_lifetime=None if absolute is None else absolute // MICROSECOND,
        rotate=api_settings.ROTATE_REFRESH_TOKENS,
    )


def state_of(session: TokenSession) -> SessionState:
    """The row as Rust decides on it."""
    return SessionState(
        generation=session.generation,
        rotated_at=_optional_micros(session.rotated_at),
        created_at=micros(session.created_at),
        expires_at=micros(session.expires_at),
        absolute_expires_at=_optional_micros(session.absolute_expires_at),
        revoked=session.revoked_at is not None,
    )


def _optional_micros(moment: datetime | None) -> int | None:
    return None if moment is None else micros(moment)


def last_exp(session: TokenSession) -> datetime:
    """The latest `exp` that a token of the session can have, as the row stands."""
    # An access token made at the idle end's last moment; nothing outlives the absolute end.
    try:
        last: datetime = session.expires_at + api_settings.ACCESS_TOKEN_LIFETIME
    except OverflowError:
        return session.expires_at
    return last if session.absolute_expires_at is None else min(last, session.absolute_expires_at)


def flush_day(last_exp: datetime, until_now: date | None = None) -> date:
    """The day after which a row may be flushed whose last token expires then; `until_now`, where that is late enough.

    It is set a week later than need be: moving the one indexed time keeps an update from being heap-only.
    """
    needed = _day_after(last_exp)
    if until_now is not None and until_now >= needed:
        return until_now
    return _day_after(last_exp, FLUSH_MARGIN)


def _day_after(moment: datetime, margin: timedelta = DAY) -> date:
    try:
        return (moment + margin).date()
    except OverflowError:
        return date.max
