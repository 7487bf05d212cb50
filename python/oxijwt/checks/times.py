"""Whether lifetimes, the grace interval and the leeway are times that tokens can be given."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeGuard

from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning

from oxijwt.records import session_app
from oxijwt.settings import LIFETIMES, api_settings
from oxijwt.utils import aware_utcnow

FIRST_MOMENT, LAST_MOMENT = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
ZERO = timedelta(0)
LONG_LEEWAY = timedelta(minutes=2)

DURATIONS = (*LIFETIMES, "SESSION_ABSOLUTE_LIFETIME", "REFRESH_REUSE_GRACE", "JWK_REFETCH_INTERVAL")
MAY_BE_NONE = {"SESSION_ABSOLUTE_LIFETIME"}
MAY_BE_ZERO = {"REFRESH_REUSE_GRACE"}
SHORTER_AND_LONGER = (
    ("ACCESS_TOKEN_LIFETIME", "REFRESH_TOKEN_LIFETIME"),
    ("SLIDING_TOKEN_LIFETIME", "SLIDING_TOKEN_REFRESH_LIFETIME"),
)


def lifetimes() -> Iterable[CheckMessage]:
    """Findings about each of DURATIONS alone, then about how they compare."""
    for setting in DURATIONS:
        value = getattr(api_settings, setting)
        if value is not None or setting not in MAY_BE_NONE:
            yield from _lifetime(setting, value)
    yield from _order()
    if session_app() is not None:
        yield from _grace(api_settings.REFRESH_REUSE_GRACE, api_settings.ACCESS_TOKEN_LIFETIME)


def leeway() -> Iterable[CheckMessage]:
    """Findings about LEEWAY."""
    value = _as_timedelta(api_settings.LEEWAY)
    if value is None or not ZERO <= value <= aware_utcnow() - FIRST_MOMENT:
        yield Error(
            "SIMPLE_JWT['LEEWAY'] is neither a number of seconds nor a timedelta, or is negative or beyond all time.",
            hint="Use seconds (int or float) or a timedelta, of no more than two minutes.",
            id="oxijwt.E013",
        )
    elif value > LONG_LEEWAY:
        yield CheckWarning(
            "SIMPLE_JWT['LEEWAY'] is more than two minutes: expired tokens are taken for as long.",
            hint="Set the servers' clocks (NTP), and shorten the leeway.",
            id="oxijwt.W007",
        )


def _lifetime(setting: str, value: object) -> Iterable[CheckMessage]:
    if not _is_timedelta(value):
        yield Error(
            f"SIMPLE_JWT['{setting}'] is no timedelta.",
            hint="Write datetime.timedelta(minutes=5), or the like.",
            id="oxijwt.E010",
        )
    elif value < ZERO or (value == ZERO and setting not in MAY_BE_ZERO):
        yield Error(f"SIMPLE_JWT['{setting}'] is over before it begins.", hint="Make it longer.", id="oxijwt.E011")
    elif value > LAST_MOMENT - aware_utcnow():
        yield Error(
            f"SIMPLE_JWT['{setting}'] is so long that it ends after the year 9999.",
            hint="Make it shorter.",
            id="oxijwt.E012",
        )


def _order() -> Iterable[CheckMessage]:
    for shorter, longer in SHORTER_AND_LONGER:
        values = getattr(api_settings, shorter), getattr(api_settings, longer)
        if all(map(_is_timedelta, values)) and values[0] > values[1]:
            # No Error: such a project works. Its refreshing is for nothing.
            yield CheckWarning(
                f"SIMPLE_JWT['{shorter}'] is longer than {longer}.",
                hint=f"Shorten {shorter}: a token that lives long can be stolen for as long.",
                id="oxijwt.W006",
            )


def _grace(grace: object, access: object) -> Iterable[CheckMessage]:
    if _is_timedelta(grace) and _is_timedelta(access) and grace >= access / 2:
        yield CheckWarning(
            "SIMPLE_JWT['REFRESH_REUSE_GRACE'] is half of ACCESS_TOKEN_LIFETIME or more: a thief can ride along.",
            hint="Shorten the grace interval, or lengthen the access tokens' lifetime.",
            id="oxijwt.W003",
        )


def _is_timedelta(value: object) -> TypeGuard[timedelta]:
    return isinstance(value, timedelta)


def _as_timedelta(value: Any) -> timedelta | None:
    """LEEWAY as TokenBackend.get_leeway reads it; None where that fails, and for a bool."""
    if value is None:
        return ZERO
    if _is_timedelta(value):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return timedelta(seconds=value)
    except (OverflowError, ValueError):  # too large, not a number
        return None
