"""Serializers of the token views, with simplejwt's names."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.models import update_last_login
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.db import DatabaseError
from django.utils.functional import classproperty
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed, ValidationError
from rest_framework.fields import empty
from rest_framework.validators import ProhibitSurrogateCharactersValidator

from .aio.loop import in_thread
from .authentication import password_is_unchanged
from .context import handling
from .exceptions import AccountRefused, InvalidToken, SessionError, TokenBackendError, TokenError, UserDeleted
from .locale import gettext_lazy as _
from .records import can_end_tokens, following_rehash
from .records.blacklist import BlacklistedError
from .records.users import is_missing_row
from .settings import api_settings
from .tokens import ROTATE, RefreshToken, SlidingToken, Token, UntypedToken
from .tokens import AuthUser as AuthUser  # noqa: PLC0414  projects import simplejwt's name from here
from .utils import Hidden, late_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from typing import Self

    from django.contrib.auth.base_user import AbstractBaseUser
    from django.http import HttpRequest
    from django_stubs_ext import StrOrPromise

Data = dict[str, Any]
"""Validated data by field name: what a serializer reads, or what it answers."""

HIDDEN_PASSWORD = "********************"
"""ON_LOGIN_FAILED and Django's receivers get this instead of a password, as Django's own `authenticate` sends it."""


def default_on_login_success(user: AbstractBaseUser, request: HttpRequest | None) -> None:
    """ON_LOGIN_SUCCESS, called after every login: saves the time of the login if UPDATE_LAST_LOGIN is on.

    A project's function replaces this one, as in simplejwt's main. Raises UserDeleted if the user is gone.
    """
    if not api_settings.UPDATE_LAST_LOGIN:
        return
    try:
        update_last_login(None, user)  # type: ignore[arg-type]  # Django's receiver ignores the sender
    except DatabaseError as error:
        if is_missing_row(error):
            raise UserDeleted from error
        raise


def default_on_login_failed(credentials: dict[str, str], request: HttpRequest | None) -> None:
    """ON_LOGIN_FAILED, called after every failed login with the credentials (the password as stars): does nothing."""


class SurrogateValidator(ProhibitSurrogateCharactersValidator):
    """As DRF's, which compares each character in Python: that took 50 ms for 2 MB."""

    def __call__(self, value: object) -> None:
        try:
            str(value).encode()
        except UnicodeEncodeError as error:
            message = self.message.format(code_point=ord(error.object[error.start]))
            raise ValidationError(message, code=self.code) from None


SURROGATES = SurrogateValidator()
BOOL = frozenset({bool})


class TextField(serializers.CharField):
    """A CharField that is checked fast, however long the text is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if type(self.validators[-1]) is ProhibitSurrogateCharactersValidator:
            self.validators[-1] = SURROGATES

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """As DRF's, but in 2 µs instead of 8. Each serializer copies the fields that are declared in its class.

        DRF copies a subclass, a field that a serializer has already, and a field with arguments that are not bool.
        Others are copied with the changes that were made to them.
        """
        own: dict[str, Any] = vars(self)
        arguments: dict[str, object] = own["_kwargs"]
        is_plain = type(self) is TextField and BOOL.issuperset(map(type, arguments.values()))
        if not is_plain or own["parent"] is not None:
            return super().__deepcopy__(memo)
        copied = object.__new__(type(self))
        vars(copied).update(own, _kwargs=arguments.copy(), style=self.style.copy())
        copied.validators, copied.error_messages = self.validators.copy(), self.error_messages.copy()
        return copied


class PasswordField(TextField):
    """A CharField that browsers hide and that no answer contains."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("style", {})["input_type"] = "password"
        kwargs["write_only"] = True
        super().__init__(*args, **kwargs)


def keep(read: Hidden[Any], attrs: Data) -> Data:
    """A `validate` that keeps the attributes of the fields."""
    read.value = attrs
    return attrs


def answer(read: Hidden[Any], _attrs: Data) -> Any:
    """A `validate` that returns what is known already."""
    return read.value


def refuse(error: ValidationError, _attrs: Data) -> Data:
    """A `validate` that raises what is known already."""
    raise error


