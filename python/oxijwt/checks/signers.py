"""Checks of a service that makes tokens: what its `iss` is, and which of its keys sign."""

from collections.abc import Iterable

from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import ImproperlyConfigured

from oxijwt._core import ALGORITHMS
from oxijwt.settings import api_settings
from oxijwt.state import SettingsTokenBackend

from .values import is_name_or_names

PAIR = ("SIGNING_KEY", "VERIFYING_KEY")


def one_issuer() -> Iterable[CheckMessage]:
    """A finding if this service can sign, but not say who it is."""
    issuer = api_settings.ISSUER
    if issuer is not None and not isinstance(issuer, str) and is_name_or_names(issuer) and can_sign():
        yield Error(
            "SIMPLE_JWT['ISSUER'] must be one text, not a collection, where tokens are made: it is their 'iss'.",
            hint="Use one text. Silence this check if the service only verifies, or if its views name their issuer.",
            id="oxijwt.E038",
        )


def can_sign() -> bool:
    """Whether a key is there that signs. An HMAC secret is one, also in a service that only verifies."""
    backend = SettingsTokenBackend()
    try:
        source = backend.key_source
        if source is not None:
            return bool(source.ring().signing_kids())
    except ImproperlyConfigured:  # E027 reports it
        return False
    return api_settings.ALGORITHM in ALGORITHMS and backend.has_signing_key


def unused_pair() -> Iterable[CheckMessage]:
    """A finding if KEYS or KEY_FILE has replaced a key pair that is still there, at once and not until a time."""
    ring = next((name for name in ("KEYS", "KEY_FILE") if getattr(api_settings, name) is not None), None)
    pair = [f"SIMPLE_JWT['{name}']" for name in PAIR if api_settings.user_settings.get(name)]
    if ring is not None and pair and api_settings.LEGACY_KEY_UNTIL is None:
        yield CheckWarning(
            f"{' and '.join(pair)} can't be used next to {ring} without LEGACY_KEY_UNTIL: all tokens of the time before"
            f" {ring} are refused.",
            hint="Set LEGACY_KEY_UNTIL to the time when these tokens have expired, or remove the key pair.",
            id="oxijwt.W014",
        )
