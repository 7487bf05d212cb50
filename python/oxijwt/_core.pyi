"""The native core: keys, signatures, strict JSON and the claim rules (RFC 7515, 7517, 7518, 7519).

All handles are immutable. Their reprs and all messages never contain keys or tokens. Except where a docstring says
otherwise, a wrong type raises TypeError and an integer out of range raises OverflowError.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Final, final

from .tokens import Token
from .verifier import SignedBy

__all__ = [
    "ALGORITHMS",
    "ERROR_CODES",
    "MAX_CLOCK_SKEW",
    "CoreError",
    "Keep",
    "KeyPhase",
    "KeyRing",
    "KeyRotationPolicy",
    "KeySet",
    "KeySetChange",
    "ListedKey",
    "Presented",
    "RefreshPolicy",
    "Refuse",
    "Repeat",
    "Reuse",
    "RingKey",
    "Rotate",
    "RowUpdate",
    "SessionState",
    "SigningKey",
    "TokenPolicy",
    "TokenRules",
    "UserState",
    "Verified",
    "VerifyingKey",
    "forget_random_bytes",
    "new_claims",
    "random_id",
    "read_issuer_jwk_set",
    "unverified_claims",
    "unverified_header",
    "unverified_issuer",
]

ALGORITHMS: Final[tuple[str, ...]]
"""The names of the 14 algorithms, as in a header's `alg`."""

ERROR_CODES: Final[tuple[str, ...]]
"""Every code that a `CoreError` can have."""

MAX_CLOCK_SKEW: Final[int]
"""How far apart the clocks of two machines may be, in seconds."""

class CoreError(Exception):
    """The only exception that this module declares.

    Its `args` are `(code, message)`, both str. `code` is one of ERROR_CODES; `message` never contains a key or a token.
    """

@final
class SigningKey:
    """A key that signs. It is parsed once, when it is made. Its repr shows only the algorithm."""

    @staticmethod
    def from_secret(algorithm: str, secret: bytes) -> SigningKey:
        """Make an HMAC key.

        Raises CoreError: `algorithm_unknown`; `key_empty`; `key_mismatch` for an algorithm other than HMAC, and for a
        secret that is the text of an asymmetric key.
        """

    @staticmethod
    def from_pem(algorithm: str, pem: bytes) -> SigningKey:
        """Read a private key in PEM: PKCS#1, PKCS#8 or SEC1.

        Raises CoreError: `algorithm_unknown` or one of the `key_…` codes.
        """

    @staticmethod
    def from_jwk(algorithm: str, jwk: bytes) -> SigningKey:
        """Read a private or symmetric JWK (RFC 7517) in UTF-8.

        Raises CoreError: `algorithm_unknown` or one of the `key_…` codes.
        """

    @property
    def algorithm(self) -> str:
        """The key's algorithm, one of ALGORITHMS."""

    @property
    def is_weak(self) -> bool:
        """Whether the key is an HMAC secret that is shorter than its hash (RFC 7518 section 3.2)."""

    def verifying_key(self) -> VerifyingKey:
        """The key that verifies this key's signatures. Raises CoreError `key_malformed` if the library refuses it."""

@final
class VerifyingKey:
    """A key that verifies. It is parsed once, when it is made. Its repr shows only the algorithm."""

    @staticmethod
    def from_secret(algorithm: str, secret: bytes) -> VerifyingKey:
        """Make an HMAC key. Raises the same errors as `SigningKey.from_secret`."""

    @staticmethod
    def from_pem(algorithm: str, pem: bytes) -> VerifyingKey:
        """Read a public key in PEM: PKCS#1, SubjectPublicKeyInfo, or the key of an X.509 certificate.

        Raises CoreError: `algorithm_unknown` or one of the `key_…` codes; `key_private` for a private key.
        """

    @staticmethod
    def from_jwk(algorithm: str, jwk: bytes) -> VerifyingKey:
        """Read a public or symmetric JWK (RFC 7517) in UTF-8.

        Raises CoreError: `algorithm_unknown` or one of the `key_…` codes; `key_private` for a private key.
        """

    @property
    def algorithm(self) -> str:
        """The key's algorithm, one of ALGORITHMS."""

    @property
    def is_weak(self) -> bool:
        """Whether the key is an HMAC secret that is shorter than its hash (RFC 7518 section 3.2)."""

