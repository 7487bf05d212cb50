"""Runs the tests of this folder twice, with the real packages: with sessions only, and with the blacklist app too."""

import os
import subprocess
import sys

from tools.sdists import REPOSITORY, sdist

PACKAGES = ("dj-rest-auth", "djoser")
SITES = ("sessions_only", "both_apps")


def main() -> int:
    """0 if all tests pass."""
    return max(run(site) for site in SITES)


def run(site: str) -> int:
    """The exit status of pytest. It is not 0 if no test was found."""
    paths = [str(sdist(name)) for name in PACKAGES]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([*paths, os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-m", "pytest", f"--ds=tests.suites.neighbours.{site}", "tests/suites/neighbours"]
    return subprocess.run(command, cwd=REPOSITORY, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
