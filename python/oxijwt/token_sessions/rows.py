"""Making a session's row, the policy for its refreshes, and how long the row is kept."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.apps import apps

from oxijwt import state
from oxijwt._core import RefreshPolicy, SessionState
from oxijwt.records import BLACKLIST_LABEL
from oxijwt.settings import api_settings
from oxijwt.utils import MICROSECOND, datetime_from_claim, datetime_from_micros

from .client_info import client_info
from .models import TokenSession
from .password import auth_hash

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.base_user import AbstractBaseUser
    from django.http import HttpRequest
    from rest_framework.request import Request

FLUSH_MARGIN = timedelta(days=7)
"""How much longer than necessary the row of a refreshed session is kept at most. See `flush_day`."""
TOLERANCE = timedelta(hours=1)
"""For how long after its `exp` a token may be accepted: LEEWAY, and the clocks of other nodes."""


def new_session(
    user: AbstractBaseUser,
    lifetime: timedelta,
    request: HttpRequest | Request | None,
    now: int,
    pk: uuid.UUID | None = None,
) -> TokenSession:
    """A session that starts at `now`, in microseconds since 1970. It is not written."""
    begun = SessionState.begin(policy_for(lifetime), now)
    address, agent = client_info(request)
    absolute = begun.absolute_expires_at
    session = TokenSession(
        id=pk or uuid.uuid4(),
        generation=begun.generation,
        auth_hash=auth_hash(user),
        created_at=datetime_from_micros(now),
        expires_at=datetime_from_micros(begun.expires_at),
        absolute_expires_at=None if absolute is None else datetime_from_micros(absolute),
        ip_address=address,
        user_agent=agent,
    )
    session.set_user(user)
    session.flush_after = flush_day(session)
    return session


def session_of_token(
    user: AbstractBaseUser, expires_at: int, request: HttpRequest | Request | None, now: int
) -> TokenSession:
    """The session of an access token without a login. It ends with the token, `expires_at` seconds after 1970."""
    session = new_session(user, api_settings.ACCESS_TOKEN_LIFETIME, request, now)
    session.is_login, session.absolute_expires_at = False, None
    session.expires_at = datetime_from_claim(expires_at)
    session.flush_after = flush_day(session)
    return session


def policy_for(lifetime: timedelta) -> RefreshPolicy:
    """The refresh policy from the settings; `lifetime` is the idle lifetime."""
    absolute = api_settings.SESSION_ABSOLUTE_LIFETIME
    return RefreshPolicy(
        grace_seconds=int(api_settings.REFRESH_REUSE_GRACE.total_seconds()),
        idle_lifetime=lifetime // MICROSECOND,
        absolute_lifetime=None if absolute is None else absolute // MICROSECOND,
        rotate=api_settings.ROTATE_REFRESH_TOKENS,
        leeway=state.token_backend.get_leeway() // MICROSECOND,
        same_agent=api_settings.REFRESH_REUSE_GRACE_SAME_AGENT,
    )


def flush_day(session: TokenSession) -> date:
    """The day after which the row can be flushed.

    Each refresh moves the end of the session. An update that changes this indexed column is not heap-only on
    PostgreSQL. So when a refresh moves the day, it moves it as far as a refresh FLUSH_MARGIN later would, or one at the
    session's idle end if that is earlier. The next refreshes then leave it as it is. A session that was never refreshed
    has no margin.
    """
    needed = last_day(last_exp(session))
    if session.rotated_at is None:
        return needed
    if session.flush_after >= needed:
        return session.flush_after
    margin = min(FLUSH_MARGIN, session.expires_at - session.rotated_at)
    return max(needed, last_day(last_exp(session, margin)))


def last_exp(session: TokenSession, later: timedelta = timedelta(0)) -> datetime:
    """The latest `exp` that a token of the session can have if the session is not refreshed after `later`."""
    last: datetime = session.expires_at
    if not session.is_login:
        return last
    try:
        # An access token may be made in the last moment before `expires_at`. No token outlives the absolute end.
        last += api_settings.ACCESS_TOKEN_LIFETIME + later
        if session.absolute_expires_at is not None:
            last = min(last, session.absolute_expires_at)
        # A node without sessions may rotate the last refresh token, and does not know the ends of the session.
        if BLACKLIST_LABEL in apps.app_configs:
            last += api_settings.REFRESH_TOKEN_LIFETIME
    except OverflowError:
        pass
    return last


def last_day(exp: datetime, leeway: timedelta = timedelta(0)) -> date:
    """The last date on which a token with this `exp` can be accepted, or the latest possible date."""
    try:
        return (exp + leeway + TOLERANCE).date()
    except OverflowError:
        return date.max
