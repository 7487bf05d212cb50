"""The token views for headers and for cookies, and a protected view."""

from django.urls import include, path

from tests.sites.session_urls import urlpatterns as session_urls

urlpatterns = [*session_urls, path("api/session/", include("oxijwt.cookie_urls"))]
