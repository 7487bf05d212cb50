"""TokenBackend: claims ↔ compact serialization. Only this module maps the core's codes to exceptions."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from datetime import timedelta
from functools import partial
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Protocol, Self, TypeGuard, TypeVar, cast

from django.views.decorators.debug import sensitive_variables

from ._core import ALGORITHMS, CoreError, unverified_claims
from .exceptions import KeyConfigurationError, TokenBackendError, TokenBackendExpiredToken
from .keys import issuers as other_issuers
from .keys import material
from .keys.jwk_set import JWKSetClient, JWKSetError
from .locale import gettext_lazy as _
from .settings import DEFAULTS, api_settings, changes
from .utils import format_lazy, late_names
from .verifier import AS_CONFIGURED, Accepts, SignedBy, Signer, Unread, Verified, Verifier, unverified_typ

if TYPE_CHECKING:
    import json
    from collections.abc import Callable, Mapping
    from typing import Any

    from django.utils.functional import Promise

    from ._core import SigningKey, VerifyingKey
    from .keys.issuers import Issuer
    from .keys.ring import KeySource
    from .tokens import Token
    from .utils import Claims, Names
    from .verifier import Held

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
"""The exception of a refused token by the core's code. A test fails if a code of the core is in no table."""

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
"""Codes of a wrong setting. They become KeyConfigurationError, so that a project's mistake is never a user's 401."""

SIGNING_CODES = frozenset({"unserializable"})
"""Codes that only signing can raise."""

LONGEST = sys.maxsize
"""The greatest MAX_TOKEN_LENGTH, in bytes."""

NO_LEEWAY = timedelta(0)

PAIR_SECRET = "SIMPLE_JWT['SIGNING_KEY'] (or SECRET_KEY, by default)"
"""How the log names the HMAC secret of the pair."""


class Decoder(Protocol):
    """A backend of any class, as a project may assign it to `state.token_backend`."""

    def decode(self, token: str | bytes, verify: bool = True) -> Claims:
        """The claims of a token. Raises TokenBackendError."""


