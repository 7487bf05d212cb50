"""Views with `required_scopes`, and tokens with a `scope`, for the tests of this folder."""

from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from oxijwt.authentication import JWTAuthentication
from oxijwt.permissions import TokenHasScope
from tests.client import claims, forge

UNSET = object()


class Orders(APIView):
    """A view with handlers for GET (and so HEAD), POST and DELETE."""

    authentication_classes = [JWTAuthentication]
    permission_classes = [TokenHasScope]

    def get(self, request):
        return Response({"user": str(request.user.pk)})

    post = delete = get


def orders(required=UNSET, **attributes):
    """An Orders view that requires these scopes, with other attributes."""
    if required is not UNSET:
        attributes["required_scopes"] = required
    return type("Orders", (Orders,), attributes).as_view()


def token_with(scope, user_id="1", **changes):
    """The text of an access token with this `scope` claim, or without one for UNSET."""
    if scope is not UNSET:
        changes["scope"] = scope
    return forge(claims("access", user_id=str(user_id), **changes))


def send(view, method="GET", token=None, **extra):
    """The view's rendered answer to a request with this token, or without one."""
    if token is not None:
        extra["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return view(APIRequestFactory().generic(method, "/", **extra)).render()
