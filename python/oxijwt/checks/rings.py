"""Whether KEYS or KEY_FILE is a ring that signs."""

import time
from collections.abc import Iterable
from datetime import timedelta

from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import ImproperlyConfigured

from oxijwt._core import CoreError, KeyRing
from oxijwt.keys import file as key_file
from oxijwt.keys import material
from oxijwt.keys.ring import KeySource
from oxijwt.keys.rotation import longest_lifetime
from oxijwt.settings import api_settings
from oxijwt.state import SettingsTokenBackend

from .keys import publicly_known, secret_bytes

JWK_SET_MAX_AGE = timedelta(seconds=300)
"""How long verifiers may keep the JWK Set that JWKSView answers with."""


def key_ring() -> Iterable[CheckMessage]:
    """Findings about KEYS, KEY_FILE, LEGACY_KEY_UNTIL, KEY_PUBLISH_AHEAD and KEY_RETAIN."""
    try:
        source = SettingsTokenBackend().key_source
        ring = source.ring() if source else None
    except ImproperlyConfigured as error:
        yield Error(str(error), hint="See docs/keys.md for what keys are made of.", id="oxijwt.E027")
        return
    if source is None or ring is None:
        yield from _legacy_of_nothing()
        return
    yield from _other_keys(source)
    yield from _signer(source, ring)
    yield from _known_secrets()
    yield from _published_in_time()


def _other_keys(source: KeySource) -> Iterable[CheckMessage]:
    if api_settings.JWK_URL:
        yield Error(
            f"{source.setting} and SIMPLE_JWT['JWK_URL'] are both set: tokens meet the first only.",
            hint="Name other issuers in SIMPLE_JWT['ISSUERS'].",
            id="oxijwt.E028",
        )


def _legacy_of_nothing() -> Iterable[CheckMessage]:
    if api_settings.LEGACY_KEY_UNTIL is not None:
        yield CheckWarning(
            "SIMPLE_JWT['LEGACY_KEY_UNTIL'] ends nothing: without KEYS and KEY_FILE the pair serves for good.",
            hint="Take it out, or name the keys that follow.",
            id="oxijwt.W012",
        )


def _signer(source: KeySource, ring: KeyRing) -> Iterable[CheckMessage]:
    kids = ring.signing_kids()
    if not kids:
        yield from _verifiers(source)
        return
    now = time.time()
    try:
        ring.sign({"exp": now + longest_lifetime().total_seconds()}, now, api_settings.MAX_TOKEN_LENGTH)
    except CoreError as error:
        yield Error(
            f"{source.setting}: {error.args[1]}; of those that could, the first is {kids[0]!r}.",
            hint="Look at not_before, not_after, LEGACY_KEY_UNTIL and KEY_RETAIN, or rotate the key file.",
            id="oxijwt.E029",
        )


def _verifiers(source: KeySource) -> Iterable[CheckMessage]:
    # Without a signer it is a service that only verifies; KEYS without any key are no ring.
    if api_settings.KEY_FILE is not None and not key_file.read(api_settings.KEY_FILE).keys(0):
        yield Error(
            f"{source.setting} holds no key.",
            hint="Run: manage.py jwtkeys generate",
            id="oxijwt.E029",
        )


def _known_secrets() -> Iterable[CheckMessage]:
    for place, entry in enumerate(api_settings.KEYS or ()):
        secret = entry.get("signing_key")
        if secret is None:
            secret = entry["verifying_key"]
        if material.is_hmac(entry["algorithm"]):
            yield from publicly_known(f"SIMPLE_JWT['KEYS'][{place}]", secret_bytes(secret))


def _published_in_time() -> Iterable[CheckMessage]:
    if api_settings.KEY_FILE is not None and api_settings.KEY_PUBLISH_AHEAD < JWK_SET_MAX_AGE:
        yield CheckWarning(
            "SIMPLE_JWT['KEY_PUBLISH_AHEAD'] is shorter than verifiers may keep the JWK Set (five minutes).",
            hint="Publish keys at least five minutes before they sign; unless nobody else verifies the tokens.",
            id="oxijwt.W013",
        )
