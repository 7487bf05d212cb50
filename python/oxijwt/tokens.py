"""Token classes in simplejwt's names: `Token`, `AccessToken`, `RefreshToken`, `SlidingToken`, `UntypedToken`.

Claims and types are here. What is kept of a token, and whether it still counts, is the business of `records`.
"""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime, timedelta
from functools import cache, partial
from importlib import import_module
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from django.utils.functional import classproperty
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from . import backends, records
from .exceptions import ExpiredTokenError, TokenBackendError, TokenBackendExpiredToken, TokenError
from .records import Kind
from .settings import api_settings, setting_attribute
from .utils import (
    aware_utcnow,
    datetime_from_claim,
    datetime_to_epoch,
    format_lazy,
    get_md5_hash_password,
    is_id,
    late_names,
    logger,
)
from .utils import datetime_from_epoch as datetime_from_epoch  # noqa: PLC0414  simplejwt's name, imported from here
from .verifier import AS_CONFIGURED, Accepts, SignedBy, address, names

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .backends import TokenBackend
    from .records import Records
    from .token_sessions.models import TokenSession
    from .verifier import Verified

    Names = str | Sequence[str]
    """One audience or issuer, or several."""

T = TypeVar("T", bound="Token")
AuthUser = TypeVar("AuthUser")
"""simplejwt's name for the type of a user; projects import it from here, authentication and serializers."""


