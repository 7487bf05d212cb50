"""URLs of the token views, for `path("api/token/", include("oxijwt.urls"))`."""

from django.urls import path

from . import views

urlpatterns = [
    path("", views.token_obtain_pair, name="token_obtain_pair"),
    path("refresh/", views.token_refresh, name="token_refresh"),
    path("verify/", views.token_verify, name="token_verify"),
    path("blacklist/", views.token_blacklist, name="token_blacklist"),
    path("sliding/", views.token_obtain_sliding, name="token_obtain_sliding"),
    path("sliding/refresh/", views.token_refresh_sliding, name="token_refresh_sliding"),
]
