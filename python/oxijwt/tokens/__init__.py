"""Token classes in simplejwt's names: `Token`, `AccessToken`, `RefreshToken`, `SlidingToken`, `UntypedToken`.

This module holds claims and types of tokens. `records` knows what is kept about a token and whether it is still valid.
"""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from django.utils.functional import classproperty
from django.views.decorators.debug import sensitive_variables

from oxijwt import backends, records, state
from oxijwt._core import forget_random_bytes, new_claims, random_id
from oxijwt.aio.reading import AsyncReading
from oxijwt.backends import has_stock_decode
from oxijwt.exceptions import ExpiredTokenError, TokenBackendError, TokenBackendExpiredToken, TokenError
from oxijwt.locale import gettext_lazy as _
from oxijwt.records import Kind
from oxijwt.records.revocable import BlacklistMixin as BlacklistMixin
from oxijwt.settings import api_settings, setting_attribute
from oxijwt.utils import (
    Hidden,
    aware_utcnow,
    datetime_from_claim,
    datetime_from_micros,
    datetime_to_epoch,
    format_lazy,
    late_names,
)
from oxijwt.utils import datetime_from_epoch as datetime_from_epoch
from oxijwt.utils import get_md5_hash_password as get_md5_hash_password
from oxijwt.verifier import AS_CONFIGURED, Accepts, SignedBy

from .issuing import Issuing, TakingAgain
from .portable import Portable
from .rules import check_id, check_user_id, refuse_authentication_only, rules_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from oxijwt._core import TokenRules
    from oxijwt.backends import TokenBackend
    from oxijwt.records import Records
    from oxijwt.token_blacklist.models import OutstandingToken as OutstandingToken
    from oxijwt.token_sessions.models import TokenSession
    from oxijwt.utils import Claims, Names
    from oxijwt.verifier import Verified


AWARE_UTCNOW = aware_utcnow
EXPIRED = _("Token is expired")
INVALID = _("Token is invalid")
NO_TYPE_OR_LIFETIME = _("Cannot create token with no type or lifetime")
AuthUser = TypeVar("AuthUser")
"""simplejwt's name for the type of a user. Projects import it from here, `authentication` and `serializers`."""


