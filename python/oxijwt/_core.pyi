"""The native core: keys, signatures, strict JSON and the claim rules (RFC 7515, 7517, 7518, 7519)."""

from collections.abc import Sequence
from typing import Any, Final, final

__all__ = [
    "ALGORITHMS",
    "ERROR_CODES",
    "ClaimPolicy",
    "CoreError",
    "KeyRing",
    "SigningKey",
    "VerifyingKey",
    "unverified_claims",
    "unverified_header",
]

ALGORITHMS: Final[tuple[str, ...]]
"""Names of the 14 algorithms, as `alg` spells them."""

ERROR_CODES: Final[tuple[str, ...]]
"""Every code that a `CoreError` can carry."""

class CoreError(Exception):
    """Raised by everything in this module; `args` is `(code, message)`, both str, never with a key or a token in it."""

@final
class SigningKey:
    """A key that signs, parsed once and held ready. Frozen; its repr names the algorithm only."""

    @staticmethod
    def from_secret(algorithm: str, secret: bytes) -> SigningKey: ...
    @staticmethod
    def from_pem(algorithm: str, pem: bytes) -> SigningKey: ...
    @staticmethod
    def from_jwk(algorithm: str, jwk: bytes) -> SigningKey: ...
    @property
    def algorithm(self) -> str: ...
    @property
    def is_weak(self) -> bool:
        """Whether an HMAC secret is shorter than its hash (RFC 7518 section 3.2)."""

    def verifying_key(self) -> VerifyingKey: ...

@final
class VerifyingKey:
    """A key that verifies, parsed once and held ready. Frozen; its repr names the algorithm only."""

    @staticmethod
    def from_secret(algorithm: str, secret: bytes) -> VerifyingKey: ...
    @staticmethod
    def from_pem(algorithm: str, pem: bytes) -> VerifyingKey: ...
    @staticmethod
    def from_jwk(algorithm: str, jwk: bytes) -> VerifyingKey: ...
    @property
    def algorithm(self) -> str: ...
    @property
    def is_weak(self) -> bool: ...

@final
class ClaimPolicy:
    """What the claim rules compare with. Frozen.

    `leeway` is in seconds. `audience`: a token's `aud` must share a member with it; `issuer`: its `iss` must be one
    of them; None asks for neither. `integer_subject` lets `sub` be an integer too.
    """

    def __new__(
        cls,
        *,
        leeway: float = 0.0,
        audience: Sequence[str] | None = None,
        issuer: Sequence[str] | None = None,
        integer_subject: bool = False,
    ) -> ClaimPolicy: ...

@final
class KeyRing:
    """At most one key that signs and any number that verify. Frozen."""

    def __new__(cls, signer: SigningKey | None, verifiers: Sequence[VerifyingKey]) -> KeyRing: ...
    def sign(self, claims: dict[str, Any]) -> str:
        """The compact serialization of these claims (RFC 7515 section 7.1)."""

    def sign_json(self, payload: bytes) -> str:
        """The same for claims that a custom encoder has already turned into JSON."""

    def verify(self, token: str | bytes, now: float, policy: ClaimPolicy) -> dict[str, Any]:
        """The claims of a token whose signature and registered claims hold at `now`, seconds since 1970."""

def unverified_header(token: str | bytes) -> dict[str, Any]: ...
def unverified_claims(token: str | bytes) -> dict[str, Any]: ...
