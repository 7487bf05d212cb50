"""Checks of the key ring in KEYS or KEY_FILE."""

import sys
import time
from collections.abc import Iterable
from datetime import timedelta

from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import ImproperlyConfigured

from oxijwt._core import CoreError, KeyRing
from oxijwt.exceptions import KeyFileMissingError
from oxijwt.keys import file as key_file
from oxijwt.keys import material
from oxijwt.keys.ring import KeySource
from oxijwt.keys.rotation import longest_lifetime
from oxijwt.settings import api_settings
from oxijwt.state import SettingsTokenBackend

from .keys import easily_guessed

JWK_SET_MAX_AGE = timedelta(seconds=300)
"""How long verifiers may cache the JWK Set of JWKSView."""

SERVERS = ("runserver", "runserver_plus", "testserver")
"""The commands that serve requests. WSGI and ASGI servers run no checks."""


def key_ring() -> Iterable[CheckMessage]:
    """Findings about KEYS, KEY_FILE, LEGACY_KEY_UNTIL, KEY_PUBLISH_AHEAD and KEY_RETAIN."""
    try:
        source = SettingsTokenBackend().key_source
        ring = source.ring() if source else None
    except KeyFileMissingError as error:
        yield missing_file_error(error) if serves_requests() else missing_file_warning(error)
        return
    except ImproperlyConfigured as error:
        yield Error(str(error), hint="See docs/keys.md for the form of keys.", id="oxijwt.E027")
        return
    if source is None or ring is None:
        yield from legacy_without_ring()
        return
    yield from jwk_url_findings(source)
    yield from signing_findings(source, ring)
    yield from known_secret_findings()
    yield from publication_findings()


def missing_key_file() -> Iterable[CheckMessage]:
    """For `check --deploy`: a finding if KEY_FILE does not exist."""
    try:
        source = SettingsTokenBackend().key_source
        if source is not None:
            source.ring()
    except KeyFileMissingError as error:
        yield missing_file_error(error)
    except ImproperlyConfigured:  # E027 reports it
        return


def serves_requests() -> bool:
    """Whether this process was started by one of SERVERS. Django does not tell a check which command runs it."""
    return sys.argv[1:2] in [[name] for name in SERVERS]


def missing_file_error(error: KeyFileMissingError) -> CheckMessage:
    """The finding where requests are served: each token is a 500."""
    return Error(str(error), hint="Run: manage.py jwtkeys generate", id="oxijwt.E050")


def missing_file_warning(error: KeyFileMissingError) -> CheckMessage:
    """The finding of a command that needs no key, such as `migrate` on a machine that builds an image."""
    return CheckWarning(
        str(error),
        hint="A machine that makes and reads no tokens needs no key. For tests see docs/testing.md.",
        id="oxijwt.W030",
    )


def jwk_url_findings(source: KeySource) -> Iterable[CheckMessage]:
    """A finding if JWK_URL is set, which nothing uses next to a ring."""
    if api_settings.JWK_URL:
        yield Error(
            f"{source.setting} and SIMPLE_JWT['JWK_URL'] must not both be set: only the first is used.",
            hint="Put other issuers into SIMPLE_JWT['ISSUERS'].",
            id="oxijwt.E028",
        )


def legacy_without_ring() -> Iterable[CheckMessage]:
    """A finding if LEGACY_KEY_UNTIL has no effect."""
    if api_settings.LEGACY_KEY_UNTIL is not None:
        yield CheckWarning(
            "SIMPLE_JWT['LEGACY_KEY_UNTIL'] has no effect without KEYS or KEY_FILE: the key pair never expires.",
            hint="Remove it, or set KEYS or KEY_FILE.",
            id="oxijwt.W012",
        )


def signing_findings(source: KeySource, ring: KeyRing) -> Iterable[CheckMessage]:
    """A finding if no key can sign a token with the longest lifetime now, or a key file is empty."""
    kids = ring.signing_kids()
    if not kids:
        yield from empty_file_findings(source)
        return
    now = time.time()
    try:
        ring.sign({"exp": now + longest_lifetime().total_seconds()}, now, api_settings.MAX_TOKEN_LENGTH)
    except CoreError as error:
        yield Error(
            f"{source.setting}: {error.args[1]}. The first key that can sign at other times is {kids[0]!r}.",
            hint="Check not_before, not_after, LEGACY_KEY_UNTIL and KEY_RETAIN, or rotate the key file.",
            id="oxijwt.E029",
        )


def empty_file_findings(source: KeySource) -> Iterable[CheckMessage]:
    """A finding if the key file has no key. A ring without signing keys belongs to a service that only verifies."""
    if api_settings.KEY_FILE is not None and not key_file.read(api_settings.KEY_FILE).keys(0):
        yield Error(
            f"{source.setting} must contain a key.",
            hint="Run: manage.py jwtkeys generate",
            id="oxijwt.E029",
        )


def known_secret_findings() -> Iterable[CheckMessage]:
    """Findings about HMAC secrets in KEYS that are in public lists, or the path of a file."""
    for place, entry in enumerate(api_settings.KEYS or ()):
        secret = entry.get("signing_key")
        if secret is None:
            secret = entry["verifying_key"]
        if material.is_hmac(entry["algorithm"]):
            yield from easily_guessed(f"SIMPLE_JWT['KEYS'][{place}]", material.secret_bytes(secret))


def publication_findings() -> Iterable[CheckMessage]:
    """A finding if a key may sign before every verifier has fetched it."""
    if api_settings.KEY_FILE is not None and api_settings.KEY_PUBLISH_AHEAD < JWK_SET_MAX_AGE:
        yield CheckWarning(
            "SIMPLE_JWT['KEY_PUBLISH_AHEAD'] is shorter than five minutes, for which verifiers may cache the JWK Set.",
            hint="Use at least five minutes, unless no other service verifies the tokens.",
            id="oxijwt.W013",
        )
