"""DRF authentication classes with simplejwt's names, and `authenticate_token` for code without a DRF request."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.contrib.auth import get_user_model
from django.db import Error
from django.views.decorators.debug import sensitive_variables
from rest_framework import HTTP_HEADER_ENCODING as HTTP_HEADER_ENCODING  # noqa: PLC0414  simplejwt's name
from rest_framework import authentication, exceptions

from .aio.loop import in_thread, is_only_sync
from .exceptions import (
    AuthenticationFailed,
    InvalidToken,
    SessionError,
    TokenError,
    invalid_token,
    refuse_if_unavailable,
)
from .locale import gettext_lazy as _
from .records import records_of, refuse_revoked, session_app
from .settings import api_settings
from .tokens import AuthUser as AuthUser  # noqa: PLC0414  projects import simplejwt's name from here
from .tokens import Token as Token  # noqa: PLC0414, TC001  likewise, at run time too
from .transport.cookies import ACCESS, afterwards, delete_unless_set, token_cookie, vary_by_cookie
from .transport.csrf import acheck_csrf, check_csrf
from .transport.header import AUTH_HEADER_TYPE_BYTES as AUTH_HEADER_TYPE_BYTES  # noqa: PLC0414  simplejwt's name, likewise
from .transport.header import AUTH_HEADER_TYPES as AUTH_HEADER_TYPES  # noqa: PLC0414  likewise
from .transport.header import challenge, header_of, refuse_token, token_in
from .utils import Hidden, get_md5_hash_password, late_names
from .verifier import AS_CONFIGURED, Accepts, SignedBy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from django.contrib.auth.base_user import AbstractBaseUser
    from django.http import HttpRequest
    from django_stubs_ext import StrOrPromise
    from rest_framework.request import Request
    from rest_framework.views import APIView

    from .models import TokenUser


def view_of(request: HttpRequest) -> APIView | None:
    """The DRF view that handles a Django or DRF request, or None."""
    view: APIView | None = (getattr(request, "parser_context", None) or {}).get("view")
    return view


class JWTAuthentication(authentication.BaseAuthentication):
    """Authenticates a request by the token in its AUTH_HEADER_NAME header, and loads the user: one SQL statement."""

    www_authenticate_realm = "api"
    media_type = "application/json"

    default_error_messages: ClassVar[dict[str, StrOrPromise]] = {
        "user_not_found": _("User not found"),
        "user_inactive": _("User is inactive"),
        "password_changed": _("The user's password has been changed."),
    }
    """The messages for a token whose user may not have access, by code."""

    audience: str | Sequence[str] | None = None
    """The audience or audiences whose tokens are accepted. The view's `audience` comes first; None: the setting."""

    issuer: str | Sequence[str] | None = None
    """The issuer or issuers whose tokens are accepted. The view's `issuer` comes first; None: the setting."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user_model: type[AbstractBaseUser] = get_user_model()

    @sensitive_variables()
    def authenticate(self, request: Request) -> tuple[AbstractBaseUser | TokenUser, Token] | None:
        """(user, token), or None if the request has no token with one of AUTH_HEADER_TYPES.

        Raises AuthenticationFailed, and ServiceUnavailable.
        """
        try:
            held = Hidden(self.get_header(request))
            if held.value is not None:
                held.value = self.get_raw_token(held.value)
            return None if held.value is None else self.for_request(request).authenticate_token(held.value)
        except exceptions.AuthenticationFailed:
            refuse_token(request)
            raise

    @sensitive_variables()
    def authenticate_token(self, raw_token: bytes | str) -> tuple[AbstractBaseUser | TokenUser, Token]:
        """(user, token) for a token's compact serialization. Raises AuthenticationFailed, and ServiceUnavailable."""
        held = Hidden(raw_token)
        del raw_token
        try:
            validated_token = self.get_validated_token(held.value)
            user = self.get_user(validated_token)
            self.check_session(validated_token)
        except Error as error:
            refuse_if_unavailable(error)
            raise
        return user, validated_token

    @sensitive_variables()
    async def aauthenticate(self, request: HttpRequest) -> tuple[AbstractBaseUser | TokenUser, Token] | None:
        """As `authenticate`, for async code; `request` is Django's or DRF's.

        If a subclass has its own sync method and not the async twin, that method runs in a thread.
        """
        if is_only_sync(type(self), "authenticate", "aauthenticate"):
            return await in_thread(lambda: self.authenticate(request))  # type: ignore[arg-type]  # both have META
        try:
            held = Hidden(self.get_header(request))  # type: ignore[arg-type]  # likewise
            if held.value is not None:
                held.value = self.get_raw_token(held.value)
            return None if held.value is None else await self.for_request(request).aauthenticate_token(held.value)
        except exceptions.AuthenticationFailed:
            refuse_token(request)
            raise

    @sensitive_variables()
    async def aauthenticate_token(self, raw_token: bytes | str) -> tuple[AbstractBaseUser | TokenUser, Token]:
        """As `authenticate_token`, for async code."""
        held = Hidden(raw_token)
        del raw_token
        if is_only_sync(type(self), "authenticate_token", "aauthenticate_token"):
            return await in_thread(lambda: self.authenticate_token(held.value))
        try:
            validated_token = await self.aget_validated_token(held.value)
            user = await self.aget_user(validated_token)
            await self.acheck_session(validated_token)
        except Error as error:
            refuse_if_unavailable(error)
            raise
        return user, validated_token

    def for_request(self, request: HttpRequest) -> Self:
        """This object, or a copy with the `audience` and `issuer` of the request's view if the view has any.

        A class that overrides `authenticate` and does not call `super()` must read tokens with the returned object.
        Raises KeyConfigurationError if the view's attributes are not names.
        """
        accepts = Accepts.of(view_of(request))
        if accepts is AS_CONFIGURED:
            return self
        other = copy(self)
        other.audience = self.audience if accepts.audience is None else accepts.audience
        other.issuer = self.issuer if accepts.issuer is None else accepts.issuer
        return other

    def check_session(self, validated_token: Token) -> None:
        """Refuse a token whose session has ended, unless `get_user` already checked it. Raises InvalidToken."""
        if getattr(validated_token, "session", None) is not None:
            return
        try:
            records_of(validated_token).check_session()
        except TokenError as error:
            raise invalid_token(error) from error

    async def acheck_session(self, validated_token: Token) -> None:
        """As `check_session`, for async code."""
        if getattr(validated_token, "session", None) is not None:
            return None
        own = is_only_sync(type(self), "check_session", "acheck_session")
        if own or api_settings.SESSION_ID_CLAIM in validated_token:
            return await in_thread(lambda: self.check_session(validated_token))
        return self.check_session(validated_token)

    def authenticate_header(self, request: Request) -> str:
        """The challenge of a 401. It says `invalid_token` if this request's token was refused."""
        return challenge(request, self.www_authenticate_realm)

    def get_header(self, request: Request) -> bytes | None:
        """The header that may carry a token, as bytes, or None."""
        return header_of(request)

    def get_raw_token(self, header: bytes) -> bytes | None:
        """The token in a header, or None if the header has another scheme. Raises AuthenticationFailed."""
        return token_in(header)

    @sensitive_variables()
    def get_validated_token(self, raw_token: bytes | str) -> Token:
        """The token, made by the first of AUTH_TOKEN_CLASSES that accepts it.

        Raises InvalidToken with the reason of each class. Its code is that of the class whose session has ended.
        """
        held = Hidden(raw_token)
        del raw_token
        refusals, accepts = [], Accepts.of(self)
        token_classes: Iterable[type[Token]] = api_settings.AUTH_TOKEN_CLASSES
        for token_class in token_classes:
            try:
                if accepts is AS_CONFIGURED:
                    return token_class(held.value)
                return token_class.read(held.value, **accepts._asdict())
            except TokenError as error:
                refusals.append((token_class, error))
            except Error as error:
                refuse_if_unavailable(error)
                raise
        raise refused_by_all(refusals)

    @sensitive_variables()
    async def aget_validated_token(self, raw_token: bytes | str) -> Token:
        """As `get_validated_token`, for async code."""
        held = Hidden(raw_token)
        del raw_token
        if is_only_sync(type(self), "get_validated_token", "aget_validated_token"):
            return await in_thread(lambda: self.get_validated_token(held.value))
        refusals, accepts = [], Accepts.of(self)
        token_classes: Iterable[type[Token]] = api_settings.AUTH_TOKEN_CLASSES
        for token_class in token_classes:
            try:
                return await aread(token_class, held, accepts)
            except TokenError as error:
                refusals.append((token_class, error))
            except Error as error:
                refuse_if_unavailable(error)
                raise
        raise refused_by_all(refusals)

    def get_user(self, validated_token: Token) -> AbstractBaseUser | TokenUser:
        """The user that the token names.

        Raises AuthenticationFailed if the user does not exist or is inactive, or if the password was changed. For a
        token with a session it also raises if USER_AUTHENTICATION_RULE refuses the user.
        """
        if api_settings.USER_ID_CLAIM not in getattr(validated_token, "payload", validated_token):
            raise InvalidToken(_("Token contained no recognizable user identification"))
        try:
            user: AbstractBaseUser | None = records_of(validated_token).find_user()
        except TokenError as error:
            raise invalid_token(error) from error
        except Error as error:
            refuse_if_unavailable(error)
            raise
        if user is None:
            raise self.refused_user("user_not_found")
        if api_settings.CHECK_USER_IS_ACTIVE and not user.is_active:
            raise self.refused_user("user_inactive")
        if api_settings.CHECK_REVOKE_TOKEN and not password_is_unchanged(validated_token, user):
            raise self.refused_user("password_changed")
        return user

    async def aget_user(self, validated_token: Token) -> AbstractBaseUser | TokenUser:
        """As `get_user`, for async code. The database is asked first, and `get_user` then decides."""
        own = is_only_sync(type(self), "get_user", "aget_user")
        try:
            is_ready = not own and await is_read_ahead(validated_token)
        except Error as error:
            refuse_if_unavailable(error)
            raise
        return self.get_user(validated_token) if is_ready else await in_thread(lambda: self.get_user(validated_token))

    def refused_user(self, code: str) -> AuthenticationFailed:
        """The 401 for a token whose user may not have access. `code` is a key of `default_error_messages`."""
        return AuthenticationFailed(self.default_error_messages[code], code=code)


