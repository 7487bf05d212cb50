from django.contrib import admin
from django.urls import path
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework_simplejwt import views


@api_view(["GET"])
@permission_classes([IsAuthenticated])
def protected(request):
    return Response({"username": request.user.username, "type": request.auth["token_type"]})


urlpatterns = [
    path("admin/", admin.site.urls),
    path("login/", views.token_obtain_pair),
    path("refresh/", views.TokenRefreshView.as_view()),
    path("verify/", views.token_verify),
    path("blacklist/", views.TokenBlacklistView.as_view()),
    path("sliding/login/", views.token_obtain_sliding),
    path("sliding/refresh/", views.token_refresh_sliding),
    path("protected/", protected),
]
