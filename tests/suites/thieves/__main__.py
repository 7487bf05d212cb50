"""Prints what thieves gain and when they are detected; fails where a limit is missed."""

import argparse
import os
import sys
import time

import django
import rest_framework.fields  # noqa: F401  it imports psycopg, which must not meet a frozen datetime

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.sites.sessions"
django.setup()

from django.db import connection  # noqa: E402  after setup

from .figures import HEAD, limits  # noqa: E402
from .run import play  # noqa: E402
from .scenarios import SCENARIOS  # noqa: E402


def arguments():
    parser = argparse.ArgumentParser(prog="tests.suites.thieves")
    parser.add_argument("--victims", type=int, default=20, help="of each kind of thief")
    parser.add_argument("--hours", type=float, default=24, help="simulated, after the theft")
    return parser.parse_args()


def main():
    asked = arguments()
    started = time.perf_counter()
    connection.creation.create_test_db(verbosity=0)
    print(f"{asked.victims} victims of each thief, {asked.hours:g} simulated hours each\n\n{HEAD}", flush=True)
    outcomes = {}
    for scenario in SCENARIOS:
        outcomes[scenario.name] = play(scenario, asked.victims, asked.hours)
        print(outcomes[scenario.name], flush=True)
    found = list(limits(outcomes))
    print("\n| what | measured | limit | |\n|---|--:|--:|---|", *found, sep="\n")
    print(f"\n{time.perf_counter() - started:.0f} s")
    missed = [figure.what for figure in found if figure.within is False]
    return f"\nmissed: {', '.join(missed)}" if missed else 0


if __name__ == "__main__":
    sys.exit(main())
