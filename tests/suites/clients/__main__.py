"""Prints a table: `python -m tests.suites.clients`. Fails if a client was logged out or refreshed too often."""

import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

import django

from tests.conftest import what_is_missing

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.sites.clients"
django.setup()

from oxijwt.token_sessions.models import RevokeReason, TokenSession  # noqa: E402  after setup
from tests.client import PASSWORD  # noqa: E402  likewise
from tests.sites.clients import ACCESS_SECONDS  # noqa: E402  likewise
from tests.suites.asgi.server import serving  # noqa: E402  likewise
from tests.suites.rotation_load.server import database  # noqa: E402  likewise

from . import node  # noqa: E402  likewise

CLIENTS = ("fetch_header", "axios_header")
SEEN = {"shared": [200] * 10, "ended": [401] * 10, "refreshes": [200] * 10, "unshared": [200] * 10}
"""The statuses that a client sees: see course.mjs."""
SERVED = {
    "POST token/ 200": 2,
    "POST token/logout/ 204": 2,
    # Ten with an expired token and ten of an ended session.
    "GET whoami/ 401": 20,
    "GET whoami/ 200": 20,
    # One that ten requests share, and ten at the same time.
    "POST token/refresh/ 200": 11,
    # One that the ten requests of an ended session share.
    "POST token/refresh/ 401": 1,
}
"""What the server answers in a course, by method, path and status."""
SESSIONS = [(1, RevokeReason.LOGOUT)] * 2
"""Generation and reason of the end of both logins. Ten refreshes at the same time rotate once, and end nothing."""


def main():
    """0, or a message if something was not as it should be."""
    if missing := what_is_missing("postgres") or node.what_is_missing():
        if os.environ.get("CI") == "true":
            return f"clients: {missing}, which CI must have"
        print(f"clients: skipped, {missing}")
        return 0
    node.install()
    with tempfile.TemporaryDirectory() as folder, database(CLIENTS):
        return compare(Path(folder, "access.log"))


def compare(log):
    """Run each client and print its line. Returns 0, or a message if a line is wrong."""
    options = f"--access-logfile {log} --access-logformat '%(m)s %(U)s %(s)s'"
    print("\n| client | seen by the client | answered by the server | sessions |\n|---|---|---|---|")
    with serving("gunicorn", GUNICORN_CMD_ARGS=options) as server:
        wrong = [name for name in CLIENTS if not is_right(name, server, log)]
    return f"\nclients: not as expected: {', '.join(wrong)}" if wrong else 0


def is_right(name, server, log):
    """Run a client and print its line. Returns whether all is as SEEN, SERVED and SESSIONS say."""
    begun = len(log.read_text()) if log.exists() else 0
    url = "http://{}:{}/api/".format(*server.address)
    seen = node.course(name, url, name, PASSWORD, ACCESS_SECONDS)
    served = Counter(line.replace("/api/", "") for line in log.read_text()[begun:].splitlines())
    rows = TokenSession.objects.filter(user__username=name).order_by("created_at")
    sessions = list(rows.values_list("generation", "revoke_reason"))
    rounds = {what: Counter(statuses) for what, statuses in seen.items()}
    print(f"| {name} | {listed(rounds)} | {listed(served)} | {sessions} |")
    return (seen, served, sessions) == (SEEN, SERVED, SESSIONS)


def listed(found):
    """The entries in a line."""
    return ", ".join(f"{name}: {dict(value) if isinstance(value, Counter) else value}" for name, value in found.items())


if __name__ == "__main__":
    sys.exit(main())
