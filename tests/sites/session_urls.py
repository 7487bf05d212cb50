"""URLs of the session tests: the package's own, and two protected views."""

from datetime import timedelta

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.urls import include, path
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from oxijwt.authentication import JWTAuthentication, JWTStatelessUserAuthentication
from oxijwt.exceptions import AuthenticationFailed
from oxijwt.permissions import RequireRecentLogin
from tests.sites.aio.views import AsyncWhoAmI, AsyncWhoDoesTheTokenSayIAm


class WhoAmI(APIView):
    """The user of the request, read from the database."""

    authentication_classes = (JWTAuthentication,)
    permission_classes = (IsAuthenticated,)

    def get(self, request):
        return Response({"id": str(request.user.pk)})


class WhoDoesTheTokenSayIAm(WhoAmI):
    """The user of the request, taken from the token."""

    authentication_classes = (JWTStatelessUserAuthentication,)


class OwnLookup(JWTAuthentication):
    """A project's class that finds the user its own way."""

    def get_user(self, validated_token):
        user = get_user_model().objects.filter(pk=validated_token["user_id"]).first()
        if user is None:
            raise AuthenticationFailed(code="user_not_found")
        return user


class WhoDoesTheProjectSayIAm(WhoAmI):
    """The user of the request, found by a project's own class."""

    authentication_classes = (OwnLookup,)


class TransferMoney(WhoAmI):
    """Something that wants the password to have been entered just now."""

    permission_classes = (IsAuthenticated, RequireRecentLogin(timedelta(minutes=10)))


urlpatterns = [
    path("api/token/", include("tests.sites.token_urls")),
    path("api/whoami/", WhoAmI.as_view()),
    path("api/stateless/", WhoDoesTheTokenSayIAm.as_view()),
    path("api/async/token/", include("tests.sites.aio.urls")),
    path("api/async/whoami/", AsyncWhoAmI.as_view()),
    path("api/async/stateless/", AsyncWhoDoesTheTokenSayIAm.as_view()),
    path("api/own-lookup/", WhoDoesTheProjectSayIAm.as_view()),
    path("api/transfer/", TransferMoney.as_view()),
    path("admin/", admin.site.urls),
]
