"""Settings of a project on simplejwt with both packages, which has switched to oxijwt's sessions."""

import oxijwt.as_simplejwt  # noqa: F401  it must come first
from tests.sites.settings import *  # noqa: F403
from tests.sites.settings import INSTALLED_APPS as BLACKLIST_APPS

INSTALLED_APPS = [name for name in BLACKLIST_APPS if not name.startswith("oxijwt")] + [
    "rest_framework_simplejwt",
    "oxijwt.token_sessions",
    "dj_rest_auth",
    "djoser",
]
ROOT_URLCONF = "tests.suites.neighbours.urls"
REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": ["dj_rest_auth.jwt_auth.JWTCookieAuthentication"]}
SIMPLE_JWT = {"ROTATE_REFRESH_TOKENS": True}
REST_AUTH = {
    "USE_JWT": True,
    "TOKEN_MODEL": None,
    "JWT_AUTH_COOKIE": "access",
    "JWT_AUTH_REFRESH_COOKIE": "refresh",
    # The answers then contain the refresh token too, for clients without cookies.
    "JWT_AUTH_HTTPONLY": False,
}
DJOSER = {"TOKEN_MODEL": None}
