"""The page, the token views, a view that needs an access token, and the rotation of the key.

The token views are under /api/token/, and those for browsers, with cookies, under /api/session/.
"""

from django.urls import include, path

from demo import views

urlpatterns = [
    path("", views.index),
    path("page/<str:name>", views.page_file, name="page_file"),
    path("api/token/", include("oxijwt.urls")),
    path("api/session/", include("oxijwt.cookie_urls")),
    path("api/hello/", views.hello, name="hello"),
    path("api/rotate-key/", views.rotate_key, name="rotate_key"),
]