class Token(Issuing, AsyncReading, Portable):
    """The claims of one token: read from a compact serialization, or new (simplejwt's `Token`).

    `token` is the text to read (str or bytes); None makes a new token. With `verify=False` nothing is checked. `str`
    signs. Raises ExpiredTokenError after `exp`, and TokenError for other reasons; clients may see the messages.
    """

    token_type: str | None = None
    lifetime: timedelta | None = None
    record_kind = Kind.OWN
    payload: Claims

    verified: Verified | None = None
    """What the token was read from, and who signed it; None for a new token."""

    session: TokenSession | None = None
    """The token's session, after it was read or started; None for tokens without one."""

    _reads: Accepts = AS_CONFIGURED
    kept_records: Records | None = None
    """The token's records, after `records` has chosen them."""

    _token_backend: TokenBackend | None = None
    _now: float = 0.0
    """When the token was made or read, in seconds since 1970."""
    _current_time: datetime | None = None

    def __init__(self, token: str | bytes | None = None, verify: bool = True) -> None:
        self.token = token
        del token  # error reporters show variables
        if self.token_type is None:
            raise TokenError(NO_TYPE_OR_LIFETIME)
        self._now = time.time()
        if aware_utcnow is not AWARE_UTCNOW:  # a test has replaced it
            self.current_time = aware_utcnow()
        if self.token is None:
            self._set_new_claims()
            return
        backend = self.get_token_backend()
        try:
            if not verify:
                verified = backends.read_unverified(backend, self.token)
            elif has_stock_decode(backend):
                verified = backend.verify_held(self, self._now, self._reads, type(self))
            else:
                verified = backends.read_by_decode(backend, self.token, self._reads)
        except TokenBackendExpiredToken as error:
            raise ExpiredTokenError(EXPIRED) from error
        except TokenBackendError as error:
            raise TokenError(INVALID) from error
        self.verified = verified
        self.payload = verified.claims
        if verify and not verified.keeps_rules:
            self.verify()

    @property
    def current_time(self) -> datetime:
        """When the token was made or read: aware if USE_TZ is on, else naive in UTC. It may be assigned."""
        if self._current_time is None:
            self._current_time = datetime_from_micros(int(self._now * 1_000_000))
        return self._current_time

    @current_time.setter
    def current_time(self, moment: datetime) -> None:
        self._current_time = moment

    @classmethod
    @sensitive_variables()
    def read(
        cls,
        token: str | bytes | None,
        *,
        audience: Names | None = None,
        issuer: Names | None = None,
        view: object = None,
    ) -> Self:
        """As `cls(token)`, for a token with one of these audiences and of one of these issuers.

        For None, the `audience` and `issuer` of `view` apply, and without them the settings. Raises TokenError, and
        KeyConfigurationError if an attribute of the view is not a name or several.
        """
        if token is None:  # `cls(None)` would make a new token
            raise TokenError(_("Token is invalid"))
        held = Hidden(token)
        del token
        accepts = Accepts.of(view).replaced(audience, issuer)
        if accepts == AS_CONFIGURED:
            return cls(held.value)
        unread = cls.__new__(cls)
        # Set before __init__ and not passed to it, since projects override __init__ and get_token_backend.
        unread._reads = accepts
        unread.__init__(held.value)  # type: ignore[misc]  # a class whose __init__ takes no token has no tokens to read
        return unread

    def _set_new_claims(self) -> None:
        type_claim, kind, lifetime = api_settings.TOKEN_TYPE_CLAIM, type(self), self.lifetime
        if lifetime is None:
            raise TokenError(NO_TYPE_OR_LIFETIME)
        is_stock = kind.set_exp is SET_EXP and kind.set_iat is SET_IAT and kind.set_jti is SET_JTI
        if is_stock and self._current_time is None:
            seconds = lifetime.total_seconds()
            self.payload = new_claims(self._now, seconds, type_claim, self.token_type, api_settings.JTI_CLAIM)
            return
        self.payload = {} if type_claim is None else {type_claim: self.token_type}
        self.set_exp(from_time=self.current_time, lifetime=lifetime)
        self.set_iat(at_time=self.current_time)
        self.set_jti()

    @classmethod
    def stock_rules(cls) -> TokenRules | None:
        """What `verify` asks of the claims, for the core; None if the class asks something else.

        They hold until a setting changes, as long as the class keeps these methods.
        """
        if cls.verify is not VERIFY or not isinstance(cls.token_type, str):
            return None
        if cls.verify_token_type is VERIFY_TOKEN_TYPE:
            return rules_of(cls, cls.token_type, CHECK_EXP)
        return rules_of(cls, None, CHECK_EXP) if cls.verify_token_type is VERIFY_ANY_TYPE else None

    @property
    def signed_by(self) -> SignedBy:
        """Whose key verified the token. A new token counts as signed by us."""
        return SignedBy.US if self.verified is None else self.verified.signed_by

    @property
    def records(self) -> Records:
        """The token's records. They are chosen once."""
        return records.records_of(self) if self.kept_records is None else self.kept_records

    def __repr__(self) -> str:
        return repr(self.payload)

    def __getitem__(self, key: str) -> Any:
        return self.payload[key]

    def __setitem__(self, key: str, value: object) -> None:
        self.payload[key] = value

    def __delitem__(self, key: str) -> None:
        del self.payload[key]

    def __contains__(self, key: str) -> bool:
        return key in self.payload

    def get(self, key: str, default: object = None) -> Any:
        """A claim, or `default`."""
        return self.payload.get(key, default)

    def __str__(self) -> str:
        session, claims = self.session, self.payload
        if session is not None and (
            claims.get(api_settings.SESSION_ID_CLAIM) != str(session.pk)
            or (self.token is None and api_settings.SESSION_GENERATION_CLAIM in claims)
        ):
            records.refuse_foreign_claims(self, session)
        return self.get_token_backend().encode(self.payload)

    def verify(self) -> None:
        """Check what the backend has not checked: `exp` exists, and the claims that JTI_CLAIM, TOKEN_TYPE_CLAIM and
        USER_ID_CLAIM name are right. If every token needs a session (REQUIRE_SESSION), SESSION_ID_CLAIM exists.

        Subclasses may extend it. Raises TokenError.
        """
        verified = self.verified
        # The Verifier has checked the time in `exp` and the form of `jti`, but not whether they exist.
        is_checked = verified is not None and verified.at is not None
        if not is_checked or "exp" not in self.payload or type(self).check_exp is not CHECK_EXP:
            self.check_exp()
        check_id(self.payload)
        if api_settings.TOKEN_TYPE_CLAIM is not None:
            self.verify_token_type()
        check_user_id(self.payload)
        if api_settings.SESSION_ID_CLAIM not in self.payload and time.time() >= api_settings.session_required_from:
            records.require_sid(self)

    def verify_token_type(self) -> None:
        """Check that the token is of this class's type. Raises TokenError."""
        if api_settings.TOKEN_TYPE_CLAIM not in self.payload:
            raise TokenError(_("Token has no type"))
        if self.payload[api_settings.TOKEN_TYPE_CLAIM] != self.token_type:
            raise TokenError(_("Token has wrong type"))

    def set_jti(self) -> None:
        """Set a new random id (RFC 7519 section 4.1.7), 32 hex digits."""
        if api_settings.JTI_CLAIM is not None:
            self.payload[api_settings.JTI_CLAIM] = random_id()

    def set_exp(self, claim: str = "exp", from_time: datetime | None = None, lifetime: timedelta | None = None) -> None:
        """Set a claim to `from_time` (the token's own time) plus `lifetime` (the class's), in seconds since 1970.

        The session of a token that `for_user` has made then ends with the token: one SQL statement.
        """
        lifetime = cast("timedelta", self.lifetime) if lifetime is None else lifetime
        if from_time is None:
            self.payload[claim] = self._seconds_after(lifetime)
        else:
            self.payload[claim] = datetime_to_epoch(from_time + lifetime)
        moves_end = self.session is not None and self.token is None
        if moves_end and claim in {"exp", api_settings.SLIDING_TOKEN_REFRESH_EXP_CLAIM}:
            self.records.end_moved()

    def _seconds_after(self, lifetime: timedelta) -> int:
        """Whole seconds since 1970, a lifetime after the token's own time."""
        if self._current_time is None:
            return int(self._now + lifetime.total_seconds())
        return datetime_to_epoch(self._current_time + lifetime)

    def set_iat(self, claim: str = "iat", at_time: datetime | None = None) -> None:
        """Set a claim to `at_time` (the token's own time), in seconds since 1970."""
        if at_time is None and self._current_time is None:
            self.payload[claim] = int(self._now)
        else:
            self.payload[claim] = datetime_to_epoch(self.current_time if at_time is None else at_time)

    def check_exp(self, claim: str = "exp", current_time: datetime | None = None) -> None:
        """Raise TokenError if `claim` is missing, not a time, or not later than `current_time` minus the leeway."""
        current_time = self.current_time if current_time is None else current_time
        if claim not in self.payload:
            raise TokenError(format_lazy(_("Token has no '{}' claim"), claim))
        if datetime_from_claim(self.payload[claim]) <= current_time - self.get_token_backend().get_leeway():
            raise TokenError(format_lazy(_("Token '{}' claim has expired"), claim))

    def cap(self, claim: str) -> None:
        """Lower a time claim to the absolute end of the token's session, if it is later (SESSION_ABSOLUTE_LIFETIME)."""
        if self.session is not None and self.session.absolute_expires_at is not None:
            self.payload[claim] = min(self.payload[claim], datetime_to_epoch(self.session.absolute_expires_at))

    def outstand(self) -> tuple[OutstandingToken, bool] | None:
        """Record the token if an app keeps records of its type. Only BlacklistMixin does; here it returns None."""
        return None

    @property
    def token_backend(self) -> TokenBackend:
        """The backend that reads and signs this token: `state.token_backend`, unless one was set."""
        backend = self._token_backend
        return state.token_backend if backend is None else backend  # looked up late: projects and tests assign to it

    def get_token_backend(self) -> TokenBackend:
        """simplejwt's older name for `token_backend`; subclasses may override it."""
        return self.token_backend


