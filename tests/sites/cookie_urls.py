"""URLs of the cookie tests, for each site: the cookie views, sync and async, and views that read the access cookie."""

from django.urls import include, path
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from oxijwt.authentication import JWTCookieAuthentication
from oxijwt.records import session_app
from oxijwt.views import cookies
from tests.sites.aio.views import AsyncWhoAmI

if session_app() is not None:
    from oxijwt.token_sessions.views import AsyncCookieLogoutView
else:
    from oxijwt.views.cookies import AsyncCookieLogoutView


class Protected(APIView):
    """The name of the user, by a safe and by an unsafe method."""

    authentication_classes = (JWTCookieAuthentication,)
    permission_classes = (IsAuthenticated,)

    def get(self, request):
        return Response({"user": request.user.get_username() or None})

    post = put = get


class Public(Protected):
    """The same for everybody."""

    permission_classes = (AllowAny,)


class AsyncProtected(AsyncWhoAmI):
    """A plain Django view that is async."""

    authentication_class = JWTCookieAuthentication

    def name(self, user):
        return {"user": user.get_username()}

    post = put = AsyncWhoAmI.get


urlpatterns = [
    path("session/", include("oxijwt.cookie_urls")),
    path("async/session/", cookies.AsyncCookieLoginView.as_view()),
    path("async/session/refresh/", cookies.AsyncCookieRefreshView.as_view()),
    path("async/session/logout/", AsyncCookieLogoutView.as_view()),
    path("token/", include("tests.sites.token_urls")),
    path("protected/", Protected.as_view()),
    path("async/protected/", AsyncProtected.as_view()),
    path("public/", Public.as_view()),
]
