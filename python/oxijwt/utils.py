"""Small helpers in simplejwt's names."""

import hashlib
import logging
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import DataError
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from .exceptions import TokenError

logger = logging.getLogger("oxijwt")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAIVE_EPOCH = EPOCH.replace(tzinfo=None)
SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)

Claims = dict[str, Any]
"""A token's claims by name."""

MAX_ID_LENGTH = 255
CONTROL_CHARACTER = re.compile("[\x00-\x1f\x7f-\x9f]")

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
    now = datetime.now(tz=UTC)
    return now if settings.USE_TZ else now.replace(tzinfo=None)


def datetime_to_epoch(dt: datetime) -> int:
    """Whole seconds since 1970, naive datetimes read as UTC."""
    return (dt - (NAIVE_EPOCH if dt.tzinfo is None else EPOCH)) // SECOND


def datetime_from_epoch(ts: float) -> datetime:
    """The datetime of seconds since 1970: aware where USE_TZ is on, naive UTC elsewhere.

    Raises OverflowError, OSError or ValueError where no datetime can hold it.
    """
    moment = datetime.fromtimestamp(ts, tz=UTC)
    return moment if settings.USE_TZ else moment.replace(tzinfo=None)


def now_micros() -> int:
    """Now in microseconds since 1970, the unit of a token session's row."""
    return time.time_ns() // 1000


def datetimes_to_micros(*moments: datetime | None) -> list[int | None]:
    """Microseconds since 1970 of each, None for None; naive datetimes are read as UTC."""
    micros: list[int | None] = []
    for moment in moments:
        epoch = NAIVE_EPOCH if moment is None or moment.tzinfo is None else EPOCH
        micros.append(None if moment is None else (moment - epoch) // MICROSECOND)
    return micros


def datetime_from_micros(micros: int) -> datetime:
    """The datetime of microseconds since 1970: aware where USE_TZ is on, naive UTC elsewhere."""
    moment = EPOCH + micros * MICROSECOND
    return moment if settings.USE_TZ else moment.replace(tzinfo=None)


def datetime_from_claim(value: object) -> datetime:
    """As `datetime_from_epoch`, of a claim. Raises TokenError for anything but seconds that a datetime can hold."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TokenError(_("Token is invalid"))
    try:
        return datetime_from_epoch(value)
    except (OverflowError, OSError, ValueError) as error:
        raise TokenError(_("Token is invalid")) from error


def is_id(jti: object) -> bool:
    """Whether a claim can be a token's id: the core's rule for `jti`, for the claim that JTI_CLAIM names."""
    if not isinstance(jti, str) or not 0 < len(jti) <= MAX_ID_LENGTH:
        return False
    return jti.isprintable() or CONTROL_CHARACTER.search(jti) is None


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


def late_names(module: str, **homes: str) -> Callable[[str], Any]:
    """A module's `__getattr__` for names that other modules hold: each is imported when it is asked for."""

    def find(name: str) -> Any:
        if name in homes:
            return getattr(import_module(homes[name]), name)
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return find
