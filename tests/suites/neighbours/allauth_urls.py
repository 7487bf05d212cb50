"""URLs of django-allauth's API for apps, of dj-rest-auth's registration and social login, and of protected views."""

from allauth.socialaccount.providers.google.views import GoogleOAuth2Adapter
from dj_rest_auth.registration.views import RegisterView, SocialLoginView
from django.urls import include, path
from rest_framework.authentication import SessionAuthentication

from oxijwt.authentication import JWTAuthentication
from tests.sites.session_urls import TransferMoney, WhoAmI

from . import recipes


class GoogleLogin(SocialLoginView):
    """As dj-rest-auth's documentation has it."""

    adapter_class = GoogleOAuth2Adapter


class SessionGoogleLogin(recipes.SessionSocialLoginView):
    """The same with the recipe."""

    adapter_class = GoogleOAuth2Adapter


urlpatterns = [
    path("_allauth/", include("allauth.headless.urls")),
    path("accounts/", include("allauth.urls")),
    path("api/token/", include("oxijwt.urls")),
    path("api/whoami/", WhoAmI.as_view(authentication_classes=(JWTAuthentication,))),
    path("api/transfer/", TransferMoney.as_view(authentication_classes=(JWTAuthentication,))),
    path("browser/whoami/", WhoAmI.as_view(authentication_classes=(SessionAuthentication,))),
    path("dj/register/", RegisterView.as_view()),
    path("dj/kept/register/", recipes.SessionRegisterView.as_view()),
    path("dj/google/", GoogleLogin.as_view()),
    path("dj/kept/google/", SessionGoogleLogin.as_view()),
]