@final
class TokenPolicy:
    """The rules that a token must satisfy."""

    def __new__(
        cls,
        *,
        max_length: int,
        allowed_typ: Sequence[str] | None = None,
        leeway: float = 0.0,
        audience: Sequence[str] | None = None,
        issuer: Sequence[str] | None = None,
        integer_subject: bool = False,
    ) -> TokenPolicy:
        """Make a policy. `max_length` is in bytes, and `leeway` in seconds.

        If a token's header has a `typ`, it must be one of `allowed_typ`; upper and lower case are equal, and the
        prefix `application/` is optional. None accepts any `typ`. A token's `aud` must have a member that is in
        `audience`, and its `iss` must be one of `issuer`; None skips the check. With `integer_subject`, `sub` may also
        be an integer.

        Raises CoreError `policy_invalid` for a negative or infinite leeway, and for a str with a lone surrogate.
        """

    def accepting(self, *, audience: Sequence[str] | None = None, issuer: Sequence[str] | None = None) -> TokenPolicy:
        """The same policy with another audience and another issuer; None keeps this policy's own.

        Raises CoreError `policy_invalid` for a str with a lone surrogate.
        """

    def at_any_time(self) -> TokenPolicy:
        """The same policy without checks of `exp`, `nbf`, `iat`, `aud` and `iss`; their types are still checked."""

@final
class TokenRules:
    """What `Token.verify` asks of the claims of one class of tokens. They say whether, and not which rule is broken."""

    def __new__(
        cls,
        stock: Sequence[tuple[str, object]],
        *,
        type_claim: str | None,
        token_type: str | None,
        id_claim: str | None,
        user_id_claim: str,
        session_id_claim: str,
        session_required_from: float,
    ) -> TokenRules:
        """Make the rules of a class: `stock` has its attributes for which they stand.

        Claims keep the rules if `exp` is there, `id_claim` is an id, `type_claim` is `token_type` (None: any text, or
        missing) and `user_id_claim` is text, an integer or missing. From `session_required_from` on, in seconds since
        1970, `session_id_claim` must be there. A claim whose name is None is not looked at.
        """

@final
class Verified:
    """A token that was read: its claims, its header's `typ`, and who signed it."""

    def __new__(
        cls,
        claims: dict[str, Any],
        typ: str | None,
        signed_by: SignedBy,
        issuer: str | None = None,
        at: float | None = None,
    ) -> Verified:
        """What another reader has found. Its claims keep no rules."""

    @property
    def claims(self) -> dict[str, Any]:
        """The claims, always the same dict."""

    @property
    def signed_by(self) -> SignedBy:
        """Whose key verified the signature."""

    @property
    def issuer(self) -> str | None:
        """The issuer's name if it is one of ISSUERS."""

    @property
    def at(self) -> float | None:
        """When the registered claims were checked, in seconds since 1970; None if nobody has checked them."""

    @property
    def keeps_rules(self) -> bool:
        """Whether the claims keep the rules that `KeyRing.verify` got."""

    @property
    def is_access_token(self) -> bool:
        """Whether the header says that the token is an access token (RFC 9068 section 2.1)."""

    def with_claims(self, claims: dict[str, Any]) -> Verified:
        """The same token with claims that nobody has checked."""

@final
class RingKey:
    """A key of a ring by `kid`, with the times between which it is used. Its repr shows the kid and the algorithm."""

    def __new__(
        cls,
        signing: SigningKey | None,
        verifying: VerifyingKey | None,
        *,
        kid: str | None = None,
        not_before: int | None = None,
        not_after: int | None = None,
    ) -> RingKey:
        """Make a key of a ring. Times are in seconds since 1970.

        `verifying` is by default the public half of `signing`, and `kid` the RFC 7638 thumbprint. The key signs from
        `not_before` until `not_after`, and verifies from 60 seconds before `not_before`.

        Raises CoreError: `no_verifying_key` if both halves are None; `key_mismatch` if they don't belong together;
        `key_set_invalid` for a symmetric key without `kid`, and for a `kid` that does not have 1 to 255 characters or
        has a control character.
        """

