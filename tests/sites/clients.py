"""Django settings of the server that JavaScript clients call: token sessions on PostgreSQL, short access tokens."""

from datetime import timedelta

from tests.sites.sessions import *  # noqa: F403
from tests.sites.sessions import DATABASES_BY_NAME
from tests.sites.sessions import SIMPLE_JWT as ROTATING

DATABASES = {"default": DATABASES_BY_NAME["postgres"]}
ACCESS_SECONDS = 3
ROOT_URLCONF = "tests.suites.clients.urls"
SIMPLE_JWT = ROTATING | {"ACCESS_TOKEN_LIFETIME": timedelta(seconds=ACCESS_SECONDS)}