class TokenSerializer(serializers.Serializer[None]):
    """The base of all serializers that read a token or password."""

    async def ais_valid(self, *, raise_exception: bool = False) -> bool:
        """As `is_valid`, for async code: it reads the fields in the event loop, and awaits `avalidate`.

        A project's own serializer validates in a thread, since its fields and methods may ask the database.
        """
        if not type(self).__module__.startswith("oxijwt."):
            return await in_thread(lambda: self.is_valid(raise_exception=raise_exception))
        read = Hidden[Any](None)
        vars(self)["validate"] = partial(keep, read)  # DRF reads the fields only
        if not self.is_valid(raise_exception=raise_exception):
            return False
        del self._validated_data  # type: ignore[attr-defined]  # DRF validates again without it
        try:
            read.value = await self.avalidate(read.value)
        except ValidationError as error:
            vars(self)["validate"] = partial(refuse, error)  # DRF writes the errors
        else:
            vars(self)["validate"] = partial(answer, read)
        return self.is_valid(raise_exception=raise_exception)

    async def avalidate(self, attrs: Data) -> Data:
        """As `validate`, for async code. Here in a thread: a login hashes the password, which takes long."""
        held = Hidden(attrs)
        del attrs
        return await in_thread(lambda: type(self).validate(self, held.value))

    def refuse_unsendable(self, made: Hidden[Data]) -> None:
        """Raise ImproperlyConfigured if the view, such as a CookieView, can't send these tokens."""
        view: Any = self.context.get("view")
        if hasattr(view, "check_answer"):
            view.check_answer(made)

    def asked_scope(self) -> object:
        """The `scope` in the body, unchecked, or None."""
        body: object = getattr(self, "initial_data", None)
        return body.get("scope") if isinstance(body, Mapping) else None

    def __repr__(self) -> str:
        """The class. DRF's representation shows the data too, and error reporters would keep it."""
        return f"<{type(self).__qualname__}>"


class TokenObtainSerializer(TokenSerializer):
    """Checks credentials. A subclass sets `token_class` and answers with tokens."""

    token_class: type[Token] | None = None
    user: Any  # a project's override uses the fields of its own user model
    """Whom the credentials belong to, once they are checked. None if they belong to nobody."""

    default_error_messages: ClassVar[dict[str, StrOrPromise]] = {
        "no_active_account": _("No active account found with the given credentials")
    }

    @classproperty
    def username_field(cls) -> str:  # noqa: N805  a classproperty
        """The user model's USERNAME_FIELD, which is also the name of this serializer's field."""
        return get_user_model().USERNAME_FIELD

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[self.username_field] = TextField(write_only=True)
        self.fields["password"] = PasswordField()

    def run_validation(self, data: object = empty) -> object:
        """Validate as part of a login: `context` knows the request, and that it is a login, while tokens are made."""
        held = Hidden(data)
        del data
        with self.logging_in():
            return super().run_validation(held.value)

    async def avalidate(self, attrs: Data) -> Data:
        """As `validate`, as part of a login."""
        held = Hidden(attrs)
        del attrs
        with self.logging_in():
            return await super().avalidate(held.value)

    def logging_in(self) -> AbstractContextManager[None]:
        """Inside, tokens are made for this login, with the scope that the body asks for."""
        return handling(self.context.get("request"), login=True, scope=self.asked_scope())

    def validate(self, attrs: Data) -> Data:
        """Set `self.user` to whom the credentials belong. Raises AuthenticationFailed `no_active_account`."""
        credentials, password = {self.username_field: attrs[self.username_field]}, Hidden(attrs["password"])
        del attrs
        request = {"request": self.context["request"]} if "request" in self.context else {}
        with following_rehash(password.value):
            self.user = authenticate(**request, **credentials, password=password.value)
        if not api_settings.USER_AUTHENTICATION_RULE(self.user):
            self.report_refusal(credentials | {"password": HIDDEN_PASSWORD})
            raise AuthenticationFailed(self.error_messages["no_active_account"], "no_active_account")
        return {}

    def report_refusal(self, credentials: dict[str, str]) -> None:
        """Send Django's `user_login_failed` if USER_AUTHENTICATION_RULE refused the user; call ON_LOGIN_FAILED."""
        request = self.context.get("request")
        if self.user is not None:  # without a user, `authenticate` has sent the signal
            user_login_failed.send(__name__, credentials=credentials, request=request)
        api_settings.ON_LOGIN_FAILED(credentials, request)

    def report_login(self) -> None:
        """Send Django's `user_logged_in` if SEND_USER_LOGGED_IN is on, and call ON_LOGIN_SUCCESS."""
        request = self.context.get("request")
        if api_settings.SEND_USER_LOGGED_IN:
            user_logged_in.send(type(self.user), request=request, user=self.user)
        api_settings.ON_LOGIN_SUCCESS(self.user, request)

    @classmethod
    def get_token(cls, user: Any) -> Token:  # a project's override names its own user model
        """A new token for the user. Projects override it to add claims."""
        return cls.token_class.for_user(user)  # type: ignore[union-attr]  # subclasses set it


