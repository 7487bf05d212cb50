"""Checks of the algorithm and the keys: they fit together, and an HMAC secret is long and not publicly known."""

from collections.abc import Callable, Iterable
from contextlib import suppress

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import ImproperlyConfigured

from oxijwt._core import ALGORITHMS, SigningKey, VerifyingKey
from oxijwt.exceptions import KeyConfigurationError
from oxijwt.keys import material
from oxijwt.keys.known_secrets import is_known
from oxijwt.keys.mistakes import is_path_of_a_file
from oxijwt.settings import api_settings

INSECURE_PREFIX = b"django-insecure-"
"""The start of a SECRET_KEY that `startproject` has written."""


def algorithm_and_keys() -> Iterable[CheckMessage]:
    """Findings about ALGORITHM, SIGNING_KEY, VERIFYING_KEY, SECRET_KEY and SECRET_KEY_FALLBACKS."""
    if api_settings.ALGORITHM not in ALGORITHMS:
        yield Error(
            "SIMPLE_JWT['ALGORITHM'] must be an algorithm of oxijwt.",
            hint=f"Use one of {', '.join(ALGORITHMS)}.",
            id="oxijwt.E001",
        )
    elif pair_is_unused():
        return
    elif material.is_hmac(api_settings.ALGORITHM):
        yield from hmac_findings()
        yield from fallback_findings()
    else:
        yield from key_pair_findings()


def django_insecure() -> Iterable[CheckMessage]:
    """For `check --deploy`: a finding if tokens are signed with the key that `startproject` wrote.

    A Warning, as is Django's security.W009 about the same key: it is long and random, but often in a repository.
    """
    algorithm = api_settings.ALGORITHM
    if pair_is_unused() or algorithm not in ALGORITHMS or not material.is_hmac(algorithm):
        return
    with suppress(ImproperlyConfigured):  # E002 reports it
        if prepared_secret()[1].startswith(INSECURE_PREFIX):
            yield CheckWarning(
                f"{signing_setting()} signs tokens, but starts with '{INSECURE_PREFIX.decode()}': Django made it for "
                "development.",
                hint="Sign with a random secret that is in no repository.",
                id="oxijwt.W009",
            )


def pair_is_unused() -> bool:
    """Whether KEYS or KEY_FILE has replaced the key pair completely."""
    has_ring = api_settings.KEYS is not None or api_settings.KEY_FILE is not None
    return has_ring and api_settings.LEGACY_KEY_UNTIL is None


def signing_setting() -> str:
    """The name of the setting that the signing key comes from."""
    return "SECRET_KEY" if api_settings.signing_key_is_unset else "SIMPLE_JWT['SIGNING_KEY']"


def prepared_secret() -> tuple[SigningKey, bytes]:
    """The native key and the bytes of the signing HMAC secret. Raises ImproperlyConfigured."""
    secret = api_settings.SIGNING_KEY
    return material.signing_key(api_settings.ALGORITHM, secret, signing_setting()), material.secret_bytes(secret)


def hmac_findings() -> Iterable[CheckMessage]:
    """Findings about the HMAC secret that signs."""
    try:
        key, secret = prepared_secret()
    except ImproperlyConfigured as error:
        yield unusable(error)
        return
    if key.is_weak:
        yield Error(
            f"{signing_setting()} must not be shorter than the hash of {api_settings.ALGORITHM}"
            " (RFC 7518 section 3.2).",
            hint="Use a random secret of at least 32 (HS256), 48 (HS384) or 64 (HS512) bytes.",
            id="oxijwt.E003",
        )
    yield from easily_guessed(signing_setting(), secret)


def fallback_findings() -> Iterable[CheckMessage]:
    """Findings about SECRET_KEY_FALLBACKS, if they verify tokens."""
    if not api_settings.signing_key_is_unset:
        return
    for position, key in enumerate(settings.SECRET_KEY_FALLBACKS):
        setting = f"SECRET_KEY_FALLBACKS[{position}]"
        try:
            material.verifying_key(api_settings.ALGORITHM, key, setting)
        except ImproperlyConfigured as error:
            yield unusable(error)
        else:
            yield from easily_guessed(setting, material.secret_bytes(key))


def easily_guessed(setting: str, secret: bytes) -> Iterable[CheckMessage]:
    """Findings about an HMAC secret that is in public lists, or the path of a file."""
    if is_known(secret):
        yield Error(
            f"{setting} must not be a secret from public lists: anybody can sign tokens with it.",
            hint="Use a random secret, and accept no tokens that were signed with this one.",
            id="oxijwt.E007",
        )
    if is_path_of_a_file(secret):
        yield Error(
            f"{setting} must be the secret itself, not the path of a file: the path signs tokens.",
            hint="Read the file, as in Path(path).read_text(), and accept no tokens that were signed with its path.",
            id="oxijwt.E051",
        )


def key_pair_findings() -> Iterable[CheckMessage]:
    """Findings about an asymmetric key pair."""
    # A service that only verifies another issuer's tokens has no SIGNING_KEY.
    only_verifies = api_settings.signing_key_is_unset and (api_settings.VERIFYING_KEY or api_settings.JWK_URL)
    if not only_verifies:
        yield from findings_of(prepare_private_key)
    if api_settings.JWK_URL:
        return
    yield from findings_of(lambda: material.verifying_key(api_settings.ALGORITHM, api_settings.VERIFYING_KEY))
    if verifying_key_is_private():
        yield CheckWarning(
            "SIMPLE_JWT['VERIFYING_KEY'] contains a private key.",
            hint="Use the public key, so that a service that only verifies can't sign.",
            id="oxijwt.W001",
        )


def prepare_private_key() -> None:
    """Read the signing key if it is set. Raises ImproperlyConfigured."""
    key = api_settings.SIGNING_KEY
    if key is not None:
        material.signing_key(api_settings.ALGORITHM, key, signing_setting())


def verifying_key_is_private() -> bool:
    """Whether VERIFYING_KEY is a private key."""
    try:
        material.prepare(VerifyingKey, api_settings.ALGORITHM, api_settings.VERIFYING_KEY, "VERIFYING_KEY")
    except KeyConfigurationError as error:
        return material.is_private_key_error(error)
    return False


def findings_of(prepare: Callable[[], object]) -> Iterable[CheckMessage]:
    """The finding if `prepare` raises ImproperlyConfigured."""
    try:
        prepare()
    except ImproperlyConfigured as error:
        yield unusable(error)


def unusable(error: ImproperlyConfigured) -> CheckMessage:
    """The finding about a key that can't be used. The error names the setting and the reason."""
    hint = "See docs/settings.md for the keys that each algorithm takes."
    if not material.is_hmac(api_settings.ALGORITHM):
        hint = f"Set SIGNING_KEY to a private key and VERIFYING_KEY to its public key, as PEM or JWK. {hint}"
    return Error(str(error), hint=hint, id="oxijwt.E002")
