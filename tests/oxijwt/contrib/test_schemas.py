"""The schemas that drf-spectacular makes of a project, and the answers of the project.

The files in `schemas` are what `python tests/sites/projects/schemas.py` writes: sites with and without sessions, in
simplejwt's style and in the OAuth style. A change of them is a change for each client that is generated from them.
"""

import json
from pathlib import Path

import pytest

from tests.sites.projects import HERE, finished, python

GOLDEN = Path(__file__).parent / "schemas"
ROOT = Path(__file__).parents[3]
STYLES = ("simplejwt", "oauth")
SITES = {
    "sessions": ("oxijwt", "oxijwt,oxijwt.token_sessions"),
    "blacklist": ("oxijwt", "oxijwt.token_blacklist"),
    # Under the hook, drf-spectacular's extensions for simplejwt apply to the same classes.
    "sessions, other name": ("rest_framework_simplejwt", "rest_framework_simplejwt,oxijwt.token_sessions"),
    # Many projects list no app of simplejwt. Nothing but the hook then loads the extensions.
    "blacklist, other name": ("rest_framework_simplejwt", ""),
}
"""The package's name in the project, and the apps of it."""


def described(name, apps, *arguments, **options):
    """A process of described_site."""
    variables = {"DJANGO_SETTINGS_MODULE": "described_site.settings", "DESCRIBED_NAME": name, "DESCRIBED_APPS": apps}
    return python(*arguments, variables=variables, stderr=-1, **options)


def report(process):
    """What a process has printed as JSON."""
    status, output, errors = finished(process)
    assert (status, errors) == (0, "")
    return json.loads(output)


UNSEEN = {
    # A verification asks the blacklist only with BLACKLIST_AFTER_ROTATION.
    "blacklist": ["post /token/verify/ 503"],
    # Without an app, these views ask no database.
    "blacklist, other name": [f"post /{path}/ 503" for path in ("session/logout", "token/blacklist", "token/verify")],
}
"""Described answers that do not come."""


@pytest.mark.parametrize("site", SITES)
def test_schemas_and_answers(tmp_path, site):
    """No warning, a valid document, the known text, no answer that it does not describe, and each one that it does."""
    unseen = report(described(*SITES[site], str(HERE / "schemas.py"), str(tmp_path)))
    assert unseen == dict.fromkeys(STYLES, UNSEEN.get(site, []))
    for style in STYLES:
        golden = GOLDEN / f"{site.split(',')[0]}_{style}.yaml"
        assert (tmp_path / f"{style}.yaml").read_text() == golden.read_text()


def test_the_sites_differ():
    """Otherwise one of these tests could not fail."""
    assert len({path.read_text() for path in GOLDEN.iterdir()}) == len(STYLES) * 2


OTHERS = """
from described_site.settings import *
SPECTACULAR_SETTINGS |= {"OAS_VERSION": "%s", "COMPONENT_SPLIT_REQUEST": %s}
INSTALLED_APPS = [*INSTALLED_APPS, "tests.sites.plain_users"]
AUTH_USER_MODEL = "plain_users.PlainUser"
"""


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0", "3.2.0"])
@pytest.mark.parametrize("splits", [False, True])
def test_other_schemas(tmp_path, version, splits):
    """No warning either. The site's users log in by email, and with `splits` no request has a field of an answer."""
    (tmp_path / "project_settings.py").write_text(OTHERS % (version, splits))
    command = ("-m", "django", "spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json")
    settings = ("--settings", "project_settings")
    schema = report(described(*SITES["sessions"], *command, *settings, pythonpath=[tmp_path, ROOT]))
    login = schema["components"]["schemas"]["TokenObtainPairRequest" if splits else "TokenObtainPair"]
    assert schema["openapi"] == version
    assert {*login["properties"]} == {"email", "password"} | ({"access", "refresh"} if not splits else set())


LOADED = """
import json, sys, django
django.setup()
names = ("drf_spectacular", "oxijwt.contrib.spectacular", "rest_framework.views")
print(json.dumps([name in sys.modules for name in names]))
"""
NO_SPECTACULAR = """
from described_site import settings
from described_site.settings import *
INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if not app.startswith("drf_spectacular")]
"""


@pytest.mark.parametrize(("settings", "loaded"), [("", [True, True, False]), (NO_SPECTACULAR, [False, False, False])])
def test_what_is_imported_at_start(tmp_path, settings, loaded):
    """Nothing of drf-spectacular in a project without it. In one with it, no view."""
    (tmp_path / "project_settings.py").write_text(settings or "from described_site.settings import *")
    code = f"import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'project_settings'\n{LOADED}"
    process = described(*SITES["sessions"], "-c", code, pythonpath=[tmp_path])
    assert report(process) == loaded
