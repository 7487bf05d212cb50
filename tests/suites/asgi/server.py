"""One server process on a free port: uvicorn or gunicorn."""

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.conftest import REPOSITORY

PATIENCE = 30
COMMANDS = {
    "uvicorn": "uvicorn tests.suites.asgi.application:asgi --fd {} --log-level warning --lifespan off --no-access-log",
    "gunicorn": (
        "gunicorn tests.suites.asgi.application:wsgi --bind fd://{} --workers 1 --worker-class gthread --threads 8"
        " --keep-alive 60 --no-control-socket --log-level warning"
    ),
}
TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """A running server: `address`, and how much CPU time it has used."""

    def __init__(self, process, address):
        self.process = process
        self.address = address

    def cpu(self):
        """Seconds of CPU time of the process and its workers."""
        return sum(map(cpu_of, [self.process.pid, *children_of(self.process.pid)]))


def cpu_of(pid):
    """The CPU time of a process in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def children_of(pid):
    """The processes that a process has started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def serving(name, **environment):
    """A Server, which ends at the end. Requests that come before it is ready wait."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        command = [sys.executable, "-m", *COMMANDS[name].format(listener.fileno()).split()]
        variables = os.environ | environment
        with subprocess.Popen(command, cwd=REPOSITORY, env=variables, pass_fds=[listener.fileno()]) as process:
            try:
                time.sleep(0.1)
                yield Server(process, listener.getsockname())
            finally:
                process.terminate()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(PATIENCE)
                process.kill()
