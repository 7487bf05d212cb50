"""The same project with django-allauth: headless, and the registration and social login of dj-rest-auth."""

from tests.suites.neighbours.sessions_only import *  # noqa: F403
from tests.suites.neighbours.sessions_only import INSTALLED_APPS as SESSION_APPS
from tests.suites.neighbours.sessions_only import MIDDLEWARE as OWN_MIDDLEWARE

INSTALLED_APPS = [
    *SESSION_APPS,
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.google",
    "allauth.headless",
    "dj_rest_auth.registration",
]
MIDDLEWARE = [*OWN_MIDDLEWARE, "allauth.account.middleware.AccountMiddleware"]
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
ROOT_URLCONF = "tests.suites.neighbours.allauth_urls"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
SOCIALACCOUNT_PROVIDERS = {"google": {"APP": {"client_id": "of the tests", "secret": "of the tests"}}}
HEADLESS_TOKEN_STRATEGY = "tests.suites.neighbours.recipes.TokenStrategy"