class JWTCookieAuthentication(JWTAuthentication):
    """Authenticates by the token in the header or, without one, by the token in the cookie of AUTH_COOKIE_ACCESS.

    A token in the header must be good. A bad one in the cookie counts as no token, and the answer deletes the cookie:
    the page can't do so itself. A good one in the cookie needs Django's CSRF check if the method is unsafe.
    """

    @sensitive_variables()
    def authenticate(self, request: Request) -> tuple[AbstractBaseUser | TokenUser, Token] | None:
        """(user, token), or None. Raises AuthenticationFailed for the header, CsrfFailed, and ServiceUnavailable."""
        authenticated = super().authenticate(request)
        held = Hidden(None if authenticated is not None else access_cookie(request))
        if held.value is None:
            return authenticated
        try:
            authenticated = self.for_request(request).authenticate_token(held.value.encode(errors="replace"))
        except exceptions.AuthenticationFailed:
            forget_cookie(request)
            return None
        check_csrf(request)
        return authenticated

    @sensitive_variables()
    async def aauthenticate(self, request: HttpRequest) -> tuple[AbstractBaseUser | TokenUser, Token] | None:
        """As `authenticate`, for async code."""
        if is_only_sync(type(self), "authenticate", "aauthenticate"):
            return await in_thread(lambda: self.authenticate(request))  # type: ignore[arg-type]  # both have META
        authenticated = await super().aauthenticate(request)
        held = Hidden(None if authenticated is not None else access_cookie(request))
        if held.value is None:
            return authenticated
        try:
            reader = self.for_request(request)
            authenticated = await reader.aauthenticate_token(held.value.encode(errors="replace"))
        except exceptions.AuthenticationFailed:
            forget_cookie(request)
            return None
        await acheck_csrf(request)
        return authenticated


