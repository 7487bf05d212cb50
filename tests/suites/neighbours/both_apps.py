"""The same project, which keeps simplejwt's blacklist app for the logout of dj-rest-auth."""

from datetime import UTC, datetime

from tests.suites.neighbours.sessions_only import *  # noqa: F403
from tests.suites.neighbours.sessions_only import INSTALLED_APPS as SESSION_APPS
from tests.suites.neighbours.sessions_only import SIMPLE_JWT as WITHOUT_ADOPTION

INSTALLED_APPS = [*SESSION_APPS, "rest_framework_simplejwt.token_blacklist"]
SIMPLE_JWT = WITHOUT_ADOPTION | {"ADOPT_UNTIL": datetime(2026, 1, 1, tzinfo=UTC)}
