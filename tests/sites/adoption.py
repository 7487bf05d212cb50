"""Django settings of a site on its way from simplejwt: both apps, and tokens without `sid` are adopted."""

from datetime import UTC, datetime, timedelta

from tests.sites.sessions import *  # noqa: F403
from tests.sites.sessions import INSTALLED_APPS as SESSION_APPS
from tests.sites.sessions import SIMPLE_JWT as ROTATING

INSTALLED_APPS = [*SESSION_APPS, "oxijwt.token_blacklist"]
SIMPLE_JWT = {**ROTATING, "ADOPT_UNTIL": datetime.now(tz=UTC) + timedelta(days=1)}
