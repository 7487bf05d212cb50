"""Protected views, sync and async, and what this process has counted."""

from django.contrib.auth import get_user_model
from django.http import JsonResponse
from django.urls import path
from django.views import View

from oxijwt.authentication import JWTAuthentication
from tests.sites.aio.views import AsyncWhoAmI
from tests.sites.session_urls import urlpatterns as session_urls

from .counting import counts


class PlainWhoAmI(View):
    """As AsyncWhoAmI, in sync code."""

    def get(self, request):
        user, _token = JWTAuthentication().authenticate(request)
        return JsonResponse({"id": str(user.pk)})


async def one_statement(_request):
    """One statement of Django's async ORM, without oxijwt: what the server and Django take by themselves."""
    user = await get_user_model().objects.order_by("pk").afirst()
    return JsonResponse({"id": str(user.pk)})


async def counted(_request):
    """Hand-overs and statements since the server began. This view itself needs neither."""
    return JsonResponse(counts)


urlpatterns = [
    *session_urls,
    path("async/", AsyncWhoAmI.as_view()),
    path("sync/", PlainWhoAmI.as_view()),
    path("one-statement/", one_statement),
    path("counts/", counted),
]
