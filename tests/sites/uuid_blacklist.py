"""Django settings of a site whose users have a UUID as key, with the blacklist app and without sessions."""

from tests.sites.settings import *  # noqa: F403
from tests.sites.settings import INSTALLED_APPS as BLACKLIST_APPS

INSTALLED_APPS = [name for name in BLACKLIST_APPS if name != "django.contrib.admin"] + ["tests.sites.uuid_users"]
AUTH_USER_MODEL = "uuid_users.UuidUser"
ROOT_URLCONF = "tests.sites.token_urls"
MIDDLEWARE = []
