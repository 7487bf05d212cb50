"""URLs of the session tests. The async token views come first."""

from django.urls import include, path

from tests.sites import session_urls

urlpatterns = [path("api/token/", include("tests.sites.aio.urls")), *session_urls.urlpatterns]
