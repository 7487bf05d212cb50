"""Key settings → native keys.

The forms of a key are PyJWT's: PEM as text or bytes, a JWK as JSON text or a mapping, a secret as text or bytes, or a
key object of the `cryptography` package. With an HMAC algorithm, text is always the secret itself.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

from oxijwt._core import CoreError, KeyRing, SigningKey, VerifyingKey
from oxijwt.exceptions import KeyConfigurationError

from .guessable import weaknesses
from .mistakes import NOT_A_PATH, mistake_in

if TYPE_CHECKING:
    from collections.abc import Iterable

Key = TypeVar("Key", SigningKey, VerifyingKey)


@runtime_checkable
class CryptographyPrivateKey(Protocol):
    """A private key object of the `cryptography` package."""

    def private_bytes(self, encoding: object, format: object, encryption_algorithm: object, /) -> bytes: ...  # noqa: A002  its name


@runtime_checkable
class CryptographyPublicKey(Protocol):
    """A public key object of the `cryptography` package."""

    def public_bytes(self, encoding: object, format: object, /) -> bytes: ...  # noqa: A002  its name


def is_hmac(algorithm: str) -> bool:
    """Whether one secret both signs and verifies (RFC 7518 section 3.2)."""
    return algorithm.startswith("HS")


def signing_key(algorithm: str, key: object, setting: str = "SIMPLE_JWT['SIGNING_KEY']") -> SigningKey:
    """The native signing key of a key setting. Raises KeyConfigurationError with the name of the setting."""
    return prepare(SigningKey, algorithm, key, setting)


def verifying_key(algorithm: str, key: object, setting: str = "SIMPLE_JWT['VERIFYING_KEY']") -> VerifyingKey:
    """The native verifying key of a key setting. Of a private key it is the public half, as in PyJWT.

    Raises KeyConfigurationError with the name of the setting.
    """
    try:
        return prepare(VerifyingKey, algorithm, key, setting)
    except KeyConfigurationError as error:
        if not is_private_key_error(error):
            raise
    return prepare(SigningKey, algorithm, key, setting).verifying_key()


def is_private_key_error(error: KeyConfigurationError) -> bool:
    """Whether a verifying key was refused because it is a private key."""
    cause = error.__cause__
    return isinstance(cause, CoreError) and cause.args[0] == "key_private"


def ring_of_one(signing: SigningKey | None, verifying: Iterable[VerifyingKey]) -> KeyRing:
    """A ring of one key pair. Without `signing` it only verifies."""
    return KeyRing(signing, list(verifying))


def prepare(kind: type[Key], algorithm: str, key: object, setting: str) -> Key:
    """The native key of this kind. Raises KeyConfigurationError with the name of the setting."""
    try:
        return read_key(kind, algorithm, key)
    except CoreError as error:
        is_text = not isinstance(key, Mapping) and error.args[0] == "key_malformed"
        reason = (mistake_in(key_bytes(key)) if is_text else None) or error.args[1]
        raise KeyConfigurationError(f"{setting} can't serve {algorithm}: {reason}") from error
    except (TypeError, ValueError) as error:
        # The text of a UnicodeEncodeError, or of another library's ValueError, may quote the key.
        reason = str(error) if type(error) is TypeError else "it must be text that UTF-8 can encode, or JSON"
    # Not in the handler: a UnicodeEncodeError holds the key, and would become this error's context.
    raise KeyConfigurationError(f"{setting} can't serve {algorithm}: {reason}")


def read_key(kind: type[Key], algorithm: str, key: object) -> Key:
    """The native key, whose form is recognized. Raises CoreError, TypeError, ValueError."""
    if isinstance(key, Mapping):
        return kind.from_jwk(algorithm, json.dumps(dict(key)).encode())
    material = key_bytes(key)
    if is_hmac(algorithm):
        return kind.from_secret(algorithm, material)
    if material.lstrip().startswith(b"{"):
        return kind.from_jwk(algorithm, material)
    return kind.from_pem(algorithm, material)


def key_bytes(key: object) -> bytes:
    """A key's text or bytes as bytes; a key object as PEM. Raises TypeError, UnicodeEncodeError."""
    if isinstance(key, str):
        return key.encode()
    if isinstance(key, bytes | bytearray | memoryview):
        return bytes(key)
    if isinstance(key, CryptographyPrivateKey | CryptographyPublicKey):
        return pem_of(key)
    if isinstance(key, os.PathLike):
        raise TypeError(NOT_A_PATH)
    raise TypeError(f"it must be text, bytes, a mapping or a cryptography key, not {type(key).__name__}")


def secret_bytes(secret: object) -> bytes:
    """The bytes of an HMAC secret that could be prepared, so that its form is known to be right."""
    if isinstance(secret, Mapping):  # a JWK
        return base64.urlsafe_b64decode(secret["k"] + "==")
    return key_bytes(secret)


def guessable(algorithm: str, secret: object, setting: str) -> list[str]:
    """Why an HMAC secret can be guessed, each with the name of the setting; empty if it can't be used."""
    try:
        key = verifying_key(algorithm, secret, setting)
    except KeyConfigurationError:  # its use raises
        return []
    return [f"{setting} {weakness}" for weakness in weaknesses(key, secret_bytes(secret))]


def pem_of(key: CryptographyPrivateKey | CryptographyPublicKey) -> bytes:
    """A key object of the `cryptography` package as PEM."""
    # The project that made such an object has the package. It is not a dependency of oxijwt, so it is imported late.
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
    )

    if isinstance(key, CryptographyPrivateKey):
        return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
