"""Protected views: one for each authentication class."""

from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oxijwt.authentication import JWTAuthentication, JWTStatelessUserAuthentication


class WhoAmI(APIView):
    """Answers with the id of the user whose token the request carries."""

    authentication_classes = [JWTAuthentication]
    permission_classes = [IsAuthenticated]

    def get(self, request: Request) -> Response:
        return Response({"user": request.user.pk})


class StatelessWhoAmI(WhoAmI):
    """The same without a look at the database."""

    authentication_classes = [JWTStatelessUserAuthentication]
