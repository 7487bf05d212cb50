"""Serializers of the token views, in simplejwt's names."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.models import update_last_login
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.utils.functional import classproperty
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed, ValidationError
from rest_framework.fields import empty

from .authentication import password_is_unchanged
from .context import handling
from .exceptions import AccountRefused, InvalidToken, SessionError, TokenBackendError, TokenError, TokenReusedError
from .records import can_end_tokens, following_rehash
from .records.blacklist import BlacklistedError
from .settings import api_settings
from .tokens import AuthUser as AuthUser  # noqa: PLC0414  projects import simplejwt's name from here
from .tokens import RefreshToken, SlidingToken, Token, UntypedToken
from .utils import late_names

if TYPE_CHECKING:
    from collections.abc import Iterator


HIDDEN_PASSWORD = "********************"
"""What hooks and Django's receivers see of a password, as from Django's own `authenticate`."""


def default_on_login_success(user: Any, request: Any) -> None:
    """ON_LOGIN_SUCCESS, called after every login with the user and the request (or None): UPDATE_LAST_LOGIN.

    A project's own function takes its place, as in simplejwt's main.
    """
    if api_settings.UPDATE_LAST_LOGIN:
        update_last_login(None, user)  # type: ignore[arg-type]  # Django's receiver ignores the sender


def default_on_login_failed(credentials: dict[str, Any], request: Any) -> None:
    """ON_LOGIN_FAILED, called with the credentials (the password as stars) and the request (or None): nothing."""


class PasswordField(serializers.CharField):
    """A CharField that browsers hide and answers never show."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("style", {})["input_type"] = "password"
        kwargs["write_only"] = True
        super().__init__(*args, **kwargs)


class TokenObtainSerializer(serializers.Serializer[Any]):
    """Checks credentials. Subclasses name the `token_class` and answer with tokens."""

    token_class: type[Token] | None = None

    default_error_messages = {"no_active_account": _("No active account found with the given credentials")}

    @classproperty
    def username_field(cls) -> str:  # noqa: N805  a classproperty
        """The user model's USERNAME_FIELD, which is also the name of the field here."""
        return get_user_model().USERNAME_FIELD

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[self.username_field] = serializers.CharField(write_only=True)
        self.fields["password"] = PasswordField()

    def run_validation(self, data: Any = empty) -> Any:
        """Everything in here is a login: tokens made for the user know it, and the request."""
        with handling(self.context.get("request"), login=True):
            return super().run_validation(data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Set `self.user` to whom the credentials belong. Raises AuthenticationFailed `no_active_account`."""
        credentials = {self.username_field: attrs[self.username_field]}
        request = self.context.get("request")
        with following_rehash(attrs["password"]):
            self.user: Any = authenticate(**self._request_argument(), **credentials, password=attrs["password"])
        if not api_settings.USER_AUTHENTICATION_RULE(self.user):
            self._after_refusal(credentials | {"password": HIDDEN_PASSWORD}, request)
            raise AuthenticationFailed(self.error_messages["no_active_account"], "no_active_account")
        return {}

    def _request_argument(self) -> dict[str, Any]:
        return {"request": self.context["request"]} if "request" in self.context else {}

    def _after_refusal(self, credentials: dict[str, Any], request: Any) -> None:
        if self.user is not None:
            # authenticate() has told Django's receivers of every other failure.
            user_login_failed.send(__name__, credentials=credentials, request=request)
        api_settings.ON_LOGIN_FAILED(credentials, request)

    def _after_login(self) -> None:
        if api_settings.SEND_USER_LOGGED_IN:
            user_logged_in.send(type(self.user), request=self.context.get("request"), user=self.user)
        api_settings.ON_LOGIN_SUCCESS(self.user, self.context.get("request"))

    @classmethod
    def get_token(cls, user: Any) -> Token:
        """A new token for the user; projects add their claims here."""
        return cls.token_class.for_user(user)  # type: ignore[union-attr]  # subclasses name it


class TokenObtainPairSerializer(TokenObtainSerializer):
    """Credentials → `refresh` and `access`."""

    token_class = RefreshToken

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        data = super().validate(attrs)
        refresh: Any = self.get_token(self.user)
        data["refresh"] = str(refresh)
        data["access"] = str(refresh.access_token)
        self._after_login()
        return data


class TokenObtainSlidingSerializer(TokenObtainSerializer):
    """Credentials → `token`."""

    token_class = SlidingToken

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        data = super().validate(attrs)
        data["token"] = str(self.get_token(self.user))
        self._after_login()
        return data


class _RefreshableUser:
    """Who a token that asks for a new one belongs to, and whether that user may still have one."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "no_active_account": _("No active account found for the given token."),
        "password_changed": _("The user's password has been changed."),
    }
    error_messages: dict[str, Any]

    def get_active_user(self, token: Token) -> Any:
        """The user the token names, or None where it names none. Raises AccountRefused."""
        user: Any
        if token.session is not None:
            user = token.session.user
        elif token.get(api_settings.USER_ID_CLAIM) is None:
            return None
        else:
            user = token.records.find_user()
        if user is None or not api_settings.USER_AUTHENTICATION_RULE(user):
            raise AccountRefused(self.error_messages["no_active_account"], "no_active_account")
        if not password_is_unchanged(token, user):
            raise AccountRefused(self.error_messages["password_changed"], "password_changed")
        return user


