"""Two threads with RS256: the core works without Python's lock, so they sign and verify at the same time.

A control shows what two threads can reach on the machine at that time.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import pbkdf2_hmac
from threading import Thread
from time import perf_counter

from tests.suites.bench import bars
from tests.suites.bench.report import Line, run_part
from tests.suites.bench.turns import Pace

from .django_setup import configure, make_user, tokens_of
from .keys import make_pair

ALGORITHM = "RS256"
SECONDS = 0.2
"""The length of a turn. Threads need longer turns than calls do."""


def lines(pace: Pace) -> Iterator[Line]:
    """Calls of two threads in a second, against those of one thread."""
    configure(**make_pair(ALGORITHM).settings(ALGORITHM))
    token = tokens_of("oxijwt").AccessToken.for_user(make_user())
    raw, access_token = str(token), tokens_of("oxijwt").AccessToken
    yield line("control, PBKDF2 of OpenSSL", lambda: pbkdf2_hmac("sha256", b"password", b"salt", 1000), pace)
    for what, call in {"sign": lambda: str(token), "verify": lambda: access_token(raw)}.items():
        found, bar = line(f"{what}, {ALGORITHM}", call, pace), bars.TWO_THREADS[what]
        yield replace(found, bar=f"≥ {bar}", within=float(found.ratio) >= bar)


def line(what: str, call: Callable[[], object], pace: Pace) -> Line:
    """The best rates of one and of two threads."""
    count = calls_in(call, pace)
    rounds = [(rate(1, call, count), rate(2, call, count)) for _round in range(max(3, pace.rounds // 6))]
    one, two = (max(rates) for rates in zip(*rounds, strict=True))
    return Line(f"two threads, {what}", f"{two:,.0f} /s", f"one thread {one:,.0f} /s", f"{two / one:.2f}")


def calls_in(call: Callable[[], object], pace: Pace) -> int:
    """How many calls one thread makes in a turn."""
    seconds = min(SECONDS, 50 * pace.seconds)
    return max(1, round(seconds * rate(1, call, 50)))


def rate(threads: int, call: Callable[[], object], count: int) -> float:
    """Calls in a second of so many threads, each of which makes `count` calls."""

    def work() -> None:
        for _call in range(count):
            call()

    running = [Thread(target=work) for _thread in range(threads)]
    begun = perf_counter()
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return threads * count / (perf_counter() - begun)


if __name__ == "__main__":
    run_part(lines)
