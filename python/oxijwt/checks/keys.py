"""Whether the algorithm is known, the keys fit it, and an HMAC secret is long and nobody else's."""

import base64
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import ImproperlyConfigured

from oxijwt._core import ALGORITHMS, VerifyingKey
from oxijwt.exceptions import KeyConfigurationError
from oxijwt.keys import material
from oxijwt.settings import api_settings

from .known_secrets import is_known

INSECURE_PREFIX = b"django-insecure-"
"""What `startproject` begins its SECRET_KEY with."""


def algorithm_and_keys() -> Iterable[CheckMessage]:
    """Findings about ALGORITHM, SIGNING_KEY, VERIFYING_KEY, SECRET_KEY and SECRET_KEY_FALLBACKS."""
    if not _algorithm_is_known():
        yield Error(
            "SIMPLE_JWT['ALGORITHM'] is no algorithm of oxijwt.",
            hint=f"Use one of {', '.join(ALGORITHMS)}.",
            id="oxijwt.E001",
        )
    elif _pair_is_unused():
        return
    elif material.is_hmac(api_settings.ALGORITHM):
        yield from _hmac_secret()
        yield from _fallbacks()
    else:
        yield from _key_pair()


def django_insecure() -> Iterable[CheckMessage]:
    """For `check --deploy`: tokens are signed with the key that `startproject` wrote.

    A Warning, as Django's own W009 about the same key: it is long and random, only likely to be in a repository.
    """
    if _pair_is_unused() or not _algorithm_is_known() or not material.is_hmac(api_settings.ALGORITHM):
        return
    with suppress(ImproperlyConfigured):  # E002 has said so
        if _prepared_secret()[1].startswith(INSECURE_PREFIX):
            yield CheckWarning(
                f"{_signing_setting()} signs tokens and begins with '{INSECURE_PREFIX.decode()}': a key that Django "
                "made for development.",
                hint="Sign with a random secret that is in no repository.",
                id="oxijwt.W009",
            )


def _pair_is_unused() -> bool:
    """Whether keys with a `kid` have taken the pair's place altogether."""
    has_ring = api_settings.KEYS is not None or api_settings.KEY_FILE is not None
    return has_ring and api_settings.LEGACY_KEY_UNTIL is None


def _algorithm_is_known() -> bool:
    return api_settings.ALGORITHM in ALGORITHMS


def _signing_setting() -> str:
    return "SECRET_KEY" if api_settings.signing_key_is_unset else "SIMPLE_JWT['SIGNING_KEY']"


def _prepared_secret() -> tuple[Any, bytes]:
    """The native key and the bytes of the HMAC secret that signs. Raises ImproperlyConfigured."""
    secret = api_settings.SIGNING_KEY
    return material.signing_key(api_settings.ALGORITHM, secret, _signing_setting()), secret_bytes(secret)


def secret_bytes(secret: Any) -> bytes:
    """The bytes of an HMAC secret that was prepared before."""
    # It was read before: it is a JWK of a secret, text or bytes.
    if isinstance(secret, Mapping):
        return base64.urlsafe_b64decode(secret["k"] + "==")
    return secret.encode() if isinstance(secret, str) else bytes(secret)


def _hmac_secret() -> Iterable[CheckMessage]:
    try:
        key, secret = _prepared_secret()
    except ImproperlyConfigured as error:
        yield _unusable(error)
        return
    if key.is_weak:
        yield Error(
            f"{_signing_setting()} is shorter than the hash of {api_settings.ALGORITHM} (RFC 7518 section 3.2).",
            hint="Use a random secret of at least 32 (HS256), 48 (HS384) or 64 (HS512) bytes.",
            id="oxijwt.E003",
        )
    yield from publicly_known(_signing_setting(), secret)


def _fallbacks() -> Iterable[CheckMessage]:
    if not api_settings.signing_key_is_unset:
        return
    for position, key in enumerate(settings.SECRET_KEY_FALLBACKS):
        setting = f"SECRET_KEY_FALLBACKS[{position}]"
        try:
            material.verifying_key(api_settings.ALGORITHM, key, setting)
        except ImproperlyConfigured as error:
            yield _unusable(error)
        else:
            yield from publicly_known(setting, secret_bytes(key))


def publicly_known(setting: str, secret: bytes) -> Iterable[CheckMessage]:
    """The Error about an HMAC secret that is in public lists."""
    if is_known(secret):
        yield Error(
            f"{setting} is a secret that everybody can read in public lists, so anybody can sign tokens.",
            hint="Use a random secret, and end what was signed with this one.",
            id="oxijwt.E007",
        )


def _key_pair() -> Iterable[CheckMessage]:
    algorithm = api_settings.ALGORITHM
    if not _only_verifies():
        yield from _tried(_prepare_private_key)
    if api_settings.JWK_URL:
        return
    yield from _tried(lambda: material.verifying_key(algorithm, api_settings.VERIFYING_KEY))
    if _verifying_key_is_private():
        yield CheckWarning(
            "SIMPLE_JWT['VERIFYING_KEY'] holds a private key.",
            hint="Put the public key there, so that a service that only verifies can't sign.",
            id="oxijwt.W001",
        )


def _prepare_private_key() -> None:
    key = api_settings.SIGNING_KEY
    if key is not None:
        material.signing_key(api_settings.ALGORITHM, key, _signing_setting())


def _only_verifies() -> bool:
    # A service that verifies another issuer's tokens leaves SIGNING_KEY out.
    return api_settings.signing_key_is_unset and bool(api_settings.VERIFYING_KEY or api_settings.JWK_URL)


def _verifying_key_is_private() -> bool:
    try:
        material.prepare(VerifyingKey, api_settings.ALGORITHM, api_settings.VERIFYING_KEY, "VERIFYING_KEY")
    except KeyConfigurationError as error:
        return material.is_private_key_error(error)
    return False


def _tried(prepare: Callable[[], object]) -> Iterable[CheckMessage]:
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