@final
class KeyRing:
    """One pair of keys, or keys that tokens name by their `kid`. `now` is in seconds since 1970."""

    def __new__(cls, signer: SigningKey | None, verifiers: Sequence[VerifyingKey]) -> KeyRing:
        """Make a ring of one pair. It writes no `kid` and ignores a token's. Verifiers are tried in this order."""

    @staticmethod
    def of_keys(keys: Sequence[RingKey], legacy: KeyRing | None = None, legacy_until: int | None = None) -> KeyRing:
        """Make a ring of keys by `kid`. The first key in force signs.

        `legacy` must be a ring of one pair. Until `legacy_until`, in seconds since 1970, it verifies tokens without
        `kid`. It also signs until the first of the keys may sign.

        Raises CoreError: `key_set_invalid` if two keys have the same `kid`, which the message names; `policy_invalid`
        if `legacy` is not a ring of one pair.
        """

    def sign(
        self, claims: dict[str, Any], now: float, max_length: int, audience: object = None, issuer: object = None
    ) -> str:
        """Sign claims. Returns the compact serialization (RFC 7515 section 7.1) of at most `max_length` bytes.

        `audience` and `issuer` are the `aud` and `iss` of claims that have none; None adds nothing.

        Raises TypeError for a value that JSON can't represent. Raises CoreError: `unserializable`, `claim_invalid`,
        `too_large`, `no_signing_key`, `outlives_key`, `policy_invalid`.
        """

    def sign_json(self, payload: bytes, now: float, max_length: int) -> str:
        """Sign claims that a custom encoder has already converted to JSON. Raises the same errors as `sign`."""

    def signing_kids(self) -> list[str]:
        """The kids of all keys that can sign, now or later. Empty for a ring of one pair."""

    def public_jwk_set(self, now: float) -> str:
        """The public keys that verify, now or later, as a JWK Set (RFC 7517 section 5) in JSON, without HMAC keys."""

    def remember_verified(self, most: int) -> None:
        """Remember at most `most` tokens whose signature a public key has verified. Only the first call counts.

        The ring verifies such a signature once. It checks everything else each time.
        """

    def verify(
        self,
        token: str | bytes | None,
        now: float,
        policy: TokenPolicy,
        signed_by: SignedBy,
        issuer: str | None = None,
        rules: TokenRules | None = None,
        token_class: type[Token] | None = None,
    ) -> Verified:
        """Verify a token at `now`: its length, its signature, its `typ` and its registered claims.

        `signed_by` and `issuer` say whose keys these are. The result also says whether the claims keep `rules`, which
        must stand for `token_class`. Raises TypeError unless the token is str or bytes, and CoreError with the code of
        the first rule that the token breaks.
        """

@final
class KeyRotationPolicy:
    """How long a key is published before it signs, and how long it verifies after it has signed last."""

    def __new__(cls, *, publish_ahead: int, retain: int) -> KeyRotationPolicy:
        """Make a policy from KEY_PUBLISH_AHEAD and KEY_RETAIN, both in seconds, from 0 to 4294967295."""

@final
class KeySet:
    """The content of a key file: a private JWK Set (RFC 7517 section 5). Its repr shows only the number of keys.

    Its keys have the times `iat`, `nbf` and `exp` (OpenID Federation 1.0 section 8.7), in seconds since 1970.
    """

    @staticmethod
    def read(text: bytes) -> KeySet:
        """Read a key file. Raises CoreError `key_set_invalid` or another `key_…`; the message names place and kid."""

    @staticmethod
    def empty() -> KeySet:
        """The content of a file without keys."""

    def text(self) -> bytes:
        """The text of the whole file with all private parts, one key on each line. Other members stay as they are."""

    def keys(self, now: int) -> list[ListedKey]:
        """The keys in the order of the file, as they are at `now`."""

    def ring(
        self, policy: KeyRotationPolicy, legacy: KeyRing | None = None, legacy_until: int | None = None
    ) -> KeyRing:
        """Make a ring of the keys, with a legacy pair as in `KeyRing.of_keys`, which also names the errors.

        A key signs only tokens that live at most `policy.retain`, and not longer than the key.
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
        """Make the next key of the line, which signs after `policy.publish_ahead`, or at once with `at_once`.

        With `not_before`, make a first key that signs from then on. If a key is already in force, `waits_for` names it.

        Raises CoreError: `clock_behind` if a key was made further in the future than clocks may differ;
        `algorithm_unknown`; `key_set_invalid` if the file would be too large.
        """

    def revoke(self, kid: str, now: int) -> KeySetChange:
        """Remove a key. If it is the last that signs, a new key of its algorithm takes its place.

        Raises CoreError: `kid_unknown`; `key_set_invalid` if the file would be too large.
        """

    def prune(self, now: int) -> KeySetChange:
        """Remove the keys that are dropped by every machine's clock.

        Raises CoreError `key_set_invalid` if the file would be too large.
        """

@final
class KeyPhase:
    """The phase of the life of a key in a key file. Its `str` is the word in lower case, such as "signing"."""

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
    """A key of a key file, without its material. Times are in seconds since 1970."""

    @property
    def kid(self) -> str:
        """The key's id."""

    @property
    def algorithm(self) -> str:
        """The key's algorithm, one of ALGORITHMS."""

    @property
    def phase(self) -> KeyPhase:
        """The phase of the key's life. Compare it with `==`, not with `is`."""

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
    """The result of a requested change of a key file."""

    @property
    def key_set(self) -> KeySet | None:
        """The new content; None if the file stays as it is."""

    @property
    def added(self) -> str | None:
        """The kid of the new key; None if the change adds none."""

    @property
    def waits_for(self) -> str | None:
        """The kid of the key because of which a rotation is unnecessary: that key waits, or was just made."""

    @property
    def removed(self) -> list[str]:
        """The kids of the removed keys."""

