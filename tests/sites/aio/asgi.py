"""Django settings of the requests under uvicorn and gunicorn: token sessions on PostgreSQL, no middleware.

OXIJWT_ASGI_POOL gives the connections a pool. Under ASGI each request has a thread of its own, and so a connection.
"""

import os

from tests.sites.sessions import *  # noqa: F403
from tests.sites.sessions import DATABASES_BY_NAME

POOLED = {"CONN_MAX_AGE": 0, "OPTIONS": {"pool": {"min_size": 4, "max_size": 20}}}
DATABASES = {
    "default": DATABASES_BY_NAME["postgres"]
    | (POOLED if os.environ.get("OXIJWT_ASGI_POOL") else {"CONN_MAX_AGE": None})
}
ROOT_URLCONF = "tests.suites.asgi.urls"
MIDDLEWARE: list[str] = []
