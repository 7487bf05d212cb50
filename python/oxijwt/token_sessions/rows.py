"""A session's row: a new one, the policy that refreshes it, and how long it is kept."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from typing import Any

from oxijwt._core import RefreshPolicy, SessionState
from oxijwt.settings import api_settings
from oxijwt.utils import MICROSECOND, datetime_from_micros

from .client_info import client_info
from .models import TokenSession
from .password import auth_hash

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
        created_at=datetime_from_micros(now),
        expires_at=datetime_from_micros(begun.expires_at),
        absolute_expires_at=None if absolute is None else datetime_from_micros(absolute),
        ip_address=address,
        user_agent=agent,
    )
    session.flush_after = flush_day(last_exp(session))
    return session


def policy_for(lifetime: timedelta) -> RefreshPolicy:
    """What the settings say about refreshing; `lifetime` is the idle lifetime."""
    absolute = api_settings.SESSION_ABSOLUTE_LIFETIME
    return RefreshPolicy(
        grace_seconds=int(api_settings.REFRESH_REUSE_GRACE.total_seconds()),
        idle_lifetime=lifetime // MICROSECOND,
        absolute_lifetime=None if absolute is None else absolute // MICROSECOND,
        rotate=api_settings.ROTATE_REFRESH_TOKENS,
    )


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


def _day_after(last: datetime, margin: timedelta = DAY) -> date:
    try:
        return (last + margin).date()
    except OverflowError:
        return date.max
