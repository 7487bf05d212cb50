"""Settings of a project with sessions and django-axes: those of docs/throttling.md."""

import re

from tests.sites.sessions import *  # noqa: F403
from tests.sites.sessions import INSTALLED_APPS as SESSION_APPS
from tests.sites.sessions import MIDDLEWARE as SESSION_MIDDLEWARE
from tests.sites.sessions import SIMPLE_JWT as SESSION_RULES
from tools.sdists import REPOSITORY

PAGE = REPOSITORY / "docs/throttling.md"
RECIPE = PAGE.read_text().partition("## Locking with django-axes")[2]
SETTINGS, RECEIVER = re.findall(r"^```python\n(.*?)^```", RECIPE, re.MULTILINE | re.DOTALL)

exec(compile(SETTINGS, PAGE, "exec"), globals())  # noqa: S102  our own page
INSTALLED_APPS = [*SESSION_APPS, *globals()["INSTALLED_APPS"][1:]]
MIDDLEWARE = [*SESSION_MIDDLEWARE, *globals()["MIDDLEWARE"][1:]]
SIMPLE_JWT = SESSION_RULES | globals()["SIMPLE_JWT"]
ROOT_URLCONF = "tests.suites.neighbours.locking_urls"
