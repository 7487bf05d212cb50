"""Prints a table; fails where a client noticed a planned rotation, or a revoked key was taken for too long."""

import os
import sys
import tempfile
from pathlib import Path

import django

from tests.conftest import what_is_missing

FOLDER = tempfile.TemporaryDirectory()
KEY_FILE = Path(FOLDER.name, "keys.json")
os.environ |= {"OXIJWT_LOAD_KEY_FILE": str(KEY_FILE), "DJANGO_SETTINGS_MODULE": "tests.sites.rotation_load"}
django.setup()

from . import course, figures, server  # noqa: E402  after setup


def main():
    if missing := what_is_missing("postgres"):
        if os.environ.get("CI") == "true":
            return f"rotation-load: {missing}, which CI must have"
        print(f"rotation-load: skipped, {missing}")
        return 0
    with server.database(course.USERS), server.serving(KEY_FILE, course.FIRST_ALGORITHM) as site:
        found = list(figures.figures(course.run(site)))
    print("\n| what | measured | limit | |\n|---|--:|--:|---|", *found, sep="\n")
    missed = [figure.what for figure in found if figure.within is False]
    return f"\nmissed: {', '.join(missed)}" if missed else 0


if __name__ == "__main__":
    sys.exit(main())
