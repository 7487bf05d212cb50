"""The project that simplejwt-multisessions' README describes. Its sdist has tests and no settings module."""

SECRET_KEY = "a secret of the tests of simplejwt-multisessions"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "simplejwt_multisessions",
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTAuthentication"]}
SIMPLE_JWT = {"AUTH_HEADER_TYPES": ("JWT",)}
ROOT_URLCONF = "multisessions_urls"
