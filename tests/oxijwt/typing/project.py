"""A project's code, which `make types` checks against oxijwt's types. It never runs.

It is written like the code of a project on simplejwt. A `type: ignore` marks a mistake that mypy must find. If mypy
does not find it, `warn_unused_ignores` fails the check.
"""

from datetime import timedelta
from typing import Any, assert_type

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.urls import path
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from oxijwt.authentication import JWTAuthentication, JWTStatelessUserAuthentication, authenticate_token
from oxijwt.backends import TokenBackend
from oxijwt.decorators import jwt_required
from oxijwt.exceptions import InvalidToken, TokenError
from oxijwt.models import TokenUser
from oxijwt.permissions import RequireRecentLogin, TokenHasScope
from oxijwt.serializers import TokenObtainPairSerializer
from oxijwt.settings import api_settings
from oxijwt.token_sessions.api import update_session_auth_hash
from oxijwt.tokens import AccessToken, RefreshToken, SlidingToken, Token, UntypedToken
from oxijwt.verifier import Accepts, Verified
from oxijwt.views import JWKSView, TokenObtainPairView, TokenRefreshView, jwks, token_refresh


def log_in(user: User) -> dict[str, str]:
    refresh = RefreshToken.for_user(user)
    assert_type(refresh, RefreshToken)
    assert_type(refresh.access_token, AccessToken)
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

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        data: dict[str, Any] = super().validate(attrs)
        return data | {"name": self.user.username, "staff": self.user.is_staff}


class OfOwnModel(TokenObtainPairSerializer):
    user: User


class LoginView(TokenObtainPairView):
    serializer_class = WithPlan


class ShortAccessToken(AccessToken):
    lifetime = timedelta(minutes=1)


class RefreshTokenOfTheApp(RefreshToken):
    lifetime = timedelta(days=30)
    access_token_class = ShortAccessToken


class Hello(APIView):
    authentication_classes = [JWTAuthentication, JWTStatelessUserAuthentication]
    permission_classes = [IsAuthenticated]

    def get(self, request: Request) -> Response:
        return Response({"lifetime": api_settings.ACCESS_TOKEN_LIFETIME.total_seconds()})


class ChangePassword(APIView):
    permission_classes = [IsAuthenticated, RequireRecentLogin(timedelta(minutes=10))]

    def post(self, request: Request) -> Response:
        user = User.objects.get(username=request.user.get_username())
        user.set_password("another password")
        user.save()
        update_session_auth_hash(request.auth, user)
        return Response(status=204)


class Pay(ChangePassword):
    permission_classes = [RequireRecentLogin(timedelta(minutes=1)) & TokenHasScope]
    required_scopes = "pay"


def username_of(text: str) -> str:
    user, token = authenticate_token(text, audience="shop")
    assert_type(user, AbstractBaseUser | TokenUser)
    assert_type(token, Token)
    assert_type(JWTStatelessUserAuthentication().get_user(token), TokenUser)
    return user.get_username()


def log_in_to(user: User, audience: str) -> list[Token]:
    refresh = RefreshToken.for_user(user, audience=[audience, "pay"], issuer="https://shop.example")
    assert_type(refresh, RefreshToken)
    assert_type(RefreshToken.read(str(refresh), audience=audience), RefreshToken)
    return [refresh, AccessToken.for_user(user, audience=audience), SlidingToken.for_user(user, audience=("a", "b"))]


def claims_for_the_shop() -> dict[str, Any]:
    shop = TokenBackend("HS256", "a secret")
    verified = shop.verify("text", Accepts(audience=("shop",), issuer=("https://shop.example",)))
    assert_type(verified, Verified)
    return verified.claims


class ShopAuthentication(JWTAuthentication):
    audience = "shop"
    issuer = ["https://shop.example", "https://pay.example"]


class FromCookie(JWTStatelessUserAuthentication):
    def authenticate(self, request: Request) -> tuple[Any, Token] | None:
        token = self.for_request(request).get_validated_token(request.COOKIES["access"])
        return self.get_user(token), token


class Shop(Hello):
    authentication_classes = [ShopAuthentication]
    audience = ("shop", "mobile")


class Cards(ViewSet):
    audience: str | None = "shop"

    @action(detail=False, audience=None)
    def here(self, request: Request) -> Response:
        return Response(status=204)


class ShopRefreshView(TokenRefreshView):
    audience = "shop"


urlpatterns = [
    path("login/", LoginView.as_view()),
    path("refresh/", token_refresh),
    path("shop/refresh/", TokenRefreshView.as_view(audience="shop", issuer=["https://shop.example"])),
    path(".well-known/jwks.json", jwks),
    path("keys", JWKSView.as_view()),
]


def mistakes(user: User) -> None:
    RefreshToken.for_user()  # type: ignore[call-arg]
    RefreshToken.for_user(user, "shop")  # type: ignore[call-arg]
    SlidingToken.for_user(user, audience=7)  # type: ignore[arg-type]
    AccessToken.for_user(user, issuer=["https://shop.example"])  # type: ignore[arg-type]
    AccessToken.read("text", issuer=7)  # type: ignore[arg-type]
    ShopAuthentication.audience = 7  # type: ignore[assignment]
    RefreshToken.access_token_class = RefreshToken  # type: ignore[assignment]
    RefreshToken().access_token.blacklist()  # type: ignore[attr-defined]
    AccessToken("text", verify="yes")  # type: ignore[arg-type]
    AccessToken("text").blacklist()  # type: ignore[attr-defined]
    TokenBackend("HS256").encode("claims")  # type: ignore[arg-type]
    JWTAuthentication().get_raw_token("Bearer")  # type: ignore[arg-type]


@jwt_required
def plain(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse(str(number))


@jwt_required
async def awaited(request: HttpRequest) -> HttpResponse:
    return HttpResponse((await request.auser()).get_username())


def call_plain() -> None:
    assert_type(plain(HttpRequest(), 1), HttpResponse)
    plain(HttpRequest(), "1")  # type: ignore[arg-type]
