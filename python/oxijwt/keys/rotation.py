"""How long keys are published before they sign, and how long they verify afterwards or without a usable file."""

import math
from datetime import timedelta

from django.apps import apps

from oxijwt._core import KeyRotationPolicy
from oxijwt.exceptions import KeyConfigurationError
from oxijwt.settings import LIFETIMES, api_settings


def rotation_policy() -> KeyRotationPolicy:
    """KEY_PUBLISH_AHEAD and KEY_RETAIN, by default the longest life of a token. Raises KeyConfigurationError."""
    try:
        retain = longest_life() if api_settings.KEY_RETAIN is None else api_settings.KEY_RETAIN
        return KeyRotationPolicy(
            publish_ahead=math.ceil(api_settings.KEY_PUBLISH_AHEAD.total_seconds()),
            retain=math.ceil(retain.total_seconds()),
        )
    except (AttributeError, OverflowError, TypeError, ValueError) as error:
        message = (
            "SIMPLE_JWT: KEY_PUBLISH_AHEAD and KEY_RETAIN (by default the longest lifetime and LEEWAY) must be"
            " timedeltas of zero to 136 years"
        )
        raise KeyConfigurationError(message) from error


def stale_limit() -> float:
    """KEY_FILE_STALE in seconds. Raises KeyConfigurationError."""
    limit = api_settings.KEY_FILE_STALE
    if isinstance(limit, timedelta) and limit >= timedelta(0):
        return limit.total_seconds()
    raise KeyConfigurationError("SIMPLE_JWT['KEY_FILE_STALE'] must be a timedelta of zero or more")


def longest_life() -> timedelta:
    """The longest time for which our tokens are accepted: lifetimes, a session's absolute lifetime, and the leeway."""
    longest = longest_lifetime()
    if apps.is_installed("oxijwt.token_sessions") and api_settings.SESSION_ABSOLUTE_LIFETIME is not None:
        longest = max(longest, api_settings.SESSION_ABSOLUTE_LIFETIME)
    leeway = api_settings.LEEWAY or 0
    return longest + (leeway if isinstance(leeway, timedelta) else timedelta(seconds=leeway))


def longest_lifetime() -> timedelta:
    """The longest of the configured lifetimes."""
    longest: timedelta = max(getattr(api_settings, name) for name in LIFETIMES)
    return longest
