"""The site under load: a PostgreSQL database of its own, a key file, and gunicorn's processes."""

import os
import socket
import subprocess
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.client import make_user
from tests.conftest import REPOSITORY

WORKERS = 4
THREADS = 4
PATIENCE = 30


@dataclass
class Site:
    """Where the site is, and how its keys are changed."""

    port: int
    key_file: Path

    def jwtkeys(self, *arguments):
        """Run the management command in a process of its own, to its end."""
        command = [sys.executable, "-m", "django", "jwtkeys", *arguments]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE, check=False)
        if done.returncode:
            sys.exit(f"jwtkeys {' '.join(arguments)}: {done.stderr}")


@contextmanager
def database(usernames):
    """A test database with users, which this process and its children work on."""
    from django.db import connection  # noqa: PLC0415  after setup

    name = connection.settings_dict["NAME"]
    os.environ["OXIJWT_DATABASE_NAME"] = connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        for username in usernames:
            make_user(username)
        yield
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


@contextmanager
def serving(key_file, algorithm):
    """A Site with a first key, whose workers are ended at the end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        site = Site(listener.getsockname()[1], key_file)
        site.jwtkeys("generate", "--algorithm", algorithm)
        with gunicorn(listener.fileno()):
            yield site


@contextmanager
def gunicorn(listener):
    """Workers that share a listening socket, which keeps who comes before they are ready."""
    options = f"--bind fd://{listener} --workers {WORKERS} --worker-class gthread --threads {THREADS} --keep-alive 60"
    command = [sys.executable, "-m", "gunicorn", *options.split(), "--no-control-socket", "--log-level", "warning"]
    application = "django.core.wsgi:get_wsgi_application()"
    with subprocess.Popen([*command, application], cwd=REPOSITORY, pass_fds=[listener]) as process:
        try:
            yield
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE)
            process.kill()
