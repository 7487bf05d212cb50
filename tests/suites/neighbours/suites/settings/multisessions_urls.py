"""The URLs that its README lists."""

from django.urls import path
from simplejwt_multisessions.api import views

urlpatterns = [
    path("api/session/login/", views.initializeSession, name="initialize_session"),
    path("api/session/refresh/", views.refreshSession, name="refresh_session"),
    path("api/session/list/", views.listOfActiveSessions, name="list_sessions"),
    path("api/session/destroy/", views.destroySessionById, name="destroy_session_by_id"),
    path("api/session/destroyAllOther/", views.destroyAllOtherSessions, name="destroy_all_other"),
    path("api/session/logout/", views.logout, name="logout"),
]
