"""URLs of the token views for browsers, for `path("api/session/", include("oxijwt.cookie_urls"))`."""

from django.urls import URLPattern, path

from .records import session_app
from .views import cookies

if session_app() is not None:
    from .token_sessions.views import cookie_logout
else:
    cookie_logout = cookies.cookie_logout

urlpatterns: list[URLPattern] = [
    path("", cookies.cookie_login, name="cookie_login"),
    path("refresh/", cookies.cookie_refresh, name="cookie_refresh"),
    path("logout/", cookie_logout, name="cookie_logout"),
    path("csrf/", cookies.cookie_csrf, name="cookie_csrf"),
]