class Token:
    """Claims of one type, read from a compact serialization or made new (simplejwt's `Token`).

    `token` is the text to read, None makes a new one. With `verify=False` nothing is checked. Raises TokenError, or
    ExpiredTokenError past `exp`, whose messages may be shown to the client. `str(token)` signs.

    A pickle of a token has its text and claims, and no key, backend or session.
    """

    token_type: str | None = None
    lifetime: timedelta | None = None
    record_kind = Kind.ACCESS
    payload: dict[str, Any]

    verified: Verified | None = None
    """What the token was read from, and who signed it; None for a token that is made here."""

    session: TokenSession | None = None
    """The token's session, once it was read or begun; None for tokens without one."""

    _reads: Accepts = AS_CONFIGURED
    kept_records: Records | None = None
    """What `records` has chosen, once it was asked."""

    _token_backend: TokenBackend | None = None

    @sensitive_variables()
    def __init__(self, token: Any = None, verify: bool = True) -> None:
        if self.token_type is None or (token is None and self.lifetime is None):
            raise TokenError(_("Cannot create token with no type or lifetime"))
        self.token = token
        self.current_time = aware_utcnow()
        if token is None:
            self.payload = self._new_payload()
            return
        try:
            if verify:
                self.verified = backends.read(self.get_token_backend(), token, self._reads)
            else:
                self.verified = backends.read_unverified(self.get_token_backend(), token)
        except TokenBackendExpiredToken as error:
            raise ExpiredTokenError(_("Token is expired")) from error
        except TokenBackendError as error:
            raise TokenError(_("Token is invalid")) from error
        self.payload = self.verified.claims
        if verify:
            self.verify()

    @classmethod
    @sensitive_variables()
    def read(
        cls, token: Any, *, audience: Names | None = None, issuer: Names | None = None, view: object = None
    ) -> Self:
        """As `cls(token)`, of a token for one of these audiences and of one of these issuers.

        None takes what the `audience` and `issuer` of `view` say, or the settings where they say nothing. Raises
        TokenError, and KeyConfigurationError for attributes of a view that are not names.
        """
        if token is None:  # `cls(None)` would make a new token
            raise TokenError(_("Token is invalid"))
        accepts = Accepts.of(view)
        if audience is not None:
            accepts = accepts._replace(audience=names(audience, "audience"))
        if issuer is not None:
            accepts = accepts._replace(issuer=names(issuer, "issuer"))
        if accepts == AS_CONFIGURED:
            return cls(token)
        unread = cls.__new__(cls)
        # Set first and not passed on, since projects override __init__ and get_token_backend.
        unread._reads = accepts
        unread.__init__(token)  # type: ignore[misc]  # a class whose __init__ takes no token has no tokens to read
        return unread

    def _new_payload(self) -> dict[str, Any]:
        self.payload = {}
        if api_settings.TOKEN_TYPE_CLAIM is not None:
            self.payload[api_settings.TOKEN_TYPE_CLAIM] = self.token_type
        self.set_exp(from_time=self.current_time, lifetime=self.lifetime)
        self.set_iat(at_time=self.current_time)
        self.set_jti()
        return self.payload

    @property
    def signed_by(self) -> SignedBy:
        """Whose key verified the token; a token that is made here is ours."""
        return SignedBy.US if self.verified is None else self.verified.signed_by

    @property
    def records(self) -> Records:
        """What is kept of this token; chosen once."""
        return records.records_of(self) if self.kept_records is None else self.kept_records

    def __repr__(self) -> str:
        return repr(self.payload)

    def __getitem__(self, key: str) -> Any:
        return self.payload[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.payload[key] = value

    def __delitem__(self, key: str) -> None:
        del self.payload[key]

    def __contains__(self, key: str) -> bool:
        return key in self.payload

    def get(self, key: str, default: Any = None) -> Any:
        """A claim, or `default`."""
        return self.payload.get(key, default)

    def __str__(self) -> str:
        return self.get_token_backend().encode(self.payload)

    def __getstate__(self) -> dict[str, Any]:
        # A cache or another process gets no key, and asks again whether the token still counts.
        return {name: value for name, value in self.__dict__.items() if name not in NOT_PICKLED}

    def __copy__(self) -> Self:
        return self._copied(self.__dict__.copy())

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # Keys are not copied: the backend is the same object.
        state = {name: value for name, value in self.__dict__.items() if name not in SHARED}
        return self._copied(deepcopy(state, memo) | {"_token_backend": self._token_backend})

    def _copied(self, state: dict[str, Any]) -> Self:
        other = type(self).__new__(type(self))
        other.__dict__.update(state, kept_records=None)
        return other

    def verify(self) -> None:
        """Check what the backend has not: `exp` is there, and the claims that JTI_CLAIM, TOKEN_TYPE_CLAIM and
        USER_ID_CLAIM name.

        Subclasses may extend it; it raises TokenError.
        """
        verified, jti_claim = self.verified, api_settings.JTI_CLAIM
        is_checked = verified is not None and verified.at is not None
        # The Verifier has held `exp` against the clock, and knows the form of `jti`: then they must only be there.
        if not is_checked or "exp" not in self.payload or type(self).check_exp is not CHECK_EXP:
            self.check_exp()
        if jti_claim is not None and not (is_checked and jti_claim == "jti" and "jti" in self.payload):
            self._verify_jti()
        if api_settings.TOKEN_TYPE_CLAIM is not None:
            self.verify_token_type()
        _verify_user_id(self.payload)

    def _verify_jti(self) -> None:
        try:
            jti = self.payload[api_settings.JTI_CLAIM]
        except KeyError as error:
            raise TokenError(_("Token has no id")) from error
        if not is_id(jti):
            raise TokenError(_("Token is invalid"))

    def verify_token_type(self) -> None:
        """Check that the token is of this class's type. Raises TokenError."""
        if api_settings.TOKEN_TYPE_CLAIM not in self.payload:
            raise TokenError(_("Token has no type"))
        if self.payload[api_settings.TOKEN_TYPE_CLAIM] != self.token_type:
            raise TokenError(_("Token has wrong type"))

    def set_jti(self) -> None:
        """Give the token a new random id (RFC 7519 section 4.1.7), 32 hex digits."""
        if api_settings.JTI_CLAIM is not None:
            self.payload[api_settings.JTI_CLAIM] = token_hex(16)

    def set_exp(self, claim: str = "exp", from_time: datetime | None = None, lifetime: timedelta | None = None) -> None:
        """Set a claim to `from_time` (the token's own time) plus `lifetime` (the class's), in seconds since 1970."""
        from_time = self.current_time if from_time is None else from_time
        lifetime = self.lifetime if lifetime is None else lifetime
        self.payload[claim] = datetime_to_epoch(from_time + lifetime)  # type: ignore[operator]  # None was refused

    def set_iat(self, claim: str = "iat", at_time: datetime | None = None) -> None:
        """Set a claim to `at_time` (the token's own time), in seconds since 1970."""
        self.payload[claim] = datetime_to_epoch(self.current_time if at_time is None else at_time)

    def check_exp(self, claim: str = "exp", current_time: datetime | None = None) -> None:
        """Raise TokenError where `claim` is missing, not a time, or not after `current_time` less the leeway."""
        current_time = self.current_time if current_time is None else current_time
        if claim not in self.payload:
            raise TokenError(format_lazy(_("Token has no '{}' claim"), claim))
        if datetime_from_claim(self.payload[claim]) <= current_time - self.get_token_backend().get_leeway():
            raise TokenError(format_lazy(_("Token '{}' claim has expired"), claim))

    def cap(self, claim: str) -> None:
        """Set a time claim no later than the absolute end of the token's session (SESSION_ABSOLUTE_LIFETIME)."""
        if self.session is not None and self.session.absolute_expires_at is not None:
            self.payload[claim] = min(self.payload[claim], datetime_to_epoch(self.session.absolute_expires_at))

    def outstand(self) -> Any:
        """Record the token where an app keeps records of its kind; here, nowhere."""
        return None

    @classmethod
    def for_user(cls, user: Any, *, audience: Names | None = None, issuer: str | None = None) -> Self:
        """A new token with the user's id, and with the digest of the password hash under CHECK_REVOKE_TOKEN.

        `audience` (one or several) and `issuer` become its `aud` and `iss` and those of all that descend from it; None:
        the settings'. Raises TypeError or ValueError where they name nobody.
        """
        if not getattr(user, "is_active", True):
            logger.warning("Made a token for inactive user %s; check is_active before calling for_user().", user.pk)
        token = cls()
        token[api_settings.USER_ID_CLAIM] = str(getattr(user, api_settings.USER_ID_FIELD))
        if api_settings.CHECK_REVOKE_TOKEN:
            token[api_settings.REVOKE_TOKEN_CLAIM] = get_md5_hash_password(user.password)
        address(token.payload, audience, issuer)
        return token

    @property
    def token_backend(self) -> TokenBackend:
        """The backend this token is read and signed with: `state.token_backend` unless one was set."""
        if self._token_backend is None:
            self._token_backend = _state().token_backend
        return self._token_backend

    def get_token_backend(self) -> TokenBackend:
        """simplejwt's older name for `token_backend`; subclasses may override it."""
        return self.token_backend


CHECK_EXP = Token.check_exp


@cache
def _state() -> Any:
    # The module, not the backend: projects and tests assign state.token_backend. It imports settings, hence late.
    return import_module("oxijwt.state")


NOT_PICKLED = frozenset({"_token_backend", "kept_records", "session"})
SHARED = frozenset({"_token_backend", "kept_records"})


class _WithRevocation:
    """A method that exists only while an app that can end tokens is installed: code written for simplejwt asks with
    `hasattr(token, "blacklist")` or catches AttributeError.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self.__doc__ = function.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type) -> Callable[..., Any]:
        if not records.can_end_tokens():
            raise AttributeError(f"{owner.__name__}.{self._name} needs an app that can end tokens")
        return self._function if instance is None else partial(self._function, instance)


class BlacklistMixin(Generic[T]):
    """Tokens that are recorded when they are issued, and can be ended, while an app keeps records (`records`)."""

    payload: dict[str, Any]
    records: Records

    def verify(self, *args: Any, **kwargs: Any) -> None:
        """Check the token, then whether it still counts. Raises TokenError; SessionError has the session's code."""
        super().verify(*args, **kwargs)  # type: ignore[misc]  # Token's
        self.records.check()

    @_WithRevocation
    def check_blacklist(self) -> None:
        """Raise TokenError where the token is blacklisted. One statement."""
        self.records.check_blacklist()

    @_WithRevocation
    def blacklist(self) -> tuple[Any, bool]:
        """End the token's session, or blacklist a token without one: what was written, and whether it is new."""
        return self.records.end()

    def outstand(self) -> Any:
        """Record the token: (OutstandingToken, whether it is new), or None where no table keeps it."""
        return self.records.listed()

    @property
    def rotates(self) -> bool:
        """Whether a refresh with this token answers with another one."""
        return self.records.rotates

    def rotate(self, user: Any = None) -> str:
        """Make this token its own successor, and return that one signed. `user` spares a look-up.

        Of several requests that rotate one token, one succeeds; see `records` for the others. simplejwt has these
        steps in its serializer. Raises TokenError, SessionError, ServiceUnavailable.
        """
        return self.records.rotate(user)

    @classmethod
    def for_user(cls, user: Any, *, audience: Names | None = None, issuer: str | None = None) -> Self:
        """A new token for the user: recorded while the blacklist app is installed, or in a session of its own.

        `audience` and `issuer` as Token's.
        """
        # Not passed on: a project's class in between may override for_user(cls, user).
        token: Any = super().for_user(user)  # type: ignore[misc]  # Token's
        address(token.payload, audience, issuer)
        token.records.issued(user)
        return token  # type: ignore[no-any-return]


class SlidingToken(BlacklistMixin["SlidingToken"], Token):
    """One token that authenticates until `exp` and can be refreshed until SLIDING_TOKEN_REFRESH_EXP_CLAIM."""

    token_type = "sliding"
    lifetime = setting_attribute[timedelta]("SLIDING_TOKEN_LIFETIME")
    record_kind = Kind.SLIDING

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.token is None:
            self.set_exp(
                api_settings.SLIDING_TOKEN_REFRESH_EXP_CLAIM,
                from_time=self.current_time,
                lifetime=api_settings.SLIDING_TOKEN_REFRESH_LIFETIME,
            )

    def set_exp(self, claim: str = "exp", from_time: datetime | None = None, lifetime: timedelta | None = None) -> None:
        """As Token's, and never past the absolute end of the token's session."""
        super().set_exp(claim, from_time, lifetime)
        self.cap(claim)

    def check_exp(self, claim: str = "exp", current_time: datetime | None = None) -> None:
        """As Token's; of SLIDING_TOKEN_REFRESH_EXP_CLAIM it also asks whether the token may be refreshed at all."""
        if claim == api_settings.SLIDING_TOKEN_REFRESH_EXP_CLAIM:
            _refuse_what_only_authenticates(self)
        super().check_exp(claim, current_time)


class AccessToken(Token):
    """The short-lived token that requests carry."""

    token_type = "access"
    lifetime = setting_attribute[timedelta]("ACCESS_TOKEN_LIFETIME")


class RefreshToken(BlacklistMixin["RefreshToken"], Token):
    """The long-lived token that makes access tokens."""

    token_type = "refresh"
    lifetime = setting_attribute[timedelta]("REFRESH_TOKEN_LIFETIME")
    record_kind = Kind.REFRESH
    access_token_class: type[Token] = AccessToken

    def verify(self, *args: Any, **kwargs: Any) -> None:
        """As BlacklistMixin's; refuses what its header calls an access token (RFC 9068), and tokens of ISSUERS.

        Raises TokenError.
        """
        _refuse_what_only_authenticates(self)
        super().verify(*args, **kwargs)

    @classproperty
    def no_copy_claims(cls) -> tuple[str | None, ...]:  # noqa: N805  a classproperty
        """Claims that an access token never takes over. `jti` stands next to JTI_CLAIM, since another issuer's token
        may carry both.
        """
        return (api_settings.TOKEN_TYPE_CLAIM, "exp", api_settings.JTI_CLAIM, "jti", "iat")

    @property
    def access_token(self) -> Token:
        """A new access token with this token's claims, its lifetime counted from the same moment as this one's."""
        access = self.access_token_class()
        access.session = self.session
        access.set_exp(from_time=self.current_time)
        access.cap("exp")
        no_copy: tuple[str | None, ...] = self.no_copy_claims
        if self.session is not None:
            no_copy = (*no_copy, api_settings.SESSION_GENERATION_CLAIM)
        access.payload.update({claim: value for claim, value in self.payload.items() if claim not in no_copy})
        return access

    def check_current(self) -> None:
        """Raise SessionError for a spent token that the grace interval forgives: it is good for a refresh only."""
        self.records.check_current()

    @classmethod
    @sensitive_variables()
    def end_session_of(cls, text: str) -> Any:
        """End the session of a refresh token, spent and expired ones included: the session as it was, or None.

        None is for tokens without a session. Raises TokenError for tokens that are not ours.
        """
        app = records.session_app()
        return None if app is None else app.end_session_of(cls, text)

    @classmethod
    @sensitive_variables()
    def read_expired(cls, text: str) -> Self:
        """A refresh token that our own key signed, and that may have expired or been spent: it can end its session.

        Raises TokenError.
        """
        expired = cls()
        try:
            expired.verified = backends.read_expired(expired.get_token_backend(), text)
        except TokenBackendError as error:
            raise TokenError(_("Token is invalid")) from error
        expired.token, expired.payload = text, expired.verified.claims
        _refuse_what_only_authenticates(expired)
        if api_settings.TOKEN_TYPE_CLAIM is not None:
            expired.verify_token_type()
        _verify_user_id(expired.payload)
        return expired


def _verify_user_id(payload: dict[str, Any]) -> None:
    user_id = payload.get(api_settings.USER_ID_CLAIM, "")
    # `true` is not user 1, though Python and Django take it for that.
    if not isinstance(user_id, str | int) or isinstance(user_id, bool):
        raise TokenError(_("Token is invalid"))


def _refuse_what_only_authenticates(token: Token) -> None:
    if token.verified is None:
        return
    if token.verified.issuer is not None:
        raise TokenError(_("Token is invalid"))
    if token.verified.is_access_token:
        raise TokenError(_("Token has wrong type"))


class UntypedToken(Token):
    """Reads a token of any type; says nothing about what it may be used for."""

    token_type = "untyped"
    lifetime = timedelta(0)
    record_kind = Kind.UNTYPED

    def verify_token_type(self) -> None:
        """Any type will do, and none as well; it is text. Raises TokenError."""
        if not isinstance(self.payload.get(api_settings.TOKEN_TYPE_CLAIM, ""), str):
            raise TokenError(_("Token is invalid"))


# simplejwt's names that projects import from here. The models are looked up late: without their apps there are none.
__getattr__ = late_names(
    __name__,
    BlacklistedToken="oxijwt.token_blacklist.models",
    OutstandingToken="oxijwt.token_blacklist.models",
    TokenUser="oxijwt.models",
)
