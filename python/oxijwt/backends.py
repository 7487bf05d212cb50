"""TokenBackend: claims ↔ compact serialization, and the one place that maps the core's codes to exceptions."""

import json
import sys
import time
from collections.abc import Iterable, Mapping
from copy import copy, deepcopy
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Self

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from ._core import (
    ALGORITHMS,
    CoreError,
    KeyRing,
    SigningKey,
    TokenPolicy,
    VerifyingKey,
    unverified_claims,
    unverified_header,
    unverified_is_access_token,
)
from .exceptions import KeyConfigurationError, TokenBackendError, TokenBackendExpiredToken
from .keys import material
from .keys.issuers import Issuer
from .keys.issuers import read as read_issuers
from .keys.jwk_set import JWKSetClient, JWKSetError
from .keys.ring import KeySource
from .settings import DEFAULTS
from .utils import datetime_to_epoch, format_lazy

ALLOWED_ALGORITHMS = frozenset(ALGORITHMS)

JWK_CLIENT_AVAILABLE = True
"""simplejwt's flag: the JWK Set client is built in."""

EXPIRED = (TokenBackendExpiredToken, _("Token is expired"))
ALGORITHM_MISMATCH = (TokenBackendError, _("Invalid algorithm specified"))
INVALID = (TokenBackendError, _("Token is invalid"))

REFUSALS: dict[str, tuple[type[TokenBackendError], Promise]] = {
    "malformed": INVALID,
    "too_large": INVALID,
    "header_unsupported": INVALID,
    "algorithm_mismatch": ALGORITHM_MISMATCH,
    "signature_invalid": INVALID,
    "key_unknown": INVALID,
    "expired": EXPIRED,
    "not_yet_valid": INVALID,
    "issued_in_future": INVALID,
    "issuer_mismatch": INVALID,
    "audience_mismatch": INVALID,
    "claim_missing": INVALID,
    "claim_invalid": INVALID,
}
"""What a refused token raises, by the core's code. A test fails when a code of the core is in neither table."""

CONFIGURATION_CODES = frozenset(
    {
        "algorithm_unknown",
        "clock_behind",
        "key_empty",
        "key_encrypted",
        "key_malformed",
        "key_mismatch",
        "key_private",
        "key_public",
        "key_set_invalid",
        "key_too_small",
        "key_weak",
        "kid_unknown",
        "no_signing_key",
        "no_verifying_key",
        "outlives_key",
        "policy_invalid",
    }
)
"""Codes of a wrong setting: KeyConfigurationError, so that a project's mistake is never a user's 401."""

SIGNING_CODES = frozenset({"unserializable"})
"""Codes that only signing can raise."""

LONGEST = sys.maxsize
"""The greatest MAX_TOKEN_LENGTH, in bytes."""

NO_LEEWAY = timedelta(0)

DATETIME_CLAIMS = ("exp", "iat", "nbf")


