"""Marks in the table that refresh tokens of a user, issued before, are not adopted: left by a logout everywhere."""

from __future__ import annotations

from typing import Any

from oxijwt.settings import api_settings
from oxijwt.utils import datetime_from_micros, now_micros

from .database import database
from .models import RevokeReason, TokenSession
from .rows import new_session


def may_adopt_later() -> bool:
    """Whether tokens without `sid` are, or are still to be, adopted."""
    if api_settings.TOKEN_SESSIONS == "accept":
        return True
    return adopts_now()


def adopts_now() -> bool:
    """Whether ADOPT_UNTIL is set and not passed."""
    until = api_settings.ADOPT_UNTIL
    return until is not None and now_micros() < until.timestamp() * 1_000_000


def leave_marker(user: Any) -> None:
    """Mark that the user's tokens issued until now are not adopted, where any may be."""
    if not may_adopt_later():
        return
    marker = new_session(user, api_settings.REFRESH_TOKEN_LIFETIME, None, now_micros())
    marker.revoked_at = marker.created_at
    marker.revoke_reason = RevokeReason.MARKER
    marker.save(using=database(), force_insert=True)


def is_marked(user: Any, issued_at: object) -> bool:
    """Whether a token of the user issued at this time, a claim, is not to be adopted."""
    marked: Any = TokenSession.objects.using(database()).filter(user=user, revoke_reason=RevokeReason.MARKER)
    if isinstance(issued_at, bool) or not isinstance(issued_at, int | float):
        return bool(marked.exists())
    try:
        return bool(marked.filter(revoked_at__gte=datetime_from_micros(int(issued_at) * 1_000_000)).exists())
    except OverflowError:
        return bool(marked.exists())
