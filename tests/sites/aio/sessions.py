"""Django settings of the tests of token sessions, with the async token views in place of the sync ones."""

from tests.sites.sessions import *  # noqa: F403

ROOT_URLCONF = "tests.sites.aio.session_urls"