class TokenBackend:
    """Signs and verifies with one algorithm (simplejwt's `backends.TokenBackend`).

    Only the algorithm's name is looked at here; keys are prepared at first use, which raises KeyConfigurationError
    when they don't fit. `leeway` is seconds (int, float) or a timedelta. Attributes may be assigned to at any time.
    """

    fallback_keys: tuple[str | bytes, ...] = ()
    """Older secrets that still verify (Django's SECRET_KEY_FALLBACKS)."""

    integer_subject = True
    """Whether `sub` may be an integer, as tokens of old have it."""

    max_token_length: int = DEFAULTS["MAX_TOKEN_LENGTH"]
    """The longest token in bytes that is read or made."""

    allowed_typ: str | Iterable[str] | None = DEFAULTS["ALLOWED_TYP"]
    """What the header's `typ` may be, where there is one; None takes any."""

    key_source: KeySource | None = None
    """Where keys with a `kid` come from; without one the pair signs and verifies."""

    issuers: Mapping[str, Mapping[str, Any]] | None = None
    """Other issuers (ISSUERS): a token whose `iss` is one of these is verified as that issuer's, and no other way."""

    _issuers: tuple[object, dict[str, Issuer]] | None = None
    _ring: tuple[tuple[object, ...], KeyRing] | None = None
    _signer: tuple[tuple[object, ...], KeyRing] | None = None
    _policy: tuple[tuple[object, ...], TokenPolicy] | None = None
    _origin: "TokenBackend | None" = None
    _asked_for: "tuple[str | Iterable[str] | None, str | Iterable[str] | None]" = (None, None)

    def __init__(  # noqa: PLR0913, PLR0917  simplejwt's signature
        self,
        algorithm: str,
        signing_key: Any = None,
        verifying_key: Any = "",
        audience: str | Iterable[str] | None = None,
        issuer: str | None = None,
        jwk_url: str | None = None,
        leeway: float | timedelta | None = None,
        json_encoder: type[json.JSONEncoder] | None = None,
    ) -> None:
        self._validate_algorithm(algorithm)
        self.algorithm = algorithm
        self.signing_key = signing_key
        self.verifying_key = verifying_key
        self.audience = audience
        self.issuer: str | Iterable[str] | None = issuer
        self.jwks_client = JWKSetClient(jwk_url) if jwk_url else None
        self.leeway = leeway
        self.json_encoder = json_encoder

    def _validate_algorithm(self, algorithm: str) -> None:
        if algorithm not in ALLOWED_ALGORITHMS:
            raise TokenBackendError(format_lazy(_("Unrecognized algorithm type '{}'"), algorithm))

    @property
    def prepared_signing_key(self) -> SigningKey:
        """The native signing key. Raises KeyConfigurationError."""
        return material.signing_key(self.algorithm, self.signing_key)

    @property
    def prepared_verifying_key(self) -> VerifyingKey:
        """The native key that verifies what the configured pair signs. Raises KeyConfigurationError."""
        if material.is_hmac(self.algorithm):
            return self.prepared_signing_key.verifying_key()
        return material.verifying_key(self.algorithm, self.verifying_key)

    @property
    def asks_jwk_url(self) -> bool:
        """Whether the keys behind JWK_URL verify, and no key of our own: HMAC and keys with a `kid` go before it."""
        return self.jwks_client is not None and self.key_source is None and not material.is_hmac(self.algorithm)

    def get_leeway(self) -> timedelta:
        """The leeway as a timedelta. Raises TokenBackendError for any other type."""
        leeway = self.leeway
        if leeway is None or leeway == 0:
            return NO_LEEWAY
        if isinstance(leeway, (int, float)):
            return timedelta(seconds=leeway)
        if isinstance(leeway, timedelta):
            return leeway
        raise TokenBackendError(
            format_lazy(_("Unrecognized type '{}', 'leeway' must be of type int, float or timedelta."), type(leeway))
        )

    @sensitive_variables()
    def get_verifying_key(self, token: str | bytes) -> VerifyingKey:
        """The key that this token must be verified with, where no key source has it.

        Raises TokenBackendError for what is no token and when the JWK Set has no key, KeyConfigurationError beside a
        key source: only `decode` looks there.
        """
        try:
            issuer = self._issuer_of(token)
            return self._own_key_of(token) if issuer is None else self._key_of(issuer, token)
        except CoreError as error:
            raise refusal(error) from error

    def _own_key_of(self, token: str | bytes) -> VerifyingKey:
        source, client = self.key_source, self.jwks_client
        if source is not None:
            raise KeyConfigurationError(f"{source.setting} has several keys, of which decode() knows the right one")
        if client is None or material.is_hmac(self.algorithm):
            return self.prepared_verifying_key
        try:
            return client.verifying_key(self.algorithm, unverified_header(token, self._length_limit()).get("kid"))
        except JWKSetError as error:
            raise TokenBackendError(_("Token is invalid")) from error

    @sensitive_variables()
    def encode(self, payload: dict[str, Any]) -> str:
        """The signed compact serialization of these claims; the configured `aud` and `iss` where they have none.

        `exp`, `iat` and `nbf` may be datetimes. Raises TokenBackendError for claims that `decode` would refuse,
        TypeError for values that JSON has no word for, KeyConfigurationError for an unfit key.
        """
        claims = self._claims_to_sign(payload)
        ring, now, longest = self._signing_ring(), time.time(), self._length_limit()
        try:
            if self.json_encoder is None:
                return ring.sign(claims, now, longest)
            text = json.dumps(claims, separators=(",", ":"), cls=self.json_encoder).encode()
            return ring.sign_json(text, now, longest)
        except CoreError as error:
            raise self._unsigned(error) from error
        except RecursionError as error:  # the custom encoder's
            raise TokenBackendError("the claims are nested too deeply") from error

    def _unsigned(self, error: CoreError) -> Exception:
        code, message = error.args
        if code not in CONFIGURATION_CODES:
            return TokenBackendError(message)
        source = self.key_source
        return KeyConfigurationError(f"{source.setting if source else 'SIMPLE_JWT'}: {message}")

    @sensitive_variables()
    def decode(self, token: str | bytes, verify: bool = True) -> dict[str, Any]:
        """The claims of a token whose signature and registered claims hold now.

        With `verify=False` nothing but length and form is checked. Raises TokenBackendExpiredToken past `exp`,
        TokenBackendError for every other refusal, KeyConfigurationError for an unfit key or setting.
        """
        if not isinstance(token, (str, bytes)):
            raise TokenBackendError(_("Token is invalid"))
        try:
            if not verify:
                return unverified_claims(token, self._length_limit())
            # Keys are prepared, and fetched, once for a backend and all that `accepting` makes of it.
            origin = self._origin or self
            issuer = origin._issuer_of(token)
            if issuer is not None:
                return self._verified_as_of(issuer, token)
            return origin._verified(token, self._token_policy())
        except CoreError as error:
            raise refusal(error) from error

    def accepting(self, audience: str | Iterable[str] | None = None, issuer: str | Iterable[str] | None = None) -> Self:
        """This backend for reading tokens of another audience or issuer; None leaves what is configured.

        It is made of what is configured now, and meant for one token.
        """
        other = copy(self)
        other._origin = self._origin or self
        other._asked_for = (audience, issuer)
        if audience is not None:
            other.audience = audience
        if issuer is not None:
            other.issuer = issuer
        return other

    @sensitive_variables()
    def decode_expired(self, token: str | bytes) -> dict[str, Any]:
        """As `decode`, of a token whose `exp` may have passed: it still says whose session to end, and nothing else.

        One of ISSUERS has no session here: TokenBackendError.
        """
        try:
            if self._issuer_of(token) is not None:
                raise TokenBackendError(_("Token is invalid"))
            return self._verified(token, self._token_policy().at_any_time())
        except CoreError as error:
            raise refusal(error) from error

    @sensitive_variables()
    def public_jwk_set(self) -> str:
        """The public keys of what is signed here, as a JWK Set in JSON (RFC 7517 section 5); never an HMAC key.

        Raises KeyConfigurationError.
        """
        source = self.key_source
        if source is not None:
            ring = source.ring()
        elif self.asks_jwk_url:
            ring = material.ring_of_one(None, [])
        else:
            ring = self._pair_ring()
        return ring.public_jwk_set(time.time())

    def _verified(self, token: str | bytes, policy: TokenPolicy) -> dict[str, Any]:
        source = self.key_source
        if source is None:
            return self._verifying_ring(token).verify(token, time.time(), policy)
        ring = source.ring()
        try:
            return ring.verify(token, time.time(), policy)
        except CoreError as error:
            # Another process may have begun to sign with a key that this one has not yet seen.
            newer = source.newer_ring(ring) if error.args[0] == "key_unknown" else None
            if newer is None:
                raise
        return newer.verify(token, time.time(), policy)

    def _issuer_of(self, token: str | bytes) -> Issuer | None:
        """Which of ISSUERS a token names, before anything of it is verified. Raises CoreError for what is no token."""
        if not self.issuers:
            return None
        if self._issuers is None or self._issuers[0] != self.issuers:
            ready = read_issuers(self.issuers)
            # Dicts, since not every mapping can be copied; lists in them may be changed in place.
            self._issuers = (deepcopy({name: dict(entry) for name, entry in self.issuers.items()}), ready)
        name = unverified_claims(token, self._length_limit()).get("iss")
        return self._issuers[1].get(name) if isinstance(name, str) else None

    def _key_of(self, issuer: Issuer, token: str | bytes) -> VerifyingKey:
        try:
            return issuer.verifying_key(unverified_header(token, self._length_limit()))
        except JWKSetError as error:
            raise TokenBackendError(_("Token is invalid")) from error

    def _verified_as_of(self, issuer: Issuer, token: str | bytes) -> dict[str, Any]:
        audience, issuers = self._asked_for
        if issuers is not None and issuer.name not in (_names(issuers) or ()):
            raise TokenBackendError(_("Token is invalid"))
        policy = self._new_policy(issuer.audience if audience is None else audience, issuer.name)
        ring = material.ring_of_one(None, [self._key_of(issuer, token)])
        return ring.verify(token, time.time(), policy)

    def _claims_to_sign(self, payload: dict[str, Any]) -> dict[str, Any]:
        claims = payload.copy()
        if self.audience is not None and "aud" not in claims:
            claims["aud"] = self.audience if isinstance(self.audience, str) else list(self.audience)
        if self.issuer is not None and "iss" not in claims:
            claims["iss"] = self.issuer
        for name in DATETIME_CLAIMS:
            if isinstance(claims.get(name), datetime):
                claims[name] = datetime_to_epoch(claims[name])
        return claims

    def _signing_ring(self) -> KeyRing:
        source = self.key_source
        if source is not None:
            return source.ring()
        made_of = (self.algorithm, self.signing_key)
        if self._signer is None or self._signer[0] != made_of:
            self._signer = (made_of, KeyRing(self.prepared_signing_key, []))
        return self._signer[1]

    def _verifying_ring(self, token: str | bytes) -> KeyRing:
        return material.ring_of_one(None, [self.get_verifying_key(token)]) if self.asks_jwk_url else self._pair_ring()

    def _pair_ring(self) -> KeyRing:
        made_of = (self.algorithm, self.signing_key, self.verifying_key, self.fallback_keys)
        if self._ring is None or self._ring[0] != made_of:
            self._ring = (made_of, material.ring_of_one(None, [self.prepared_verifying_key, *self._fallbacks()]))
        return self._ring[1]

    def _fallbacks(self) -> list[VerifyingKey]:
        if not material.is_hmac(self.algorithm):
            return []
        return [material.verifying_key(self.algorithm, key, "SECRET_KEY_FALLBACKS") for key in self.fallback_keys]

    def _length_limit(self) -> int:
        longest = self.max_token_length
        if type(longest) is int and 0 < longest <= LONGEST:
            return longest
        raise KeyConfigurationError("SIMPLE_JWT['MAX_TOKEN_LENGTH'] must be a number of bytes, an int above zero")

    def _token_policy(self) -> TokenPolicy:
        made_of = (self.max_token_length, self.allowed_typ, self.leeway, self.audience, self.issuer)
        if self._policy is None or self._policy[0] != made_of:
            # A list may be changed in place; what it held when it was read must not change with it.
            self._policy = (tuple(map(copy, made_of)), self._new_policy(self.audience, self.issuer))
        return self._policy[1]

    def _new_policy(self, audience: str | Iterable[str] | None, issuer: str | Iterable[str] | None) -> TokenPolicy:
        longest = self._length_limit()
        try:
            return _policy_of(
                max_length=longest,
                allowed_typ=_names(self.allowed_typ),
                leeway=self.get_leeway().total_seconds(),
                audience=_names(audience),
                issuer=_names(issuer),
                integer_subject=self.integer_subject,
            )
        except (CoreError, TypeError, ValueError, OverflowError) as error:
            raise KeyConfigurationError("SIMPLE_JWT: ALLOWED_TYP, LEEWAY, AUDIENCE or ISSUER can't be used") from error


def is_access_token(token: object) -> bool:
    """Whether the header of a decoded token says that it is one for access only (RFC 9068 section 2.1).

    What has no header of the compact serialization is none; a backend of the project's own may decode such texts.
    """
    try:
        return unverified_is_access_token(token)  # type: ignore[arg-type]  # TypeError is caught
    except (CoreError, TypeError):
        return False


@lru_cache(maxsize=256)
def _policy_of(**rules: Any) -> TokenPolicy:
    # Views that accept other audiences and issuers ask for theirs again with every token.
    return TokenPolicy(**rules)


def _names(value: str | Iterable[str] | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    return (value,) if isinstance(value, str) else tuple(value)


def refusal(error: CoreError) -> Exception:
    """The exception that a code of the core stands for."""
    if error.args[0] in REFUSALS:
        kind, message = REFUSALS[error.args[0]]
        return kind(message)
    return KeyConfigurationError(error.args[1])
