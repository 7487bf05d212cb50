"""Prints two tables: what async requests hand over, and requests per second: `python -m tests.suites.asgi [--short]`.

Fails if an async request runs other statements than a sync one, or if the package hands over more than it should.
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
COUNTED = {"/async/": ("access", 1, 0), "/api/async/token/refresh/": ("refresh", 2, 2)}
"""By path: the token that it takes, and a request's SQL statements and hand-overs by the package."""
WAYS = (
    ("gunicorn", "/sync/", {}, "sync view of Django, gunicorn with 8 threads"),
    ("uvicorn", "/async/", ASGI, "async view of Django, uvicorn"),
    ("uvicorn", "/one-statement/", ASGI, "the same without oxijwt: one statement of the ORM"),
    ("gunicorn", "/api/whoami/", {}, "view of DRF, gunicorn with 8 threads"),
    ("uvicorn", "/api/whoami/", ASGI, "view of DRF, uvicorn: Django runs it in a thread"),
)


def tokens_of(user):
    """The tokens of a new login for each client, by kind."""
    logins = [RefreshToken.for_user(user) for _ in range(CLIENTS)]
    return {"access": [str(login.access_token) for login in logins], "refresh": [str(login) for login in logins]}


def count(path, tokens):
    """What the server has counted during one request of each client, all at the same time. Each must answer 200."""
    with serving("uvicorn", OXIJWT_ASGI_COUNT="1", **ASGI) as server:
        require_success(clients.run(server.address, path, tokens, 1), path)
        ((_status, counts),) = clients.run(server.address, "/counts/", tokens[:1], 1)[0]
    return json.loads(counts)


def require_success(answers, path):
    """End the command if an answer has another status than 200."""
    for status, body in (answer for client in answers for answer in client):
        if status != 200:
            sys.exit(f"asgi: {path} answered {status}: {body.decode()}")


def counts_as_expected(tokens):
    """Print what each path needs. Returns whether that is what COUNTED says."""
    print(f"\n| {CLIENTS} requests at the same time | statements | hand-overs by us | by Django |\n|---|--:|--:|--:|")
    expected = True
    for path, (kind, statements, ours) in COUNTED.items():
        counts = count(path, tokens[kind])
        print(f"| {path} | {counts['statements']} | {counts['ours']} | {counts['djangos']} |")
        expected &= (counts["statements"], counts["ours"]) == (CLIENTS * statements, CLIENTS * ours)
    return expected


def measure(way, tokens, number):
    """(Requests per second, CPU milliseconds of the server for each request)."""
    name, path, environment, _what = way
    with serving(name, **environment) as server:
        clients.run(server.address, path, tokens[:20], 5)
        cpu, begun = server.cpu(), time.monotonic()
        answers = clients.run(server.address, path, tokens, number)
        seconds, used = time.monotonic() - begun, server.cpu() - cpu
    require_success(answers, path)
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
    """Print the tables. Returns 0, or a message if the counts are wrong."""
    tokens = tokens_of(get_user_model().objects.get())
    expected = counts_as_expected(tokens)
    print(f"\n| {CLIENTS} clients, median of {rounds} | requests/s | CPU ms a request |\n|---|--:|--:|")
    found = [[measure(way, tokens["access"], requests) for way in WAYS] for _round in range(rounds)]
    for way, figures in zip(WAYS, zip(*found, strict=True), strict=True):
        rate, cpu = (median(figure[position] for figure in figures) for position in (0, 1))
        print(f"| {way[-1]} | {rate:.0f} | {cpu:.2f} |")
    return 0 if expected else "\nasgi: a request needs other statements or hand-overs than COUNTED says"


if __name__ == "__main__":
    sys.exit(main())
