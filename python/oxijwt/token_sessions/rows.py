"""Making a session's row, the policy for its refreshes, and how long the row is kept."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
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
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.http import HttpRequest
    from rest_framework.request import Request

DAY = timedelta(days=1)
FLUSH_MARGIN = 8 * DAY


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
        user=user,  # type: ignore[misc]  # AUTH_USER_MODEL, which is another class in each project
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


def session_of_token(
    user: AbstractBaseUser, expires_at: int, request: HttpRequest | Request | None, now: int
) -> TokenSession:
    """The session of an access token without a login. It ends with the token, `expires_at` seconds after 1970."""
    session = new_session(user, api_settings.ACCESS_TOKEN_LIFETIME, request, now)
    session.is_login, session.absolute_expires_at = False, None
    session.expires_at = datetime_from_claim(expires_at)
    session.flush_after = flush_day(last_exp(session))
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


def last_exp(session: TokenSession) -> datetime:
    """The latest `exp` that a token of the session can have if the session is not refreshed again."""
    last: datetime = session.expires_at
    if not session.is_login:
        return last
    try:
        # An access token may be made in the last moment before `expires_at`. No token outlives the absolute end.
        last += api_settings.ACCESS_TOKEN_LIFETIME
        if session.absolute_expires_at is not None:
            last = min(last, session.absolute_expires_at)
        # A node without sessions may rotate the last refresh token, and does not know the ends of the session.
        if BLACKLIST_LABEL in apps.app_configs:
            last += api_settings.REFRESH_TOKEN_LIFETIME
    except OverflowError:
        pass
    return last


def flush_day(last_exp: datetime, until_now: date | None = None) -> date:
    """The day after which a row can be flushed if its last token expires at `last_exp`.

    Returns `until_now`, the row's present day, if that is late enough. Else the new day is a week later than necessary,
    so that it changes rarely: an update that changes this indexed column is not heap-only on PostgreSQL.
    """
    needed = day_after(last_exp)
    if until_now is not None and until_now >= needed:
        return until_now
    return day_after(last_exp, FLUSH_MARGIN)


def day_after(last: datetime, margin: timedelta = DAY) -> date:
    """The date of `last` plus `margin`, or the latest possible date."""
    try:
        return (last + margin).date()
    except OverflowError:
        return date.max
