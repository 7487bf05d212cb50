"""An index of URLs, and a view that needs an access token."""

from django.urls import reverse
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

PAGES = {
    "login": "token_obtain_pair",
    "refresh": "token_refresh",
    "verify": "token_verify",
    "logout": "token_blacklist",
    "hello": "hello",
}


@api_view()
@permission_classes([AllowAny])
def index(request: Request) -> Response:
    return Response({what: request.build_absolute_uri(reverse(name)) for what, name in PAGES.items()})


@api_view()
def hello(request: Request) -> Response:
    return Response({"hello": request.user.get_username()})
