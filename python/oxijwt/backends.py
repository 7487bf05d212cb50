"""TokenBackend: claims ↔ compact serialization, and the one place that maps the core's codes to exceptions."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from datetime import timedelta
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar

from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from ._core import ALGORITHMS, CoreError, unverified_claims
from .exceptions import KeyConfigurationError, TokenBackendError, TokenBackendExpiredToken
from .keys import issuers as other_issuers
from .keys import material
from .keys.jwk_set import JWKSetClient, JWKSetError
from .settings import DEFAULTS, api_settings
from .utils import format_lazy, late_names
from .verifier import AS_CONFIGURED, Accepts, SignedBy, Signer, Verified, Verifier, unverified_typ

if TYPE_CHECKING:
    import json
    from collections.abc import Callable, Iterable, Mapping

    from django.utils.functional import Promise

    from ._core import SigningKey, VerifyingKey
    from .keys.issuers import Issuer
    from .keys.ring import KeySource

T = TypeVar("T")

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


class TokenBackend:
    """Signs and verifies with one algorithm (simplejwt's `backends.TokenBackend`).

    Only the algorithm's name is looked at here; keys are prepared at first use, which raises KeyConfigurationError
    when they don't fit. `leeway` is seconds (int, float) or a timedelta. Attributes may be assigned to at any time; a
    list in one of them must not be changed in place.
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

    _made: tuple[object, dict[Any, Any]] = (None, {})

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

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        api_settings.changed()

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        api_settings.changed()

    def made_once(self, make: Callable[[Any], T]) -> T:
        """What `make` makes of this backend: made once, and made again after a setting or an attribute has changed."""
        version, made = self._made
        current = api_settings.version
        if version is not current:
            # Read before anything is made: what changes meanwhile makes all of this outdated at once.
            made = {}
            self.__dict__["_made"] = (current, made)
        if make not in made:
            made[make] = make(self)
        found: T = made[make]
        return found

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
    def prepared_issuers(self) -> Mapping[str, Issuer]:
        """ISSUERS by name, each with the client of its JWK Set. Raises KeyConfigurationError."""
        return other_issuers.read(self.issuers) if self.issuers else {}

    @property
    def verifying_keys(self) -> list[VerifyingKey]:
        """The native keys that verify what the pair signs, older secrets included. Raises KeyConfigurationError."""
        fallbacks = self.fallback_keys if material.is_hmac(self.algorithm) else ()
        older = [material.verifying_key(self.algorithm, key, "SECRET_KEY_FALLBACKS") for key in fallbacks]
        return [self.prepared_verifying_key, *older]

    @property
    def length_limit(self) -> int:
        """`max_token_length`, once it is known to be one. Raises KeyConfigurationError."""
        longest = self.max_token_length
        if type(longest) is int and 0 < longest <= LONGEST:
            return longest
        raise KeyConfigurationError("SIMPLE_JWT['MAX_TOKEN_LENGTH'] must be a number of bytes, an int above zero")

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

        Raises TokenBackendError for what can't be read as a token and when the JWK Set has no key, and
        KeyConfigurationError where a key source has the keys: only `decode` looks there.
        """
        try:
            key = self.made_once(Verifier.of).key_of(token)
        except (CoreError, JWKSetError) as error:
            raise refusal(error) from error
        if key is None and self.key_source is not None:
            setting = self.key_source.setting
            raise KeyConfigurationError(f"{setting} has several keys, of which decode() knows the right one")
        return self.prepared_verifying_key if key is None else key

    @sensitive_variables()
    def encode(self, payload: dict[str, Any]) -> str:
        """The signed compact serialization of these claims; the configured `aud` and `iss` where they have none.

        `exp`, `iat` and `nbf` may be datetimes. Raises TokenBackendError for claims that `decode` would refuse,
        TypeError for values that JSON has no word for, KeyConfigurationError for an unfit key.
        """
        signer = self.made_once(Signer.of)
        try:
            return signer.sign(payload, time.time())
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
    def verify(self, token: str | bytes, accepts: Accepts = AS_CONFIGURED) -> Verified:
        """A token whose signature and registered claims hold now, and who signed it.

        `accepts` names the audiences and issuers of this one reading. Raises TokenBackendExpiredToken past `exp`,
        TokenBackendError for every other refusal, KeyConfigurationError for an unfit key or setting.
        """
        if not isinstance(token, (str, bytes)):
            raise TokenBackendError(_("Token is invalid"))
        try:
            return self.made_once(Verifier.of).verify(token, time.time(), accepts)
        except (CoreError, JWKSetError) as error:
            raise refusal(error) from error

    @sensitive_variables()
    def verify_expired(self, token: str | bytes) -> Verified:
        """As `verify`, of a token whose `exp` may have passed: it still says which session to end, and nothing else.

        Tokens of ISSUERS have no session here: TokenBackendError.
        """
        if not isinstance(token, (str, bytes)):
            raise TokenBackendError(_("Token is invalid"))
        try:
            return self.made_once(Verifier.of).verify_expired(token, time.time())
        except (CoreError, JWKSetError) as error:
            raise refusal(error) from error

    @sensitive_variables()
    def unverified(self, token: str | bytes) -> Verified:
        """A token of which only length and form are checked; nobody has signed it. Raises TokenBackendError."""
        if not isinstance(token, (str, bytes)):
            raise TokenBackendError(_("Token is invalid"))
        try:
            claims = unverified_claims(token, self.length_limit)
        except CoreError as error:
            raise refusal(error) from error
        name = claims.get("iss")
        named = name if isinstance(name, str) and name in (self.issuers or ()) else None
        return Verified(claims, unverified_typ(token, self.length_limit), SignedBy.NOBODY, named)

    @sensitive_variables()
    def decode(self, token: str | bytes, verify: bool = True, *, accepts: Accepts = AS_CONFIGURED) -> dict[str, Any]:
        """The claims of a token (simplejwt's `decode`): of `verify`, or of `unverified` with `verify=False`."""
        return (self.verify(token, accepts) if verify else self.unverified(token)).claims

    @sensitive_variables()
    def public_jwk_set(self) -> str:
        """The public keys of what is signed here, as a JWK Set in JSON (RFC 7517 section 5); never an HMAC key.

        Raises KeyConfigurationError.
        """
        verifier = self.made_once(Verifier.of)
        if verifier.source is not None:
            ring = verifier.source.ring()
        else:
            ring = verifier.ring or material.ring_of_one(None, [])
        return ring.public_jwk_set(time.time())


DECODE = TokenBackend.decode


@sensitive_variables()
def read(backend: Any, token: Any, accepts: Accepts = AS_CONFIGURED) -> Verified:
    """What a backend of any class verifies. Raises TokenBackendError, KeyConfigurationError.

    A project's own `decode` has the last word on the claims. Who signed is asked of `verify`, where the backend has it
    and it knows the token; else the backend answers for its own keys, unless it has a `jwks_client`.
    """
    if _has_stock_decode(backend):
        return backend.verify(token, accepts)
    options = {} if accepts is AS_CONFIGURED else _as_argument(accepts, backend)
    claims = backend.decode(token, verify=True, **options)
    if isinstance(backend, TokenBackend):
        with suppress(TokenBackendError):
            return backend.verify(token, accepts)._replace(claims=claims, at=None)
    signed_by = SignedBy.US if getattr(backend, "jwks_client", None) is None else SignedBy.JWK_URL
    return Verified(claims, unverified_typ(token, LONGEST), signed_by)


@sensitive_variables()
def read_unverified(backend: Any, token: Any) -> Verified:
    """What a backend of any class reads without a check. Raises TokenBackendError, KeyConfigurationError."""
    if _has_stock_decode(backend):
        return backend.unverified(token)
    claims = backend.decode(token, verify=False)
    return Verified(claims, unverified_typ(token, LONGEST), SignedBy.NOBODY)


@sensitive_variables()
def read_expired(backend: Any, token: Any) -> Verified:
    """As `read`, of a token whose `exp` may have passed, where the backend can read such a token.

    Raises TokenBackendError, KeyConfigurationError.
    """
    return backend.verify_expired(token) if isinstance(backend, TokenBackend) else read(backend, token)


def _has_stock_decode(backend: object) -> TypeGuard[TokenBackend]:
    return isinstance(backend, TokenBackend) and type(backend).decode is DECODE and "decode" not in backend.__dict__


def _as_argument(accepts: Accepts, backend: Any) -> dict[str, Accepts]:
    parameters = signature(backend.decode).parameters.values()
    if any(parameter.name == "accepts" or parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters):
        return {"accepts": accepts}
    kind = f"{type(backend).__module__}.{type(backend).__qualname__}"
    raise KeyConfigurationError(f"{kind}.decode must take 'accepts': a view names its audience or issuer")


def refusal(error: CoreError | JWKSetError) -> Exception:
    """The exception that a code of the core, or a missing key of an issuer, stands for."""
    if isinstance(error, JWKSetError):
        return TokenBackendError(_("Token is invalid"))
    if error.args[0] in REFUSALS:
        kind, message = REFUSALS[error.args[0]]
        return kind(message)
    return KeyConfigurationError(error.args[1])


__getattr__ = late_names(__name__, Token="oxijwt.tokens")  # noqa: S106  a class, as simplejwt has it here
