"""A project's code against oxijwt's types, checked by `make types` and never run.

It is written as a project on simplejwt writes it. A `type: ignore` marks a mistake that must be found: mypy's
`warn_unused_ignores` fails the check when it is not.
"""

from datetime import timedelta
from typing import Any, assert_type

from django.contrib.auth.models import User
from django.urls import path
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oxijwt.authentication import JWTAuthentication, JWTStatelessUserAuthentication
from oxijwt.backends import TokenBackend
from oxijwt.exceptions import InvalidToken, TokenError
from oxijwt.serializers import TokenObtainPairSerializer
from oxijwt.settings import api_settings
from oxijwt.tokens import AccessToken, RefreshToken, SlidingToken, Token, UntypedToken
from oxijwt.views import TokenObtainPairView, token_refresh


def log_in(user: User) -> dict[str, str]:
    refresh = RefreshToken.for_user(user)
    assert_type(refresh, RefreshToken)
    assert_type(str(refresh.access_token), str)
    refresh["plan"] = "free"
    refresh.set_exp(lifetime=timedelta(hours=1))
    return {"refresh": str(refresh), "access": str(refresh.access_token)}


def log_out(text: str) -> None:
    try:
        RefreshToken(text).blacklist()
    except TokenError as error:
        raise InvalidToken(error.args[0]) from error


def read(text: str) -> Any:
    assert_type(AccessToken(text), AccessToken)
    assert_type(SlidingToken.for_user(User()), SlidingToken)
    return UntypedToken(text, verify=True).get("jti", "")


def backend() -> str:
    mine = TokenBackend("HS256", "a secret", audience=["a", "b"], leeway=timedelta(seconds=5))
    assert_type(mine.decode(mine.encode({"a": 1})), dict[str, Any])
    return mine.encode({})


class WithPlan(TokenObtainPairSerializer):
    @classmethod
    def get_token(cls, user: User) -> Token:
        token = super().get_token(user)
        token["plan"] = "free"
        return token


class LoginView(TokenObtainPairView):
    serializer_class = WithPlan


class ShortAccessToken(AccessToken):
    lifetime = timedelta(minutes=1)


class Hello(APIView):
    authentication_classes = [JWTAuthentication, JWTStatelessUserAuthentication]
    permission_classes = [IsAuthenticated]

    def get(self, request: Request) -> Response:
        return Response({"lifetime": api_settings.ACCESS_TOKEN_LIFETIME.total_seconds()})


urlpatterns = [path("login/", LoginView.as_view()), path("refresh/", token_refresh)]


def mistakes(user: User) -> None:
    RefreshToken.for_user()  # type: ignore[call-arg]
    AccessToken("text", verify="yes")  # type: ignore[arg-type]
    AccessToken("text").blacklist()  # type: ignore[attr-defined]
    TokenBackend("HS256").encode("claims")  # type: ignore[arg-type]
    JWTAuthentication().get_raw_token("Bearer")  # type: ignore[arg-type]
