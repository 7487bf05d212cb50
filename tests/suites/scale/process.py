"""One management command in a process of its own: its wall time, peak memory and longest transaction.

As a module it is that process: it knows one library only, the one that `app` belongs to.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter


@dataclass
class Run:
    """What a command took."""

    seconds: float
    peak_mib: float
    longest_transaction: float


def run(app, database, command, search_path=""):
    """Run a management command on one database with one of the apps installed."""
    # Last: simplejwt's sdist has a package `tests` as well.
    paths = [os.environ.get("PYTHONPATH", ""), str(search_path)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in paths if path)}
    arguments = [sys.executable, "-m", "tests.suites.scale.process", app, database, command]
    child = subprocess.run(arguments, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    return Run(**json.loads(child.stdout))


class Transactions:
    """Times every outermost transaction of a connection, statements in autocommit included."""

    def __init__(self, connection):
        self.longest = 0.0
        self._begun = None
        self._connection = connection
        self._set_autocommit = connection.set_autocommit
        connection.set_autocommit = self.set_autocommit
        connection.execute_wrappers.append(self.statement)

    def set_autocommit(self, autocommit, *args, **kwargs):
        """`atomic` turns autocommit off where a transaction begins, and on again after its COMMIT."""
        if not autocommit:
            self._begun = perf_counter()
        self._set_autocommit(autocommit, *args, **kwargs)
        if autocommit and self._begun is not None:
            self._ended(self._begun)
            self._begun = None

    def statement(self, execute, sql, params, many, context):
        begun = perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            if self._begun is None:
                self._ended(begun)

    def _ended(self, begun):
        self.longest = max(self.longest, perf_counter() - begun)


def peak_mib():
    """The most memory that this process ever had; ru_maxrss would count its parent's before exec."""
    status = Path("/proc/self/status").read_text().split()
    return int(status[status.index("VmHWM:") + 1]) / 1024


def configure(app, database):
    import django  # noqa: PLC0415  the parent process has its own settings
    from django.conf import settings  # noqa: PLC0415

    from tests.sites import scale as ours  # noqa: PLC0415

    settings.configure(
        SECRET_KEY=ours.SECRET_KEY,
        USE_TZ=True,
        DEFAULT_AUTO_FIELD=ours.DEFAULT_AUTO_FIELD,
        DATABASES={"default": {**ours.SERVER, "NAME": database}},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", app],
    )
    django.setup()


def main(app, database, command):
    configure(app, database)
    from django.core.management import call_command  # noqa: PLC0415  after setup
    from django.db import connection  # noqa: PLC0415

    connection.ensure_connection()
    transactions = Transactions(connection)
    begun = perf_counter()
    call_command(command, stdout=sys.stderr, verbosity=0)
    seconds = perf_counter() - begun
    print(json.dumps(vars(Run(seconds, peak_mib(), transactions.longest))))


if __name__ == "__main__":
    main(*sys.argv[1:])
