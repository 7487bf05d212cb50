"""The package's URLs, and an API of django-ninja."""

from django.urls import include, path
from ninja import NinjaAPI

from oxijwt.contrib.ninja import JWTAuth, register

api = NinjaAPI(auth=JWTAuth())
register(api)


@api.get("name/", tags=["own"], operation_id="name")
def name(request):
    """The user's name."""
    return {"name": request.user.get_username()}


urlpatterns = [path("token/", include("oxijwt.urls")), path("api/", api.urls)]
