"""Django settings of a node that serves simulated clients: a step on the way from simplejwt to sessions, on PostgreSQL.

OXIJWT_ROLLING_STEP names the step. Keys, database and views are the same in every step: those of a project that was
written for simplejwt. The step `simplejwt` runs simplejwt itself, and never imports oxijwt.
"""

import os
from datetime import UTC, datetime, timedelta

from tests.sites.settings import *  # noqa: F403
from tests.sites.settings import DATABASES_BY_NAME
from tests.sites.settings import INSTALLED_APPS as BLACKLIST_APPS

STEP = os.environ.get("OXIJWT_ROLLING_STEP", "issue")
if STEP != "simplejwt":
    import oxijwt.as_simplejwt  # noqa: F401  it makes oxijwt answer to simplejwt's name

SESSIONS, BLACKLIST = "oxijwt.token_sessions", "rest_framework_simplejwt.token_blacklist"
TABLES = {"accept": [BLACKLIST, SESSIONS], "issue": [BLACKLIST, SESSIONS], "sessions": [SESSIONS]}
INSTALLED_APPS = [
    *(name for name in BLACKLIST_APPS if not name.startswith(("oxijwt", "django.contrib.admin"))),
    *TABLES.get(STEP, [BLACKLIST]),
]
ROOT_URLCONF = "tests.sites.rolling_urls"
REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTAuthentication"]}
DATABASES = {"default": {**DATABASES_BY_NAME["postgres"], "CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}}
MIDDLEWARE = ["tests.suites.rolling.middleware.name_library"]
GRACE = timedelta(seconds=15)
BROKEN = bool(os.environ.get("OXIJWT_ROLLING_BROKEN"))
if BROKEN and STEP in TABLES:
    MIDDLEWARE.append("tests.suites.rolling.middleware.break_rules")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}

SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(seconds=35),
    "REFRESH_TOKEN_LIFETIME": timedelta(minutes=2),
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
}
if STEP in TABLES:
    SIMPLE_JWT["REFRESH_REUSE_GRACE"] = timedelta(0) if BROKEN else GRACE
if STEP == "accept":
    SIMPLE_JWT["TOKEN_SESSIONS"] = "accept"
if STEP == "issue":
    SIMPLE_JWT["ADOPT_UNTIL"] = datetime.now(tz=UTC) + timedelta(days=1)
