"""URLs of both packages: as they come, and with the recipes of docs/neighbours.md."""

from dj_rest_auth.jwt_auth import JWTCookieAuthentication
from dj_rest_auth.views import PasswordChangeView
from django.urls import include, path
from rest_framework.authentication import SessionAuthentication

from oxijwt.token_sessions.views import token_logout
from tests.sites.session_urls import TransferMoney, WhoAmI

from . import recipes

urlpatterns = [
    path("api/whoami/", WhoAmI.as_view(authentication_classes=(JWTCookieAuthentication,))),
    path("dj/kept/login/", recipes.SessionLoginView.as_view()),
    path(
        "dj/kept/password/change/",
        PasswordChangeView.as_view(serializer_class=recipes.KeepingPasswordChangeSerializer),
    ),
    path(
        "dj/browser/password/change/",
        PasswordChangeView.as_view(
            serializer_class=recipes.KeepingPasswordChangeSerializer, authentication_classes=(SessionAuthentication,)
        ),
    ),
    path("dj/", include("dj_rest_auth.urls")),
    path("djoser/", include("djoser.urls")),
    path("djoser/", include("djoser.urls.jwt")),
    path("djoser/kept/", include(recipes.router.urls)),
    path("djoser/logout/", token_logout),
    path("api/transfer/", TransferMoney.as_view()),
]
