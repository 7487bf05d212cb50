"""The URL of simplejwt's logout, for `path("api/token/blacklist/", include("oxijwt.urls.blacklist"))`."""

from django.urls import path

from oxijwt import views

urlpatterns = [path("", views.token_blacklist, name="token_blacklist")]
