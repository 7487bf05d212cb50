"""URLs of the test site, and two refresh views that a project has written itself."""

from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView

from oxijwt.exceptions import InvalidToken, TokenError
from oxijwt.serializers import TokenRefreshSerializer
from oxijwt.tokens import RefreshToken
from tests.sites import session_urls


class ProjectView(APIView):
    """A view of a project, which needs no token in the header."""

    authentication_classes = ()
    permission_classes = ()

    def get_authenticate_header(self, _request):
        return "Bearer"


class RefreshWithSerializer(ProjectView):
    """A plain view around the serializer."""

    def post(self, request):
        serializer = TokenRefreshSerializer(data=request.data)
        try:
            serializer.is_valid(raise_exception=True)
        except TokenError as error:
            raise InvalidToken(error.args[0], code=getattr(error, "code", None)) from error
        return Response(serializer.validated_data)


class RefreshByHand(ProjectView):
    """A refresh that knows the token class only."""

    def post(self, request):
        try:
            return Response({"refresh": RefreshToken(request.data["refresh"]).rotate()})
        except TokenError as error:
            return Response({"code": getattr(error, "code", None)}, status=401)


urlpatterns = [
    *session_urls.urlpatterns,
    path("api/project/serializer/", RefreshWithSerializer.as_view()),
    path("api/project/by-hand/", RefreshByHand.as_view()),
]