if hasattr(os, "register_at_fork"):  # POSIX
    os.register_at_fork(after_in_child=forget_random_bytes)

CHECK_EXP: Callable[..., None] = Token.check_exp
SET_EXP: Callable[..., None] = Token.set_exp
SET_IAT: Callable[..., None] = Token.set_iat
SET_JTI: Callable[..., None] = Token.set_jti
VERIFY: Callable[..., None] = Token.verify
VERIFY_TOKEN_TYPE: Callable[..., None] = Token.verify_token_type


class SlidingToken(BlacklistMixin["SlidingToken"], TakingAgain, Token):
    """A token that authenticates until `exp`, and can be refreshed until SLIDING_TOKEN_REFRESH_EXP_CLAIM."""

    token_type: str | None = "sliding"
    lifetime: timedelta = cast("timedelta", setting_attribute[timedelta]("SLIDING_TOKEN_LIFETIME"))
    record_kind = Kind.SLIDING

    @sensitive_variables()
    def __init__(self, token: str | bytes | None = None, verify: bool = True) -> None:
        held = Hidden(token)
        del token
        super().__init__(held.value, verify)
        if self.token is None:
            self.set_exp(
                api_settings.SLIDING_TOKEN_REFRESH_EXP_CLAIM,
                from_time=self.current_time,
                lifetime=api_settings.SLIDING_TOKEN_REFRESH_LIFETIME,
            )

    def set_exp(self, claim: str = "exp", from_time: datetime | None = None, lifetime: timedelta | None = None) -> None:
        """As Token's, but never later than the absolute end of the token's session."""
        super().set_exp(claim, from_time, lifetime)
        self.cap(claim)

    def check_exp(self, claim: str = "exp", current_time: datetime | None = None) -> None:
        """As Token's; for SLIDING_TOKEN_REFRESH_EXP_CLAIM it also checks that the token can be refreshed at all."""
        if claim == api_settings.SLIDING_TOKEN_REFRESH_EXP_CLAIM:
            refuse_authentication_only(self)
        super().check_exp(claim, current_time)


