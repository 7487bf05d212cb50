"""The token views for headers and for cookies, a protected view, and a project's view that changes the password."""

from django.urls import include, path
from rest_framework.response import Response
from rest_framework.views import APIView

from oxijwt.authentication import JWTCookieAuthentication
from tests.sites.session_urls import WhoAmI


class ChangePassword(APIView):
    """A project's own view."""

    authentication_classes = (JWTCookieAuthentication,)

    def post(self, request):
        request.user.set_password(request.data["password"])
        request.user.save()
        return Response(status=204)


urlpatterns = [
    path("api/token/", include("oxijwt.urls")),
    path("api/session/", include("oxijwt.cookie_urls")),
    path("api/whoami/", WhoAmI.as_view(authentication_classes=ChangePassword.authentication_classes)),
    path("api/password/", ChangePassword.as_view()),
]
