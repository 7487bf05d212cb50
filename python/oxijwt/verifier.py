"""Settings → frozen Verifier and Signer. A Verifier returns a Verified, which says who signed the token.

`TokenBackend` makes both once, and again after a setting or one of its attributes has changed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self, cast

from ._core import CoreError, TokenPolicy, TokenRules, unverified_header, unverified_issuer
from ._core import Verified as Verified  # noqa: PLC0414  the other modules import it from here
from .exceptions import KeyConfigurationError
from .keys import guessable
from .keys.material import is_hmac, ring_of_one
from .utils import datetime_to_epoch

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from ._core import KeyRing, SigningKey, VerifyingKey
    from .keys.issuers import Issuer
    from .keys.jwk_set import JWKSetClient
    from .keys.ring import KeySource
    from .tokens import Token
    from .utils import Claims, Names


NOT_OUR_SIGNATURE = frozenset({"signature_invalid", "algorithm_mismatch"})
"""The core's codes of a token that another key may have signed."""

DATETIME_CLAIMS = ("exp", "iat", "nbf")
MOST_POLICIES = 256
"""A Verifier keeps at most this many policies for the audiences and issuers of views."""
MOST_CLASSES = 256
"""A Verifier keeps the rules of at most this many classes of tokens."""
MOST_RINGS = 64
"""A Verifier keeps the rings of at most this many keys of other issuers."""
UNKNOWN: Any = object()


class SignedBy(Enum):
    """Whose key verified a token's signature."""

    US = "us"
    JWK_URL = "jwk_url"
    """The issuer whose keys JWK_URL publishes."""
    ISSUER = "issuer"
    """One of ISSUERS."""
    NOBODY = "nobody"
    """Nothing was verified."""


US = SignedBy.US
"""Read once: an attribute of an Enum class is slow."""


class Held(Protocol):
    """What holds the text of a token that is being read, so that no variable does: error reporters show variables."""

    @property
    def token(self) -> str | bytes | None:
        """The compact serialization."""


@dataclass(slots=True)
class Unread:
    """Holds the text of a token for a caller that has no Token."""

    token: str | bytes = field(repr=False)


class Accepts(NamedTuple):
    """The audiences and issuers that one reading accepts. None means those of the settings."""

    audience: tuple[str, ...] | None = None
    issuer: tuple[str, ...] | None = None

    @classmethod
    def of(cls, *holders: object) -> Accepts:
        """The `audience` and `issuer` of a view and of an authentication class. An earlier holder has precedence.

        Raises KeyConfigurationError with the class and the attribute for anything but a text or several texts.
        """
        found: dict[str, tuple[str, ...]] = {}
        for attribute in cls._fields:
            for holder in holders:
                # Most holders have neither attribute: not in the class, and not by `as_view` in the object.
                if getattr(type(holder), attribute, None) is None and attribute not in getattr(holder, "__dict__", ()):
                    continue
                named = named_by(holder, attribute)
                if named is not None:
                    found[attribute] = named
                    break
        return cls(**found) if found else AS_CONFIGURED

    def replaced(self, audience: Names | None, issuer: Names | None) -> Accepts:
        """The same with these in their places; None keeps what is there. Raises KeyConfigurationError."""
        return Accepts(names(audience, "audience") or self.audience, names(issuer, "issuer") or self.issuer)


AS_CONFIGURED = Accepts()
"""The audiences and issuers of the settings."""


def names(value: object, what: str) -> tuple[str, ...] | None:
    """An audience or issuer, or several, as a tuple; None for None. Raises KeyConfigurationError with `what` in it."""
    if value is None:
        return None
    found = (value,) if isinstance(value, str) else value
    if isinstance(found, list | tuple | set | frozenset) and found and all(isinstance(n, str) and n for n in found):
        return tuple(found)
    raise KeyConfigurationError(f"{what} must be None, a text or several texts")


