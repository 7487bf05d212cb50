"""Markers: rows that a logout everywhere leaves, so that the user's older refresh tokens are not adopted later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxijwt.settings import api_settings
from oxijwt.utils import datetime_from_micros, now_micros

from .database import database
from .models import RevokeReason, TokenSession
from .rows import new_session

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


def may_adopt_later() -> bool:
    """Whether tokens without `sid` are adopted now, or may be adopted after TOKEN_SESSIONS is set to "issue"."""
    if api_settings.TOKEN_SESSIONS == "accept":
        return True
    return adopts_now()


def adopts_now() -> bool:
    """Whether ADOPT_UNTIL is set and in the future."""
    until = api_settings.ADOPT_UNTIL
    return until is not None and now_micros() < until.timestamp() * 1_000_000


def leave_marker(user: AbstractBaseUser) -> None:
    """Write a marker: tokens that the user got before now are not adopted. Does nothing if no token can be adopted."""
    if not may_adopt_later():
        return
    marker = new_session(user, api_settings.REFRESH_TOKEN_LIFETIME, None, now_micros())
    marker.revoked_at = marker.created_at
    marker.revoke_reason = RevokeReason.MARKER
    marker.save(using=database(), force_insert=True)


def is_marked(user: AbstractBaseUser, issued_at: object) -> bool:
    """Whether a marker forbids to adopt the user's token with this `iat` claim.

    If the claim is not a time, any marker of the user forbids it.
    """
    markers = TokenSession.objects.using(database()).of(user).filter(revoke_reason=RevokeReason.MARKER)
    if isinstance(issued_at, bool) or not isinstance(issued_at, int | float):
        return markers.exists()
    try:
        return markers.filter(revoked_at__gte=datetime_from_micros(int(issued_at) * 1_000_000)).exists()
    except OverflowError:
        return markers.exists()
