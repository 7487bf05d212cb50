"""Django settings of the test suite. OXIJWT_DATABASE=sqlite|postgres|mariadb chooses the database."""

import os

SECRET_KEY = "tests only: long enough for HS256, and for HS512 as well, no secret at all"
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
USE_TZ = True
ROOT_URLCONF = "tests.sites.urls"
STATIC_URL = "static/"  # a live server needs it
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Tests run in a database of this name after `test_`, and name their keys in Redis after it: what tests at the same time
# (another checkout, another suite) needs a name of its own.
DATABASE_NAME = os.environ.get("OXIJWT_DATABASE_NAME", "oxijwt")
DATABASES_BY_NAME = {
    "sqlite": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"},
    "postgres": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ.get("POSTGRES_HOST", "127.0.0.1"),
        "PORT": os.environ.get("POSTGRES_PORT", "5432"),
        "USER": os.environ.get("POSTGRES_USER", "postgres"),
        "PASSWORD": os.environ.get("POSTGRES_PASSWORD", ""),
        "NAME": DATABASE_NAME,
    },
    "mariadb": {
        "ENGINE": "django.db.backends.mysql",
        "HOST": os.environ.get("MARIADB_HOST", "127.0.0.1"),
        "PORT": os.environ.get("MARIADB_PORT", "3306"),
        "USER": os.environ.get("MARIADB_USER", "root"),
        "PASSWORD": os.environ.get("MARIADB_PASSWORD", ""),
        "NAME": DATABASE_NAME,
        "OPTIONS": {"charset": "utf8mb4"},
    },
}
REDIS_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/15")

DATABASE = os.environ.get("OXIJWT_DATABASE", "sqlite")
if DATABASE == "mariadb":
    # PyMySQL serves as MySQLdb, so that no C compiler is needed for the test suite.
    import pymysql

    pymysql.install_as_MySQLdb()
DATABASES = {"default": DATABASES_BY_NAME[DATABASE]}

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "rest_framework",
    "oxijwt",
    "oxijwt.token_blacklist",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Django 6.1 has no default for it. Older versions do not know it.
MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}

# Users are made by the hundred here; a slow hash protects nobody.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": ["oxijwt.authentication.JWTAuthentication"]}
