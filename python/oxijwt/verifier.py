"""Settings → frozen Verifier and Signer. A Verifier answers with Verified, which says who signed the token.

Both are made once and dropped when a setting, or an attribute of the backend, changes: `TokenBackend` keeps them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self, cast

from ._core import CoreError, TokenPolicy, unverified_claims, unverified_header
from .exceptions import KeyConfigurationError
from .keys.material import is_hmac, ring_of_one
from .utils import datetime_to_epoch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import timedelta

    from ._core import KeyRing, SigningKey, VerifyingKey
    from .keys.issuers import Issuer
    from .keys.jwk_set import JWKSetClient
    from .keys.ring import KeySource

    Names = str | Iterable[str]
    """One audience or issuer, or several."""

ACCESS_TOKEN_TYPE = "at+jwt"
"""The header's `typ` of an access token (RFC 9068 section 2.1)."""

DATETIME_CLAIMS = ("exp", "iat", "nbf")
MOST_POLICIES = 256
"""How many audiences and issuers of views a Verifier remembers a policy for."""


class SignedBy(Enum):
    """Whose key verified a token's signature."""

    US = "us"
    JWK_URL = "jwk_url"
    """The issuer whose keys JWK_URL publishes."""
    ISSUER = "issuer"
    """One of ISSUERS."""
    NOBODY = "nobody"
    """Nothing was verified."""


class Verified(NamedTuple):
    """A token that was read: its claims, its header's `typ`, and who signed it."""

    claims: dict[str, Any]
    typ: str | None
    signed_by: SignedBy
    issuer: str | None = None
    """The name of the issuer, where it is one of ISSUERS."""
    at: float | None = None
    """When the registered claims that it has held, in seconds since 1970; None where our Verifier has not said so."""

    def __repr__(self) -> str:
        return f"<Verified: signed by {self.issuer or self.signed_by.value}>"

    @property
    def is_access_token(self) -> bool:
        """Whether the header says that the token is an access token (RFC 9068 section 2.1)."""
        return self.typ is not None and self.typ.lower().removeprefix("application/") == ACCESS_TOKEN_TYPE


class Accepts(NamedTuple):
    """Which audiences and issuers one reading takes; None: those of the settings."""

    audience: tuple[str, ...] | None = None
    issuer: tuple[str, ...] | None = None

    @classmethod
    def of(cls, *holders: object) -> Accepts:
        """What the `audience` and `issuer` of a view and of an authentication class say, the first one first.

        Raises KeyConfigurationError, with the class and the attribute, for anything but a text or several texts.
        """
        found: dict[str, tuple[str, ...]] = {}
        for attribute in cls._fields:
            for holder in holders:
                # Most say nothing: neither the class nor, by `as_view`, the object.
                if getattr(type(holder), attribute, None) is None and attribute not in getattr(holder, "__dict__", ()):
                    continue
                named = _names_in(holder, attribute)
                if named is not None:
                    found[attribute] = named
                    break
        return cls(**found) if found else AS_CONFIGURED


AS_CONFIGURED = Accepts()
"""What the settings take."""


def names(value: object, what: str) -> tuple[str, ...] | None:
    """An audience or issuer, or several, as a tuple; None for None. Raises KeyConfigurationError naming `what`."""
    if value is None:
        return None
    found = (value,) if isinstance(value, str) else value
    if isinstance(found, list | tuple | set | frozenset) and found and all(isinstance(n, str) and n for n in found):
        return tuple(found)
    raise KeyConfigurationError(f"{what} must be None, a text or several texts")


def _names_in(holder: object, attribute: str) -> tuple[str, ...] | None:
    value = getattr(holder, attribute)  # a property that raises AttributeError must not read as None
    if value is None or hasattr(value, "mapping"):  # a viewset's @action of that name is not a rule
        return None
    return names(value, f"{type(holder).__module__}.{type(holder).__qualname__}.{attribute}")


def address(claims: dict[str, Any], audience: object, issuer: object) -> None:
    """Set a token's own `aud` and `iss` (RFC 7519 section 4.1), where they are given.

    Raises TypeError for anything but a str (or, of the audience, several) and ValueError for an empty one.
    """
    for claim, what, expected, value in (
        ("aud", "audience", "a str or a list of str", audience),
        ("iss", "issuer", "a str", issuer),
    ):
        if value is None:
            continue
        several = list(value) if claim == "aud" and isinstance(value, list | tuple) else [value]
        if not all(isinstance(name, str) for name in several):
            raise TypeError(f"{what} must be {expected}")
        if not several or not all(several):
            raise ValueError(f"{what} must not be empty")
        claims[claim] = value if isinstance(value, str) else several


