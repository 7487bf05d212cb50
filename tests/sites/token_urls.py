"""All token views of the package under one prefix, for sites that test them."""

from django.urls import include, path

urlpatterns = [
    path("", include("oxijwt.urls")),
    path("sliding/", include("oxijwt.urls.sliding")),
    path("blacklist/", include("oxijwt.urls.blacklist")),
]
