"""Python calls of a request: `python -m tests.suites.bench.call_counts`, a markdown table.

Counts the package's own functions with `sys.setprofile`, in a warm process, on SQLite. A *call* is one function of the
package that begins. A *return* is a call into a file of the package that the request had been in before and had left:
how often a reader of the code turns back. The limits are those of docs/dev/architecture.md; a figure over its limit
ends the command with 1.

With `--calls REQUEST` it prints the calls of one request in order. simplejwt is measured in a process of its own, from
its sdist.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from .requests.site import Site, configure, tables
from .requests.spec import Spec

WARM_UP = 20
SITES = {"simplejwt": Spec("simplejwt"), "blacklist": Spec("oxijwt"), "sessions": Spec("oxijwt", "sessions")}
PACKAGES = {"oxijwt": "oxijwt", "simplejwt": "rest_framework_simplejwt"}
REQUESTS = {
    "login": "obtain",
    "protected request": "protected",
    "refresh": "refresh",
    "verify": "verify",
    "logout": "logout",
}
"""What the table calls a request, and what its site calls it."""

LIMITS = {
    ("sessions", "protected request"): (60, 10, 15),
    ("sessions", "refresh"): (130, None, 40),
}
"""Most calls, files and returns."""


class Counts(NamedTuple):
    """What one request needs of the package."""

    calls: int
    files: int
    returns: int


class Trace:
    """The calls of a package's functions, in order."""

    def __init__(self, package: str) -> None:
        self._folder = f"{os.sep}{package}{os.sep}"
        self.calls: list[tuple[str, str]] = []

    def __call__(self, frame, event: str, _argument: object) -> None:
        code = frame.f_code
        if event == "call" and self._folder in code.co_filename:
            self.calls.append((code.co_filename.rpartition(self._folder)[2], code.co_qualname))

    def counts(self) -> Counts:
        """The calls, files and returns seen so far."""
        seen: set[str] = set()
        returns, current = 0, ""
        for file, _name in self.calls:
            if file != current and file in seen:
                returns += 1
            seen.add(file)
            current = file
        return Counts(len(self.calls), len(seen), returns)


@contextmanager
def traced(package: str) -> Iterator[Trace]:
    """Count the calls inside."""
    trace = Trace(package)
    sys.setprofile(trace)
    try:
        yield trace
    finally:
        sys.setprofile(None)


def main() -> None:
    parser = argparse.ArgumentParser(description="Counts the package's Python calls of each request.")
    parser.add_argument("--calls", metavar="REQUEST", help="print the calls of this request with sessions, in order")
    parser.add_argument("--one", metavar="SITE", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.one)))
    elif arguments.calls:
        for file, name in traces("sessions")[arguments.calls].calls:
            print(f"{file}  {name}")
    else:
        sys.exit(report())


def report() -> int:
    """Print the table; 1 where a figure is over its limit."""
    over = 0
    print("| site | request | calls | files | returns | limits |")
    print("|---|---|--:|--:|--:|---|")
    for site in SITES:
        for name, counts in in_a_process(site).items():
            limits = LIMITS.get((site, name), (None, None, None))
            exceeded = any(limit is not None and count > limit for count, limit in zip(counts, limits, strict=True))
            over |= exceeded
            stated = ", ".join("any" if limit is None else str(limit) for limit in limits) if any(limits) else ""
            print(f"| {site} | {name} | {' | '.join(map(str, counts))} | {stated}{' EXCEEDED' if exceeded else ''} |")
    return int(over)


def in_a_process(site: str) -> dict[str, list[int]]:
    """What `measure` returns, from a process with the site's own settings."""
    command = [sys.executable, "-m", "tests.suites.bench.call_counts", "--one", site]
    environment = SITES[site].environment()
    return json.loads(subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout)


def measure(site: str) -> dict[str, Counts]:
    return {name: trace.counts() for name, trace in traces(site).items()}


def traces(site: str) -> dict[str, Trace]:
    """One traced request of each kind, after some that warm the process up."""
    spec = SITES[site]
    library = configure(spec)
    with tables(spec):
        served = Site(library)
        return {name: trace_of(request, served, spec) for name, request in REQUESTS.items()}


def trace_of(request: str, served: Site, spec: Spec) -> Trace:
    """The calls of one request."""
    make = served.next_user if request == "obtain" else served.login
    for _turn in range(WARM_UP):
        served.answer(served.environment(request, make()))
    environment = served.environment(request, make())
    age_sessions(spec)
    with traced(PACKAGES[spec.library]) as trace:
        served.answer(environment)
    return trace


def age_sessions(spec: Spec) -> None:
    """Let the sessions be older than the grace interval: a refresh then rotates, as it mostly does."""
    if spec.kind != "sessions":
        return
    from datetime import timedelta  # noqa: PLC0415

    from django.db.models import F  # noqa: PLC0415

    from oxijwt.token_sessions.models import TokenSession  # noqa: PLC0415

    TokenSession.objects.filter(rotated_at__isnull=False).update(rotated_at=F("rotated_at") - timedelta(minutes=2))


if __name__ == "__main__":
    main()
