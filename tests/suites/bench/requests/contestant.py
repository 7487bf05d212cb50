"""Sites in processes of their own, and races between them."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from tests.suites.bench.turns import Pace, Race, Turn, compare, rounds_of

from .spec import POSTGRES, Spec

REQUESTS_IN_A_TURN = 15
"""On PostgreSQL, where the second-smallest of a turn counts. Such a turn is long, so there are half as many."""


class Contestant:
    """A running site."""

    def __init__(self, process: subprocess.Popen[str], spec: Spec) -> None:
        self._process = process
        self.spec = spec
        self.database = str(self._answer())

    def turn_of(self, request: str) -> Turn:
        """Turns of one request: CPU time, but the wall clock on PostgreSQL, which works in another process."""
        clock = "wall" if self.spec.database == POSTGRES else "cpu"
        return lambda count: self._ask(name=request, count=count, clock=clock)

    def _ask(self, **command: object) -> float:
        print(json.dumps(command), file=self._process.stdin, flush=True)
        return float(self._answer())

    def _answer(self) -> str | float:
        """The next line of the process."""
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the site of {self.spec} has ended")
        return json.loads(line)


@contextmanager
def contestant(spec: Spec) -> Iterator[Contestant]:
    """A site, until the end of the context."""
    command = [sys.executable, "-m", "tests.suites.bench.requests.site"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=spec.environment()) as process:
        try:
            yield Contestant(process, spec)
        finally:
            process.stdin.close()
            process.wait()


@contextmanager
def contestants(*specs: Spec) -> Iterator[list[Contestant]]:
    """Several sites."""
    with ExitStack() as stack:
        yield [stack.enter_context(contestant(spec)) for spec in specs]


def race_of(request: str, sites: Sequence[Contestant], pace: Pace) -> list[Race]:
    """The first site against each other one."""
    turns = [site.turn_of(request) for site in sites]
    if sites[0].spec.database != POSTGRES:
        return compare(turns, pace)
    for turn in turns:
        turn(pace.warm_up)
    return rounds_of(turns, [REQUESTS_IN_A_TURN] * len(turns), max(2, pace.rounds // 2))