class Settings(Protocol):
    """What a Verifier and a Signer are made of: a TokenBackend."""

    algorithm: str
    audience: Names | None
    issuer: Names | None
    json_encoder: type[json.JSONEncoder] | None
    integer_subject: bool
    allowed_typ: Names | None
    key_source: KeySource | None
    jwks_client: JWKSetClient | None

    @property
    def length_limit(self) -> int: ...
    def get_leeway(self) -> timedelta: ...
    @property
    def prepared_signing_key(self) -> SigningKey: ...
    @property
    def verifying_keys(self) -> list[VerifyingKey]: ...
    @property
    def prepared_issuers(self) -> Mapping[str, Issuer]: ...


@dataclass(frozen=True, slots=True, repr=False)
class Verifier:
    """Verifies tokens by the settings of one moment. Times are seconds since 1970.

    One of `source`, `client` and `ring` is set: a ring of keys that may change, JWK_URL, or a ring that does not.
    """

    algorithm: str
    max_length: int
    policy: TokenPolicy
    expired_policy: TokenPolicy
    """For tokens whose `exp`, `nbf`, `iat`, `aud` and `iss` may be anything."""
    issuers: Mapping[str, tuple[Issuer, TokenPolicy]]
    source: KeySource | None
    client: JWKSetClient | None
    ring: KeyRing | None
    _policies: dict[tuple[TokenPolicy, Accepts], TokenPolicy] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The Verifier of a backend as it is now. Raises KeyConfigurationError."""
        source, client = settings.key_source, settings.jwks_client
        if source is not None or is_hmac(settings.algorithm):
            client = None
        policy = _policy_of(settings, settings.audience, settings.issuer)
        return cls(
            algorithm=settings.algorithm,
            max_length=settings.length_limit,
            policy=policy,
            expired_policy=policy.at_any_time(),
            issuers={
                name: (issuer, _policy_of(settings, issuer.audience, name))
                for name, issuer in settings.prepared_issuers.items()
            },
            source=source,
            client=client,
            ring=ring_of_one(None, settings.verifying_keys) if source is None and client is None else None,
        )

    def verify(self, text: str | bytes, now: float, accepts: Accepts = AS_CONFIGURED) -> Verified:
        """The token once its signature, `typ` and registered claims hold at `now`. Raises CoreError, JWKSetError,
        KeyConfigurationError.
        """
        if self.issuers:
            issuer = self._issuer_of(text)
            if issuer is not None:
                return self._verify_of(issuer, text, now, accepts)
        policy = self.policy if accepts is AS_CONFIGURED else self._accepting(self.policy, accepts)
        if self.ring is None:
            return self._verify_elsewhere(text, now, policy)
        claims, typ = self.ring.verify(text, now, policy)
        return Verified(claims, typ, SignedBy.US, None, now)

    def verify_expired(self, text: str | bytes, now: float) -> Verified:
        """The same at any time and for any audience: the token still says which session it belongs to.

        Raises CoreError, JWKSetError, KeyConfigurationError.
        """
        if self.issuers and self._issuer_of(text) is not None:
            raise CoreError("issuer_mismatch", "tokens of other issuers have no session here")
        if self.ring is None:
            return self._verify_elsewhere(text, now, self.expired_policy)
        claims, typ = self.ring.verify(text, now, self.expired_policy)
        return Verified(claims, typ, SignedBy.US)

    def key_of(self, text: str | bytes) -> VerifyingKey | None:
        """The key of JWK_URL or of ISSUERS that this token must be verified with; None where our own keys do it.

        Raises CoreError, JWKSetError.
        """
        issuer = self._issuer_of(text) if self.issuers else None
        if issuer is not None:
            return issuer[0].verifying_key(unverified_header(text, self.max_length))
        return None if self.client is None else self._jwk_url_key(self.client, text)

    def _verify_elsewhere(self, text: str | bytes, now: float, policy: TokenPolicy) -> Verified:
        at = None if policy is self.expired_policy else now
        if self.client is not None:
            ring = ring_of_one(None, [self._jwk_url_key(self.client, text)])
            return Verified(*ring.verify(text, now, policy), SignedBy.JWK_URL, None, at)
        claims, typ = _verify_by_source(cast("KeySource", self.source), text, now, policy)
        return Verified(claims, typ, SignedBy.US, None, at)

    def _verify_of(
        self, issuer: tuple[Issuer, TokenPolicy], text: str | bytes, now: float, accepts: Accepts
    ) -> Verified:
        name, policy = issuer[0].name, issuer[1]
        if accepts.issuer is not None and name not in accepts.issuer:
            raise CoreError("issuer_mismatch", "the view does not take tokens of this issuer")
        if accepts.audience is not None:
            policy = self._accepting(policy, Accepts(accepts.audience))
        ring = ring_of_one(None, [issuer[0].verifying_key(unverified_header(text, self.max_length))])
        return Verified(*ring.verify(text, now, policy), SignedBy.ISSUER, name, now)

    def _issuer_of(self, text: str | bytes) -> tuple[Issuer, TokenPolicy] | None:
        """Which of ISSUERS a token names, before anything of it is verified."""
        name = unverified_claims(text, self.max_length).get("iss")
        return self.issuers.get(name) if isinstance(name, str) else None

    def _jwk_url_key(self, client: JWKSetClient, text: str | bytes) -> VerifyingKey:
        return client.verifying_key(self.algorithm, unverified_header(text, self.max_length).get("kid"))

    def _accepting(self, policy: TokenPolicy, accepts: Accepts) -> TokenPolicy:
        found = self._policies.get((policy, accepts))
        if found is None:
            if len(self._policies) >= MOST_POLICIES:
                self._policies.clear()
            found = policy.accepting(audience=accepts.audience, issuer=accepts.issuer)
            self._policies[policy, accepts] = found
        return found


@dataclass(frozen=True, slots=True, repr=False)
class Signer:
    """Signs claims by the settings of one moment."""

    source: KeySource | None
    """Where the ring that signs comes from, where it may change."""
    ring: KeyRing | None
    """The ring that signs, where it does not."""
    max_length: int
    audience: str | list[str] | None
    issuer: Names | None
    json_encoder: type[json.JSONEncoder] | None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The Signer of a backend as it is now. Raises KeyConfigurationError."""
        source, audience = settings.key_source, settings.audience
        return cls(
            source=source,
            ring=ring_of_one(settings.prepared_signing_key, []) if source is None else None,
            max_length=settings.length_limit,
            audience=audience if audience is None or isinstance(audience, str) else list(audience),
            issuer=settings.issuer,
            json_encoder=settings.json_encoder,
        )

    def sign(self, payload: dict[str, Any], now: float) -> str:
        """The compact serialization of these claims, with the configured `aud` and `iss` where they have none.

        Raises CoreError, TypeError for values that JSON has no word for, RecursionError in a custom encoder.
        """
        claims = payload.copy()
        if self.audience is not None and "aud" not in claims:
            claims["aud"] = self.audience
        if self.issuer is not None and "iss" not in claims:
            claims["iss"] = self.issuer
        for name in DATETIME_CLAIMS:
            if isinstance(claims.get(name), datetime):
                claims[name] = datetime_to_epoch(claims[name])
        ring = self.ring or cast("KeySource", self.source).ring()
        if self.json_encoder is None:
            return ring.sign(claims, now, self.max_length)
        text = json.dumps(claims, separators=(",", ":"), cls=self.json_encoder).encode()
        return ring.sign_json(text, now, self.max_length)


