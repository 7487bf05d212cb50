"""URLs of the token views, for `path("api/token/", include("oxijwt.urls"))`.

`oxijwt.urls.sliding` and `oxijwt.urls.blacklist` have the views for sliding tokens and simplejwt's blacklist endpoint.
So a project includes only what it uses: an endpoint that nobody needs is one more to protect.
"""

from django.urls import URLPattern, path

from oxijwt import views
from oxijwt.records import session_app

urlpatterns: list[URLPattern] = [
    path("", views.token_obtain_pair, name="token_obtain_pair"),
    path("refresh/", views.token_refresh, name="token_refresh"),
    path("verify/", views.token_verify, name="token_verify"),
    path(".well-known/jwks.json", views.jwks, name="jwks"),
]

if session_app() is not None:
    from oxijwt.token_sessions import views as session_views

    urlpatterns += [
        path("logout/", session_views.token_logout, name="token_logout"),
        path("sessions/", session_views.session_list, name="session_list"),
        path("sessions/<uuid:pk>/", session_views.session_detail, name="session_detail"),
    ]
