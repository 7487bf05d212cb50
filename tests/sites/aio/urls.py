"""The token views for an ASGI server, under the names of the sync ones."""

from django.urls import path

from oxijwt import views
from oxijwt.records import session_app

urlpatterns = [
    path("", views.AsyncTokenObtainPairView.as_view(), name="token_obtain_pair"),
    path("refresh/", views.AsyncTokenRefreshView.as_view(), name="token_refresh"),
    path("verify/", views.AsyncTokenVerifyView.as_view(), name="token_verify"),
    path("blacklist/", views.AsyncTokenBlacklistView.as_view(), name="token_blacklist"),
    path("sliding/", views.AsyncTokenObtainSlidingView.as_view(), name="token_obtain_sliding"),
    path("sliding/refresh/", views.AsyncTokenRefreshSlidingView.as_view(), name="token_refresh_sliding"),
]

if session_app() is not None:
    from oxijwt.token_sessions.views import AsyncTokenLogoutView

    urlpatterns.append(path("logout/", AsyncTokenLogoutView.as_view(), name="token_logout"))
