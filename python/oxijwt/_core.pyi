"""The native core: keys, signatures, strict JSON and the claim rules (RFC 7515, 7517, 7518, 7519)."""

from collections.abc import Sequence
from typing import Any, ClassVar, Final, final

__all__ = [
    "ALGORITHMS",
    "ERROR_CODES",
    "CoreError",
    "Keep",
    "KeyPhase",
    "KeyRing",
    "KeyRotationPolicy",
    "KeySet",
    "KeySetChange",
    "ListedKey",
    "RefreshPolicy",
    "Refuse",
    "Repeat",
    "Reuse",
    "RingKey",
    "Rotate",
    "SessionState",
    "SigningKey",
    "TokenPolicy",
    "UserState",
    "VerifyingKey",
    "read_issuer_jwk_set",
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
class TokenPolicy:
    """What a verified token is held against. Frozen.

    `max_length` is in bytes, `leeway` in seconds. `allowed_typ`: the header's `typ`, where there is one, must be one of
    them, without regard to case and to `application/` before it; None takes any. `audience`: a token's `aud` must share
    a member with it; `issuer`: its `iss` must be one of them; None asks for neither. `integer_subject` lets `sub` be an
    integer too.
    """

    def __new__(
        cls,
        *,
        max_length: int,
        allowed_typ: Sequence[str] | None = None,
        leeway: float = 0.0,
        audience: Sequence[str] | None = None,
        issuer: Sequence[str] | None = None,
        integer_subject: bool = False,
    ) -> TokenPolicy: ...
    def accepting(self, *, audience: Sequence[str] | None = None, issuer: Sequence[str] | None = None) -> TokenPolicy:
        """The same policy with another audience and issuer; None keeps this policy's own.

        Raises CoreError `policy_invalid` for a str that is not valid Unicode.
        """

    def at_any_time(self) -> TokenPolicy:
        """The same for any `exp`, `nbf`, `iat`, `aud` and `iss`."""

@final
class RingKey:
    """A key of a ring by `kid`, with the times between which it is used. Frozen; its repr has kid and algorithm."""

    def __new__(
        cls,
        signing: SigningKey | None,
        verifying: VerifyingKey | None,
        *,
        kid: str | None = None,
        not_before: int | None = None,
        not_after: int | None = None,
    ) -> RingKey:
        """`verifying` is by default the half of `signing`, `kid` the RFC 7638 thumbprint; times are seconds since 1970.

        The key signs from `not_before`, and verifies from a minute before it, until `not_after`. Raises CoreError:
        `key_mismatch` where the halves are no pair, `key_set_invalid` for a symmetric key without `kid` and for a
        `kid` of another length than 1 to 255 or with a control character.
        """

@final
class KeyRing:
    """One pair of keys, or keys that tokens name by their `kid`. Frozen. `now` is in seconds since 1970."""

    def __new__(cls, signer: SigningKey | None, verifiers: Sequence[VerifyingKey]) -> KeyRing:
        """A ring of one: no `kid` is written, and none is looked at. Verifiers are tried in this order."""

    @staticmethod
    def of_keys(keys: Sequence[RingKey], legacy: KeyRing | None = None, legacy_until: int | None = None) -> KeyRing:
        """A ring of keys by `kid`; the first in force signs. Raises CoreError `key_set_invalid`, naming the second of a
        `kid`.

        Until `legacy_until`, in seconds since 1970, `legacy`, a ring of one, verifies tokens without `kid`, and signs
        as long as every key's time is still to come.
        """

    def sign(self, claims: dict[str, Any], now: float, max_length: int) -> str:
        """The compact serialization of these claims (RFC 7515 section 7.1), at most `max_length` bytes long."""

    def sign_json(self, payload: bytes, now: float, max_length: int) -> str:
        """The same for claims that a custom encoder has already turned into JSON."""

    def signing_kids(self) -> list[str]:
        """The kids of the keys that sign, each in its time; of a ring of one, none."""

    def public_jwk_set(self, now: float) -> str:
        """The public keys that verify, or will, as a JWK Set (RFC 7517 section 5) in JSON; never an HMAC key."""

    def verify(self, token: str | bytes, now: float, policy: TokenPolicy) -> tuple[dict[str, Any], str | None]:
        """The claims of a token, and its header's `typ` or None.

        Its signature, `typ` and registered claims hold at `now`, in seconds since 1970. Else raises CoreError.
        """

@final
class KeyRotationPolicy:
    """KEY_PUBLISH_AHEAD and KEY_RETAIN: how long a key is published before it signs, and verifies afterwards. Frozen.

    Both in seconds, from 0 to 4294967295.
    """

    def __new__(cls, *, publish_ahead: int, retain: int) -> KeyRotationPolicy: ...

@final
class KeySet:
    """The content of a key file, a private JWK Set (RFC 7517 section 5). Frozen; its repr says how many keys it has.

    Its keys carry `iat`, `nbf` and `exp` (OpenID Federation 1.0 section 8.7). All times are in seconds since 1970.
    """

    @staticmethod
    def read(text: bytes) -> KeySet:
        """The content of a file. Raises CoreError `key_set_invalid` or another `key_…`, which names place and kid."""

    @staticmethod
    def empty() -> KeySet: ...
    def text(self) -> bytes:
        """The whole file, private parts included, one key on each line; members that nobody reads stay as they are."""

    def keys(self, now: int) -> list[ListedKey]:
        """The keys in the order of the file, as they are at `now`."""

    def ring(
        self, policy: KeyRotationPolicy, legacy: KeyRing | None = None, legacy_until: int | None = None
    ) -> KeyRing:
        """Its keys as a ring, with a legacy pair as `KeyRing.of_keys` has it.

        None of them signs a token that lives longer than `policy.retain`, or than the key.
        """

    def rotate(
        self,
        algorithm: str,
        policy: KeyRotationPolicy,
        now: int,
        *,
        at_once: bool = False,
        not_before: int | None = None,
    ) -> KeySetChange:
        """The next key of the line, after `policy.publish_ahead` or at once.

        With `not_before` it is a first key that signs from then on: where there is any in force, it waits for that.
        Raises CoreError `clock_behind` where a key was made further in the future than clocks differ,
        `algorithm_unknown`, and `key_set_invalid` where the file would be too large.
        """

    def revoke(self, kid: str, now: int) -> KeySetChange:
        """The file without a key; where it is the last that signs, with a new one of its algorithm in its place.

        Raises CoreError `kid_unknown`, and `key_set_invalid` where the file would be too large.
        """

    def prune(self, now: int) -> KeySetChange:
        """The file without the keys that no machine's clock finds in force.

        Raises CoreError `key_set_invalid` where the file would be too large.
        """

@final
class KeyPhase:
    """Where a key of a key file is in its life. Frozen. `str()` gives the word in lower case, such as "signing"."""

    PUBLISHED: ClassVar[KeyPhase]
    """The key waits until verifiers know it."""
    SIGNING: ClassVar[KeyPhase]
    """The key signs."""
    RETIRING: ClassVar[KeyPhase]
    """The key was superseded, and verifies what it signed."""
    DROPPED: ClassVar[KeyPhase]
    """The key verifies nothing any more."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __int__(self) -> int: ...

@final
class ListedKey:
    """A key of a key file, without its material. Frozen. Times are in seconds since 1970."""

    @property
    def kid(self) -> str: ...
    @property
    def algorithm(self) -> str: ...
    @property
    def phase(self) -> KeyPhase:
        """Where the key is in its life; compare it with `==`."""

    @property
    def made_at(self) -> int:
        """When the key was made (`iat`)."""

    @property
    def signs_from(self) -> int:
        """From when on the key may sign (`nbf`)."""

    @property
    def dropped_at(self) -> int | None:
        """From when on the key verifies nothing (`exp`); None if the file gives no such time."""

@final
class KeySetChange:
    """What to write into a key file, and what it says. Frozen."""

    @property
    def key_set(self) -> KeySet | None:
        """The new content; None where there is nothing to write."""

    @property
    def added(self) -> str | None:
        """The kid of a new key."""

    @property
    def waits_for(self) -> str | None:
        """The kid of the key that makes a rotation unnecessary: it waits itself, or was just made."""

    @property
    def removed(self) -> list[str]:
        """The kids of the keys that are gone."""

@final
class RefreshPolicy:
    """What the settings say about refreshing: seconds, then microseconds. Frozen."""

    def __new__(
        cls, *, grace_seconds: int, idle_lifetime: int, absolute_lifetime: int | None, rotate: bool
    ) -> RefreshPolicy: ...

@final
class SessionState:
    """The row of one login, as far as decisions depend on it; times in microseconds since 1970. Frozen."""

    def __new__(
        cls,
        *,
        generation: int,
        rotated_at: int | None,
        created_at: int,
        expires_at: int,
        absolute_expires_at: int | None,
        revoked: bool,
    ) -> SessionState: ...
    @staticmethod
    def begin(policy: RefreshPolicy, now: int) -> SessionState:
        """The row of a login made at `now`."""

    @property
    def generation(self) -> int: ...
    @property
    def expires_at(self) -> int: ...
    @property
    def absolute_expires_at(self) -> int | None: ...
    def refusal(self, user: UserState, now: int) -> Refuse | None:
        """Why an access or sliding token of the session is refused at `now`; None if it is not."""

    def decide(
        self, user: UserState, presented: int, policy: RefreshPolicy, now: int
    ) -> Refuse | Rotate | Repeat | Keep | Reuse:
        """What a refresh with generation `presented` gets at `now`."""

    def refresh_claims(self) -> tuple[int, int, int]:
        """The current refresh token's `gen`, and its `iat` and `exp` in seconds since 1970."""

@final
class UserState:
    """The user of a session: whether they may log in, and what the session's auth hash says of the password. Frozen."""

    GONE: ClassVar[UserState]
    """The user was deleted."""
    INACTIVE: ClassVar[UserState]
    """The user may not log in."""
    MATCHES: ClassVar[UserState]
    """The auth hash matches under the current secret key."""
    MATCHES_FALLBACK: ClassVar[UserState]
    """The auth hash matches under one of the fallback keys."""
    CHANGED: ClassVar[UserState]
    """The auth hash matches under no key: the password was changed."""
    NOT_APPLICABLE: ClassVar[UserState]
    """The session has no auth hash, so the check is skipped."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __int__(self) -> int: ...

@final
class Refuse:
    """The refresh is refused. The caller answers 401 and writes nothing. Frozen."""

    @property
    def code(self) -> str:
        """The code of the 401."""

@final
class Rotate:
    """The caller writes these values into the row and answers with the new refresh token. Frozen."""

    @property
    def generation(self) -> int:
        """The new generation."""

    @property
    def rotated_at(self) -> int:
        """When the presented token was retired, in microseconds since 1970."""

    @property
    def expires_at(self) -> int:
        """The new idle end, in microseconds since 1970."""

    @property
    def restate_auth_hash(self) -> bool:
        """Whether the caller must write the user's auth hash again, because it matched under a fallback key."""

@final
class Repeat:
    """The caller answers with the current refresh token again, and writes nothing. Frozen."""

    @property
    def previous(self) -> bool:
        """Whether the request presented the token before the current one."""

@final
class Keep:
    """Rotation is off: the caller answers with an access token only, and writes nothing. Frozen."""

@final
class Reuse:
    """A retired token came back. The caller ends the session and answers 401 `token_reused`. Frozen."""

    @property
    def retired_for(self) -> int:
        """How long ago the presented token was retired, in microseconds; at least, for one of an older generation."""

def read_issuer_jwk_set(
    text: bytes, algorithms: Sequence[str]
) -> tuple[list[tuple[str | None, VerifyingKey]], list[str]]:
    """An issuer's JWK Set (RFC 7517 section 5): its keys, each with its kid, and a line on every key that is skipped.

    A kid, kty and algorithm have one key at most. Raises CoreError `key_set_invalid` where the text is no JWK Set of
    at most 1 MiB and 1024 keys, `algorithm_unknown`.
    """

def unverified_header(token: str | bytes, max_length: int) -> dict[str, Any]: ...
def unverified_claims(token: str | bytes, max_length: int) -> dict[str, Any]: ...
