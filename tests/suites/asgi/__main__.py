"""Prints two tables: what async requests hand over, and requests per second: `python -m tests.suites.asgi [--short]`.

Fails if an async request runs other statements than a sync one, or if the package itself hands anything to a thread.
"""

import argparse
import json
import os
import sys
import time
from statistics import median

import django

from tests.conftest import what_is_missing

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.sites.aio.asgi"
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402  after setup

from oxijwt.tokens import RefreshToken  # noqa: E402  likewise
from tests.suites.rotation_load.server import database  # noqa: E402  likewise

from . import clients  # noqa: E402  likewise
from .server import serving  # noqa: E402  likewise

CLIENTS = 200
REQUESTS = 20
ROUNDS = 5
ASGI = {"OXIJWT_ASGI_POOL": "1"}
COUNTED = {"statements": "SQL statements", "djangos": "hand-overs by Django", "ours": "hand-overs by the package"}
WAYS = (
    ("gunicorn", "/sync/", {}, "sync view of Django, gunicorn with 8 threads"),
    ("uvicorn", "/async/", ASGI, "async view of Django, uvicorn"),
    ("uvicorn", "/one-statement/", ASGI, "the same without oxijwt: one statement of the ORM"),
    ("gunicorn", "/api/whoami/", {}, "view of DRF, gunicorn with 8 threads"),
    ("uvicorn", "/api/whoami/", ASGI, "view of DRF, uvicorn: Django runs it in a thread"),
)


def tokens_of(user):
    """The access token of a new login for each client."""
    return [str(RefreshToken.for_user(user).access_token) for _ in range(CLIENTS)]


def count(tokens, user):
    """What one request of each client, all at the same time, has counted in the server."""
    with serving("uvicorn", OXIJWT_ASGI_COUNT="1", **ASGI) as server:
        answers = clients.run(server.address, "/async/", tokens, 1)
        ((_status, counts),) = clients.run(server.address, "/counts/", tokens[:1], 1)[0]
    expected = 200, json.dumps({"id": str(user.pk)}).encode()
    if any(answer != [expected] for answer in answers):
        sys.exit(f"asgi: not every answer is right: {next(one for one in answers if one != [expected])}")
    return json.loads(counts)


def measure(way, tokens, number):
    """(Requests per second, CPU milliseconds of the server for each request)."""
    name, path, environment, _what = way
    with serving(name, **environment) as server:
        clients.run(server.address, path, tokens[:20], 5)
        cpu, begun = server.cpu(), time.monotonic()
        answers = clients.run(server.address, path, tokens, number)
        seconds, used = time.monotonic() - begun, server.cpu() - cpu
    if any(status != 200 for client in answers for status, _body in client):
        sys.exit(f"asgi: {name} did not answer 200 to every request to {path}")
    return len(tokens) * number / seconds, used * 1000 / (len(tokens) * number)


def main():
    parser = argparse.ArgumentParser(description="Compares async requests with sync ones.")
    parser.add_argument("--short", action="store_true", help="one round of few requests: that it works, not how fast")
    short = parser.parse_args().short
    if missing := what_is_missing("postgres"):
        if os.environ.get("CI") == "true":
            return f"asgi: {missing}, which CI must have"
        print(f"asgi: skipped, {missing}")
        return 0
    with database(["ada"]):
        return compare(rounds=1 if short else ROUNDS, requests=2 if short else REQUESTS)


def compare(rounds, requests):
    """Print the tables. Returns what was not as expected, or 0."""
    user = get_user_model().objects.get()
    tokens = tokens_of(user)
    counts = count(tokens, user)
    print(f"\n| {CLIENTS} async requests at the same time | counted |\n|---|--:|")
    for name, what in COUNTED.items():
        print(f"| {what} | {counts[name]} |")
    print(f"\n| {CLIENTS} clients, median of {rounds} | requests/s | CPU ms a request |\n|---|--:|--:|")
    found = [[measure(way, tokens, requests) for way in WAYS] for _round in range(rounds)]
    for way, figures in zip(WAYS, zip(*found, strict=True), strict=True):
        rate, cpu = (median(figure[position] for figure in figures) for position in (0, 1))
        print(f"| {way[-1]} | {rate:.0f} | {cpu:.2f} |")
    if counts["statements"] == CLIENTS and counts["ours"] == 0:
        return 0
    return "\nasgi: it should be one statement for each request, and no hand-over by the package"


if __name__ == "__main__":
    sys.exit(main())
