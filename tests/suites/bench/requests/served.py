"""Gunicorn with two workers on PostgreSQL: oxijwt and simplejwt serve in turns.

The client and PostgreSQL share the processors with the workers. So the ratio is that of the requests for one CPU second
of the workers. Requests in a second are shown too.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tests.suites.bench import bars
from tests.suites.bench.report import Line, run_part
from tests.suites.bench.turns import SHORT, Pace

from .contestant import contestant
from .load import Load, loads
from .spec import POSTGRES, Spec

ROUNDS, SECONDS, WARM_UP = 5, 2.0, 1.0
WORKERS = 2
PATIENCE = 30
TICKS = os.sysconf("SC_CLK_TCK")


class Rate(NamedTuple):
    """Requests in a second, and for one CPU second of the workers."""

    second: float
    cpu_second: float


@dataclass(frozen=True)
class Server:
    """A port, and the process whose children are the workers."""

    port: int
    process: int

    def rate(self, load: Load, seconds: float) -> Rate:
        """What a load finds. Raises RuntimeError for an answer with an error."""
        before = self.cpu_seconds()
        answered = load(self.port, seconds)
        if answered.errors:
            raise RuntimeError(f"{answered.errors} of {answered.requests} answers were errors")
        return Rate(answered.requests / answered.seconds, answered.requests / (self.cpu_seconds() - before))

    def cpu_seconds(self) -> float:
        """What the workers have used so far."""
        children = Path(f"/proc/{self.process}/task/{self.process}/children").read_text().split()
        return sum(map(cpu_seconds, children))


def cpu_seconds(process: str) -> float:
    """What a process has used so far, in user and in system mode."""
    _name, _bracket, fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")
    user, system = fields.split()[11:13]
    return (int(user) + int(system)) / TICKS


def lines(pace: Pace) -> Iterator[Line]:
    """Protected requests and refreshes with sessions, in five rounds."""
    rounds, seconds = (1, 1.0) if pace is SHORT else (ROUNDS, SECONDS)
    client, requests = loads()
    with served(Spec("oxijwt", "sessions", POSTGRES)) as ours, served(Spec("simplejwt", database=POSTGRES)) as theirs:
        for request, load in requests.items():
            for server in (ours, theirs):
                server.rate(load, WARM_UP)
            pairs = [turns(number, (ours, theirs), load, seconds) for number in range(rounds)]
            yield line(f"gunicorn under {client}, {request}, sessions, PostgreSQL", pairs, bars.SERVED[request])


def turns(number: int, servers: tuple[Server, Server], load: Load, seconds: float) -> list[Rate]:
    """One round: ours and simplejwt's, and the other one first in the next round."""
    rates = [server.rate(load, seconds) for server in servers[:: -1 if number % 2 else 1]]
    return rates[:: -1 if number % 2 else 1]


def line(what: str, pairs: list[list[Rate]], bar: float) -> Line:
    """The medians, and the lower of both ratios."""
    ours, theirs = ([pair[side] for pair in pairs] for side in (0, 1))
    best = max(rate.cpu_second for rate in ours) / max(rate.cpu_second for rate in theirs)
    ratio = min(best, median(pair[0].cpu_second / pair[1].cpu_second for pair in pairs))
    within = ratio >= bar
    return Line(what, stated(ours), f"simplejwt {stated(theirs)}", f"{ratio:.2f}", f"≥ {bar:g}", within)


def stated(rates: list[Rate]) -> str:
    second, cpu_second = (median(values) for values in zip(*rates, strict=True))
    return f"{second:,.0f} /s, {cpu_second:,.0f} for a CPU second"


@contextmanager
def served(spec: Spec) -> Iterator[Server]:
    """A server. Another process makes its database, and drops it at the end."""
    with contestant(spec) as maker, socket.create_server(("127.0.0.1", 0)) as listener:
        environment = replace(spec, name=maker.database).environment()
        command = [sys.executable, "-m", "gunicorn", *options(listener.fileno()), APPLICATION]
        with subprocess.Popen(command, env=environment, pass_fds=[listener.fileno()]) as process:
            try:
                yield Server(listener.getsockname()[1], process.pid)
            finally:
                process.terminate()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(PATIENCE)
                process.kill()


APPLICATION = "tests.suites.bench.requests.site:application()"


def options(listener: int) -> list[str]:
    """Gunicorn's options. Connections are kept, as behind a proxy, so each worker has threads."""
    workers = f"--workers={WORKERS} --worker-class=gthread --threads=2 --keep-alive=60"
    return [f"--bind=fd://{listener}", *workers.split(), "--no-control-socket", "--log-level=warning"]


if __name__ == "__main__":
    run_part(lines)