def access_cookie(request: HttpRequest) -> str | None:
    """The token of the access cookie, or None. The answer depends on it, whether the request has it or not."""
    afterwards(view_of(request), vary_by_cookie)
    return token_cookie(request, ACCESS)


def forget_cookie(request: HttpRequest) -> None:
    """Note that the token of the access cookie was refused, and let the view's answer delete the cookie."""
    refuse_token(request)
    afterwards(view_of(request), delete_unless_set)


class JWTStatelessUserAuthentication(JWTAuthentication):
    """Authenticates by the token alone, without a database query. The user is a TOKEN_USER_CLASS.

    With REVOCATION_CACHE, tokens of an ended session are refused at once. Without it, they count until they expire.
    """

    def check_session(self, validated_token: Token) -> None:
        """Look the session up in REVOCATION_CACHE.

        Raises InvalidToken; ServiceUnavailable if the cache can't answer; ImproperlyConfigured if a claim's name can't
        be used.
        """
        if session_app() is None and api_settings.REVOCATION_CACHE is None:
            return
        claim, generation = api_settings.session_claims
        signed_by = getattr(validated_token, "signed_by", SignedBy.US)
        if claim not in validated_token or signed_by is SignedBy.ISSUER:
            return  # the `sid` of another issuer's token names none of our sessions
        # Where tokens have a type, this one's is proven. A node without sessions copies `gen` into access tokens.
        is_untyped = api_settings.TOKEN_TYPE_CLAIM is None and generation in validated_token
        if signed_by is SignedBy.US and session_app() and is_untyped:
            raise InvalidToken(_("Token has wrong type"))
        if api_settings.REVOCATION_CACHE is None:
            return
        try:
            refuse_revoked(validated_token)
        except TokenError as error:
            raise invalid_token(error) from error

    async def acheck_session(self, validated_token: Token) -> None:
        """As `check_session`, in a thread if it asks REVOCATION_CACHE."""
        if api_settings.REVOCATION_CACHE is not None or is_only_sync(type(self), "check_session", "acheck_session"):
            return await in_thread(lambda: self.check_session(validated_token))
        return self.check_session(validated_token)

    async def aget_user(self, validated_token: Token) -> AbstractBaseUser | TokenUser:
        """As `get_user`, for async code."""
        if is_only_sync(type(self), "get_user", "aget_user"):
            return await in_thread(lambda: self.get_user(validated_token))
        return self.get_user(validated_token)

    def get_user(self, validated_token: Token) -> TokenUser:
        """A user made of the token's claims. Raises InvalidToken if the token names no user."""
        if api_settings.USER_ID_CLAIM not in validated_token:
            raise InvalidToken(_("Token contained no recognizable user identification"))
        user: TokenUser = api_settings.TOKEN_USER_CLASS(validated_token)
        return user