@final
class RefreshPolicy:
    """The settings for refreshing."""

    def __new__(
        cls,
        *,
        grace_seconds: int,
        idle_lifetime: int,
        absolute_lifetime: int | None,
        rotate: bool,
        leeway: int = 0,
        same_agent: bool = False,
    ) -> RefreshPolicy:
        """Make a policy. `grace_seconds` is in seconds; both lifetimes and `leeway` are in microseconds.

        The idle and the absolute end come later by `leeway`, and the grace interval does not. With `same_agent` grace
        is only for the user agent of the last rotation.
        """

@final
class Presented:
    """A refresh token that was presented. Its signature, `exp` and type were verified."""

    def __new__(
        cls,
        generation: int,
        *,
        issued_at: int,
        expires_at: int,
        is_own: bool = True,
        is_blacklisted: bool = False,
        other_agent: bool = False,
    ) -> Presented:
        """Describe a token by its `gen`, its `iat` and its `exp`, in seconds since 1970.

        `is_own`: its `jti` follows from the session and `gen`; False for a token of a node without sessions.
        `is_blacklisted`: its `jti` is blacklisted, or that of the generation after it, with which a refresh answers.
        `other_agent`: another user agent than that of the last rotation has sent it.
        """

    @property
    def generation(self) -> int:
        """The `gen` claim."""

@final
class SessionState:
    """The part of a login's row that decisions depend on. Times are in microseconds since 1970."""

    def __new__(
        cls,
        *,
        generation: int,
        rotated_at: int | None,
        created_at: int,
        expires_at: int,
        absolute_expires_at: int | None,
        revoked: bool,
        idle_lifetime: int | None = None,
        revoked_in_cache: bool = False,
    ) -> SessionState:
        """Take over a row. `idle_lifetime` is the session's own; None is the policy's.

        `revoked_in_cache`: REVOCATION_CACHE says that the session has ended.
        """

    @staticmethod
    def begin(policy: RefreshPolicy, now: int) -> SessionState:
        """The row of a login made at `now`."""

    @property
    def generation(self) -> int:
        """The generation of the current refresh token."""

    @property
    def expires_at(self) -> int:
        """The idle end."""

    @property
    def absolute_expires_at(self) -> int | None:
        """The absolute end; None if the policy had none at login."""

    def refusal(self, user: UserState, now: int, *, leeway: int = 0) -> Refuse | None:
        """Why an access or sliding token of the session is refused at `now`; None if it is not.

        Both ends come later by `leeway` microseconds.
        """

    def decide(
        self, user: UserState, presented: Presented, policy: RefreshPolicy, now: int
    ) -> Refuse | Rotate | Repeat | Keep | Reuse:
        """What a refresh with `presented` gets at `now`."""

    def refresh_claims(self) -> tuple[int, int, int]:
        """The current refresh token's `gen`, and its `iat` and `exp` in seconds since 1970."""