def named_by(holder: object, attribute: str) -> tuple[str, ...] | None:
    """The audiences or issuers in an attribute of a view. Raises KeyConfigurationError."""
    value = getattr(holder, attribute)  # if a property raises AttributeError, that must not count as None
    if value is None or hasattr(value, "mapping"):  # an @action of a viewset may have this name
        return None
    return names(value, f"{type(holder).__module__}.{type(holder).__qualname__}.{attribute}")


def address(claims: Claims, audience: object, issuer: object) -> None:
    """Set a token's own `aud` and `iss` (RFC 7519 section 4.1) unless they are None.

    Raises TypeError for anything but a str, or a list or tuple of str for `aud`, and ValueError for an empty one.
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
    """The attributes that a Verifier and a Signer are made from. A TokenBackend has them."""

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
    @property
    def cache_size(self) -> int: ...
    def get_leeway(self) -> timedelta: ...
    @property
    def has_signing_key(self) -> bool: ...
    @property
    def prepared_signing_key(self) -> SigningKey: ...
    @property
    def verifying_keys(self) -> list[VerifyingKey]: ...
    @property
    def prepared_issuers(self) -> Mapping[str, Issuer]: ...
    @property
    def guessable(self) -> list[str]: ...


@dataclass(frozen=True, slots=True, repr=False)
class Verifier:
    """Verifies tokens by the settings as they were when it was made. Times are seconds since 1970.

    Either `source` or `ring` has our own keys. `client` may have the keys of JWK_URL too. Our own keys come first: a
    service that signs knows its own tokens, also with JWK_URL.
    """

    algorithm: str
    max_length: int
    """The longest token in bytes."""
    policy: TokenPolicy
    expired_policy: TokenPolicy
    """The policy without checks of `exp`, `nbf`, `iat`, `aud` and `iss`."""
    issuers: Mapping[str, tuple[Issuer, TokenPolicy]]
    source: KeySource | None
    """A ring of keys that may change."""
    client: JWKSetClient | None
    """The keys of JWK_URL."""
    ring: KeyRing | None
    """A ring of keys that doesn't change; None if a source has them, or if this service does not sign."""
    cache_size: int
    """How many verified tokens a ring remembers."""
    _policies: dict[tuple[TokenPolicy, Accepts], TokenPolicy] = field(default_factory=dict)
    _rules: dict[type[Token] | None, TokenRules | None] = field(default_factory=dict)
    """What `Token.verify` asks of the tokens of a class; None for a class that asks something else."""
    _rings: dict[VerifyingKey, KeyRing] = field(default_factory=dict)
    """A ring for each key of another issuer."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The Verifier for a backend's attributes as they are now. Raises KeyConfigurationError."""
        source, client = settings.key_source, settings.jwks_client
        if source is not None or is_hmac(settings.algorithm):
            client = None
        policy = policy_of(settings, settings.audience, settings.issuer)
        made = cls(
            algorithm=settings.algorithm,
            max_length=settings.length_limit,
            policy=policy,
            expired_policy=policy.at_any_time(),
            issuers={
                name: (issuer, policy_of(settings, issuer.audience, name))
                for name, issuer in settings.prepared_issuers.items()
            },
            source=source,
            client=client,
            ring=our_ring(settings, client) if source is None else None,
            cache_size=settings.cache_size,
        )
        if made.ring is not None:
            made.ring.remember_verified(made.cache_size)
        report_guessable(settings)
        return made

    def verify(
        self, held: Held, now: float, accepts: Accepts = AS_CONFIGURED, token_class: type[Token] | None = None
    ) -> Verified:
        """Check a token's signature, its `typ`, and its registered claims at `now`.

        The result also says whether the claims keep the rules of `token_class`. Raises CoreError, JWKSetError,
        KeyConfigurationError.
        """
        if self.issuers:
            issuer = self.unverified_issuer(held)
            if issuer is not None:
                return self._verify_of(issuer, held, now, accepts)
        policy = self.policy if accepts is AS_CONFIGURED else self._accepting(self.policy, accepts)
        rules = self._rules.get(token_class, UNKNOWN)
        if rules is UNKNOWN:
            rules = self._rules_of(token_class)
        if self.ring is None or self.client is not None:
            return self._verify_with(held, now, policy, rules, token_class)
        return self.ring.verify(held.token, now, policy, US, None, rules, token_class)

    def verify_expired(self, held: Held, now: float) -> Verified:
        """Check a token's signature and `typ`, but not its times, audience and issuer: it may be expired.

        Raises CoreError, JWKSetError, KeyConfigurationError.
        """
        if self.issuers and self.unverified_issuer(held) is not None:
            raise CoreError("issuer_mismatch", "tokens of other issuers have no session here")
        verified = self._verify_with(held, now, self.expired_policy)
        return verified.with_claims(verified.claims)

    def key_of(self, held: Held) -> VerifyingKey | None:
        """The key of JWK_URL or ISSUERS that must verify this token; None if one of our own keys must.

        Raises CoreError, JWKSetError, KeyConfigurationError.
        """
        issuer = self.unverified_issuer(held) if self.issuers else None
        if issuer is not None:
            return issuer[0].verifying_key(unverified_header(held.token, self.max_length))
        return None if self.client is None else self._jwk_url_key(self.client, held)

    def unverified_issuer(self, held: Held) -> tuple[Issuer, TokenPolicy] | None:
        """The one of ISSUERS that an unverified token names, with its policy; None if it names none.

        Raises CoreError.
        """
        name = unverified_issuer(held.token, self.max_length)
        return None if name is None else self.issuers.get(name)

    def _verify_with(
        self,
        held: Held,
        now: float,
        policy: TokenPolicy,
        rules: TokenRules | None = None,
        token_class: type[Token] | None = None,
    ) -> Verified:
        if self.ring is not None:
            try:
                return self.ring.verify(held.token, now, policy, SignedBy.US, None, rules, token_class)
            except CoreError as error:
                if self.client is None or error.args[0] not in NOT_OUR_SIGNATURE:
                    raise
        if self.client is not None:
            ring = self._ring_of(self._jwk_url_key(self.client, held))
            return ring.verify(held.token, now, policy, SignedBy.JWK_URL, None, rules, token_class)
        source = cast("KeySource", self.source)
        ring = source.ring()
        try:
            return ring.verify(held.token, now, policy, SignedBy.US, None, rules, token_class)
        except CoreError as error:
            # Another process may already sign with a key that this process has not read yet.
            newer = source.newer_ring(ring) if error.args[0] == "key_unknown" else None
            if newer is None:
                raise
        return newer.verify(held.token, now, policy, SignedBy.US, None, rules, token_class)

    def _verify_of(self, issuer: tuple[Issuer, TokenPolicy], held: Held, now: float, accepts: Accepts) -> Verified:
        name, policy = issuer[0].name, issuer[1]
        if accepts.issuer is not None and name not in accepts.issuer:
            raise CoreError("issuer_mismatch", "the view does not accept tokens of this issuer")
        if accepts.audience is not None:
            policy = self._accepting(policy, Accepts(accepts.audience))
        ring = self._ring_of(issuer[0].verifying_key(unverified_header(held.token, self.max_length)))
        return ring.verify(held.token, now, policy, SignedBy.ISSUER, name)

    def _ring_of(self, key: VerifyingKey) -> KeyRing:
        ring = self._rings.get(key)
        if ring is None:
            if len(self._rings) >= MOST_RINGS:
                self._rings.clear()
            ring = self._rings[key] = ring_of_one(None, [key])
            ring.remember_verified(self.cache_size)
        return ring

    def _rules_of(self, token_class: type[Token] | None) -> TokenRules | None:
        if len(self._rules) >= MOST_CLASSES:
            self._rules.clear()
        rules = self._rules[token_class] = None if token_class is None else token_class.stock_rules()
        return rules

    def _jwk_url_key(self, client: JWKSetClient, held: Held) -> VerifyingKey:
        return client.verifying_key(self.algorithm, unverified_header(held.token, self.max_length).get("kid"))

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
    """Signs claims by the settings as they were when it was made. Either `source` or `ring` is set."""

    source: KeySource | None
    """A ring of keys that may change."""
    ring: KeyRing | None
    """A ring of keys that doesn't change."""
    max_length: int
    """The longest token in bytes."""
    audience: str | list[str] | None
    issuer: Names | None
    json_encoder: type[json.JSONEncoder] | None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The Signer for a backend's attributes as they are now. Raises KeyConfigurationError."""
        source, audience = settings.key_source, settings.audience
        made = cls(
            source=source,
            ring=ring_of_one(settings.prepared_signing_key, []) if source is None else None,
            max_length=settings.length_limit,
            audience=audience if audience is None or isinstance(audience, str) else list(audience),
            issuer=settings.issuer,
            json_encoder=settings.json_encoder,
        )
        report_guessable(settings)
        return made

    def sign(self, payload: Claims, now: float) -> str:
        """The compact serialization of these claims, with the configured `aud` and `iss` if they have none.

        Raises CoreError, TypeError for a value that JSON can't express, RecursionError in a custom encoder.
        """
        ring = self.ring or cast("KeySource", self.source).signing_ring()
        if self.json_encoder is not None:
            claims = without_datetimes(payload)
            for name, default in (("aud", self.audience), ("iss", self.issuer)):
                if default is not None:
                    claims.setdefault(name, default)
            text = json.dumps(claims, separators=(",", ":"), cls=self.json_encoder).encode()
            return ring.sign_json(text, now, self.max_length)
        try:
            return ring.sign(payload, now, self.max_length, self.audience, self.issuer)
        except TypeError:  # it can't express a datetime
            return ring.sign(without_datetimes(payload), now, self.max_length, self.audience, self.issuer)


