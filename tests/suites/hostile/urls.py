"""The package's endpoints, protected views for each authentication class, and django-ninja, whatever the site."""

from django.urls import include, path
from ninja import NinjaAPI

from oxijwt.contrib.ninja import AsyncJWTAuth, JWTCookieAuth, register
from tests.sites import views
from tests.sites.cookie_urls import Protected, Public

api = NinjaAPI(urls_namespace="ninja")
register(api)


@api.get("whoami/", auth=AsyncJWTAuth(), url_name="whoami")
async def whoami(request):
    """The user of a token in the header."""
    return {"user": str(request.user.pk)}


@api.get("protected/", auth=JWTCookieAuth(), url_name="protected")
def protected(request):
    """The user of a token in the cookie."""
    return {"user": str(request.user.pk)}


urlpatterns = [
    path("token/", include("tests.sites.token_urls")),
    path("session/", include("oxijwt.cookie_urls")),
    path("whoami/", views.WhoAmI.as_view(), name="whoami"),
    path("stateless/", views.StatelessWhoAmI.as_view(), name="stateless"),
    path("protected/", Protected.as_view(), name="protected"),
    path("ninja/", api.urls),
    path("public/", Public.as_view(), name="public"),
]
