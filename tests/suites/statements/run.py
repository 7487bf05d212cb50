"""One site in this process: prints, as JSON, how many outcomes were compared for each group, and how many differ."""

import argparse
import json
import sys
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from unittest.mock import patch

import django
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import setup_databases, setup_test_environment, teardown_databases

NOW = datetime(2026, 6, 7, 8, 9, 10, 11, tzinfo=UTC)
SHORT = 7
"""A short run compares each seventh outcome of a group."""


def main():
    parser = argparse.ArgumentParser(description="Kept statements against the ORM on one site.")
    parser.add_argument("--naive", action="store_true", help="USE_TZ = False")
    parser.add_argument("--short", action="store_true")
    arguments = parser.parse_args()
    settings.USE_TZ = not arguments.naive
    django.setup()
    setup_test_environment()
    made = setup_databases(verbosity=0, interactive=False)
    try:
        counts = compare(step=SHORT if arguments.short else 1)
    finally:
        teardown_databases(made, verbosity=0)
    json.dump({"django": django.get_version(), "groups": counts}, sys.stdout)


def compare(step):
    """By group: how many were compared, how many differ, and how many differ if the kept way is broken."""
    from .cases import GROUPS, Scene  # noqa: PLC0415  the apps come first

    with ExitStack() as stack:
        stack.enter_context(transaction.atomic())
        for name, patched in frozen_clocks().items():
            stack.enter_context(patch(name, patched))
        scene = Scene()
        counts = {group.__name__: compared(group, scene, step) for group in GROUPS}
        transaction.set_rollback(True)
    return counts


def frozen_clocks():
    """What to patch so that the time is part of no difference."""
    now = NOW if settings.USE_TZ else NOW.replace(tzinfo=None)
    micros = int(NOW.timestamp() * 1_000_000)
    modules = ("ending", "markers", "adoption")
    return {"django.utils.timezone.now": lambda: now} | {
        f"oxijwt.token_sessions.{module}.now_micros": lambda: micros for module in modules
    }


def compared(group, scene, step):
    """The counts of one group. Its differences are printed."""
    from .controls import broken  # noqa: PLC0415  the apps come first
    from .ways import difference, kept  # noqa: PLC0415

    found = Counter(compared=0, different=0, control=0)
    vars(connection).pop("oxijwt_statements", None)
    kept._of_database.clear()
    for number, (what, act, look) in enumerate(group(scene)):
        if number % step:
            continue
        both = difference(act, look)
        found["compared"] += 1
        if both is not None:
            found["different"] += 1
            print(f"{group.__name__}, {what}:", *both, sep="\n  ", file=sys.stderr)
        with broken():
            found["control"] += difference(act, look) is not None
    return found


if __name__ == "__main__":
    main()