def without_datetimes(payload: Claims) -> Claims:
    """A copy of claims in which `exp`, `iat` and `nbf` are seconds since 1970."""
    claims = payload.copy()
    for name in DATETIME_CLAIMS:
        if isinstance(claims.get(name), datetime):
            claims[name] = datetime_to_epoch(claims[name])
    return claims


def report_guessable(settings: Settings) -> None:
    """Log once in each process, unless in DEBUG, if an HMAC secret in use can be guessed.

    WSGI servers run no system checks.
    """
    if guessable.may_report():
        guessable.report(settings.guessable)


def our_ring(settings: Settings, client: JWKSetClient | None) -> KeyRing | None:
    """The ring that verifies what our own key pair signs; None for a service with JWK_URL that does not sign.

    Raises KeyConfigurationError, but not for the signing key of a service with JWK_URL: an unfit key signs no token.
    """
    if client is None:
        return ring_of_one(None, settings.verifying_keys)
    if not settings.has_signing_key:
        return None
    try:
        return ring_of_one(None, [settings.prepared_signing_key.verifying_key()])
    except KeyConfigurationError:
        return None


def unverified_typ(text: str | bytes, max_length: int) -> str | None:
    """The header's `typ` of an unverified token; None if there is no `typ` or no readable header."""
    try:
        typ = unverified_header(text, max_length).get("typ")
    except (CoreError, TypeError):
        return None
    return typ if isinstance(typ, str) else None


def policy_of(settings: Settings, audience: Names | None, issuer: Names | None) -> TokenPolicy:
    """The policy of the settings for these audiences and issuers. Raises KeyConfigurationError."""
    longest = settings.length_limit
    try:
        return TokenPolicy(
            max_length=longest,
            allowed_typ=tuple_of(settings.allowed_typ),
            leeway=settings.get_leeway().total_seconds(),
            audience=tuple_of(audience),
            issuer=tuple_of(issuer),
            integer_subject=settings.integer_subject,
        )
    except (CoreError, TypeError, ValueError, OverflowError) as error:
        raise KeyConfigurationError("SIMPLE_JWT: ALLOWED_TYP, LEEWAY, AUDIENCE or ISSUER can't be used") from error


def tuple_of(value: Names | None) -> tuple[str, ...] | None:
    """A name or several as a tuple; None for None. Raises TypeError for a value of another type."""
    if value is None:
        return None
    return (value,) if isinstance(value, str) else tuple(value)
