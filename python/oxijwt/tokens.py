"""Token classes in simplejwt's names: `Token`, `AccessToken`, `RefreshToken`, `SlidingToken`, `UntypedToken`."""

from __future__ import annotations

import re
from copy import copy
from datetime import datetime, timedelta
from functools import cache, partial
from importlib import import_module
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from django.contrib.auth import get_user_model
from django.utils.functional import classproperty
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from . import revocation
from .backends import is_access_token
from .exceptions import ExpiredTokenError, TokenBackendError, TokenBackendExpiredToken, TokenError
from .settings import api_settings, setting_attribute
from .utils import (
    aware_utcnow,
    datetime_from_epoch,
    datetime_to_epoch,
    find_user,
    format_lazy,
    get_md5_hash_password,
    logger,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from .backends import TokenBackend

    Names = str | Sequence[str]
    """One audience or issuer, or several."""

T = TypeVar("T", bound="Token")
AuthUser = TypeVar("AuthUser")
"""simplejwt's name for the type of a user; projects import it from here, authentication and serializers."""


class Token:
    """Claims of one type, read from a compact serialization or made new (simplejwt's `Token`).

    `token` is the text to read, None makes a new one. With `verify=False` nothing is checked. Raises TokenError, or
    ExpiredTokenError past `exp`, whose messages may be shown to the client. `str(token)` signs.
    """

    token_type: str | None = None
    lifetime: timedelta | None = None
    payload: dict[str, Any]
    session: Any = None
    """The token's TokenSession, once it was read or begun; None for tokens without one."""

    _accepts: dict[str, Any] | None = None

    @sensitive_variables()
    def __init__(self, token: Any = None, verify: bool = True) -> None:
        if self.token_type is None or self.lifetime is None:
            raise TokenError(_("Cannot create token with no type or lifetime"))
        self.token = token
        self.current_time = aware_utcnow()
        if token is None:
            self.payload = self._new_payload()
            return
        self.payload = self._decode(token, verify)
        if verify:
            self.verify()

    @classmethod
    @sensitive_variables()
    def read(cls, token: Any, *, audience: Names | None = None, issuer: Names | None = None) -> Self:
        """As `cls(token)`, of a token for one of these audiences and of one of these issuers; None: the settings'.

        Raises TokenError.
        """
        if token is None:  # whose class would make a new one
            raise TokenError(_("Token is invalid"))
        unread = cls.__new__(cls)
        # Set first, and not passed on: projects override __init__ and get_token_backend.
        unread._accepts = {"audience": audience, "issuer": issuer}
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

    def _decode(self, token: Any, verify: bool) -> dict[str, Any]:
        backend = self.get_token_backend()
        if self._accepts is not None:
            backend = backend.accepting(**self._accepts)
        try:
            return backend.decode(token, verify=verify)
        except TokenBackendExpiredToken as error:
            raise ExpiredTokenError(_("Token is expired")) from error
        except TokenBackendError as error:
            raise TokenError(_("Token is invalid")) from error

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

    def verify(self) -> None:
        """Check what the backend has not: `exp` is there, and the claims that JTI_CLAIM, TOKEN_TYPE_CLAIM and
        USER_ID_CLAIM name.

        Subclasses may extend it; it raises TokenError.
        """
        self.check_exp()
        if api_settings.JTI_CLAIM is not None:
            self._verify_jti()
        if api_settings.TOKEN_TYPE_CLAIM is not None:
            self.verify_token_type()
        self._verify_user_id()

    def _verify_jti(self) -> None:
        try:
            jti = self.payload[api_settings.JTI_CLAIM]
        except KeyError as error:
            raise TokenError(_("Token has no id")) from error
        if not _is_id(jti):
            raise TokenError(_("Token is invalid"))

    def _verify_user_id(self) -> None:
        user_id = self.payload.get(api_settings.USER_ID_CLAIM, "")
        if isinstance(user_id, str):
            return
        # `true` is not user 1, though Python and Django take it for that.
        if not isinstance(user_id, int) or isinstance(user_id, bool):
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
        """Raise TokenError where `claim` is missing, no time, or not after `current_time` less the leeway."""
        current_time = self.current_time if current_time is None else current_time
        if claim not in self.payload:
            raise TokenError(format_lazy(_("Token has no '{}' claim"), claim))
        if _claimed_time(self.payload[claim]) <= current_time - self.get_token_backend().get_leeway():
            raise TokenError(format_lazy(_("Token '{}' claim has expired"), claim))

    def _cap(self, claim: str, session: Any) -> None:
        # Nothing that descends from a login outlives its absolute end.
        if session is not None and session.absolute_expires_at is not None:
            self.payload[claim] = min(self.payload[claim], datetime_to_epoch(session.absolute_expires_at))

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
        _address(token, audience, issuer)
        return token

    _token_backend: TokenBackend | None = None

    @property
    def token_backend(self) -> TokenBackend:
        """The backend this token is read and signed with: `state.token_backend` unless one was set."""
        if self._token_backend is None:
            self._token_backend = _state().token_backend
        return self._token_backend

    def get_token_backend(self) -> TokenBackend:
        """simplejwt's older name for `token_backend`; subclasses may override it."""
        return self.token_backend


@cache
def _state() -> ModuleType:
    # The module, not the backend: projects and tests assign state.token_backend. It imports settings, hence late.
    return import_module("oxijwt.state")


def _address(token: Any, audience: object, issuer: object) -> None:
    """Set the token's own `aud` and `iss` (RFC 7519 section 4.1), where they are given."""
    if audience is not None:
        names = audience if isinstance(audience, list | tuple) else [audience]
        _require_names("audience", "a str or a list of str", names)
        token["aud"] = audience if isinstance(audience, str) else list(names)
    if issuer is not None:
        _require_names("issuer", "a str", [issuer])
        token["iss"] = issuer


def _require_names(argument: str, expected: str, names: Sequence[object]) -> None:
    if not all(isinstance(name, str) for name in names):
        raise TypeError(f"{argument} must be {expected}")
    if not names or not all(names):
        raise ValueError(f"{argument} must not be empty")


JTI_MAX_LENGTH = 255
CONTROL_CHARACTER = re.compile("[\x00-\x1f\x7f-\x9f]")


def _is_id(jti: object) -> bool:
    """Whether a claim can be a token's id: the core's rule for `jti`, which JTI_CLAIM may name otherwise."""
    if not isinstance(jti, str) or not 0 < len(jti) <= JTI_MAX_LENGTH:
        return False
    return jti.isprintable() or CONTROL_CHARACTER.search(jti) is None


def _claimed_time(value: object) -> datetime:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TokenError(_("Token is invalid"))
    try:
        return datetime_from_epoch(value)
    except (OverflowError, OSError, ValueError) as error:
        raise TokenError(_("Token is invalid")) from error


def _refuse_access_token(token: object) -> None:
    if is_access_token(token):
        raise TokenError(_("Token has wrong type"))


def _refuse_foreign(token: Any) -> None:
    # Another issuer's token authenticates requests: to refresh it, to end it and to write it down is that issuer's.
    if revocation.is_foreign(token):
        raise TokenError(_("Token is invalid"))


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
        if not revocation.can_end_tokens():
            raise AttributeError(f"{owner.__name__}.{self._name} needs an app that can end tokens")
        return self._function if instance is None else partial(self._function, instance)


class BlacklistMixin(Generic[T]):
    """Tokens that are recorded when issued and can be blacklisted, while the blacklist app is installed."""

    payload: dict[str, Any]
    current_time: datetime
    _record: Any = None

    def verify(self, *args: Any, **kwargs: Any) -> None:
        """Check the token, then whether it was revoked. Raises TokenError; SessionError has the session's code."""
        super().verify(*args, **kwargs)  # type: ignore[misc]  # Token's
        self._check_revocation()

    def _check_revocation(self) -> None:
        if revocation.has_blacklist() and not revocation.is_foreign(self):
            self.check_blacklist()

    @property
    def rotates(self) -> bool:
        """Whether a refresh with this token answers with another one."""
        return bool(api_settings.ROTATE_REFRESH_TOKENS)

    @_WithRevocation
    def check_blacklist(self) -> None:
        """Raise TokenError where the token is blacklisted. One statement, whose record later steps reuse."""
        if api_settings.JTI_CLAIM is None:
            return
        self._record = revocation.find(self._jti())
        if revocation.is_blacklisted(self._record):
            raise TokenError(_("Token is blacklisted"))

    @_WithRevocation
    def blacklist(self) -> tuple[Any, bool]:
        """Blacklist the token, recording it first where it is not: the entry, and whether it is new."""
        _refuse_foreign(self)
        return revocation.blacklist(self._recorded(None))

    def outstand(self) -> Any:
        """Record the token: (OutstandingToken, whether it is new), or None without the app or without JTI_CLAIM."""
        if not revocation.has_blacklist() or api_settings.JTI_CLAIM is None:
            return None
        _refuse_foreign(self)
        return revocation.record(self._issued(self._find_user(), self._text()))

    @sensitive_variables()
    def rotate(self, user: Any = None) -> str:
        """Make this token its own successor with new `jti`, `exp` and `iat`, and return that one signed.

        Under BLACKLIST_AFTER_ROTATION the old `jti` is blacklisted in the same transaction; of several who try only
        one succeeds, the others get TokenError. `user` spares a look-up. simplejwt has these steps in its serializer.
        """
        _refuse_foreign(self)
        recorded = revocation.has_blacklist() and api_settings.JTI_CLAIM is not None
        single_use = recorded and api_settings.BLACKLIST_AFTER_ROTATION
        predecessor = self._recorder(user) if single_use else None
        self._renew()
        text = str(self)  # signed before anything is written: where that fails, nothing was
        if predecessor is not None:
            self._replace(predecessor(), self._issued(user, text))
        elif recorded:
            self._record = revocation.record_new(self._issued(user, text))
        return text

    @classmethod
    def for_user(cls, user: Any, *, audience: Names | None = None, issuer: str | None = None) -> Self:
        """A new token for the user: recorded while the blacklist app is installed, or in a session of its own.

        `audience` and `issuer` as Token's.
        """
        # Not passed on: a project's class in between may override for_user(cls, user).
        token: Any = super().for_user(user)  # type: ignore[misc]  # Token's
        _address(token, audience, issuer)
        token._register(user)
        return token  # type: ignore[no-any-return]

    def _register(self, user: Any) -> None:
        if revocation.has_blacklist() and api_settings.JTI_CLAIM is not None:
            self._record = revocation.record_new(self._issued(user, str(self)))

    def _renew(self) -> None:
        token: Any = self
        self._record = None
        token.set_jti()
        token.set_exp()
        token.set_iat()

    def _replace(self, predecessor: Any, successor: revocation.IssuedToken) -> None:
        try:
            revocation.replace(predecessor, successor)
        except revocation.AlreadyBlacklistedError as error:
            raise TokenError(_("Token is blacklisted")) from error

    def _recorded(self, user: Any) -> Any:
        self._record = self._recorder(user)()
        return self._record

    def _recorder(self, user: Any) -> Callable[[], Any]:
        """What returns this token's record, and writes it where there is none."""
        jti = self._jti()
        # A jti that was set after the check is another token's.
        record = self._record if self._record is not None and self._record.jti == jti else revocation.find(jti)
        if record is not None:
            return lambda: record
        issued = self._issued(user or self._find_user(), self._text())
        return lambda: revocation.record(issued)[0]

    def _text(self) -> str:
        """What the token was read from, while its claims are those; else it is signed, by the key of today."""
        token: Any = self
        text = token.token
        if text is None or token.get_token_backend().decode(text, verify=False) != self.payload:
            return str(self)
        return text.decode() if isinstance(text, bytes) else str(text)

    def _issued(self, user: Any, text: str) -> revocation.IssuedToken:
        return revocation.IssuedToken(
            jti=self._jti(),
            text=text,
            user=user,
            created_at=self.current_time,
            expires_at=_claimed_time(self.payload.get("exp")),
        )

    def _jti(self) -> str:
        jti = self.payload.get(api_settings.JTI_CLAIM)
        if not isinstance(jti, str):
            raise TokenError(_("Token has no id"))
        # Nothing has checked the id of a token that was read unverified, or that the project's code has set.
        if not _is_id(jti):
            raise TokenError(_("Token is invalid"))
        return jti

    def _find_user(self) -> Any:
        user_id = self.payload.get(api_settings.USER_ID_CLAIM)
        return None if user_id is None else find_user(get_user_model().objects, api_settings.USER_ID_FIELD, user_id)


class SessionMixin(BlacklistMixin[T]):
    """Tokens of a session while `oxijwt.token_sessions` is installed; those without one are BlacklistMixin's."""

    def _check_revocation(self) -> None:
        store = revocation.session_store()
        if store is not None and revocation.is_our_own(self):
            self._read_session(store)
        if revocation.has_blacklist() and not self._is_adopted() and not revocation.is_foreign(self):
            self._check_blacklist_or_adopted(store)

    @_WithRevocation
    def blacklist(self) -> tuple[Any, bool]:
        """End the token's session, or blacklist a token that has none: what was written, and whether it is new."""
        _refuse_foreign(self)
        if self.session is None:
            return super().blacklist() if revocation.has_blacklist() else self._end_without_session()
        revocation.session_store().end(self.session.pk, self.session.user_id, reason=None)
        return self.session, True

    def outstand(self) -> Any:
        """Record a token that has no session; the session's row is the others' record."""
        return None if self.session is not None else super().outstand()

    def _register(self, user: Any) -> None:
        store = revocation.session_store()
        if store is None or api_settings.TOKEN_SESSIONS != "issue":
            super()._register(user)
            return
        self.session = store.start(user, self._idle_lifetime())
        if revocation.is_login():
            self.payload["auth_time"] = store.now_micros() // 1_000_000
        self._take_claims(store)

    @classmethod
    def end_session_of(cls, text: str) -> Any:  # noqa: ARG003  RefreshToken's reads it
        """End the session of a token that authenticates nobody any more: the session as it was, or None."""
        return None

    def _end_without_session(self) -> tuple[Any, bool]:
        return None, False

    def _check_blacklist_or_adopted(self, store: Any) -> None:
        self.check_blacklist()

    def _is_adopted(self) -> bool:
        return self.session is not None and api_settings.SESSION_ID_CLAIM not in self.payload

    def _idle_lifetime(self) -> Any:
        raise NotImplementedError

    def _read_session(self, store: Any) -> None:
        raise NotImplementedError

    def _take_claims(self, store: Any) -> None:
        raise NotImplementedError


class SlidingToken(SessionMixin["SlidingToken"], Token):
    """One token that authenticates until `exp` and can be refreshed until SLIDING_TOKEN_REFRESH_EXP_CLAIM."""

    token_type = "sliding"
    lifetime = setting_attribute[timedelta]("SLIDING_TOKEN_LIFETIME")

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
        self._cap(claim, self.session)

    def check_exp(self, claim: str = "exp", current_time: datetime | None = None) -> None:
        """As Token's; of SLIDING_TOKEN_REFRESH_EXP_CLAIM it also asks whether the token may be refreshed at all."""
        if claim == api_settings.SLIDING_TOKEN_REFRESH_EXP_CLAIM:
            _refuse_foreign(self)
            _refuse_access_token(self.token)
        super().check_exp(claim, current_time)

    def _idle_lifetime(self) -> Any:
        # Their refresh writes nothing: the row lasts as long as a token refreshed at the last moment.
        return api_settings.SLIDING_TOKEN_REFRESH_LIFETIME + self.lifetime

    def _read_session(self, store: Any) -> None:
        if api_settings.SESSION_ID_CLAIM in self.payload:
            sid = store.session_id(self.payload[api_settings.SESSION_ID_CLAIM])
            _user, self.session = store.read_for_use(sid, self.payload.get(api_settings.USER_ID_CLAIM))

    def _take_claims(self, store: Any) -> None:
        self.payload[api_settings.SESSION_ID_CLAIM] = str(self.session.pk)
        self._cap("exp", self.session)
        self._cap(api_settings.SLIDING_TOKEN_REFRESH_EXP_CLAIM, self.session)


class AccessToken(Token):
    """The short-lived token that requests carry."""

    token_type = "access"
    lifetime = setting_attribute[timedelta]("ACCESS_TOKEN_LIFETIME")


class RefreshToken(SessionMixin["RefreshToken"], Token):
    """The long-lived token that makes access tokens."""

    token_type = "refresh"
    lifetime = setting_attribute[timedelta]("REFRESH_TOKEN_LIFETIME")
    access_token_class: type[Token] = AccessToken
    _reading: Any = None

    def verify(self, *args: Any, **kwargs: Any) -> None:
        """As BlacklistMixin's, and no token that its header calls an access token (RFC 9068), nor another issuer's.

        Raises TokenError.
        """
        _refuse_foreign(self)
        _refuse_access_token(self.token)
        super().verify(*args, **kwargs)

    @classproperty
    def no_copy_claims(cls) -> tuple[str | None, ...]:  # noqa: N805  a classproperty
        """Claims that an access token never takes over. `jti` stands beside JTI_CLAIM, since another issuer's token
        may carry both.
        """
        return (api_settings.TOKEN_TYPE_CLAIM, "exp", api_settings.JTI_CLAIM, "jti", "iat")

    @property
    def access_token(self) -> Token:
        """A new access token with this token's claims, its lifetime counted from the same moment as this one's."""
        access = self.access_token_class()
        access.set_exp(from_time=self.current_time)
        access._cap("exp", self.session)
        no_copy: tuple[str | None, ...] = self.no_copy_claims
        if self.session is not None:
            no_copy = (*no_copy, api_settings.SESSION_GENERATION_CLAIM)
        access.payload.update({claim: value for claim, value in self.payload.items() if claim not in no_copy})
        return access

    @property
    def rotates(self) -> bool:
        """Whether a refresh with this token answers with a refresh token: the session decides where there is one."""
        if self._reading is None:
            return super().rotates
        return bool(self._reading.decision.kind != "keep")

    def rotate(self, user: Any = None) -> str:
        """Become the session's current refresh token, rotating where that is decided; see BlacklistMixin.rotate.

        Raises SessionError where another request got ahead, ServiceUnavailable where the database was busy.
        """
        if self._reading is None:
            return super().rotate(user)
        store = revocation.session_store()
        sign = partial(self._signed_for, store)
        text: str
        self.session, text = store.refresh(self._reading, sign, on_adoption=lambda: self._spend(user))
        self._take_claims(store)
        return text

    def _signed_for(self, store: Any, session: Any) -> str:
        # This token stays what was read until the row is written: adopting spends it.
        successor = copy(self)
        successor.payload = self.payload | store.refresh_claims(session)
        return str(successor)

    def check_current(self) -> None:
        """Raise SessionError where the token is forgiven for being spent only: good for a refresh, for nothing else."""
        if self._reading is not None:
            revocation.session_store().refuse_spent(self._reading)

    @classmethod
    @sensitive_variables()
    def end_session_of(cls, text: str) -> Any:
        """End the session of a refresh token, spent and expired ones included: the session as it was, or None.

        None is for tokens without a session. Raises TokenError for tokens that are none of ours.
        """
        store = revocation.session_store()
        if store is None or not revocation.is_our_own(cls()):
            return None
        session = store.find_for_logout(cls.read_expired(text))
        if session is not None:
            store.end(session.pk, session.user_id)
        return session

    @classmethod
    @sensitive_variables()
    def read_expired(cls, text: str) -> dict[str, Any]:
        """The claims of a refresh token of ours that may have expired or been spent; good for ending its session only.

        Raises TokenError.
        """
        unread = cls()
        try:
            unread.payload = unread.get_token_backend().decode_expired(text)
        except TokenBackendError as error:
            raise TokenError(_("Token is invalid")) from error
        _refuse_access_token(text)
        if api_settings.TOKEN_TYPE_CLAIM is not None:
            unread.verify_token_type()
        unread._verify_user_id()
        return unread.payload

    def _spend(self, user: Any) -> None:
        if not revocation.has_blacklist():
            return
        _entry, is_new = revocation.blacklist(self._recorded(user))
        if not is_new:
            raise TokenError(_("Token is blacklisted"))

    def _idle_lifetime(self) -> Any:
        return self.lifetime

    def _read_session(self, store: Any) -> None:
        if api_settings.SESSION_ID_CLAIM in self.payload:
            self._reading = store.read_for_refresh(self.payload, self.lifetime)
        elif self._may_be_adopted():
            self._reading = store.read_without_sid(self.payload, self._jti(), self.lifetime)
        if self._reading is not None and not self._reading.is_new:
            self.session = self._reading.session

    def _check_blacklist_or_adopted(self, store: Any) -> None:
        try:
            self.check_blacklist()
        except TokenError:
            if self._reading is None:
                raise
            # Who adopted the token since its session was looked for has blacklisted it too.
            self._read_session(store)
            if not self._is_adopted():
                raise

    def _may_be_adopted(self) -> bool:
        return api_settings.JTI_CLAIM is not None and api_settings.USER_ID_CLAIM in self.payload

    def _end_without_session(self) -> tuple[Any, bool]:
        if not self._may_be_adopted():
            return None, False
        session = revocation.session_store().end_without_sid(self.payload, self._jti(), self.lifetime)
        return session, session is not None

    def _take_claims(self, store: Any) -> None:
        self.payload.update(store.refresh_claims(self.session))


class UntypedToken(Token):
    """Reads a token of any type; says nothing about what it may be used for."""

    token_type = "untyped"
    lifetime = timedelta(0)

    def verify_token_type(self) -> None:
        """Any type will do, and none as well; it is text. Raises TokenError."""
        if not isinstance(self.payload.get(api_settings.TOKEN_TYPE_CLAIM, ""), str):
            raise TokenError(_("Token is invalid"))