@contextmanager
def _signing_again() -> Iterator[None]:
    """Claims that came with a token may be too long to be signed again; then that token is refused."""
    try:
        yield
    except TokenBackendError as error:
        raise TokenError(_("Token is invalid")) from error


class TokenRefreshSerializer(_RefreshableUser, serializers.Serializer[Any]):
    """`refresh` → `access`, and a new `refresh` under ROTATE_REFRESH_TOKENS."""

    refresh = serializers.CharField()
    access = serializers.CharField(read_only=True)
    token_class = RefreshToken

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        refresh = self.get_refresh(attrs["refresh"])
        user = self.get_active_user(refresh)
        with _signing_again():
            rotated = {"refresh": refresh.rotate(user)} if refresh.rotates else {}
            return {"access": str(refresh.access_token), **rotated}

    def get_refresh(self, text: str) -> RefreshToken:
        """The refresh token. Raises TokenError; one that was spent ends its session on the way."""
        try:
            return self.token_class.read(text, view=self.context.get("view"))
        except TokenReusedError as error:
            error.end_session()
            raise
        except SessionError as error:
            if error.code in {"user_not_found", "user_inactive"}:
                raise InvalidToken(self.error_messages["no_active_account"], "no_active_account") from error
            raise


class TokenRefreshSlidingSerializer(_RefreshableUser, serializers.Serializer[Any]):
    """`token` → a `token` with a later `exp`, until its refresh period is over."""

    token = serializers.CharField()
    token_class = SlidingToken

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        token = self.token_class.read(attrs["token"], view=self.context.get("view"))
        token.check_exp(api_settings.SLIDING_TOKEN_REFRESH_EXP_CLAIM)
        self.get_active_user(token)
        token.set_exp()
        token.set_iat()
        with _signing_again():
            return {"token": str(token)}


class TokenVerifySerializer(serializers.Serializer[Any]):
    """`token` → {} where it is valid, whatever its type."""

    token = serializers.CharField(write_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        token = UntypedToken.read(attrs["token"], view=self.context.get("view"))
        try:
            token.records.check_untyped()
        except BlacklistedError as error:
            raise ValidationError(error.args[0]) from error
        return {}


class TokenBlacklistSerializer(serializers.Serializer[Any]):
    """`refresh` → {} once it is blacklisted, or its session ended; with neither app nothing happens to it."""

    refresh = serializers.CharField(write_only=True)
    token_class = RefreshToken

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if self.token_class.end_session_of(attrs["refresh"]) is None:
            refresh = self.token_class.read(attrs["refresh"], view=self.context.get("view"))
            if can_end_tokens():
                with _signing_again():
                    refresh.blacklist()
        return {}


__getattr__ = late_names(__name__, TokenUser="oxijwt.models")
