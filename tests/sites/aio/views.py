"""Async views that Django has made, without DRF: one for each authentication class."""

from django.http import JsonResponse
from django.views import View
from rest_framework.exceptions import APIException

from oxijwt.authentication import JWTAuthentication, JWTStatelessUserAuthentication


class AsyncWhoAmI(View):
    """The user of the request, read from the database."""

    authentication_class = JWTAuthentication

    async def get(self, request):
        authentication = self.authentication_class()
        try:
            user_and_token = await authentication.aauthenticate(request)
        except APIException as error:
            headers = {"WWW-Authenticate": authentication.authenticate_header(request)}
            return JsonResponse(error.detail, status=error.status_code, headers=headers)
        if user_and_token is None:
            return JsonResponse({"code": "not_authenticated"}, status=401)
        return JsonResponse(self.name(user_and_token[0]))

    def name(self, user):
        return {"id": str(user.pk)}


class AsyncWhoDoesTheTokenSayIAm(AsyncWhoAmI):
    """The user of the request, taken from the token."""

    authentication_class = JWTStatelessUserAuthentication
