"""URLs of the session tests: the package's own, and two protected views."""

from django.urls import include, path
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from oxijwt.authentication import JWTAuthentication, JWTStatelessUserAuthentication


class WhoAmI(APIView):
    """The user of the request, read from the database."""

    authentication_classes = (JWTAuthentication,)
    permission_classes = (IsAuthenticated,)

    def get(self, request):
        return Response({"id": str(request.user.pk)})


class WhoDoesTheTokenSayIAm(WhoAmI):
    """The user of the request, taken from the token."""

    authentication_classes = (JWTStatelessUserAuthentication,)


urlpatterns = [
    path("api/token/", include("oxijwt.urls")),
    path("api/whoami/", WhoAmI.as_view()),
    path("api/stateless/", WhoDoesTheTokenSayIAm.as_view()),
]
