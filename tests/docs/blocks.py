"""Runs the Python and console blocks of a page, in order and in one namespace.

A block that begins with a comment such as `# shop/tokens.py` is also that module. The settings that a block assigns are
the site's from then on, and its `urlpatterns` are the site's URLs. The system checks must find no error in them.

HTML comments, which no reader sees, may stand between the blocks:

    <!-- test                           <!-- not run: the reason -->
    assert claims(user, None, None)     The next block is not run.
    -->
"""

import ast
import inspect
import re
import sys
import textwrap
from collections import Counter
from logging.config import dictConfig
from pathlib import Path
from types import ModuleType

from asgiref.sync import async_to_sync
from django.conf import global_settings
from django.core import checks
from django.db.utils import ConnectionHandler
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from tests.docs.shell import Shell

REPOSITORY = Path(__file__).parents[2]
PAGES = sorted((REPOSITORY / "docs").rglob("*.md"))
STEP = re.compile(
    r"^<!-- not run: (?P<reason>[^\n]+) -->$"
    r"|^<!-- test\n(?P<hidden>.*?)^-->$"
    r"|^ *```python\n(?P<shown>.*?)^ *```$"
    r"|^```console\n(?P<console>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
FILE = re.compile(r"# ([\w/]+)\.py\n")
SETTINGS = {*dir(global_settings), "REST_FRAMEWORK", "SIMPLE_JWT"}
OF_VIEWS = {
    "DEFAULT_AUTHENTICATION_CLASSES": "authentication_classes",
    "DEFAULT_PERMISSION_CLASSES": "permission_classes",
    "DEFAULT_THROTTLE_CLASSES": "throttle_classes",
}
"""DRF's settings that APIView has read when it was imported."""
UNKNOWN_NAME = "oxijwt.W008"
counts: Counter[str] = Counter()
"""How many blocks have run, and how many have not."""


def steps_of(text):
    return list(STEP.finditer(text))


def mistakes():
    """What the system checks find: Errors, and names that SIMPLE_JWT does not have."""
    return [found for found in checks.run_checks() if found.level >= checks.ERROR or found.id == UNKNOWN_NAME]


class Page:
    """A page's text, and the namespace in which its blocks run."""

    def __init__(self, text, names):
        self.text, self.settings, self.monkeypatch = text, names["settings"], names["monkeypatch"]
        self.counts: Counter[str] = Counter()
        self.module("shop").__path__ = []
        self.names = vars(self.module("shop.page", __package__="shop", **names))

    def run(self):
        reason = None
        shell = Shell(self.names["client"], self.names)
        for step in steps_of(self.text):
            if step["console"] is not None:
                self.counts["curl"] += shell.run(step["console"])
                continue
            group = "shown" if step["shown"] is not None else "hidden"
            if step[group] is not None and reason is None:
                self.show(textwrap.dedent(step[group]), step.start(group))
            self.counts["run" if reason is None else "not run"] += step["shown"] is not None
            reason = step["reason"]

    def show(self, source, start):
        """Run a block or a hidden test, and give the site what it assigns."""
        assigned = self.execute(source, start)
        if FILE.match(source):
            vars(self.module(FILE.match(source)[1].replace("/", "."))).update(self.names)
        for name in assigned & SETTINGS:
            self.set(name, self.names[name])
        if "urlpatterns" in assigned:
            self.settings.ROOT_URLCONF = self.module("shop.urls", urlpatterns=self.names["urlpatterns"])
        if assigned & {*SETTINGS, "urlpatterns"}:
            found = mistakes()
            assert not found, found

    def execute(self, source, start):
        """Run source that begins at `start`: errors name its line. Returns the names that it assigns."""
        before = dict(self.names)
        blank = "\n" * self.text.count("\n", 0, start)
        code = compile(blank + source, "page.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        if code.co_flags & inspect.CO_COROUTINE:
            async_to_sync(self.awaited)(code)
        else:
            exec(code, self.names)  # noqa: S102  our own page
        return {name for name, value in self.names.items() if name not in before or before[name] is not value}

    async def awaited(self, code):
        await eval(code, self.names)  # noqa: S307  our own page

    def module(self, name, **attributes):
        """A module of this name, which can be imported until the page ends."""
        module = ModuleType(name)
        vars(module).update(attributes)
        self.monkeypatch.setitem(sys.modules, name, module)
        return module

    def set(self, name, value):
        """Set one setting. What a page leaves out is as on the test site."""
        if name == "DATABASES":  # no connection is made
            assert all(ConnectionHandler(value)[alias].get_connection_params() for alias in value)
        elif name == "LOGGING":
            dictConfig(value)
        elif name in {"INSTALLED_APPS", "MIDDLEWARE"}:
            site = getattr(self.settings, name)
            setattr(self.settings, name, [*site, *(entry for entry in value if entry not in {*site, ...})])
        elif name == "SIMPLE_JWT":
            self.settings.SIMPLE_JWT = {"ROTATE_REFRESH_TOKENS": True} | value
        elif name == "REST_FRAMEWORK":
            self.settings.REST_FRAMEWORK = self.settings.REST_FRAMEWORK | value
            for setting, attribute in OF_VIEWS.items():
                self.monkeypatch.setattr(APIView, attribute, getattr(api_settings, setting))
        else:
            setattr(self.settings, name, value)
