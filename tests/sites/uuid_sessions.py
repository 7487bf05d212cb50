"""Django settings of a site whose users have a UUID as key and a manager of their own."""

from tests.sites.sessions import *  # noqa: F403
from tests.sites.sessions import INSTALLED_APPS as SESSION_APPS

INSTALLED_APPS = [name for name in SESSION_APPS if name != "django.contrib.admin"] + ["tests.sites.uuid_users"]
AUTH_USER_MODEL = "uuid_users.UuidUser"
ROOT_URLCONF = "tests.sites.token_urls"
MIDDLEWARE = []
