"""DRF authentication classes in simplejwt's names."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, Self

from django.contrib.auth import get_user_model
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from rest_framework import HTTP_HEADER_ENCODING, authentication, exceptions

from . import revocation
from .acceptance import accepted_by, read_for, view_of
from .exceptions import AuthenticationFailed, InvalidToken, SessionError, TokenError
from .settings import api_settings
from .tokens import AuthUser as AuthUser  # noqa: PLC0414  projects import simplejwt's name from here
from .tokens import Token
from .utils import find_user, get_md5_hash_password

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rest_framework.request import Request


def _header_types() -> tuple[str, ...]:
    types = api_settings.AUTH_HEADER_TYPES
    return tuple(types) if isinstance(types, list | tuple) else (types,)


def _header_type_bytes() -> frozenset[bytes]:
    return frozenset(name.encode(HTTP_HEADER_ENCODING) for name in _header_types())


def _is_header_type(scheme: bytes) -> bool:
    return any(scheme.lower() == name.lower() for name in _header_type_bytes())


# Evaluated at every use, so that a name imported before an override follows it.
AUTH_HEADER_TYPES = lazy(_header_types, tuple)()
AUTH_HEADER_TYPE_BYTES = lazy(_header_type_bytes, frozenset)()


def refuse_token(request: Any) -> None:
    """Remember on the request that its token was refused: DRF asks another authenticator for the challenge."""
    request.oxijwt_refused_token = True


def challenge(request: Any, realm: str) -> str:
    """The WWW-Authenticate header of a 401 (RFC 6750 section 3): with an error only where a token was refused."""
    error = ', error="invalid_token"' if getattr(request, "oxijwt_refused_token", False) else ""
    return f'{AUTH_HEADER_TYPES[0]} realm="{realm}"{error}'


class JWTAuthentication(authentication.BaseAuthentication):
    """Authenticates a request by the token in its AUTH_HEADER_NAME header, and loads the user: one SQL statement."""

    www_authenticate_realm = "api"
    media_type = "application/json"

    audience: str | Sequence[str] | None = None
    """Whom a token must be for, one or several; the view's `audience` goes before it, None: the settings'."""

    issuer: str | Sequence[str] | None = None
    """Whose token it must be, likewise."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user_model = get_user_model()

    @sensitive_variables()
    def authenticate(self, request: Request) -> tuple[Any, Token] | None:
        """(user, token), or None where the request carries no token of ours. Raises AuthenticationFailed."""
        try:
            return self.for_request(request)._authenticate(request)
        except exceptions.AuthenticationFailed:
            refuse_token(request)
            raise

    def _authenticate(self, request: Request) -> tuple[Any, Token] | None:
        header = self.get_header(request)
        if header is None:
            return None
        raw_token = self.get_raw_token(header)
        if raw_token is None:
            return None
        validated_token = self.get_validated_token(raw_token)
        user = self.get_user(validated_token)
        self.check_session(validated_token)
        return user, validated_token

    def for_request(self, request: Any) -> Self:
        """What takes the tokens that the request's view wants: this, or a copy with the `audience` and `issuer` of the
        view. A class that overrides `authenticate` without calling `super()` reads tokens with it.

        Raises KeyConfigurationError where the view's attributes name nobody.
        """
        accepted = accepted_by(view_of(request))
        if accepted is None:
            return self
        other = copy(self)
        other.audience = self.audience if accepted.audience is None else accepted.audience
        other.issuer = self.issuer if accepted.issuer is None else accepted.issuer
        return other

    def check_session(self, validated_token: Any) -> None:
        """Refuse a token whose session has ended, where `get_user` has not already looked. Raises InvalidToken."""
        if getattr(validated_token, "session", None) is None and _has_session(validated_token):
            _read_session(validated_token)

    def authenticate_header(self, request: Request) -> str:
        """The challenge of a 401, which says `invalid_token` where this request's token was refused."""
        return challenge(request, self.www_authenticate_realm)

    def get_header(self, request: Request) -> bytes | None:
        """The header that may carry a token, as bytes."""
        header: str | bytes | None = request.META.get(api_settings.AUTH_HEADER_NAME)
        if isinstance(header, str):
            # Text that no HTTP server can have sent (test clients can) becomes bytes that no token has.
            return header.encode(HTTP_HEADER_ENCODING, errors="replace")
        return header

    def get_raw_token(self, header: bytes) -> bytes | None:
        """The token after one of AUTH_HEADER_TYPES (compared without case, RFC 9110 section 11.1), or None.

        Raises AuthenticationFailed where the header has our type but not exactly one more part.
        """
        parts = [part for part in header.replace(b"\t", b" ").split(b" ") if part]
        if not parts or not _is_header_type(parts[0]):
            return None
        if len(parts) != 2:  # noqa: PLR2004  the type and the token
            raise AuthenticationFailed(
                _("Authorization header must contain two space-delimited values"), code="bad_authorization_header"
            )
        return parts[1]

    @sensitive_variables()
    def get_validated_token(self, raw_token: bytes | str) -> Token:
        """The token as the first of AUTH_TOKEN_CLASSES that takes it. Raises InvalidToken with each one's reason."""
        messages = []
        for token_class in api_settings.AUTH_TOKEN_CLASSES:
            try:
                token: Token = read_for(self, token_class, raw_token)
            except TokenError as error:
                messages.append(
                    {
                        "token_class": token_class.__name__,
                        "token_type": token_class.token_type,
                        "message": error.args[0],
                    }
                )
            else:
                return token
        raise InvalidToken({"detail": _("Given token not valid for any token type"), "messages": messages})

    def get_user(self, validated_token: Token) -> Any:
        """The user a token names. Raises AuthenticationFailed: unknown, inactive, or the password was changed."""
        try:
            user_id = validated_token[api_settings.USER_ID_CLAIM]
        except KeyError as error:
            raise InvalidToken(_("Token contained no recognizable user identification")) from error
        if _has_session(validated_token):
            user = _read_session(validated_token)
        else:
            user = find_user(self.user_model.objects, api_settings.USER_ID_FIELD, user_id)
        if user is None:
            raise AuthenticationFailed(_("User not found"), code="user_not_found")
        if api_settings.CHECK_USER_IS_ACTIVE and not user.is_active:
            raise AuthenticationFailed(_("User is inactive"), code="user_inactive")
        if not password_is_unchanged(validated_token, user):
            raise AuthenticationFailed(_("The user's password has been changed."), code="password_changed")
        return user


