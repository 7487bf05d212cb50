"""Django settings of the measurements: sessions in a small and a large database, tokens in a third, and copies.

`default` is the server's own database, from which the others are created and dropped.
"""

from datetime import timedelta

from tests.sites.settings import DATABASE_NAME, DATABASES_BY_NAME

SECRET_KEY = "measurements only: long enough for HS256, and no secret at all"
ROOT_URLCONF = "tests.sites.token_urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
PREFIX = f"{DATABASE_NAME}_scale_"
SERVER = DATABASES_BY_NAME["postgres"]
DATABASES = {"default": {**SERVER, "NAME": "postgres"}} | {
    alias: {**SERVER, "NAME": PREFIX + alias} for alias in ("small", "large", "tokens", "tokens_theirs", "scratch")
}
DATABASE_ROUTERS = ["tests.suites.scale.databases.Router"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "rest_framework",
    "oxijwt",
    "oxijwt.token_sessions",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
SIMPLE_JWT = {
    "ROTATE_REFRESH_TOKENS": True,
    "REFRESH_TOKEN_LIFETIME": timedelta(days=14),
    # Every refresh rotates, however soon the next one comes.
    "REFRESH_REUSE_GRACE": timedelta(0),
}
