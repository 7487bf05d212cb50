"""A project whose API drf-spectacular describes.

DESCRIBED_NAME is the package's name in it, and DESCRIBED_APPS are the package's apps.
"""

import os

NAME = os.environ["DESCRIBED_NAME"]
if NAME == "rest_framework_simplejwt":
    import oxijwt.as_simplejwt  # noqa: F401

SECRET_KEY = "tests only: long enough for HS256, and for HS512 as well, no secret at all"
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = True
STATIC_URL = "static/"
ROOT_URLCONF = "described_site.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ.get("DESCRIBED_DATABASE", ":memory:")}
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    *filter(None, os.environ["DESCRIBED_APPS"].split(",")),
]
REST_FRAMEWORK = {
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_AUTHENTICATION_CLASSES": [f"{NAME}.authentication.JWTAuthentication"],
    "DEFAULT_THROTTLE_CLASSES": ["described_site.throttles.Switch"],
}
SPECTACULAR_SETTINGS = {
    "TITLE": "A project",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "PREPROCESSING_HOOKS": ["oxijwt.contrib.spectacular.add_jwks"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "withCredentials": True},
}
SIMPLE_JWT: dict[str, object] = {"ROTATE_REFRESH_TOKENS": True}


def may_read(_user: object, _request: object) -> list[str]:
    """USER_SCOPES of the second style."""
    return ["read", "write"]


STYLES: dict[str, dict[str, dict[str, object]]] = {
    "simplejwt": {},
    "oauth": {
        "SIMPLE_JWT": {
            "TOKEN_RESPONSE_STYLE": "oauth",
            "USER_SCOPES": may_read,
            "AUTH_COOKIE_ACCESS": "access_token",
            "AUTH_HEADER_NAME": "HTTP_X_ACCESS_TOKEN",
            "AUTH_HEADER_TYPES": ("JWT", "Token"),
        },
        "REST_FRAMEWORK": REST_FRAMEWORK
        | {
            "DEFAULT_AUTHENTICATION_CLASSES": [f"{NAME}.authentication.JWTCookieAuthentication"],
            "DEFAULT_PAGINATION_CLASS": "described_site.urls.Pages",
        },
    },
}
"""The settings that change for each schema of this project."""
