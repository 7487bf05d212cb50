"""URLs of a project that was written for simplejwt, and a view that reads no session."""

from django.urls import path
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt import views
from rest_framework_simplejwt.authentication import JWTStatelessUserAuthentication


class WhoAmI(APIView):
    """The user of the request, read from the database."""

    permission_classes = (IsAuthenticated,)

    def get(self, request):
        return Response({"id": str(request.user.pk)})


class WhoDoesTheTokenSayIAm(WhoAmI):
    """The user of the request, taken from the token."""

    authentication_classes = (JWTStatelessUserAuthentication,)


urlpatterns = [
    path("api/token/", views.TokenObtainPairView.as_view()),
    path("api/token/refresh/", views.TokenRefreshView.as_view()),
    path("api/token/blacklist/", views.TokenBlacklistView.as_view()),
    path("api/whoami/", WhoAmI.as_view()),
    path("api/stateless/", WhoDoesTheTokenSayIAm.as_view()),
]