class TokenObtainPairSerializer(TokenObtainSerializer):
    """Credentials → `refresh` and `access`."""

    token_class: type[Token] | None = RefreshToken

    def validate(self, attrs: Data) -> Data:
        held = Hidden(attrs)
        del attrs
        held.value = super().validate(held.value)
        refresh: RefreshToken = self.get_token(self.user)  # type: ignore[assignment]  # a `token_class`
        held.value["refresh"] = str(refresh)
        held.value["access"] = str(refresh.access_token)
        self.refuse_unsendable(held)
        self.report_login()
        return held.value


class TokenObtainSlidingSerializer(TokenObtainSerializer):
    """Credentials → `token`."""

    token_class: type[Token] | None = SlidingToken

    def validate(self, attrs: Data) -> Data:
        held = Hidden(attrs)
        del attrs
        held.value = super().validate(held.value)
        held.value["token"] = str(self.get_token(self.user))
        self.report_login()
        return held.value


class RefreshingSerializer(TokenSerializer):
    """Exchanges a token for a new one, if the token's user may still have one: the base of both refresh serializers."""

    default_error_messages: ClassVar[dict[str, StrOrPromise]] = {
        "no_active_account": _("No active account found for the given token."),
        "password_changed": _("The user's password has been changed."),
    }

    def get_active_user(self, token: Token) -> AbstractBaseUser | None:
        """The user that the token names, or None if it names no user. Raises AccountRefused."""
        user: AbstractBaseUser | None
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
def refusing_unsignable_claims() -> Iterator[None]:
    """Raise TokenError if a client's token can't be signed again, for example because it would be too long."""
    try:
        yield
    except TokenBackendError as error:
        raise TokenError(_("Token is invalid")) from error


class TokenRefreshSerializer(RefreshingSerializer):
    """`refresh` → `access`, and under ROTATE_REFRESH_TOKENS a new `refresh`."""

    refresh: TextField = TextField()
    access: TextField = TextField(read_only=True)
    token_class = RefreshToken

    def validate(self, attrs: Data) -> Data:
        held = Hidden(attrs["refresh"])
        del attrs
        return self.exchanged(self.get_refresh(held.value))

    async def avalidate(self, attrs: Data) -> Data:
        """As `validate`. A thread looks for the session, and a thread exchanges the token."""
        held = Hidden(attrs["refresh"])
        del attrs
        try:
            refresh = await self.token_class.aread(held.value, view=self.context.get("view"))
        except SessionError as error:
            self.refuse_account(error)
            raise
        return await in_thread(lambda: self.exchanged(refresh))

    def exchanged(self, refresh: RefreshToken) -> Data:
        """The answer to a refresh token that was read. Raises TokenError, AccountRefused, ServiceUnavailable."""
        user = self.get_active_user(refresh)
        asked = self.asked_scope()
        if asked is not None or api_settings.asks_about_users:
            refresh.ask_again(user, asked)
        made = Hidden[Data]({})
        refresh.before_write = partial(self.make_pair, made)
        with refusing_unsignable_claims():
            rotated = {"refresh": refresh.rotate(user)} if refresh.rotates else {}
            # A try that has lost a race may have made other tokens.
            is_answer = rotated and made.value.get("refresh") == rotated["refresh"]
            if is_answer and type(refresh).rotate is ROTATE:
                return made.value
            return {"access": str(refresh.access_token), **rotated}

    def make_pair(self, made: Hidden[Data], successor: RefreshToken, text: Hidden[str]) -> None:
        """Make the answer with this refresh token, signed, before it is written: a token that is spent is lost.

        Raises ImproperlyConfigured if the view can't send the answer.
        """
        made.value = {"access": str(successor.access_token), "refresh": text.value}
        self.refuse_unsendable(made)

    def get_refresh(self, text: str) -> RefreshToken:
        """The refresh token of a compact serialization. Raises TokenError.

        Raises InvalidToken `no_active_account` if the user of its session is gone or inactive.
        """
        held = Hidden(text)
        del text
        try:
            return self.token_class.read(held.value, view=self.context.get("view"))
        except SessionError as error:
            self.refuse_account(error)
            raise

    def refuse_account(self, error: SessionError) -> None:
        """Raise InvalidToken `no_active_account` if the session's user is gone or inactive."""
        if error.code in {"user_not_found", "user_inactive"}:
            raise InvalidToken(self.error_messages["no_active_account"], "no_active_account") from error


