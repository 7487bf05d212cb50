"""The package's URLs, its async views, and views of the project's own."""

from importlib import import_module

from django.apps import apps
from django.conf import settings
from django.urls import include, path
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework import serializers
from rest_framework.pagination import PageNumberPagination
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

authentication, permissions, views, own_serializers = (
    import_module(f"{settings.NAME}.{name}") for name in ("authentication", "permissions", "views", "serializers")
)


class Pages(PageNumberPagination):
    page_size = 50


class NameSerializer(serializers.Serializer):
    """The name of a user."""

    name = serializers.CharField()


class Name(APIView):
    """The user's name."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(responses=NameSerializer, tags=["own"])
    def get(self, request):
        return Response({"name": request.user.get_username()})


class ShareSerializer(serializers.Serializer):
    """Whom a name is shown to. Its `scope` has other choices than that of a logout."""

    scope = serializers.ChoiceField(choices=("friends", "all"))


class Share(APIView):
    """Share the name."""

    @extend_schema(request=ShareSerializer, responses=ShareSerializer, tags=["own"])
    def post(self, _request):
        return Response({"scope": "all"})


class NameFromToken(Name):
    authentication_classes = (authentication.JWTStatelessUserAuthentication,)


class NameByCookie(Name):
    authentication_classes = (authentication.JWTCookieAuthentication,)


class OwnAuthentication(authentication.JWTAuthentication):
    """A project's subclass."""


class NameWithScopes(Name):
    """The user's name, for applications that may read it."""

    authentication_classes = (OwnAuthentication,)
    permission_classes = (IsAuthenticated & permissions.TokenHasScope,)
    required_scopes = {"GET": "profile read", "POST": "profile write"}

    @extend_schema(request=NameSerializer, responses=NameSerializer, tags=["own"])
    def post(self, request):
        """Change the name."""
        return Response({"name": request.user.get_username()})


class CodeSerializer(own_serializers.TokenObtainPairSerializer):
    """Credentials and a code."""

    code = serializers.CharField(write_only=True)
    greeting = serializers.CharField(read_only=True)

    def validate(self, attrs):
        return super().validate(attrs) | {"greeting": "Hello"}


class LoginWithCode(views.TokenObtainPairView):
    """Log in with a code.

    The telephone shows it.
    """

    serializer_class = CodeSerializer


@extend_schema(summary="Log in on a telephone", tags=["own"])
class AnnotatedLogin(views.TokenObtainPairView):
    @extend_schema(description="For applications.", responses={200: NameSerializer})
    def post(self, request, *args, **kwargs):
        return super().post(request, *args, **kwargs)


urlpatterns = [
    path("token/", include(f"{settings.NAME}.urls")),
    path("token/sliding/", include(f"{settings.NAME}.urls.sliding")),
    path("token/blacklist/", include(f"{settings.NAME}.urls.blacklist")),
    path("session/", include(f"{settings.NAME}.cookie_urls")),
    path("async/token/", views.AsyncTokenObtainPairView.as_view()),
    path("async/refresh/", views.AsyncTokenRefreshView.as_view()),
    path("name/", Name.as_view()),
    path("name/share/", Share.as_view()),
    path("name/from-token/", NameFromToken.as_view()),
    path("name/by-cookie/", NameByCookie.as_view()),
    path("name/with-scopes/", NameWithScopes.as_view()),
    path("own/code/", LoginWithCode.as_view()),
    path("own/annotated/", AnnotatedLogin.as_view()),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("swagger/", SpectacularSwaggerView.as_view(url_name="schema")),
]
if apps.is_installed("oxijwt.token_sessions"):
    session_views = import_module(f"{settings.NAME}.token_sessions.views")
    urlpatterns.append(path("async/logout/", session_views.AsyncTokenLogoutView.as_view()))
