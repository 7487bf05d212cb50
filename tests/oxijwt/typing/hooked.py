"""The code of a project on `oxijwt.as_simplejwt`: simplejwt's names, with oxijwt's types. It never runs."""

from datetime import datetime
from typing import Any, assert_type

from django.contrib.auth.models import User
from rest_framework.request import Request
from rest_framework_simplejwt import __version__, serializers, views
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import InvalidToken, TokenError
from rest_framework_simplejwt.models import TokenUser
from rest_framework_simplejwt.settings import USER_SETTINGS, api_settings
from rest_framework_simplejwt.state import token_backend
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import AccessToken, BlacklistMixin, RefreshToken, Token
from rest_framework_simplejwt.utils import aware_utcnow

import oxijwt.tokens


class WithPlan(serializers.TokenObtainPairSerializer):
    @classmethod
    def get_token(cls, user: User) -> Token:
        token = super().get_token(user)
        token["plan"] = "free"
        return token


class LoginView(views.TokenObtainPairView):
    serializer_class = WithPlan


class RevocableAccessToken(BlacklistMixin["RevocableAccessToken"], AccessToken):
    pass


class OwnView(views.TokenViewBase):
    serializer_class = WithPlan


class FromCookie(JWTAuthentication):
    def get_raw_token(self, header: bytes) -> bytes | None:
        return super().get_raw_token(header)

    def header_of(self, request: Request) -> bytes | None:
        return self.get_header(request)


def log_in(user: User) -> dict[str, str]:
    refresh = RefreshToken.for_user(user)
    assert_type(refresh, oxijwt.tokens.RefreshToken)
    assert_type(refresh.access_token, AccessToken)
    return {"refresh": str(refresh), "access": str(refresh.access_token)}


def log_out(text: str) -> None:
    try:
        RefreshToken(text).blacklist()
    except TokenError as error:
        raise InvalidToken(error.args[0]) from error


def expiry_of(entry: BlacklistedToken) -> datetime:
    assert_type(aware_utcnow(), datetime)
    token: OutstandingToken = entry.token
    return token.expires_at


def claims_of(text: str) -> dict[str, Any]:
    user, theirs = TokenUser(AccessToken(text)), TokenBackend("HS256", "a secret")
    return {
        "of": __version__,
        "user": user.id,
        "id": api_settings.USER_ID_CLAIM,
        **(USER_SETTINGS or {}),
        **token_backend.decode(text),
        **theirs.decode(text),
    }


def set_up() -> str:
    return f"{__version__}: {sorted(USER_SETTINGS or {})}"


def mistakes(user: User) -> None:
    RefreshToken.for_user()  # type: ignore[call-arg]
    AccessToken.for_user(user).blacklist()  # type: ignore[attr-defined]
    views.NoSuchView  # type: ignore[attr-defined]  # noqa: B018
