"""Runs the tests of this folder with the real packages, each file on its sites, and then the packages' own suites."""

import os
import subprocess
import sys
from collections.abc import Iterable

from tests.suites.neighbours.suites.run import main as own_suites
from tools.sdists import REPOSITORY, sdist

PACKAGES = ("dj-rest-auth", "djoser", "django-allauth")
RUNS = {
    "tests.suites.neighbours.sessions_only": ("test_logins.py", "test_schemas.py"),
    "tests.suites.neighbours.both_apps": ("test_logins.py",),
    "tests.suites.neighbours.with_allauth": ("test_allauth.py",),
    "tests.suites.neighbours.locking": ("test_axes.py",),
    "tests.sites.sessions": ("test_adrf.py",),
}
"""The tests of each site."""


def main() -> int:
    """0 if all tests pass. A run that a signal has killed has a negative status."""
    statuses = [*(run(site, tests) for site, tests in RUNS.items()), own_suites([])]
    return 1 if any(statuses) else 0


def run(site: str, tests: Iterable[str]) -> int:
    """The exit status of pytest. It is not 0 if no test was found."""
    paths = [str(sdist(name)) for name in PACKAGES]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([*paths, os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-m", "pytest", f"--ds={site}", *(f"tests/suites/neighbours/{name}" for name in tests)]
    return subprocess.run(command, cwd=REPOSITORY, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
