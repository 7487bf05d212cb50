"""The package's endpoints and protected views for each authentication class, whatever the site."""

from django.urls import include, path

from tests.sites import views
from tests.sites.cookie_urls import Protected, Public

urlpatterns = [
    path("token/", include("tests.sites.token_urls")),
    path("session/", include("oxijwt.cookie_urls")),
    path("whoami/", views.WhoAmI.as_view(), name="whoami"),
    path("stateless/", views.StatelessWhoAmI.as_view(), name="stateless"),
    path("protected/", Protected.as_view(), name="protected"),
    path("public/", Public.as_view(), name="public"),
]
