"""Key settings → native keys, and the plain JWK Set client.

Keys are taken as PyJWT takes them: PEM text or bytes, a JWK as JSON text or mapping, a secret as text or bytes, or one
of the `cryptography` package's key objects. With an HMAC algorithm text is always the secret itself.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from http.client import HTTPException
from typing import Any, NamedTuple, Self, TypeVar
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from ._core import CoreError, KeyRing, SigningKey, VerifyingKey, read_issuer_jwk_set
from .exceptions import KeyConfigurationError
from .utils import logger

Key = TypeVar("Key", SigningKey, VerifyingKey)

JWK_SET_MAX_BYTES = 1 << 20
JWK_SET_TIMEOUT = 10.0
JWK_SET_LIFESPAN = 300.0
JWK_SET_RETRY_INTERVAL = 10.0


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


class JWKSetError(Exception):
    """The issuer's JWK Set can't be had, or holds no key for this token."""


class IssuerKeys(NamedTuple):
    """An issuer's keys for one algorithm."""

    by_kid: dict[str | None, VerifyingKey]
    sole: VerifyingKey | None
    skipped: list[str]
    """A line on each key that is not used: its place, its shortened kid and the reason."""

    @classmethod
    def read(cls, text: bytes, algorithm: str) -> Self:
        """The usable keys of a JWK Set. Raises CoreError where the text is none."""
        pairs, skipped = read_issuer_jwk_set(text, [algorithm])
        return cls(dict(pairs), pairs[0][1] if len(pairs) == 1 else None, skipped)

    def find(self, kid: object) -> VerifyingKey | None:
        """The key of a token's `kid`, or the only one where the token names none."""
        if kid is None:
            return self.sole
        return self.by_kid.get(kid) if isinstance(kid, str) else None


class JWKSetClient:
    """The keys of one issuer's JWK Set (RFC 7517 section 5), fetched over http(s) and kept for `lifespan` seconds.

    An unknown `kid` fetches again, at most once in JWK_SET_RETRY_INTERVAL seconds, whatever the answer. A key that
    can't be used is skipped, and logged as a warning when a fetch finds other such keys than the one before.
    """

    def __init__(
        self, url: str, lifespan: float = JWK_SET_LIFESPAN, fetch: Callable[[str], bytes] | None = None
    ) -> None:
        self.url = url
        self._lifespan = lifespan
        self._fetch = fetch or fetch_jwk_set
        self._set: tuple[bytes, dict[str, IssuerKeys]] = (b"", {})
        self._told: dict[str, list[str]] = {}
        self._fetched_at = self._tried_at = float("-inf")

    def verifying_key(self, algorithm: str, kid: object) -> VerifyingKey:
        """The key named `kid`, or the only key where the token names none. Raises JWKSetError."""
        now = time.monotonic()
        key = self._find(algorithm, kid) if now - self._fetched_at < self._lifespan else None
        if key is None and now - self._tried_at > JWK_SET_RETRY_INTERVAL:
            self._tried_at = now
            self._refresh(algorithm)
            self._fetched_at = now
            key = self._find(algorithm, kid)
        if key is None:
            raise JWKSetError(f"the JWK Set has no {algorithm} key with the token's kid")
        return key

    def _find(self, algorithm: str, kid: object) -> VerifyingKey | None:
        text, keys = self._set
        if algorithm not in keys:  # fetched for another one
            keys[algorithm] = self._read(text, algorithm)
        return keys[algorithm].find(kid)

    def _refresh(self, algorithm: str) -> None:
        try:
            text = self._fetch(self.url)
        except (HTTPException, OSError, ValueError) as error:
            raise JWKSetError(f"the JWK Set can't be fetched: {type(error).__name__}") from error
        self._set = (text, {algorithm: self._read(text, algorithm)})

    def _read(self, text: bytes, algorithm: str) -> IssuerKeys:
        try:
            keys = IssuerKeys.read(text, algorithm)
        except CoreError as error:
            raise JWKSetError(error.args[1]) from error
        if keys.skipped != self._told.get(algorithm, []):
            for line in keys.skipped:
                # The host alone: the rest of the URL may hold a password.
                logger.warning("JWK Set of %s, for %s: skipped %s", urlsplit(self.url).hostname, algorithm, line)
        self._told[algorithm] = keys.skipped
        return keys


def fetch_jwk_set(url: str) -> bytes:
    """The body behind an http(s) URL, at most JWK_SET_MAX_BYTES of it. Raises URLError, OSError or ValueError."""
    if urlsplit(url).scheme not in {"http", "https"}:
        raise ValueError("a JWK Set is fetched over http or https only")
    request = Request(url, headers={"Accept": "application/jwk-set+json, application/json"})  # noqa: S310  looked at
    with urlopen(request, timeout=JWK_SET_TIMEOUT) as response:  # noqa: S310  looked at
        body: bytes = response.read(JWK_SET_MAX_BYTES + 1)
    if len(body) > JWK_SET_MAX_BYTES:
        raise ValueError("the JWK Set is too large")
    return body
