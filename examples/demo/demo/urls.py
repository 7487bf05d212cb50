"""The token views under /api/token/, and one view that needs an access token."""

from django.urls import include, path

from demo import views

urlpatterns = [
    path("", views.index),
    path("api/token/", include("oxijwt.urls")),
    path("api/hello/", views.hello, name="hello"),
]
