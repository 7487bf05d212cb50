"""The memory of one process over many requests, and over many distinct tokens.

The resident memory must not grow: its mean over the last tenth is compared with the mean after the first tenth.
"""

import gc
from collections.abc import Callable, Iterator
from dataclasses import replace
from statistics import mean

from tests.suites.bench import bars
from tests.suites.bench.report import Line, amount_at_most, run_cases
from tests.suites.bench.tokens import django_setup
from tests.suites.bench.tokens.keys import make_pair
from tests.suites.bench.turns import SHORT, Pace

from .resident import resident_kib
from .site import Site, configure, tables
from .spec import Spec

REQUESTS, TOKENS = 1_000_000, 100_000
SHORT_RUN = 1000
"""A short run divides by it."""
SAMPLES = 50
ENTRIES = 1024
"""The cache of verified tokens, where oxijwt has it."""
SESSIONS = 101
"""Requests come from so many logins in turn. It is a prime, so each login makes all kinds of requests."""


def lines(case: str, pace: Pace) -> Iterator[Line]:
    """A million requests, or a hundred thousand distinct tokens with an asymmetric algorithm."""
    yield from CASES[case](SHORT_RUN if pace is SHORT else 1)


def of_requests(divisor: int) -> Iterator[Line]:
    """Requests of one process."""
    spec = Spec("oxijwt", "sessions")
    library = configure(spec)
    with tables(spec):
        yield grown("requests, a tenth of them on the database", REQUESTS // divisor, requests_of(Site(library)))


def of_tokens(divisor: int) -> Iterator[Line]:
    """Each token is another one."""
    django_setup.configure(**make_pair("ES256").settings("ES256"), **django_setup.cache_of(ENTRIES))
    yield grown("distinct tokens verified, ES256", TOKENS // divisor, verify_twice)


CASES = {"requests": of_requests, "tokens": of_tokens}


def requests_of(site: Site) -> Callable[[int], object]:
    """Requests of several sessions. Each tenth asks the database. The others are stateless, which is faster."""
    logins = [site.login() for _session in range(SESSIONS)]

    def request(number: int) -> bytes:
        name = "stateless" if number % 10 else "protected"
        return site.answer(site.environment(name, logins[number % SESSIONS]))

    return request


def verify_twice(number: int) -> None:
    """Sign a token, and verify it once and again."""
    access_token = django_setup.tokens_of("oxijwt").AccessToken
    token = access_token()
    token["user_id"] = str(number)
    raw = str(token)
    access_token(raw)
    access_token(raw)


def grown(what: str, count: int, act: Callable[[int], object]) -> Line:
    """How much the resident memory grows over so many acts."""
    sizes = list(sampled(count, act))
    tenth = max(1, len(sizes) // 10)
    growth = mean(sizes[-tenth:]) - mean(sizes[tenth : 2 * tenth])
    line = amount_at_most(f"resident memory over {count:,} {what}: growth", growth, "KiB", bars.MEMORY_KIB)
    return replace(line, theirs=f"{sizes[tenth] / 1024:.0f} MiB after a tenth")


def sampled(count: int, act: Callable[[int], object]) -> Iterator[float]:
    """KiB of resident memory, at equal distances."""
    every = max(1, count // SAMPLES)
    for number in range(count):
        act(number)
        if number % every == every - 1:
            gc.collect()
            yield resident_kib()


if __name__ == "__main__":
    run_cases(lines, CASES)
