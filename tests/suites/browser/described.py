"""A site with a page that describes its API, as a process."""

import secrets
from contextlib import contextmanager

from tests.sites.projects import HERE, python

VARIABLES = {"DESCRIBED_NAME": "oxijwt", "DESCRIBED_APPS": "oxijwt,oxijwt.token_sessions"}


@contextmanager
def served(settings, folder):
    """(origin, password of ada) of the site with these settings. The folder gets its database."""
    password = secrets.token_urlsafe(9)
    variables = VARIABLES | {"DJANGO_SETTINGS_MODULE": settings, "DESCRIBED_DATABASE": str(folder / "site.sqlite3")}
    with python(str(HERE / "serve_described.py"), password, variables=variables, stderr=-3) as process:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}", password
        process.stdin.close()
