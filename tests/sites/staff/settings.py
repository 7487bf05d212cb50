"""Django settings of the site for staff. OXIJWT_STAFF_DATABASE names its SQLite file."""

import os

from tests.sites.settings import *  # noqa: F403
from tests.sites.settings import INSTALLED_APPS as BLACKLIST_APPS
from tests.sites.settings import MIDDLEWARE as MIDDLEWARE_OF_ENGLISH

DEBUG = True  # so that Django's server serves the admin's style sheets
AUTH_USER_MODEL = "staff.Member"
INSTALLED_APPS = [*BLACKLIST_APPS, "django.contrib.staticfiles", "oxijwt.token_sessions", "tests.sites.staff"]
MIDDLEWARE = [*MIDDLEWARE_OF_ENGLISH, "django.middleware.locale.LocaleMiddleware"]
ROOT_URLCONF = "tests.sites.staff.urls"
STATIC_URL = "/static/"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("OXIJWT_STAFF_DATABASE", ":memory:"),
        # The admin reads with several connections at once.
        "OPTIONS": {"init_command": "PRAGMA journal_mode=wal;"},
    }
}
SIMPLE_JWT = {"ROTATE_REFRESH_TOKENS": True, "USER_ID_FIELD": "number"}
