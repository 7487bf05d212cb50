"""Django settings of the tests of token sessions: the session app, with rotation on, and no blacklist app."""

from tests.sites.settings import *  # noqa: F403
from tests.sites.settings import INSTALLED_APPS as BLACKLIST_APPS

INSTALLED_APPS = [name for name in BLACKLIST_APPS if name != "oxijwt.token_blacklist"] + ["oxijwt.token_sessions"]
ROOT_URLCONF = "tests.sites.session_urls"
SIMPLE_JWT: dict[str, object] = {"ROTATE_REFRESH_TOKENS": True}