class TokenBackend:
    """Signs and verifies with one algorithm (simplejwt's `backends.TokenBackend`).

    The constructor checks only the algorithm's name. Keys are prepared at their first use, which raises
    KeyConfigurationError if they can't be used. `leeway` is in seconds (int or float) or a timedelta. Attributes may be
    assigned at any time; a list in one of them must not be changed in place.
    """

    fallback_keys: tuple[str | bytes, ...] = ()
    """Older secrets that still verify (Django's SECRET_KEY_FALLBACKS)."""

    integer_subject = True
    """Whether `sub` may be an integer, as in tokens of older libraries."""

    max_token_length: int = DEFAULTS["MAX_TOKEN_LENGTH"]
    """The longest token in bytes that the backend reads or makes."""

    verified_token_cache_size: int = DEFAULTS["VERIFIED_TOKEN_CACHE_SIZE"]
    """How many tokens each ring of keys remembers after a public key has verified their signature."""

    allowed_typ: Names | None = DEFAULTS["ALLOWED_TYP"]
    """The accepted values of the header's `typ`, if the header has a `typ`; None accepts any."""

    key_source: KeySource | None = None
    """The source of keys with a `kid`. Without a source, the key pair signs and verifies."""

    issuers: Mapping[str, Mapping[str, object]] | None = None
    """Other issuers (ISSUERS). A token whose `iss` is one of these is verified by that issuer's keys only."""

    # What is prepared, each with the version of the settings for which it was made.
    _verifier: tuple[object, Verifier] = cast("tuple[object, Verifier]", (None, None))
    _signer: tuple[object, Signer] = cast("tuple[object, Signer]", (None, None))

    def __init__(  # noqa: PLR0913, PLR0917  simplejwt's signature
        self,
        algorithm: str,
        signing_key: object = None,
        verifying_key: object = "",
        audience: Names | None = None,
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
        self.issuer: Names | None = issuer
        self.jwks_client: JWKSetClient | None = JWKSetClient(jwk_url) if jwk_url else None
        self.leeway = leeway
        self.json_encoder = json_encoder

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        api_settings.changed()

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        api_settings.changed()

    def _validate_algorithm(self, algorithm: str) -> None:
        if algorithm not in ALLOWED_ALGORITHMS:
            raise TokenBackendError(format_lazy(_("Unrecognized algorithm type '{}'"), algorithm))

    @property
    def prepared_signing_key(self) -> SigningKey:
        """The native signing key. Raises KeyConfigurationError."""
        return material.signing_key(self.algorithm, self.signing_key)

    @property
    def prepared_verifying_key(self) -> VerifyingKey:
        """The native key that verifies the configured pair's tokens. Raises KeyConfigurationError."""
        if material.is_hmac(self.algorithm):
            return self.prepared_signing_key.verifying_key()
        return material.verifying_key(self.algorithm, self.verifying_key)

    @property
    def prepared_issuers(self) -> Mapping[str, Issuer]:
        """ISSUERS by name, each with the client of its JWK Set. Raises KeyConfigurationError."""
        return other_issuers.read(self.issuers) if self.issuers else {}

    @property
    def has_signing_key(self) -> bool:
        """Whether the pair has a half that signs."""
        return self.signing_key is not None

    @property
    def verifying_keys(self) -> list[VerifyingKey]:
        """The native keys that verify the pair's tokens, older secrets included. Raises KeyConfigurationError."""
        fallbacks = self.fallback_keys if material.is_hmac(self.algorithm) else ()
        older = [material.verifying_key(self.algorithm, key, "SECRET_KEY_FALLBACKS") for key in fallbacks]
        return [self.prepared_verifying_key, *older]

    @property
    def has_pair(self) -> bool:
        """Whether the key pair is in use."""
        return self.key_source is None

    @property
    def guessable(self) -> list[str]:
        """Which HMAC secrets in use can be guessed, and why. Raises KeyConfigurationError for KEYS or KEY_FILE."""
        found = [] if self.key_source is None else [*self.key_source.guessable]
        if self.has_pair and material.is_hmac(self.algorithm):
            found += material.guessable(self.algorithm, self.signing_key, PAIR_SECRET)
            for key in self.fallback_keys:
                found += material.guessable(self.algorithm, key, "SECRET_KEY_FALLBACKS")
        return found

    @property
    def length_limit(self) -> int:
        """`max_token_length` in bytes. Raises KeyConfigurationError unless it is a positive int."""
        longest = self.max_token_length
        if type(longest) is int and 0 < longest <= LONGEST:
            return longest
        raise KeyConfigurationError("SIMPLE_JWT['MAX_TOKEN_LENGTH'] must be a number of bytes, a positive int")

    @property
    def cache_size(self) -> int:
        """`verified_token_cache_size`. Raises KeyConfigurationError unless it is an int that is not negative."""
        size = self.verified_token_cache_size
        if type(size) is int and 0 <= size <= LONGEST:
            return size
        raise KeyConfigurationError("SIMPLE_JWT['VERIFIED_TOKEN_CACHE_SIZE'] must be zero or a positive int")

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
        """The key that must verify this token (simplejwt's `get_verifying_key`).

        Raises TokenBackendError for a malformed token and if the JWK Set has no key, and KeyConfigurationError if a
        key source has the keys: only `decode` selects one of them.
        """
        try:
            key = self.verifier.key_of(Unread(token))
        except (CoreError, JWKSetError) as error:
            raise refusal(error) from error
        if key is None and self.key_source is not None:
            setting = self.key_source.setting
            raise KeyConfigurationError(f"{setting} may have several keys: use decode(), which selects the right one")
        return self.prepared_verifying_key if key is None else key

    def encode(self, payload: Claims) -> str:
        """The signed compact serialization of these claims, with the configured `aud` and `iss` if they have none.

        `exp`, `iat` and `nbf` may be datetimes. Raises TokenBackendError for claims that `decode` would refuse,
        TypeError for a value that JSON can't express, KeyConfigurationError for a key that can't be used.
        """
        version, signer = self._signer
        if version is not changes.version:
            signer = self.signer
        try:
            return signer.sign(payload, time.time())
        except CoreError as error:
            raise self._signing_error(*error.args) from error
        except RecursionError as error:  # raised by a custom encoder
            raise TokenBackendError("the claims are nested too deeply") from error

    def _signing_error(self, code: str, message: str) -> Exception:
        if code not in CONFIGURATION_CODES:
            return TokenBackendError(message)
        source = self.key_source
        return KeyConfigurationError(f"{source.setting if source else 'SIMPLE_JWT'}: {message}")

    @property
    def verifier(self) -> Verifier:
        """What verifies tokens by the attributes as they are now. Raises KeyConfigurationError."""
        version, verifier = self._verifier
        return verifier if version is changes.version else self._prepare(Verifier.of, "_verifier")

    @property
    def signer(self) -> Signer:
        """What signs tokens by the attributes as they are now. Raises KeyConfigurationError."""
        version, signer = self._signer
        return signer if version is changes.version else self._prepare(Signer.of, "_signer")

    @sensitive_variables()
    def _prepare(self, make: Callable[[Self], T], attribute: str) -> T:
        # The version is read first: a setting that changes while `make` runs makes the result outdated.
        version = changes.version
        prepared = make(self)
        self.__dict__[attribute] = (version, prepared)
        return prepared

    @sensitive_variables()
    def verify(self, token: str | bytes, accepts: Accepts = AS_CONFIGURED) -> Verified:
        """Check a token's signature, `typ` and registered claims now; says who signed it.

        `accepts` has the audiences and issuers of this reading. Raises TokenBackendExpiredToken after `exp`,
        TokenBackendError for every other refusal, KeyConfigurationError for a key or setting that can't be used.
        """
        return self.verify_held(Unread(token), time.time(), accepts)

    def verify_held(
        self, held: Held, now: float, accepts: Accepts = AS_CONFIGURED, token_class: type[Token] | None = None
    ) -> Verified:
        """As `verify`, at `now`; the result also says whether the claims keep the rules of `token_class`."""
        version, verifier = self._verifier
        try:
            if version is not changes.version:
                verifier = self.verifier
            return verifier.verify(held, now, accepts, token_class)
        except (CoreError, JWKSetError) as error:
            raise refusal(error) from error
        except TypeError:
            if isinstance(held.token, (str, bytes)):
                raise
            raise TokenBackendError(_("Token is invalid")) from None

    @sensitive_variables()
    def verify_expired(self, token: str | bytes) -> Verified:
        """As `verify`, but the token may be expired: use it only to find the session to end.

        Raises TokenBackendError also for tokens of ISSUERS, which have no session here.
        """
        if not isinstance(token, (str, bytes)):
            raise TokenBackendError(_("Token is invalid"))
        try:
            return self.verifier.verify_expired(Unread(token), time.time())
        except (CoreError, JWKSetError) as error:
            raise refusal(error) from error

    @sensitive_variables()
    def unverified(self, token: str | bytes) -> Verified:
        """A token of which only the length and the form are checked, not the signature. Raises TokenBackendError."""
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
    def decode(self, token: str | bytes, verify: bool = True, *, accepts: Accepts = AS_CONFIGURED) -> Claims:
        """The claims of a token (simplejwt's `decode`): of `verify`, or of `unverified` with `verify=False`."""
        return (self.verify(token, accepts) if verify else self.unverified(token)).claims

    @sensitive_variables()
    def public_jwk_set(self) -> str:
        """The public keys of our own tokens, as a JWK Set in JSON (RFC 7517 section 5); never an HMAC key.

        Raises KeyConfigurationError.
        """
        verifier = self.verifier
        if verifier.source is not None:
            ring = verifier.source.ring()
        else:
            ring = verifier.ring or material.ring_of_one(None, [])
        return ring.public_jwk_set(time.time())


DECODE: Callable[..., dict[str, Any]] = TokenBackend.decode


@sensitive_variables()
def read_by_decode(backend: Decoder, token: str | bytes, accepts: Accepts) -> Verified:
    """Verify a token with a project's own `decode`: the claims are its result.

    The backend's `verify` says who signed. If there is no `verify`, or it refuses the token, a backend with a
    `jwks_client` means JWK_URL, and any other one means us.
    """
    decode = backend.decode if accepts is AS_CONFIGURED else accepting_decode(backend, accepts)
    claims = decode(token, verify=True)
    if isinstance(backend, TokenBackend):
        with suppress(TokenBackendError):
            return backend.verify(token, accepts).with_claims(claims)
    signed_by = SignedBy.US if getattr(backend, "jwks_client", None) is None else SignedBy.JWK_URL
    return Verified(claims, unverified_typ(token, LONGEST), signed_by)


@sensitive_variables()
def read_unverified(backend: Decoder, token: str | bytes) -> Verified:
    """Read a token without checks, with a backend of any class. Raises TokenBackendError, KeyConfigurationError."""
    if has_stock_decode(backend):
        return backend.unverified(token)
    claims = backend.decode(token, verify=False)
    return Verified(claims, unverified_typ(token, LONGEST), SignedBy.NOBODY)


@sensitive_variables()
def read_expired(backend: Decoder, token: str | bytes) -> Verified:
    """As `read`; the token may be expired, unless the backend's `decode` is a project's own.

    Raises TokenBackendError, KeyConfigurationError.
    """
    return backend.verify_expired(token) if has_stock_decode(backend) else read_by_decode(backend, token, AS_CONFIGURED)


def has_stock_decode(backend: object) -> TypeGuard[TokenBackend]:
    """Whether a backend is a TokenBackend whose `decode` no project has overridden."""
    return getattr(type(backend), "decode", None) is DECODE and "decode" not in backend.__dict__


def accepting_decode(backend: Decoder, accepts: Accepts) -> Callable[..., Claims]:
    """A backend's own `decode` with the argument `accepts`. Raises KeyConfigurationError if it takes none."""
    decode: Callable[..., Claims] = backend.decode
    parameters = signature(decode).parameters.values()
    if any(parameter.name == "accepts" or parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters):
        return partial(decode, accepts=accepts)
    kind = f"{type(backend).__module__}.{type(backend).__qualname__}"
    raise KeyConfigurationError(f"{kind}.decode must take 'accepts', since a view names its audience or issuer")


def refusal(error: CoreError | JWKSetError) -> Exception:
    """The exception for a code of the core, or for a missing key of an issuer."""
    if isinstance(error, JWKSetError):
        return TokenBackendError(_("Token is invalid"))
    if error.args[0] in REFUSALS:
        kind, message = REFUSALS[error.args[0]]
        return kind(message)
    return KeyConfigurationError(error.args[1])


__getattr__: Callable[[str], Any] = late_names(__name__, Token="oxijwt.tokens")  # noqa: S106  a class, as simplejwt has it here
