"""The project on oxijwt, by one line at the top of INSTALLED_APPS."""

from switch_site import settings
from switch_site.settings import *  # noqa: F403

INSTALLED_APPS = ["oxijwt.as_simplejwt", *settings.INSTALLED_APPS]
