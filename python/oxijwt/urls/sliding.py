"""URLs of the views for sliding tokens, for `path("api/token/sliding/", include("oxijwt.urls.sliding"))`."""

from django.urls import URLPattern, path

from oxijwt import views

urlpatterns: list[URLPattern] = [
    path("", views.token_obtain_sliding, name="token_obtain_sliding"),
    path("refresh/", views.token_refresh_sliding, name="token_refresh_sliding"),
]