@final
class UserState:
    """The user of a session: whether they may log in, and whether their password was changed since the login."""

    GONE: ClassVar[UserState]
    """The user was deleted."""
    DEACTIVATED: ClassVar[UserState]
    """The user's `is_active` is False. This ends the session."""
    INACTIVE: ClassVar[UserState]
    """The user may not log in, for another reason. The session goes on."""
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
    """The refresh is refused. The caller answers 401, and writes nothing unless a property says otherwise."""

    @property
    def code(self) -> str:
        """The code of the 401."""

    @property
    def user_deactivated(self) -> bool:
        """Whether the caller ends the session, because the user is deactivated."""

    @property
    def end_forgotten(self) -> bool:
        """Whether the caller writes the session's end again, because only REVOCATION_CACHE remembers it."""

@final
class Rotate:
    """The caller updates the row and answers with the new refresh token."""

    @property
    def update(self) -> RowUpdate:
        """What the caller writes."""

    @property
    def is_restored(self) -> bool:
        """Whether the database had forgotten the presented generation. The caller warns of it."""

@final
class Repeat:
    """The caller answers with a refresh token that exists already: the current one, unless `foreign`."""

    @property
    def previous(self) -> bool:
        """Whether the request presented the token before the current one."""

    @property
    def other_agent(self) -> bool:
        """Whether the token was spent, and another user agent than that of the last rotation has sent it."""

    @property
    def foreign(self) -> bool:
        """Whether the answer is the presented token itself, which a node without sessions issued."""

    @property
    def restored(self) -> RowUpdate | None:
        """What the caller writes, and warns of, because the database has forgotten it; None: write nothing."""

@final
class RowUpdate:
    """The values that the caller writes into the row."""

    @property
    def read_generation(self) -> int:
        """The generation of the row that was read. The write is conditional on it."""

    @property
    def read_rotated_at(self) -> int | None:
        """The `rotated_at` of the row that was read. The write is conditional on it too."""

    @property
    def generation(self) -> int:
        """A rotation: the new generation. A restored row: the token's."""

    @property
    def rotated_at(self) -> int:
        """When this generation began, in microseconds since 1970.

        A restored row: the last moment of the second in the token's `iat`.
        """

    @property
    def expires_at(self) -> int:
        """The idle end, in microseconds since 1970."""

    @property
    def restate_auth_hash(self) -> bool:
        """Whether a rotation must write the user's auth hash again, because it matched under a fallback key."""

@final
class Keep:
    """Rotation is off: the caller answers with an access token only, and does not write."""

@final
class Reuse:
    """A retired token came back. The caller ends the session and answers 401 `token_reused`."""

    @property
    def retired_for(self) -> int:
        """How long ago the presented token was retired, in microseconds. For an older generation it is the least."""

def read_issuer_jwk_set(
    text: bytes, algorithms: Sequence[str]
) -> tuple[list[tuple[str | None, VerifyingKey]], list[str], list[tuple[str | None, str]]]:
    """Read an issuer's JWK Set (RFC 7517 section 5).

    Returns the keys, each with its kid; a message for each key that was skipped; and for each mistake that was
    tolerated the kid, as messages show it, and the mistake. For one kid, kty and algorithm there is at most one key.
    Raises CoreError: `key_set_invalid` for any text but a JWK Set of at most 1 MiB and 1024
    keys; `algorithm_unknown`.
    """

def random_id() -> str:
    """A new id of 128 random bits, as 32 hex digits. Raises OSError if the system gives no random bytes."""

def forget_random_bytes() -> None:
    """Drop the random bytes that no id has used. A forked child must call this."""

def new_claims(
    now: float, lifetime: float, type_claim: str | None, token_type: object, id_claim: str | None
) -> dict[str, Any]:
    """The claims of a token that is made at `now` and valid for `lifetime`, both in seconds.

    They are the type, `exp`, `iat` and a new id. A claim whose name is None is left out. Raises OSError as `random_id`.
    """

def unverified_issuer(token: str | bytes | None, max_length: int) -> str | None:
    """The `iss` of a token that was not verified; None if it is missing or not text.

    Raises CoreError `malformed` or `too_large`, and TypeError unless the token is str or bytes.
    """

def unverified_header(token: str | bytes | None, max_length: int) -> dict[str, Any]:
    """The header of a token that was not verified. Raises CoreError `malformed` or `too_large`."""

def unverified_claims(token: str | bytes, max_length: int) -> dict[str, Any]:
    """The claims of a token that was not verified. Raises CoreError `malformed` or `too_large`."""
