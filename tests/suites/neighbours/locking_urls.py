"""Each login view under django-axes, sync and async."""

from django.urls import include, path

from oxijwt.views import cookies
from tests.sites import session_urls

urlpatterns = [
    path("cookies/", include("oxijwt.cookie_urls")),
    path("api/async/cookies/", cookies.AsyncCookieLoginView.as_view()),
    *session_urls.urlpatterns,
]
