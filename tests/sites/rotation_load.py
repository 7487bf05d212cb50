"""Django settings of rotation under load (workers and `jwtkeys`): token sessions on PostgreSQL, keys in a file."""

import os
from datetime import timedelta

from tests.sites.sessions import *  # noqa: F403
from tests.sites.sessions import DATABASES_BY_NAME
from tests.sites.sessions import SIMPLE_JWT as ROTATING

DATABASES = {"default": {**DATABASES_BY_NAME["postgres"], "CONN_MAX_AGE": None}}
MIDDLEWARE = ["tests.suites.rotation_load.middleware.name_worker"]
PUBLISH_AHEAD = 3
SIMPLE_JWT = ROTATING | {
    "KEY_FILE": os.environ["OXIJWT_LOAD_KEY_FILE"],
    "KEY_PUBLISH_AHEAD": timedelta(seconds=PUBLISH_AHEAD),
}
