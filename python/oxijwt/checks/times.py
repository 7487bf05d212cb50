"""Checks of the lifetimes, the grace interval and the leeway."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning

from oxijwt.records import session_app
from oxijwt.settings import LIFETIMES, api_settings

from .values import is_moment

FIRST_MOMENT, LAST_MOMENT = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
ZERO = timedelta(0)
LONG_LEEWAY = timedelta(minutes=2)
SECOND = timedelta(seconds=1)
FAR_AHEAD = timedelta(days=365)
"""A migration that takes a year longer than any token lives has been forgotten."""

WHOLE_SECONDS = (*LIFETIMES, "SESSION_ABSOLUTE_LIFETIME", "REFRESH_REUSE_GRACE")
"""Durations whose fractions of a second do not count."""

DEADLINES = ("ADOPT_UNTIL", "LEGACY_KEY_UNTIL")
"""Moments at which the tokens of an earlier time end."""

DURATIONS = (
    *LIFETIMES,
    "SESSION_ABSOLUTE_LIFETIME",
    "REFRESH_REUSE_GRACE",
    "JWK_REFETCH_INTERVAL",
    "REVOCATION_MEMORY",
)
MAY_BE_NONE = {"SESSION_ABSOLUTE_LIFETIME", "REVOCATION_MEMORY"}
MAY_BE_ZERO = {"REFRESH_REUSE_GRACE"}
SHORTER_AND_LONGER = (
    ("ACCESS_TOKEN_LIFETIME", "REFRESH_TOKEN_LIFETIME"),
    ("SLIDING_TOKEN_LIFETIME", "SLIDING_TOKEN_REFRESH_LIFETIME"),
)


def lifetimes() -> Iterable[CheckMessage]:
    """Findings about each of DURATIONS, then about how they compare."""
    for setting in DURATIONS:
        value = getattr(api_settings, setting)
        if value is not None or setting not in MAY_BE_NONE:
            yield from lifetime_findings(setting, value)
    yield from order_findings()
    if session_app() is not None:
        yield from grace_findings(api_settings.REFRESH_REUSE_GRACE, api_settings.ACCESS_TOKEN_LIFETIME)


def deadlines() -> Iterable[CheckMessage]:
    """Findings about each of DEADLINES that lies too far ahead."""
    durations = (getattr(api_settings, name) for name in LIFETIMES)
    longest = max((value for value in durations if isinstance(value, timedelta)), default=ZERO)
    for setting in DEADLINES:
        until = getattr(api_settings, setting)
        if is_moment(until) and until - datetime.now(tz=UTC) - FAR_AHEAD > longest:
            yield CheckWarning(
                f"SIMPLE_JWT['{setting}'] is more than a year and the longest lifetime ahead: the tokens of an earlier"
                " time are accepted until then.",
                hint="Use a time when the last of these tokens has expired.",
                id="oxijwt.W016",
            )


def leeway() -> Iterable[CheckMessage]:
    """Findings about LEEWAY."""
    value = leeway_of(api_settings.LEEWAY)
    if value is None or not ZERO <= value <= datetime.now(tz=UTC) - FIRST_MOMENT:
        yield Error(
            "SIMPLE_JWT['LEEWAY'] must be a number of seconds or a timedelta, not negative, and not"
            " longer than the time since the year 1.",
            hint="Use seconds (int or float) or a timedelta, up to two minutes.",
            id="oxijwt.E013",
        )
    elif value > LONG_LEEWAY:
        yield CheckWarning(
            "SIMPLE_JWT['LEEWAY'] is longer than two minutes: expired tokens are accepted for that time.",
            hint="Synchronize the servers' clocks (NTP), and shorten the leeway.",
            id="oxijwt.W007",
        )


def lifetime_findings(setting: str, value: object) -> Iterable[CheckMessage]:
    """The finding about one duration."""
    if not isinstance(value, timedelta):
        yield Error(
            f"SIMPLE_JWT['{setting}'] must be a timedelta.",
            hint="Write datetime.timedelta(minutes=5), for example.",
            id="oxijwt.E010",
        )
    elif value < ZERO or (value == ZERO and setting not in MAY_BE_ZERO):
        least = "not be negative" if setting in MAY_BE_ZERO else "be longer than zero"
        yield Error(f"SIMPLE_JWT['{setting}'] must {least}.", hint="Use a longer timedelta.", id="oxijwt.E011")
    elif value > LAST_MOMENT - datetime.now(tz=UTC):
        yield Error(
            f"SIMPLE_JWT['{setting}'] must end before the year 10000.",
            hint="Use a shorter timedelta.",
            id="oxijwt.E012",
        )
    elif ZERO < value < SECOND and setting in WHOLE_SECONDS:
        yield CheckWarning(
            f"SIMPLE_JWT['{setting}'] is shorter than a second, but only whole seconds count.",
            hint="Use a longer timedelta, such as datetime.timedelta(seconds=30).",
            id="oxijwt.W015",
        )


def order_findings() -> Iterable[CheckMessage]:
    """Findings about SHORTER_AND_LONGER."""
    for shorter, longer in SHORTER_AND_LONGER:
        less, more = getattr(api_settings, shorter), getattr(api_settings, longer)
        if isinstance(less, timedelta) and isinstance(more, timedelta) and less > more:
            # Not an Error, since such a project works. Refreshing is useless there.
            yield CheckWarning(
                f"SIMPLE_JWT['{shorter}'] is longer than {longer}.",
                hint=f"Shorten {shorter}: a stolen token can be used until it expires.",
                id="oxijwt.W006",
            )


def grace_findings(grace: object, access: object) -> Iterable[CheckMessage]:
    """The finding about a grace interval that hides a thief."""
    if isinstance(grace, timedelta) and isinstance(access, timedelta) and grace >= access / 2:
        yield CheckWarning(
            "SIMPLE_JWT['REFRESH_REUSE_GRACE'] is at least half of ACCESS_TOKEN_LIFETIME: a thief can use the session"
            " too and stay unnoticed.",
            hint="Shorten the grace interval, or lengthen ACCESS_TOKEN_LIFETIME.",
            id="oxijwt.W003",
        )


def leeway_of(value: object) -> timedelta | None:
    """LEEWAY as TokenBackend.get_leeway reads it; None for a bool, and if get_leeway would raise."""
    if value is None:
        return ZERO
    if isinstance(value, timedelta):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return timedelta(seconds=value)
    except (OverflowError, ValueError):  # too large, or not a number
        return None