class JWTStatelessUserAuthentication(JWTAuthentication):
    """Authenticates by the token alone, without a look at the database; the user is a TOKEN_USER_CLASS.

    A session that was ended is refused at once where REVOCATION_CACHE is set.
    """

    def check_session(self, validated_token: Any) -> None:
        """Ask REVOCATION_CACHE. Raises InvalidToken, or ServiceUnavailable where it can't say."""
        if isinstance(validated_token, Token) and revocation.is_foreign(validated_token):
            return  # its `sid` is another issuer's
        if _has_session(validated_token):
            _refuse_refresh_token(validated_token)
        if api_settings.REVOCATION_CACHE is None or api_settings.SESSION_ID_CLAIM not in validated_token:
            return
        denylist = revocation.denylist()
        try:
            denylist.refuse_revoked(denylist.session_id(validated_token[api_settings.SESSION_ID_CLAIM]))
        except SessionError as error:
            raise _refused(error) from error

    def get_user(self, validated_token: Token) -> Any:
        """The user made of the token's claims. Raises InvalidToken where it names none."""
        if api_settings.USER_ID_CLAIM not in validated_token:
            raise InvalidToken(_("Token contained no recognizable user identification"))
        return api_settings.TOKEN_USER_CLASS(validated_token)


JWTTokenUserAuthentication = JWTStatelessUserAuthentication


def _has_session(token: Any) -> bool:
    if api_settings.SESSION_ID_CLAIM not in token or revocation.session_store() is None:
        return False
    return not isinstance(token, Token) or revocation.is_our_own(token)


def _read_session(token: Any) -> Any:
    """The user of a token with a session; sets `token.session`. Raises AuthenticationFailed."""
    _refuse_refresh_token(token)
    known = getattr(token, "session", None)
    if known is not None:
        return known.user
    store = revocation.session_store()
    try:
        sid = store.session_id(token[api_settings.SESSION_ID_CLAIM])
        user, session = store.read_for_use(sid, token.get(api_settings.USER_ID_CLAIM))
    except SessionError as error:
        raise _refused(error) from error
    if isinstance(token, Token):
        token.session = session
    return user


def _refuse_refresh_token(token: Any) -> None:
    if api_settings.SESSION_GENERATION_CLAIM in token:
        raise InvalidToken(_("Token has wrong type"))


def _refused(error: SessionError) -> AuthenticationFailed:
    return InvalidToken(error.args[0], code=error.code)


def password_is_unchanged(token: Any, user: Any) -> bool:
    """Whether the token was made under the user's present password; always, without CHECK_REVOKE_TOKEN.

    A session with an auth hash has looked already. It can be kept over a change, which the claim can't.
    """
    session = getattr(token, "session", None)
    if not api_settings.CHECK_REVOKE_TOKEN or (session is not None and session.auth_hash):
        return True
    return bool(token.get(api_settings.REVOKE_TOKEN_CLAIM) == get_md5_hash_password(user.password))


def default_user_authentication_rule(user: Any) -> bool:
    """Whether a user may have tokens: there is one, and it is active unless CHECK_USER_IS_ACTIVE is off."""
    return user is not None and (not api_settings.CHECK_USER_IS_ACTIVE or user.is_active)
