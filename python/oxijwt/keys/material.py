"""Key settings → native keys.

Keys are taken as PyJWT takes them: PEM text or bytes, a JWK as JSON text or mapping, a secret as text or bytes, or one
of the `cryptography` package's key objects. With an HMAC algorithm text is always the secret itself.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from oxijwt._core import CoreError, KeyRing, SigningKey, VerifyingKey
from oxijwt.exceptions import KeyConfigurationError

Key = TypeVar("Key", SigningKey, VerifyingKey)


def is_hmac(algorithm: str) -> bool:
    """Whether one secret both signs and verifies (RFC 7518 section 3.2)."""
    return algorithm.startswith("HS")


def signing_key(algorithm: str, key: object, setting: str = "SIMPLE_JWT['SIGNING_KEY']") -> SigningKey:
    """The native signing key of a key setting. Raises KeyConfigurationError naming `setting`."""
    return prepare(SigningKey, algorithm, key, setting)


def verifying_key(algorithm: str, key: object, setting: str = "SIMPLE_JWT['VERIFYING_KEY']") -> VerifyingKey:
    """The native verifying key of a key setting; of a private key, its public half, as PyJWT takes it.

    Raises KeyConfigurationError naming `setting`.
    """
    try:
        return prepare(VerifyingKey, algorithm, key, setting)
    except KeyConfigurationError as error:
        if not is_private_key_error(error):
            raise
    return prepare(SigningKey, algorithm, key, setting).verifying_key()


def is_private_key_error(error: KeyConfigurationError) -> bool:
    """Whether a verifying key was refused because it is a private one."""
    cause = error.__cause__
    return isinstance(cause, CoreError) and cause.args[0] == "key_private"


def ring_of_one(signing: SigningKey | None, verifying: Iterable[VerifyingKey]) -> KeyRing:
    """A ring of one pair: without `signing` it only verifies."""
    return KeyRing(signing, list(verifying))


def prepare(kind: type[Key], algorithm: str, key: object, setting: str) -> Key:
    """The native key of this kind. Raises KeyConfigurationError naming `setting`."""
    try:
        return _reader(kind, algorithm, key)
    except CoreError as error:
        raise KeyConfigurationError(f"{setting} can't serve {algorithm}: {error.args[1]}") from error
    except (TypeError, ValueError) as error:
        reason = _reason(error)
    # Outside the handler: as this error's context, a UnicodeEncodeError would take the key along.
    raise KeyConfigurationError(f"{setting} can't serve {algorithm}: {reason}")


def _reason(error: Exception) -> str:
    # The text of a UnicodeEncodeError, or of somebody else's ValueError, may quote the key.
    return str(error) if type(error) is TypeError else "it is no text that can be encoded, or no JSON"


def _reader(kind: type[Key], algorithm: str, key: object) -> Key:
    if isinstance(key, Mapping):
        return kind.from_jwk(algorithm, json.dumps(dict(key)).encode())
    material = _material(key)
    if is_hmac(algorithm):
        return kind.from_secret(algorithm, material)
    if material.lstrip().startswith(b"{"):
        return kind.from_jwk(algorithm, material)
    return kind.from_pem(algorithm, material)


def _material(key: object) -> bytes:
    if isinstance(key, str):
        return key.encode()
    if isinstance(key, bytes | bytearray | memoryview):
        return bytes(key)
    if hasattr(key, "private_bytes") or hasattr(key, "public_bytes"):
        return _cryptography_pem(key)
    raise TypeError(f"expected text, bytes, a mapping or a cryptography key, not {type(key).__name__}")


def _cryptography_pem(key: Any) -> bytes:
    # Whoever holds such an object has the package; it is no dependency of ours, hence the late import.
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
    )

    pem: bytes
    if hasattr(key, "private_bytes"):
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    else:
        pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem
