"""Prints tables; fails where an honest client lost its login, or an ended one came back. `--smoke`: in a minute."""

import os
import sys
import tempfile

import django

from tests.conftest import what_is_missing

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.sites.rolling"
django.setup()

from tests.suites.rotation_load.server import database  # noqa: E402  after setup

from . import figures  # noqa: E402  after setup
from .clients import USERS  # noqa: E402  after setup
from .disturbed import run  # noqa: E402  after setup
from .nodes import SIMPLEJWT  # noqa: E402  after setup
from .walk import BACK, BACK_AND_FORTH, BROKEN, FORWARD, stages, walk  # noqa: E402  after setup

SHORT = {"seconds": 10, "fails_over": 7}
"""One fail-over: a few more commits than it loses before it, and all clients' next refreshes after it."""


def main():
    if missing := what_is_missing("postgres"):
        if os.environ.get("CI") == "true":
            return f"rolling: {missing}, which CI must have"
        print(f"rolling: skipped, {missing}")
        return 0
    with tempfile.TemporaryDirectory() as folder, database(USERS):
        parts = smoke(folder) if "--smoke" in sys.argv[1:] else whole(folder)
        missed = [figure.what for part in parts for figure in shown(*part) if figure.within is False]
    return f"\nmissed: {'; '.join(missed)}" if missed else 0


def whole(folder):
    """(what was seen, its figures) of each part, when it is over."""
    yield of(walk(folder, 6.0, stages(BACK_AND_FORTH, BACK, FORWARD)), figures.of_the_walk)
    yield of(run(folder, 60), figures.of_killing)
    yield of(run(folder, 60, fails_over=11), figures.of_failing_over)
    yield of(run(folder, 10, step=SIMPLEJWT), figures.of_simplejwt)
    yield of(walk(folder, 5.0, BROKEN, broken=True), figures.of_the_broken_walk)
    yield of(run(folder, **SHORT, broken=True), figures.of_the_broken)


def smoke(folder):
    """As `whole`, but short."""
    yield of(walk(folder, 0.5, stages(FORWARD, BACK)), figures.of_the_walk)
    yield of(run(folder, **SHORT), figures.of_failing_over)
    yield of(run(folder, **SHORT, broken=True), figures.of_the_broken)


def of(taken, its_figures):
    return taken.seen, its_figures(taken)


def shown(seen, found):
    """The same figures, printed as a table, and why logins were lost."""
    found = list(found)
    print("\n| what | measured | limit | |\n|---|--:|--:|---|", *found, *figures.reasons(seen), sep="\n", flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
