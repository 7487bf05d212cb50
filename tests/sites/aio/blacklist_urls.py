"""URLs of the plain test site. The async token views come first."""

from django.urls import include, path

from tests.sites import urls

urlpatterns = [path("token/", include("tests.sites.aio.urls")), *urls.urlpatterns]