def unverified_typ(text: str | bytes, max_length: int) -> str | None:
    """The header's `typ` of a token that nobody has checked; None where there is none, or no header."""
    try:
        typ = unverified_header(text, max_length).get("typ")
    except (CoreError, TypeError):
        return None
    return typ if isinstance(typ, str) else None


def _verify_by_source(source: KeySource, text: str | bytes, now: float, policy: TokenPolicy) -> tuple[Any, str | None]:
    ring = source.ring()
    try:
        return ring.verify(text, now, policy)
    except CoreError as error:
        # Another process may sign already with a key that this one has not seen yet.
        newer = source.newer_ring(ring) if error.args[0] == "key_unknown" else None
        if newer is None:
            raise
    return newer.verify(text, now, policy)


def _policy_of(settings: Settings, audience: Names | None, issuer: Names | None) -> TokenPolicy:
    longest = settings.length_limit
    try:
        return TokenPolicy(
            max_length=longest,
            allowed_typ=_names(settings.allowed_typ),
            leeway=settings.get_leeway().total_seconds(),
            audience=_names(audience),
            issuer=_names(issuer),
            integer_subject=settings.integer_subject,
        )
    except (CoreError, TypeError, ValueError, OverflowError) as error:
        raise KeyConfigurationError("SIMPLE_JWT: ALLOWED_TYP, LEEWAY, AUDIENCE or ISSUER can't be used") from error


def _names(value: Names | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    return (value,) if isinstance(value, str) else tuple(value)