JWTTokenUserAuthentication = JWTStatelessUserAuthentication


def authenticate_token(
    raw_token: bytes | str, *, audience: str | Sequence[str] | None = None, issuer: str | Sequence[str] | None = None
) -> tuple[AbstractBaseUser | TokenUser, Token]:
    """(user, token) for a token's compact serialization, with the checks of JWTAuthentication.

    For Channels, GraphQL and middleware. Unlike `AccessToken(raw)`, it checks that the session has not ended and that
    the user may have access. `audience` and `issuer` say which tokens the caller accepts; None: the settings. Raises
    AuthenticationFailed, and ServiceUnavailable if the database is down.
    """
    held = Hidden(raw_token)
    del raw_token
    return authentication_for(audience, issuer).authenticate_token(held.value)


async def aauthenticate_token(
    raw_token: bytes | str, *, audience: str | Sequence[str] | None = None, issuer: str | Sequence[str] | None = None
) -> tuple[AbstractBaseUser | TokenUser, Token]:
    """As `authenticate_token`, for async code."""
    held = Hidden(raw_token)
    del raw_token
    return await authentication_for(audience, issuer).aauthenticate_token(held.value)


def authentication_for(audience: str | Sequence[str] | None, issuer: str | Sequence[str] | None) -> JWTAuthentication:
    """What authenticates by tokens for these audiences and of these issuers."""
    authentication = JWTAuthentication()
    authentication.audience, authentication.issuer = audience, issuer
    return authentication


async def aread(token_class: type[Token], held: Hidden[bytes | str], accepts: Accepts) -> Token:
    """The token, read as an object of this class. A project's class that is not a Token reads in a thread."""
    if hasattr(token_class, "aread"):
        return await token_class.aread(held.value, **accepts._asdict())
    return await in_thread(lambda: token_class(held.value))


async def is_read_ahead(token: Token) -> bool:
    """Ask the database for a token's user. Whether `get_user` can then decide in the event loop.

    A project's class that is not a Token keeps no records, so its user is looked for in a thread.
    """
    if api_settings.USER_ID_CLAIM not in token:  # it is refused
        return True
    return hasattr(token, "kept_records") and await records_of(token).aread_ahead()


def refused_by_all(refusals: Sequence[tuple[type[Token], TokenError]]) -> InvalidToken:
    """The 401 for a token that no class accepts. If one of them has read its session, the session's code."""
    messages = [
        {"token_class": token_class.__name__, "token_type": token_class.token_type, "message": error.args[0]}
        for token_class, error in refusals
    ]
    for _token_class, error in refusals:
        if isinstance(error, SessionError):
            return InvalidToken({"detail": error.args[0], "messages": messages}, code=error.code)
    return InvalidToken({"detail": _("Given token not valid for any token type"), "messages": messages})


def password_is_unchanged(token: Token, user: AbstractBaseUser) -> bool:
    """Whether the user's password is the same as when the token was made; always True without CHECK_REVOKE_TOKEN.

    A session with an `auth_hash` has already checked it. Such a session can be kept when the password changes; the
    token's claim can't.
    """
    session = getattr(token, "session", None)
    if not api_settings.CHECK_REVOKE_TOKEN or (session is not None and session.auth_hash):
        return True
    return bool(token.get(api_settings.REVOKE_TOKEN_CLAIM) == get_md5_hash_password(user.password))


def default_user_authentication_rule(user: AbstractBaseUser | None) -> bool:
    """Whether a user may have tokens: the user exists and, unless CHECK_USER_IS_ACTIVE is off, is active."""
    return user is not None and (not api_settings.CHECK_USER_IS_ACTIVE or user.is_active)


__getattr__: Callable[[str], Any] = late_names(__name__, TokenUser="oxijwt.models")
