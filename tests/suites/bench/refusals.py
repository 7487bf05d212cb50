"""`make bench`: how quickly, and in how little memory, tokens are refused that are made to cost time.

CPU time, so that what else runs on the machine does not count. Fails where the worst call, or the memory of all calls,
is over its limit. The rows go from small to large: the greatest memory of a process only ever grows.
"""

import hashlib
import hmac
import resource
import secrets
import sys
import tracemalloc
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from statistics import median
from time import process_time_ns

import django
from django.conf import settings

CALLS = 2000
TIME_LIMIT = 1_000.0
"""Microseconds."""
MEMORY_LIMIT = 512
"""KiB, by which neither Python's nor the whole process's peak may grow."""
KIB = 1024
MAX_TOKEN_LENGTH = 16 * KIB
LEVELS = 10_000
SECRET = secrets.token_hex(32)

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

    def is_within_limits(self) -> bool:
        return self.worst < TIME_LIMIT and max(self.python, self.process) < MEMORY_LIMIT


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
    exceptions = import_module("oxijwt.exceptions")
    return {
        "`TokenBackend.decode(raw)`": refusing(backend.decode, exceptions.TokenBackendError),
        "`AccessToken(raw)`": refusing(import_module("oxijwt.tokens").AccessToken, exceptions.TokenError),
    }


def refusing(read: Callable[[str], object], refusal: type[Exception]) -> Callable[[str], None]:
    def refuse(token: str) -> None:
        try:
            read(token)
        except refusal:
            return
        raise AssertionError("a token that was made to be refused was accepted")

    return refuse


def measure(refuse: Callable[[str], object], token: str) -> Measured:
    refuse("not.a.token")  # what the first refusal of all imports and caches is not this token's
    process = process_peak()
    microseconds = sorted(timed(refuse, token) for _ in range(CALLS))
    return Measured(median(microseconds), microseconds[-1], python_peak(refuse, token), process_peak() - process)


def timed(refuse: Callable[[str], object], token: str) -> float:
    start = process_time_ns()
    refuse(token)
    return (process_time_ns() - start) / 1_000


def python_peak(refuse: Callable[[str], object], token: str) -> float:
    """KiB."""
    tracemalloc.start()
    try:
        for _ in range(CALLS):
            refuse(token)
        return tracemalloc.get_traced_memory()[1] / KIB
    finally:
        tracemalloc.stop()


def process_peak() -> float:
    """KiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / KIB if sys.platform == "darwin" else peak


def main() -> int:
    settings.configure(SECRET_KEY=SECRET, INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"])
    django.setup()
    print(f"\nRefusals: limits {TIME_LIMIT:.0f} µs of CPU time, {MEMORY_LIMIT} KiB; {CALLS} calls each\n")
    print("| token | read by | median µs | worst µs | Python's peak KiB | process's peak KiB | |")
    print("|---|---|--:|--:|--:|--:|---|")
    missed = sum(not print_row(name, reader) for name in TOKENS for reader in readers())
    return 1 if missed else 0


def print_row(name: str, reader: str) -> bool:
    row = measure(readers()[reader], TOKENS[name]())
    within = row.is_within_limits()
    figures = f"{row.median:.1f} | {row.worst:.1f} | {row.python:.1f} | +{row.process:.0f}"
    print(f"| {name} | {reader} | {figures} | {'ok' if within else 'not ok'} |", flush=True)
    return within


if __name__ == "__main__":
    sys.exit(main())
