"""Django settings of an application process with the session app and a shared REVOCATION_CACHE."""

import os

from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.sites.sessions import *  # noqa: F403
from tests.sites.sessions import SIMPLE_JWT as ROTATING

# One more try mends a connection that was cut; more of them would only keep the tests waiting.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "revocations": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": os.environ["OXIJWT_NODE_REDIS"],
        "KEY_PREFIX": os.environ["OXIJWT_NODE_PREFIX"],
        "OPTIONS": {"socket_timeout": 5, "socket_connect_timeout": 5, "retry": Retry(NoBackoff(), 1)},
    },
}
SIMPLE_JWT = ROTATING | {"REVOCATION_CACHE": "revocations"}
