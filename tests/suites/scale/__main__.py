"""Measures, prints a markdown table, and fails when a limit is missed.

OXIJWT_SCALE_ROWS (1000000) is the number of sessions, and of outstanding tokens. The limits are those of a million: a
small run shows that everything works, and is over before simplejwt is slow.
"""

import os
import sys
from itertools import chain

import django

ROWS = int(os.environ.get("OXIJWT_SCALE_ROWS", "1000000"))
SMALL_ROWS = 1000
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.sites.scale"
django.setup()

from . import flush, growth, latency  # noqa: E402  after setup
from .databases import databases, fetch, migrate  # noqa: E402
from .rows import fill_outstanding, fill_sessions  # noqa: E402


def figures():
    """Every figure, as it is measured."""
    migrate("oxijwt.token_sessions", "small", "large")
    migrate("oxijwt.token_blacklist", "tokens")
    fill_sessions("small", SMALL_ROWS)
    fill_sessions("large", ROWS)
    yield growth.bytes_per_login("large")
    yield [growth.rows_added("large")]
    yield [latency.compare("small", "large", ROWS)]
    yield growth.heap_only("large", ROWS)
    fill_outstanding("tokens", ROWS)
    yield flush.compare("large", "tokens")


def main():
    (version,) = fetch("default", "SHOW server_version")
    print(
        f"PostgreSQL {version}, {ROWS} rows, half of them expired\n\n| what | measured | limit | |\n|---|--:|--:|---|"
    )
    missed = []
    with databases("small", "large", "tokens"):
        for figure in chain.from_iterable(figures()):
            print(figure, flush=True)
            if figure.within is False:
                missed.append(figure.what)
    return f"\nmissed: {', '.join(missed)}" if missed else 0


if __name__ == "__main__":
    sys.exit(main())
