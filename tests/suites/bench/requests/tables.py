"""Requests in tables of 10³ to 10⁶ sessions on PostgreSQL, and what a flush takes.

`make scale` measures more of a table with 10⁶ rows.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, cycle
from time import perf_counter

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.sites.scale"
django.setup()

from django.test import RequestFactory  # noqa: E402  after setup

from tests.suites.bench import bars  # noqa: E402
from tests.suites.bench.report import Line, run_part, share_at_most  # noqa: E402
from tests.suites.bench.turns import SHORT, Pace, Turn, rounds_of  # noqa: E402
from tests.suites.scale import flush  # noqa: E402
from tests.suites.scale.client import LIVE, refresh, token_of  # noqa: E402
from tests.suites.scale.databases import databases, execute, migrate, working_on  # noqa: E402
from tests.suites.scale.growth import TABLE, TODAY, sessions  # noqa: E402
from tests.suites.scale.report import Figure  # noqa: E402
from tests.suites.scale.rows import fill_outstanding, fill_sessions  # noqa: E402

from .contestant import REQUESTS_IN_A_TURN  # noqa: E402
from .libraries import authenticated_whoami  # noqa: E402

SMALL = 1000
LARGE = (10_000, 100_000, 1_000_000)
FLUSHED = 100_000
"""At this size the flush takes seconds."""
CLIENTS = 300
SHORT_RUN = 50
"""A short run divides by it."""


def lines(pace: Pace) -> Iterator[Line]:
    """A protected request and a refresh in ever larger tables, and the flush of expired rows."""
    sizes = (2000,) if pace is SHORT else LARGE
    with databases("small", "large", "tokens"):
        migrate("oxijwt.token_sessions", "small", "large")
        fill_sessions("small", SMALL)
        yield from chain.from_iterable(in_a_table(rows, pace) for rows in sizes)
        empty("large")
        yield from flushed(FLUSHED // (SHORT_RUN if pace is SHORT else 1))


def in_a_table(rows: int, pace: Pace) -> Iterator[Line]:
    """Both requests in a new table of so many rows, against the small one."""
    empty("large")
    fill_sessions("large", rows)
    for request, turn_in in TURNS.items():
        turns = [turn_in("large"), turn_in("small")]
        (race,) = rounds_of(turns, [REQUESTS_IN_A_TURN] * 2, max(2, pace.rounds // 2))
        yield share_at_most(f"{request} among {rows:,} sessions", race, bars.TABLES, f"among {SMALL:,}")


def empty(alias: str) -> None:
    """Leave no session and no user."""
    execute(alias, f"TRUNCATE auth_user, {TABLE} RESTART IDENTITY CASCADE")


def refreshes(alias: str) -> Turn:
    """Refreshes of sessions all over the table."""
    tokens = refresh_tokens(alias)
    places = cycle(range(len(tokens)))

    def one() -> float:
        place = next(places)
        tokens[place], seconds = refresh(alias, tokens[place])
        return seconds

    return second_smallest(one)


def protected(alias: str) -> Turn:
    """Protected requests of such sessions."""
    from oxijwt.tokens import RefreshToken  # noqa: PLC0415  after setup

    view = authenticated_whoami()
    with working_on(alias):
        headers = cycle([f"Bearer {RefreshToken(token).access_token}" for token in refresh_tokens(alias)])

    def one() -> float:
        request = RequestFactory().get("/", headers={"authorization": next(headers)})
        with working_on(alias):
            begun = perf_counter()
            response = view(request)
            seconds = perf_counter() - begun
        if response.status_code != 200:
            raise RuntimeError(response.data)
        return seconds

    return second_smallest(one)


def refresh_tokens(alias: str) -> list[str]:
    """The refresh tokens of live sessions all over the table."""
    return [token_of(session) for session in sessions(alias, f"{LIVE} AND {TODAY} ORDER BY random()", CLIENTS)]


def second_smallest(one: Callable[[], float]) -> Turn:
    """Turns of requests on a server: the second-smallest time counts."""
    return lambda count: sorted(one() for _request in range(count))[1]


TURNS = {"protected": protected, "refresh": refreshes}


def flushed(rows: int) -> Iterator[Line]:
    """`flushexpiredtokens` of half the rows, ours and simplejwt's."""
    migrate("oxijwt.token_blacklist", "tokens")
    fill_sessions("large", rows)
    fill_outstanding("tokens", rows)
    yield from flush_lines(flush.compare("large", "tokens"), rows)


def flush_lines(figures: Iterable[Figure], rows: int) -> Iterator[Line]:
    """The figures of `make scale` as lines. Those that begin with an ellipsis belong to the one before.

    The limit on simplejwt's time is for a million rows, so it is left out.
    """
    subject = ""
    for figure in figures:
        belongs = figure.what.startswith("…")
        subject = subject if belongs else figure.what
        what = f"{subject}:{figure.what[1:]}" if belongs else subject
        is_for_a_million = figure.limit.startswith("≥")
        bar, within = ("", None) if is_for_a_million else (figure.limit, figure.within)
        yield Line(f"{what}, {rows:,} rows", figure.measured, bar=bar, within=within)


if __name__ == "__main__":
    run_part(lines)