class TokenRefreshSlidingSerializer(RefreshingSerializer):
    """`token` → a `token` with a later `exp`, until the token's refresh period ends."""

    token: TextField = TextField()
    token_class = SlidingToken

    def validate(self, attrs: Data) -> Data:
        held = Hidden(attrs["token"])
        del attrs
        return self.renewed(self.token_class.read(held.value, view=self.context.get("view")))

    async def avalidate(self, attrs: Data) -> Data:
        """As `validate`. A thread renews the token."""
        held = Hidden(attrs["token"])
        del attrs
        token = await self.token_class.aread(held.value, view=self.context.get("view"))
        return await in_thread(lambda: self.renewed(token))

    def renewed(self, token: SlidingToken) -> Data:
        """The answer to a sliding token that was read. Raises TokenError, AccountRefused, ServiceUnavailable."""
        token.check_exp(api_settings.SLIDING_TOKEN_REFRESH_EXP_CLAIM)
        user, asked = self.get_active_user(token), self.asked_scope()
        if asked is not None or api_settings.asks_about_users:
            token.take_claims(token.ask_again(user, asked).claims)
        token.records.adopt(user)
        token.records.narrowed()
        token.set_exp()
        token.set_iat()
        with refusing_unsignable_claims():
            return {"token": str(token)}


class TokenVerifySerializer(TokenSerializer):
    """`token` → {} if the token is valid. It may be of any type."""

    token: TextField = TextField(write_only=True)

    def validate(self, attrs: Data) -> Data:
        token = UntypedToken.read(attrs["token"], view=self.context.get("view"))
        del attrs
        return self.checked(token)

    async def avalidate(self, attrs: Data) -> Data:
        """As `validate`. A thread asks the token's records, if an app keeps any."""
        held = Hidden(attrs["token"])
        del attrs
        token = await UntypedToken.aread(held.value, view=self.context.get("view"))
        return await in_thread(lambda: self.checked(token)) if can_end_tokens() else self.checked(token)

    def checked(self, token: UntypedToken) -> Data:
        """The answer to a token that was read. Raises TokenError."""
        try:
            token.records.check_untyped()
        except BlacklistedError as error:
            raise ValidationError(error.args[0]) from error
        return {}


class TokenBlacklistSerializer(TokenSerializer):
    """`refresh` → {} after the token is blacklisted or its session ended. Without either app, nothing is written."""

    refresh: TextField = TextField(write_only=True)
    token_class = RefreshToken

    def validate(self, attrs: Data) -> Data:
        held = Hidden(attrs["refresh"])
        del attrs
        if self.token_class.end_session_of(held.value) is None:
            refresh = self.token_class.read(held.value, view=self.context.get("view"))
            if can_end_tokens():
                with refusing_unsignable_claims():
                    refresh.blacklist()
        return {}


__getattr__: Callable[[str], Any] = late_names(__name__, TokenUser="oxijwt.models")
