"""Nodes: gunicorn with some workers each, on the code and settings of one step."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import REPOSITORY
from tools.simplejwt import simplejwt_sdist

from .middleware import LIBRARY

WORKERS, THREADS = 2, 2
"""Of each node. Every thread keeps a connection to PostgreSQL, and ten nodes are up at once in the walk."""
PATIENCE, UNTIL_READY = 30, 120
"""Seconds until an answer, and until all of ten nodes that start at once answer on a busy machine."""
SIMPLEJWT = "simplejwt"


@dataclass(frozen=True)
class Node:
    """One application server. `log` has what it and its workers wrote."""

    step: str
    port: int
    process: subprocess.Popen
    log: Path

    def workers(self):
        """The process ids of the workers, the dying ones too."""
        return [
            int(pid) for pid in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        ]

    def wait_until_ready(self):
        """Raises TimeoutError, and ValueError if another library than the step's answers."""
        until = time.monotonic() + UNTIL_READY
        while time.monotonic() < until:
            with suppress(OSError, http.client.HTTPException):
                library = self.library()
                if library == ("rest_framework_simplejwt" if self.step == SIMPLEJWT else "oxijwt"):
                    return
                raise ValueError(f"{library} serves the step {self.step}")
            time.sleep(0.05)
        raise TimeoutError(f"{self.step}: {self.log.read_text()[-2000:]}")

    def library(self):
        """The package whose class authenticates requests."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            client.request("GET", "/api/whoami/")
            return client.getresponse().getheader(LIBRARY)
        finally:
            client.close()

    def lines_with(self, text):
        """How often its log has a line with this text."""
        return self.log.read_text().count(text)


@contextmanager
def serving(folder, *steps, broken=False):
    """A list of nodes, one of each step that is named, whose processes are ended at the end."""
    with ExitStack() as stack:
        nodes = [stack.enter_context(node(folder, step, broken=broken)) for step in steps]
        for each in nodes:
            each.wait_until_ready()
        yield nodes
        for each in nodes:
            each.process.send_signal(signal.SIGQUIT)


@contextmanager
def node(folder, step, *, broken=False):
    """A Node that may not be ready yet."""
    options = (
        f"--workers {WORKERS} --worker-class gthread --threads {THREADS} --keep-alive 0 --preload --log-level warning"
    )
    command = [sys.executable, "-m", "gunicorn", *options.split(), "--no-control-socket", "tests.suites.rolling.wsgi"]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        log = Path(folder, f"{step}-{port}.log")
        bind = ["--bind", f"fd://{listener.fileno()}"]
        started = {"cwd": REPOSITORY, "pass_fds": [listener.fileno()], "env": environment(step, broken=broken)}
        with log.open("w") as out, subprocess.Popen([*command, *bind], stdout=out, stderr=out, **started) as process:
            try:
                yield Node(step, port, process, log)
            finally:
                end(process)


def environment(step, *, broken):
    """The variables of a node's processes."""
    paths = [str(REPOSITORY), os.environ.get("PYTHONPATH", "")]
    if step == SIMPLEJWT:
        paths.insert(0, str(simplejwt_sdist()))
    variables = {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "OXIJWT_ROLLING_STEP": step}
    return {**os.environ, **variables, "OXIJWT_ROLLING_BROKEN": "1" if broken else ""}


def end(process):
    """End gunicorn and its workers."""
    process.send_signal(signal.SIGQUIT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(PATIENCE)
    process.kill()
