"""The URL of simplejwt's logout, for `path("api/token/blacklist/", include("oxijwt.urls.blacklist"))`."""

from django.urls import URLPattern, path

from oxijwt import views

urlpatterns: list[URLPattern] = [path("", views.token_blacklist, name="token_blacklist")]
