"""The same project with django-ninja, whose page shows its API."""

from described_site.settings import *  # noqa: F403
from described_site.settings import INSTALLED_APPS as WITHOUT_NINJA

INSTALLED_APPS = [*WITHOUT_NINJA, "ninja"]
ROOT_URLCONF = "described_site.ninja_urls"
