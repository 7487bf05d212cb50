"""Small helpers in simplejwt's names."""

import hashlib
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import DataError
from django.utils.functional import lazy

logger = logging.getLogger("oxijwt")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAIVE_EPOCH = EPOCH.replace(tzinfo=None)
SECOND = timedelta(seconds=1)

NO_USER_ID = (bool, float)
"""Django would read an integer from these: `true` is not user 1."""
UNFIT_USER_ID = (TypeError, ValueError, OverflowError, ValidationError, DataError)
"""What a look-up raises for a value that the user model's field can't take."""


def get_md5_hash_password(password: str) -> str:
    """The MD5 of a password hash, 32 upper-case hex digits: the value of simplejwt's REVOKE_TOKEN_CLAIM."""
    return hashlib.md5(password.encode(), usedforsecurity=False).hexdigest().upper()


def make_utc(dt: datetime) -> datetime:
    """A naive datetime read as UTC where USE_TZ is on; any other unchanged."""
    if settings.USE_TZ and dt.tzinfo is None:
        return dt.replace(tzinfo=UTC)
    return dt


def aware_utcnow() -> datetime:
    """Now in UTC: aware where USE_TZ is on, naive elsewhere."""
    return _as_stored(datetime.now(tz=UTC))


def datetime_to_epoch(dt: datetime) -> int:
    """Whole seconds since 1970, naive datetimes read as UTC."""
    return (dt - (NAIVE_EPOCH if dt.tzinfo is None else EPOCH)) // SECOND


def datetime_from_epoch(ts: float) -> datetime:
    """The datetime of seconds since 1970: aware where USE_TZ is on, naive UTC elsewhere.

    Raises OverflowError, OSError or ValueError where no datetime can hold it.
    """
    return _as_stored(datetime.fromtimestamp(ts, tz=UTC))


def _as_stored(dt: datetime) -> datetime:
    return dt if settings.USE_TZ else dt.replace(tzinfo=None)


def _format(template: Any, *args: object, **kwargs: object) -> str:
    return str(template).format(*args, **kwargs)


format_lazy = lazy(_format, str)


def find_user(users: Any, field: str, user_id: object) -> Any | None:
    """The one of `users` (a manager or query set) whose `field` is `user_id`, or None.

    None also where the field can't take such a value at all, and where it differs from what the token says: fields
    read " 1" and "+1" as 1, and a case-blind collation finds "Ada" by "ada". The text of both must be the same.
    """
    if isinstance(user_id, NO_USER_ID):
        return None
    try:
        user = users.get(**{field: user_id})
    except (ObjectDoesNotExist, *UNFIT_USER_ID):
        return None
    return user if str(getattr(user, field)) == str(user_id) else None
