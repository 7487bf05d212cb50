"""URLs of the token views, for `path("api/token/", include("oxijwt.urls"))`."""

from django.urls import path

from . import views
from .records import session_app

urlpatterns = [
    path("", views.token_obtain_pair, name="token_obtain_pair"),
    path("refresh/", views.token_refresh, name="token_refresh"),
    path("verify/", views.token_verify, name="token_verify"),
    path("blacklist/", views.token_blacklist, name="token_blacklist"),
    path("sliding/", views.token_obtain_sliding, name="token_obtain_sliding"),
    path("sliding/refresh/", views.token_refresh_sliding, name="token_refresh_sliding"),
    path(".well-known/jwks.json", views.jwks, name="jwks"),
]

if session_app() is not None:
    from .token_sessions import views as session_views

    urlpatterns += [
        path("logout/", session_views.token_logout, name="token_logout"),
        path("sessions/", session_views.session_list, name="session_list"),
        path("sessions/<uuid:pk>/", session_views.session_detail, name="session_detail"),
    ]
