"""Django settings of the plain test site, with the async token views in place of the sync ones."""

from tests.sites.settings import *  # noqa: F403

ROOT_URLCONF = "tests.sites.aio.blacklist_urls"
