"""Plain Django views with `jwt_required`, their URLs, and a project's authentication classes."""

from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpResponse, JsonResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import cache_control, cache_page
from rest_framework import exceptions

from oxijwt.authentication import JWTAuthentication
from oxijwt.decorators import jwt_required
from oxijwt.exceptions import DetailDictMixin, InvalidToken
from oxijwt.tokens import Token
from tests.client import make_user


def shown(request, user):
    """What the view sees of the request's user and token."""
    is_ours = isinstance(request.auth, Token) and request.user.pk == user.pk
    return JsonResponse({"user": str(user.pk), "token": is_ours, "kind": type(request.user).__name__})


@jwt_required
def function(request, **_numbers):
    """A view."""
    return shown(request, request.user)


@jwt_required
async def async_function(request, **_numbers):
    """A view."""
    return shown(request, await request.auser())


class Plain(View):
    """A view."""

    def get(self, request, **_numbers):
        return shown(request, request.user)

    post = get


class Async(View):
    """A view."""

    async def get(self, request, **_numbers):
        return shown(request, await request.auser())

    post = get


@method_decorator(jwt_required, name="dispatch")
class Decorated(Plain):
    """A view."""


FAULTS = {
    "404": Http404("nothing"),
    "403": PermissionDenied,
    "500": RuntimeError("made to fail"),
    "drf": exceptions.NotAuthenticated,
    "invalid": InvalidToken,
}


@jwt_required
def failing(request, fault):
    token = request.auth  # noqa: F841  a variable that a report would show
    raise FAULTS[fault]


@jwt_required
async def async_failing(request, fault):
    token = request.auth  # noqa: F841  a variable that a report would show
    raise FAULTS[fault]


VIEWS = {
    "function": function,
    "async-function": async_function,
    "class": jwt_required(Plain.as_view()),
    "async-class": jwt_required(Async.as_view()),
    "decorated-class": Decorated.as_view(),
}

counted = cache_page(60)(jwt_required(lambda request: HttpResponse(request.user.get_username())))
urlpatterns = [
    *[path(f"{name}/", view) for name, view in VIEWS.items()],
    *[path(f"{name}/<int:number>/", view) for name, view in VIEWS.items()],
    path("failing/<fault>/", failing),
    path("async-failing/<fault>/", async_failing),
    path("cached/", counted),
    path("kept/", cache_control(max_age=600)(function)),
]


class ByQuery(JWTAuthentication):
    """A project's class with a token at another place, and with a realm of its own."""

    www_authenticate_realm = "shop"

    def authenticate(self, request):
        raw = request.GET.get("jwt")
        return None if raw is None else self.authenticate_token(raw)


class CsrfFailed(DetailDictMixin, exceptions.PermissionDenied):
    """As that of a class that reads a cookie."""

    default_code = "csrf_failed"


class NeedsCsrf(JWTAuthentication):
    def get_header(self, _request):
        raise CsrfFailed


class IsDown(JWTAuthentication):
    def get_user(self, _validated_token):
        raise OperationalError("server closed the connection")


class Slow(JWTAuthentication):
    def get_header(self, _request):
        raise exceptions.Throttled(wait=1.5)


class Plainly(JWTAuthentication):
    def get_header(self, _request):
        raise exceptions.AuthenticationFailed("No.")


class Finished(JWTAuthentication):
    """As a class that reads a cookie: it lets the answer delete it."""

    def authenticate(self, request):
        view = request.parser_context["view"]
        finalize = view.finalize_response

        def finalize_and_delete(*args, **kwargs):
            response = finalize(*args, **kwargs)
            response.delete_cookie("stale")
            return response

        view.finalize_response = finalize_and_delete


class Broken(JWTAuthentication):
    def get_user(self, _validated_token):
        raise RuntimeError("made to fail")


class Writes(JWTAuthentication):
    def authenticate(self, _request):
        make_user("written")
        raise InvalidToken
