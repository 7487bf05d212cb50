"""The test site: the token endpoints, two protected views and the admin."""

from django.contrib import admin
from django.urls import include, path

from . import views

urlpatterns = [
    path("token/", include("tests.sites.token_urls")),
    path("whoami/", views.WhoAmI.as_view(), name="whoami"),
    path("stateless/", views.StatelessWhoAmI.as_view(), name="stateless"),
    path("admin/", admin.site.urls),
]
