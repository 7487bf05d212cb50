"""A small site that can end logins: a logout does it, and so does a spent refresh token that is sent again.

It has a page for browsers, and keys that can be rotated.
"""

import os
import secrets
from datetime import timedelta
from pathlib import Path

FOLDER = Path(__file__).parents[1]


def secret_key() -> str:
    """DEMO_SECRET_KEY, or a key that is made at the first start and kept in a file that git ignores."""
    if key := os.environ.get("DEMO_SECRET_KEY"):
        return key
    file = FOLDER / "secret_key"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(64))
    return file.read_text()


SECRET_KEY = secret_key()
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
ROOT_URLCONF = "demo.urls"
USE_TZ = True

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "rest_framework",
    "oxijwt",
    "oxijwt.token_sessions",
    "demo",
]
MIDDLEWARE = [
    # This one sends `nosniff`, Referrer-Policy and Cross-Origin-Opener-Policy.
    "django.middleware.security.SecurityMiddleware",
    "demo.middleware.content_security_policy",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("DEMO_DATABASE", FOLDER / "demo.sqlite3"),
    },
}
# Django's CSRF cookie is as safe as the cookie of the refresh token. Most browsers accept `Secure` over http from this
# machine. Safari does not.
CSRF_COOKIE_NAME = "__Host-csrftoken"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["oxijwt.authentication.JWTAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
}

SIMPLE_JWT = {
    # Short, so that a person sees it end. The default is 5 minutes.
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=2),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=1),
    "ROTATE_REFRESH_TOKENS": True,
    # Short, so that `DEMO=once make demo` need not wait. The default is 30 seconds.
    "REFRESH_REUSE_GRACE": timedelta(seconds=2),
    "ALGORITHM": "EdDSA",
    # `make demo` makes it with `manage.py jwtkeys generate`. git ignores it.
    "KEY_FILE": os.environ.get("DEMO_KEY_FILE", FOLDER / "keys/jwt.json"),
}
