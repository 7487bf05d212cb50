"""How quickly, and in how little memory, tokens are refused that are malformed or made to cost time.

The rows go from small to large: the greatest memory of a process only grows.
"""

import hashlib
import hmac
import resource
import secrets
import sys
import tracemalloc
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from statistics import median
from time import process_time_ns

from tests.suites.bench import bars
from tests.suites.bench.report import Line, at_least, run_part
from tests.suites.bench.turns import Pace, race

from .django_setup import configure, tokens_of

KIB = 1024
MAX_TOKEN_LENGTH = 16 * KIB
LEVELS = 10_000
CALLS_IN_A_ROUND = 33
SECRET = secrets.token_hex(32)

MALFORMED = {"a text without dots": "not a token", "three words": "not.a.token"}
TOKENS: dict[str, Callable[[], str]] = {
    "header of 10,000 nested arrays, never closed, within 16 KiB": lambda: nested(LEVELS, 0),
    "header of 6,000 nested arrays, closed, within 16 KiB": lambda: nested(6_000, 6_000),
    "16 KiB + 1 byte": lambda: "a" * (MAX_TOKEN_LENGTH + 1),
    "header of 10,000 nested arrays": lambda: nested(LEVELS, LEVELS),
    "10 MiB": lambda: "a" * (10 * KIB * KIB),
    "10 MiB outside ASCII": lambda: "\xe9" * (10 * KIB * KIB),
}


@dataclass
class Measured:
    """Microseconds of the middle and the worst call; KiB by which Python's and the process's peaks grew."""

    median: float
    worst: float
    python: float
    process: float


def nested(opened: int, closed: int) -> str:
    """A rightly signed token: nothing but its header's nesting, or its length, can refuse it."""
    header = b'{"alg":"HS256","x":' + b"[" * opened + b"]" * closed + b"}" * bool(closed)
    signing_input = f"{base64url(header)}.{base64url(b'{}')}"
    return f"{signing_input}.{base64url(hmac.digest(SECRET.encode(), signing_input.encode(), hashlib.sha256))}"


def base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def readers() -> dict[str, Callable[[str], object]]:
    """The two ways in."""
    backend = import_module("oxijwt.backends").TokenBackend("HS256", SECRET)
    refusal = import_module("oxijwt.exceptions").TokenBackendError
    return {
        "`TokenBackend.decode(raw)`": refusing(backend.decode, refusal),
        "`AccessToken(raw)`": access_token("oxijwt"),
    }


def access_token(library: str) -> Callable[[str], None]:
    """`AccessToken(raw)` of a library."""
    token = tokens_of(library).AccessToken
    return refusing(token, import_module(f"{library}.exceptions").TokenError)


def refusing(read: Callable[[str], object], refusal: type[Exception]) -> Callable[[str], None]:
    def refuse(token: str) -> None:
        try:
            read(token)
        except refusal:
            return
        raise AssertionError("a token that was made to be refused was accepted")

    return refuse


def measure(refuse: Callable[[str], object], token: str, pace: Pace) -> Measured:
    refuse("not.a.token")  # what the first refusal of all imports and caches is not this token's
    process = process_peak()
    calls = CALLS_IN_A_ROUND * pace.rounds
    microseconds = sorted(timed(refuse, token) for _ in range(calls))
    return Measured(median(microseconds), microseconds[-1], python_peak(refuse, token, calls), process_peak() - process)


def timed(refuse: Callable[[str], object], token: str) -> float:
    start = process_time_ns()
    refuse(token)
    return (process_time_ns() - start) / 1_000


def python_peak(refuse: Callable[[str], object], token: str, calls: int) -> float:
    """KiB."""
    tracemalloc.start()
    try:
        for _ in range(calls):
            refuse(token)
        return tracemalloc.get_traced_memory()[1] / KIB
    finally:
        tracemalloc.stop()


def process_peak() -> float:
    """KiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / KIB if sys.platform == "darwin" else peak


def lines(pace: Pace) -> Iterator[Line]:
    """Refusals of malformed texts against simplejwt's, and of tokens that are made to cost time."""
    configure(SIGNING_KEY=SECRET)
    for what, text in MALFORMED.items():
        yield malformed(what, text, pace)
    for name, make in TOKENS.items():
        for reader, refuse in readers().items():
            yield expensive(f"{reader} refuses a token: {name}", measure(refuse, make(), pace))


def malformed(what: str, text: str, pace: Pace) -> Line:
    """One refusal against simplejwt's, with a limit on our own time."""
    calls = (access_token(library) for library in ("oxijwt", "rest_framework_simplejwt"))
    (found,) = race(*(partial(refuse, text) for refuse in calls), pace=pace)
    line = at_least(f"`AccessToken(raw)` refuses a malformed text: {what}", found)
    reached = 1e6 * min(found.ours) <= bars.MALFORMED
    return replace(line, bar=f"≤ {bars.MALFORMED:g} µs", within=reached)


def expensive(what: str, found: Measured) -> Line:
    """The worst call and the most memory, each with its limit."""
    kib = max(found.python, found.process)
    within = found.worst < bars.REFUSAL_MICROSECONDS and kib < bars.REFUSAL_KIB
    limits = f"< {bars.REFUSAL_MICROSECONDS:.0f} µs, {bars.REFUSAL_KIB} KiB"
    return Line(what, f"{found.median:.1f} µs, worst {found.worst:.0f} µs, {kib:.0f} KiB", bar=limits, within=within)


if __name__ == "__main__":
    run_part(lines)
