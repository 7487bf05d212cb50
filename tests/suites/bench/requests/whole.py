"""Whole requests against simplejwt's, on SQLite and on PostgreSQL."""

from collections.abc import Iterator

from tests.suites.bench import bars
from tests.suites.bench.report import Line, at_least, run_cases
from tests.suites.bench.turns import Pace

from .contestant import contestants, race_of
from .spec import POSTGRES, SQLITE, Spec

CASES = {
    "sqlite": (SQLITE, False, "SQLite"),
    "postgres": (POSTGRES, False, "PostgreSQL"),
    "prepared": (POSTGRES, True, "PostgreSQL, prepared statements"),
}
KINDS = ("sessions", "blacklist")


def lines(case: str, pace: Pace) -> Iterator[Line]:
    """Six requests with sessions and with the blacklist."""
    database, prepared, stated = CASES[case]
    theirs = Spec("simplejwt", database=database, prepared=prepared)
    specs = [Spec("oxijwt", kind, database, prepared) for kind in KINDS]
    with contestants(*specs, theirs) as (sessions, blacklist, other):
        for kind, ours in (("sessions", sessions), ("blacklist", blacklist)):
            for request in bars.REQUESTS:
                bar = bars.PREPARED.get((request, kind)) if prepared else bars.of_request(request, kind, database)
                yield at_least(f"{request}, {kind}, {stated}", *race_of(request, [ours, other], pace), bar)


if __name__ == "__main__":
    run_cases(lines, CASES)
