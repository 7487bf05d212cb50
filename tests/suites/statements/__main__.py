"""Kept statements against the ORM on every site: `python -m tests.suites.statements`, a markdown table.

Each outcome is compared: values, types, exceptions, statements with their text, the rows after it, and whether the
transaction of the caller can go on. The control breaks the kept way, and must differ in each group. OXIJWT_PYTHONS
names other interpreters with another Django, separated as in PATH. They need the packages of the group `test`, and use
this checkout's extension.

The command ends with 1 if an outcome differs, or if the control of a group does not.
"""

import argparse
import json
import os
import subprocess
import sys
from itertools import product
from pathlib import Path

HERE = Path(__file__).parents[3]
DATABASES = ("sqlite", "postgres", "mariadb")
SITES = {"auth.User": "tests.sites.adoption", "PlainUser, a UUID": "tests.sites.plain_both_apps"}
"""Sites by their user model."""
COLUMNS = ("compared", "different", "control")


def main() -> int:
    parser = argparse.ArgumentParser(description="Compares kept statements with the ORM's on every site.")
    parser.add_argument("--short", action="store_true", help="compare each seventh outcome, for auth.User with USE_TZ")
    arguments = parser.parse_args()
    pythons = [sys.executable, *filter(None, os.environ.get("OXIJWT_PYTHONS", "").split(os.pathsep))]
    sites, zones = (["auth.User"], [True]) if arguments.short else (list(SITES), [True, False])
    print("| Django | database | users | USE_TZ | compared | different | control different |")
    print("|---|---|---|---|--:|--:|--:|")
    totals, fails = [0, 0, 0], False
    for python, database, users, aware in product(pythons, DATABASES, sites, zones):
        found = on_site(python, database, users, aware=aware, short=arguments.short)
        sums = [sum(group[column] for group in found["groups"].values()) for column in COLUMNS]
        print(f"| {found['django']} | {database} | {users} | {aware} | {' | '.join(map(str, sums))} |", flush=True)
        totals = [total + number for total, number in zip(totals, sums, strict=True)]
        fails |= sums[1] > 0 or not all(group["control"] for group in found["groups"].values())
    print(f"| all | | | | {' | '.join(map(str, totals))} |")
    return int(fails)


def on_site(python: str, database: str, users: str, *, aware: bool, short: bool) -> dict:
    """What `run` prints in a process with this site's settings."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(HERE / "python"), str(HERE)]),
        "DJANGO_SETTINGS_MODULE": SITES[users],
        "OXIJWT_DATABASE": database,
    }
    flags = [*([] if aware else ["--naive"]), *(["--short"] if short else [])]
    command = [python, "-m", "tests.suites.statements.run", *flags]
    ran = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True, cwd=HERE)
    return json.loads(ran.stdout)


if __name__ == "__main__":
    sys.exit(main())
