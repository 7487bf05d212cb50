"""The package's endpoints and a protected view for each authentication class, whatever the site."""

from django.urls import include, path

from tests.sites import views

urlpatterns = [
    path("token/", include("oxijwt.urls")),
    path("whoami/", views.WhoAmI.as_view(), name="whoami"),
    path("stateless/", views.StatelessWhoAmI.as_view(), name="stateless"),
]
