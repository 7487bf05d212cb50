"""Django settings of a site with both apps, whose users have a UUID as key and Django's own manager."""

from tests.sites.adoption import *  # noqa: F403
from tests.sites.adoption import INSTALLED_APPS as BOTH_APPS

INSTALLED_APPS = [name for name in BOTH_APPS if name != "django.contrib.admin"] + ["tests.sites.plain_users"]
AUTH_USER_MODEL = "plain_users.PlainUser"
ROOT_URLCONF = "tests.sites.token_urls"
MIDDLEWARE = []
