"""Prints a table: `python -m tests.suites.clients`. Fails if a client was logged out or refreshed too often."""

import os
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
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

SEEN = {
    "shared": [200] * 10,
    "ended": [401] * 10,
    "refreshes": [200] * 10,
    "unshared": [200] * 10,
    "otherTab": [200] * 2,
}
"""The statuses that a client sees: see course.mjs."""
SERVED = {
    # Ten with an expired token and ten of an ended session.
    "GET whoami/ 401": 20,
    "GET whoami/ 200": 21,
}
"""What the server answers in a course, by method, path and status. A mode has more requests."""


@dataclass(frozen=True)
class Mode:
    """What differs by where a client has its refresh token: requests, cookies at the end, and sessions.

    A session is the generation and why it ended. Ten refreshes at the same time rotate once, and end nothing.
    """

    clients: tuple[str, str]
    served: dict
    cookies: list
    sessions: list


HEADER = Mode(
    ("fetch_header", "axios_header"),
    {
        "POST token/ 200": 3,
        # One that ten requests share, ten at the same time, and one after the other tab's login.
        "POST token/refresh/ 200": 12,
        # One that the ten requests of an ended session share.
        "POST token/refresh/ 401": 1,
        "POST token/logout/ 204": 2,
    },
    [],
    # The last refresh is within the grace interval. The other tab has a session of its own.
    [(1, RevokeReason.LOGOUT), (1, RevokeReason.LOGOUT), (0, None)],
)
COOKIE = Mode(
    ("fetch_cookie", "axios_cookie"),
    {
        # Two clients start without a CSRF token, and one learns of the other one's login.
        "POST session/ 403": 2,
        "GET session/csrf/ 200": 3,
        "POST session/refresh/ 403": 1,
        "POST session/ 200": 3,
        "POST session/refresh/ 200": 12,
        "POST session/refresh/ 401": 1,
        "POST session/logout/ 204": 1,
        "POST token/logout/ 204": 1,
    },
    ["csrftoken"],
    # The other tab's login replaces the cookie and ends its session. The client goes on in the new one, and ends it.
    [(1, RevokeReason.LOGOUT), (1, RevokeReason.LOGOUT), (1, RevokeReason.LOGOUT)],
)
MODES = {name: mode for mode in (HEADER, COOKIE) for name in mode.clients}


def main():
    """0, or a message if something was not as it should be."""
    if missing := what_is_missing("postgres") or node.what_is_missing():
        if os.environ.get("CI") == "true":
            return f"clients: {missing}, which CI must have"
        print(f"clients: skipped, {missing}")
        return 0
    node.install()
    with tempfile.TemporaryDirectory() as folder, database(MODES):
        return compare(Path(folder, "access.log"))


def compare(log):
    """Run each client and print its line. Returns 0, or a message if a line is wrong."""
    options = f"--access-logfile {log} --access-logformat '%(m)s %(U)s %(s)s'"
    print("\n| client | seen by the client | answered by the server | sessions |\n|---|---|---|---|")
    with serving("gunicorn", GUNICORN_CMD_ARGS=options) as server:
        wrong = [name for name in MODES if not is_right(name, server, log)]
    return f"\nclients: not as expected: {', '.join(wrong)}" if wrong else 0


def is_right(name, server, log):
    """Run a client and print its line. Returns whether all is as SEEN, SERVED and its mode say."""
    mode = MODES[name]
    begun = len(log.read_text()) if log.exists() else 0
    url = "http://{}:{}/api/".format(*server.address)
    seen = node.course(name, url, name, PASSWORD, ACCESS_SECONDS)
    served = Counter(line.replace("/api/", "") for line in log.read_text()[begun:].splitlines())
    rows = TokenSession.objects.filter(user__username=name).order_by("created_at")
    sessions = list(rows.values_list("generation", "revoke_reason"))
    rounds = {what: Counter(statuses) for what, statuses in seen.items()}
    print(f"| {name} | {listed(rounds)} | {listed(served)} | {sessions} |")
    return (seen, served, sessions) == (SEEN | {"cookies": mode.cookies}, SERVED | mode.served, mode.sessions)


def listed(found):
    """The entries in a line."""
    return ", ".join(f"{name}: {dict(value) if isinstance(value, Counter) else value}" for name, value in found.items())


if __name__ == "__main__":
    sys.exit(main())