class AccessToken(Token):
    """The short-lived token that requests carry."""

    token_type: str | None = "access"
    lifetime: timedelta = cast("timedelta", setting_attribute[timedelta]("ACCESS_TOKEN_LIFETIME"))
    record_kind = Kind.ACCESS


class RefreshToken(BlacklistMixin["RefreshToken"], Token):
    """The long-lived token that makes access tokens."""

    token_type: str | None = "refresh"
    lifetime: timedelta = cast("timedelta", setting_attribute[timedelta]("REFRESH_TOKEN_LIFETIME"))
    record_kind = Kind.REFRESH
    access_token_class: type[AccessToken] = AccessToken

    def verify(self, *args: object, **kwargs: object) -> None:
        """As BlacklistMixin's; also refuses tokens of ISSUERS, and tokens whose header says that they are access tokens
        (RFC 9068). Raises TokenError.
        """
        refuse_authentication_only(self)
        super().verify(*args, **kwargs)

    @classproperty
    def no_copy_claims(cls) -> tuple[str | None, ...]:  # noqa: N805  a classproperty
        """Claims that are not copied into an access token. `jti` is listed next to JTI_CLAIM, since a token of another
        issuer may have both.
        """
        return api_settings.no_copy_claims

    @property
    def access_token(self) -> AccessToken:
        """A new access token with this token's claims. Its lifetime starts at this token's `current_time`."""
        access = self.access_token_class()
        if type(access).set_exp is SET_EXP:
            access.payload["exp"] = self._seconds_after(access.lifetime)
        else:
            access.set_exp(from_time=self.current_time)
        if self.session is not None:
            access.session = self.session
            access.cap("exp")
        no_copy: tuple[str | None, ...] = self.no_copy_claims
        if (
            api_settings.SESSION_ID_CLAIM in self.payload
            and type(self.payload.get(api_settings.SESSION_GENERATION_CLAIM)) is int
        ):
            # Also without the session app: a node that has it may have made this token.
            no_copy = (*no_copy, api_settings.SESSION_GENERATION_CLAIM)
        payload = access.payload
        for claim, value in self.payload.items():
            if claim not in no_copy:
                payload[claim] = value
        if self.grant is not None or api_settings.asks_about_users:
            self.give_to(access)
        return access

    def take_claims(self, claims: Claims) -> None:
        """Does nothing: the claims of CLAIMS belong into its access tokens."""

    def check_current(self) -> None:
        """Raise SessionError for a spent token in its grace interval: it can only be refreshed."""
        self.records.check_current()

    @classmethod
    @sensitive_variables()
    def end_session_of(cls, text: str) -> TokenSession | None:
        """End the session of a refresh token, also if the token is spent or expired.

        Returns the session as it was before, or None if the token has no session. Raises TokenError if our own key has
        not signed the token.
        """
        held, app = Hidden(text), records.session_app()
        del text
        return None if app is None else app.end_session_of(cls, held.value)

    @classmethod
    @sensitive_variables()
    def read_expired(cls, text: str) -> Self:
        """A refresh token that our own key signed. It may be expired or spent; it can only end its session.

        Raises TokenError.
        """
        expired = cls()
        try:
            expired.verified = backends.read_expired(expired.get_token_backend(), text)
        except TokenBackendError as error:
            raise TokenError(_("Token is invalid")) from error
        expired.token, expired.payload = text, expired.verified.claims
        refuse_authentication_only(expired)
        if api_settings.TOKEN_TYPE_CLAIM is not None:
            expired.verify_token_type()
        check_user_id(expired.payload)
        return expired


class UntypedToken(Token):
    """Reads a token of any type, without saying what the token may be used for."""

    token_type: str | None = "untyped"
    lifetime: timedelta = timedelta(0)
    record_kind = Kind.UNTYPED

    def verify_token_type(self) -> None:
        """Accept any type, and tokens without one. Raises TokenError if the claim is not text."""
        if not isinstance(self.payload.get(api_settings.TOKEN_TYPE_CLAIM, ""), str):
            raise TokenError(_("Token is invalid"))


ROTATE: Callable[..., str] = RefreshToken.rotate
VERIFY_ANY_TYPE: Callable[..., None] = UntypedToken.verify_token_type

# simplejwt's names that projects import from here. They are looked up late: the models need their apps.
__getattr__: Callable[[str], Any] = late_names(
    __name__,
    BlacklistedToken="oxijwt.token_blacklist.models",
    OutstandingToken="oxijwt.token_blacklist.models",
    TokenUser="oxijwt.models",
)
