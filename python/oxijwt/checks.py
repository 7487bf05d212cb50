"""System checks: a wrong setting is found before the first request, named by id, with a hint.

Under `oxijwt.as_simplejwt` every Error is a Warning, since a running simplejwt project must still migrate.
"""

import sys
from collections.abc import Iterable
from functools import partial
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured

from . import keys, revocation
from ._core import ALGORITHMS, VerifyingKey
from .exceptions import KeyConfigurationError
from .settings import api_settings


def register() -> None:
    """Register all checks, once however often it is called."""
    checks.register(check_settings, checks.Tags.security)


def check_settings(app_configs: Any = None, **kwargs: object) -> list[CheckMessage]:
    """Every finding about SIMPLE_JWT."""
    findings = [*_algorithm(), *_blacklist(), *_sessions(), *_revocation_cache()]
    return [_under_the_hook(finding) for finding in findings]


def _under_the_hook(finding: CheckMessage) -> CheckMessage:
    if not isinstance(finding, Error) or "oxijwt.as_simplejwt" not in sys.modules:
        return finding
    return checks.Warning(finding.msg, hint=finding.hint, obj=finding.obj, id=finding.id)


def _algorithm() -> Iterable[CheckMessage]:
    if api_settings.ALGORITHM not in ALGORITHMS:
        yield Error(
            f"SIMPLE_JWT['ALGORITHM'] is {api_settings.ALGORITHM!r}, which is no algorithm of oxijwt.",
            hint=f"Use one of {', '.join(ALGORITHMS)}.",
            id="oxijwt.E001",
        )
        return
    if keys.is_hmac(api_settings.ALGORITHM):
        yield from _hmac_secret()
        yield from _fallbacks()
    else:
        yield from _key_pair()


def _hmac_secret() -> Iterable[CheckMessage]:
    try:
        key = keys.signing_key(api_settings.ALGORITHM, api_settings.SIGNING_KEY)
    except ImproperlyConfigured as error:
        yield _unusable(error)
        return
    if key.is_weak:
        yield Error(
            f"SIMPLE_JWT['SIGNING_KEY'] is shorter than the hash of {api_settings.ALGORITHM} (RFC 7518 section 3.2).",
            hint="Use a random secret of at least 32 (HS256), 48 (HS384) or 64 (HS512) bytes.",
            id="oxijwt.E003",
        )


def _fallbacks() -> Iterable[CheckMessage]:
    if api_settings.signing_key_is_unset:
        for key in settings.SECRET_KEY_FALLBACKS:
            yield from _tried(partial(keys.verifying_key, api_settings.ALGORITHM, key, "SECRET_KEY_FALLBACKS"))


def _key_pair() -> Iterable[CheckMessage]:
    algorithm = api_settings.ALGORITHM
    if api_settings.SIGNING_KEY is not None and not _only_verifies():
        yield from _tried(lambda: keys.signing_key(algorithm, api_settings.SIGNING_KEY))
    if api_settings.JWK_URL:
        return
    yield from _tried(lambda: keys.verifying_key(algorithm, api_settings.VERIFYING_KEY))
    if _verifying_key_is_private():
        yield checks.Warning(
            "SIMPLE_JWT['VERIFYING_KEY'] holds a private key.",
            hint="Put the public key there, so that a service that only verifies can't sign.",
            id="oxijwt.W001",
        )


def _only_verifies() -> bool:
    # A service that verifies another issuer's tokens leaves SIGNING_KEY out.
    return api_settings.signing_key_is_unset and bool(api_settings.VERIFYING_KEY or api_settings.JWK_URL)


def _verifying_key_is_private() -> bool:
    try:
        keys.prepare(VerifyingKey, api_settings.ALGORITHM, api_settings.VERIFYING_KEY, "VERIFYING_KEY")
    except KeyConfigurationError as error:
        return keys.is_private_key_error(error)
    return False


def _tried(prepare: Any) -> Iterable[CheckMessage]:
    try:
        prepare()
    except ImproperlyConfigured as error:
        yield _unusable(error)


def _unusable(error: ImproperlyConfigured) -> CheckMessage:
    return Error(
        str(error),
        hint="See docs/settings.md for what each algorithm takes.",
        id="oxijwt.E002",
    )


def _blacklist() -> Iterable[CheckMessage]:
    if api_settings.BLACKLIST_AFTER_ROTATION and not revocation.has_blacklist():
        yield Error(
            "SIMPLE_JWT['BLACKLIST_AFTER_ROTATION'] is on, but no installed app can hold a blacklist.",
            hint="Add 'oxijwt.token_blacklist' to INSTALLED_APPS, or turn the setting off.",
            id="oxijwt.E004",
        )


def _sessions() -> Iterable[CheckMessage]:
    if not revocation.has_sessions():
        return
    if not api_settings.ROTATE_REFRESH_TOKENS:
        yield checks.Warning(
            "oxijwt.token_sessions is installed, but ROTATE_REFRESH_TOKENS is off: a stolen refresh token goes unseen.",
            hint="Turn SIMPLE_JWT['ROTATE_REFRESH_TOKENS'] on.",
            id="oxijwt.W002",
        )
    if api_settings.REFRESH_REUSE_GRACE * 2 >= api_settings.ACCESS_TOKEN_LIFETIME:
        yield checks.Warning(
            "SIMPLE_JWT['REFRESH_REUSE_GRACE'] is half of ACCESS_TOKEN_LIFETIME or more: a thief can ride along.",
            hint="Shorten the grace interval, or lengthen the access tokens' lifetime.",
            id="oxijwt.W003",
        )
    if revocation.has_blacklist():
        yield checks.Warning(
            "oxijwt.token_sessions and token_blacklist are both installed: OutstandingToken no longer has every login.",
            hint="Loop over TokenSession, and drop token_blacklist once its tokens have expired.",
            id="oxijwt.W004",
        )


CACHE_FINDINGS = {
    "django.core.cache.backends.dummy.DummyCache": (checks.Error, "forgets everything", "oxijwt.E005"),
    "django.core.cache.backends.locmem.LocMemCache": (checks.Warning, "is seen by one process only", "oxijwt.W005"),
}


def _revocation_cache() -> Iterable[CheckMessage]:
    alias = api_settings.REVOCATION_CACHE
    if alias is None:
        return
    if alias not in settings.CACHES:
        yield Error(
            f"SIMPLE_JWT['REVOCATION_CACHE'] is {alias!r}, which is none of CACHES.",
            hint="Name one of the caches, shared by all processes.",
            id="oxijwt.E006",
        )
        return
    level, why, check_id = CACHE_FINDINGS.get(settings.CACHES[alias]["BACKEND"], (None, "", ""))
    if level is not None:
        yield level(
            f"SIMPLE_JWT['REVOCATION_CACHE'] names a cache that {why}.",
            hint="Use a cache that all processes share and that evicts nothing, such as Redis with noeviction.",
            id=check_id,
        )
