"""Django settings of a service that has the keys and REVOCATION_CACHE, and no database."""

from tests.sites.node import *  # noqa: F403
from tests.sites.node import INSTALLED_APPS as NODE_APPS

DATABASES = {}
INSTALLED_APPS = [name for name in NODE_APPS if name != "oxijwt.token_sessions"]
