"""Small helpers that several modules use; some have simplejwt's names."""

from __future__ import annotations

import hashlib
import logging
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import DataError
from django.utils.functional import lazy

from .exceptions import TokenError
from .locale import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.base_user import AbstractBaseUser
    from django.db.models.manager import Manager
    from django.db.models.query import QuerySet

    from .aio.users import Answered
    from .statements.kept import Getting

logger: logging.Logger = logging.getLogger("oxijwt")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAIVE_EPOCH = EPOCH.replace(tzinfo=None)
SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)

Claims = dict[str, Any]
"""A token's claims by name."""

MAX_ID_LENGTH = 255
CONTROL_CHARACTER = re.compile("[\x00-\x1f\x7f-\x9f]")

NO_USER_ID = (bool, float)
"""Types that can't be a user's id. Django would convert them to an integer, but `true` is not user 1."""
UNFIT_USER_ID = (TypeError, ValueError, OverflowError, ValidationError, DataError)
"""The errors of a query for a value that the user model's field can't hold."""

Names = str | Iterable[str]
"""One audience or issuer, or several."""

User = TypeVar("User", bound="AbstractBaseUser")
Secret = TypeVar("Secret")


@dataclass
class Hidden(Generic[Secret]):
    """Holds a token, a password or data with one in it, so that no variable does while the database is asked.

    Error reporters keep the representation of each variable, and this one shows nothing.
    """

    value: Secret = field(repr=False)


def get_md5_hash_password(password: str | None) -> str:
    """The value of simplejwt's REVOKE_TOKEN_CLAIM: the MD5 of a password hash, 32 upper-case hex digits.

    None, of a user without a password, counts as an empty hash.
    """
    return hashlib.md5((password or "").encode(), usedforsecurity=False).hexdigest().upper()


def make_utc(dt: datetime) -> datetime:
    """Make a naive datetime aware, in UTC, if USE_TZ is on. Any other datetime is returned unchanged."""
    if settings.USE_TZ and dt.tzinfo is None:
        return dt.replace(tzinfo=UTC)
    return dt


def aware_utcnow() -> datetime:
    """Now in UTC: aware if USE_TZ is on, else naive."""
    now = datetime.now(tz=UTC)
    return now if settings.USE_TZ else now.replace(tzinfo=None)


def datetime_to_epoch(dt: datetime) -> int:
    """Whole seconds since 1970. A naive datetime is read as UTC."""
    return (dt - (NAIVE_EPOCH if dt.tzinfo is None else EPOCH)) // SECOND


def seconds_left(claims: Claims) -> int | None:
    """Whole seconds until the time in `exp`, at least 0; None if the claims have no time there."""
    expires_at = claims.get("exp")
    return max(0, int(expires_at) - int(time.time())) if isinstance(expires_at, int | float) else None


def datetime_from_epoch(ts: float) -> datetime:
    """The datetime for `ts` seconds since 1970: aware if USE_TZ is on, else naive in UTC.

    Raises OverflowError, OSError or ValueError if no datetime can hold it.
    """
    moment = datetime.fromtimestamp(ts, tz=UTC)
    return moment if settings.USE_TZ else moment.replace(tzinfo=None)


def now_micros() -> int:
    """Now, in microseconds since 1970."""
    return time.time_ns() // 1000


def datetimes_to_micros(*moments: datetime | None) -> list[int | None]:
    """Microseconds since 1970 for each datetime, None for None. Naive datetimes are read as UTC."""
    micros: list[int | None] = []
    for moment in moments:
        epoch = NAIVE_EPOCH if moment is None or moment.tzinfo is None else EPOCH
        micros.append(None if moment is None else (moment - epoch) // MICROSECOND)
    return micros


def datetime_from_micros(micros: int) -> datetime:
    """The datetime for microseconds since 1970: aware if USE_TZ is on, else naive in UTC."""
    moment = EPOCH + micros * MICROSECOND
    return moment if settings.USE_TZ else moment.replace(tzinfo=None)


def datetime_from_claim(value: object) -> datetime:
    """As `datetime_from_epoch`, for a claim. Raises TokenError unless it is a number that a datetime can hold."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TokenError(_("Token is invalid"))
    try:
        return datetime_from_epoch(value)
    except (OverflowError, OSError, ValueError) as error:
        raise TokenError(_("Token is invalid")) from error


def is_id(jti: object) -> bool:
    """Whether a claim can be a token's id. The core has the same rule for `jti`; JTI_CLAIM may name another claim."""
    if not isinstance(jti, str) or not 0 < len(jti) <= MAX_ID_LENGTH:
        return False
    return jti.isprintable() or CONTROL_CHARACTER.search(jti) is None


def _format(template: object, *args: object, **kwargs: object) -> str:
    return str(template).format(*args, **kwargs)


format_lazy: Callable[..., str] = lazy(_format, str)


def find_user(
    users: Manager[User] | QuerySet[User] | Getting[User] | Answered[User], field: str, user_id: object
) -> User | None:
    """The user whose `field` is `user_id`, or None.

    Also None if the field can't hold such a value, and if the user found has an id that is written in another way than
    `user_id`: an integer field reads " 1" and "+1" as 1, and a case-insensitive collation finds "Ada" for "ada".
    """
    if isinstance(user_id, NO_USER_ID):
        return None
    try:
        user = users.get(**{field: user_id})
    except (ObjectDoesNotExist, *UNFIT_USER_ID):
        return None
    return user if str(getattr(user, field)) == str(user_id) else None


def late_names(module: str, **homes: str) -> Callable[[str], Any]:
    """A module's `__getattr__` that finds names in other modules.

    `homes` says in which module each name is. That module is imported when the name is first used.
    """

    def find(name: str) -> object:
        if name in homes:
            return getattr(import_module(homes[name]), name)
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return find
