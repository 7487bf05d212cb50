"""Markers: rows that a logout everywhere or a changed password leaves, so that the user's older refresh tokens are not
adopted later. Each user has one; its id follows from the user's key.
"""

from __future__ import annotations

import uuid
from contextlib import suppress
from typing import TYPE_CHECKING

from django.db import IntegrityError, connections

from oxijwt.settings import api_settings
from oxijwt.utils import datetime_from_micros, now_micros

from .database import database, refused_while_busy, unless_deadlocked
from .models import MARKER_DAY, RevokeReason, TokenSession

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

MARKER_NAMESPACE = uuid.UUID("6f786a77-7400-5e55-8000-6d61726b6572")


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
    """Write a marker: tokens that the user got before now are not adopted. Does nothing if no token can be adopted.

    One SQL statement. `flushexpiredtokens` deletes markers when ADOPT_UNTIL has passed.
    """
    if not may_adopt_later():
        return
    now = datetime_from_micros(now_micros())
    marker = TokenSession(
        id=uuid.uuid5(MARKER_NAMESPACE, str(user.pk)),
        user_id=user.pk,
        created_at=now,
        expires_at=now,
        revoked_at=now,
        revoke_reason=RevokeReason.MARKER,
        flush_after=MARKER_DAY,
    )
    # MySQL and MariaDB take no `unique_fields`: a conflict with any unique key updates the row there.
    names_key = connections[database()].features.supports_update_conflicts_with_target
    TokenSession.objects.using(database()).bulk_create(
        [marker], update_conflicts=True, update_fields=["revoked_at"], unique_fields=["id"] if names_key else None
    )


def leave_marker_now(user: AbstractBaseUser) -> None:
    """As `leave_marker`, for a caller that has no other write. Does nothing if the user is gone.

    Raises ServiceUnavailable.
    """
    with refused_while_busy(), suppress(IntegrityError):
        unless_deadlocked(lambda: leave_marker(user))


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
