"""Python calls of a request: `python -m tests.suites.bench.call_counts`, a markdown table.

Counts the package's own functions with `sys.setprofile`, in a warm process, on SQLite. A *call* is one function of the
package that begins. A *return* is a call into a file of the package that the request had been in before and had left:
how often a reader of the code turns back. The limits are those of docs/dev/architecture.md; a figure over its limit
ends the command with 1.

With `--calls REQUEST` it prints the calls of one request in order. simplejwt is measured in a process of its own, from
its sdist.
"""

import argparse
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tools.simplejwt import simplejwt_sdist

if TYPE_CHECKING:
    from collections.abc import Callable

WARM_UP = 20
PASSWORD = "a password of the benchmark"

LIMITS = {
    ("sessions", "protected request"): (60, 10, 15),
    ("sessions", "refresh"): (130, None, 40),
}
"""Most calls, files and returns."""


class Counts(NamedTuple):
    """What one request needs of the package."""

    calls: int
    files: int
    returns: int


class Trace:
    """The calls of a package's functions, in order."""

    def __init__(self, package: str) -> None:
        self._folder = f"{os.sep}{package}{os.sep}"
        self.calls: list[tuple[str, str]] = []

    def __call__(self, frame, event: str, _argument: object) -> None:
        code = frame.f_code
        if event == "call" and self._folder in code.co_filename:
            self.calls.append((code.co_filename.rpartition(self._folder)[2], code.co_qualname))

    def counts(self) -> Counts:
        """The calls, files and returns seen so far."""
        seen: set[str] = set()
        returns, current = 0, ""
        for file, _name in self.calls:
            if file != current and file in seen:
                returns += 1
            seen.add(file)
            current = file
        return Counts(len(self.calls), len(seen), returns)


@contextmanager
def traced(package: str):
    """Count the calls inside."""
    trace = Trace(package)
    sys.setprofile(trace)
    try:
        yield trace
    finally:
        sys.setprofile(None)


def main() -> None:
    parser = argparse.ArgumentParser(description="Counts the package's Python calls of each request.")
    parser.add_argument("--calls", metavar="REQUEST", help="print the calls of this request with sessions, in order")
    parser.add_argument("--one", metavar="SITE", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.one)))
    elif arguments.calls:
        for file, name in traces("sessions")[arguments.calls].calls:
            print(f"{file}  {name}")
    else:
        sys.exit(report())


def report() -> int:
    """Print the table; 1 where a figure is over its limit."""
    over = 0
    print("| site | request | calls | files | returns | limits |")
    print("|---|---|--:|--:|--:|---|")
    for site in ("simplejwt", "blacklist", "sessions"):
        for name, counts in in_a_process(site).items():
            limits = LIMITS.get((site, name), (None, None, None))
            exceeded = any(limit is not None and count > limit for count, limit in zip(counts, limits, strict=True))
            over |= exceeded
            stated = ", ".join("any" if limit is None else str(limit) for limit in limits) if any(limits) else ""
            print(f"| {site} | {name} | {' | '.join(map(str, counts))} | {stated}{' EXCEEDED' if exceeded else ''} |")
    return int(over)


def in_a_process(site: str) -> dict[str, list[int]]:
    """What `measure` returns, from a process with the site's own settings."""
    path = [str(Path.cwd()), *([str(simplejwt_sdist())] if site == "simplejwt" else [])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([*path, os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-m", "tests.suites.bench.call_counts", "--one", site]
    return json.loads(subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout)


def measure(site: str) -> dict[str, Counts]:
    return {name: trace.counts() for name, trace in traces(site).items()}


def traces(site: str) -> dict[str, Trace]:
    """One traced request of each kind, after some that warm the process up."""
    package = "rest_framework_simplejwt" if site == "simplejwt" else "oxijwt"
    client, urls = start(site, package)
    send: Callable = client.generic

    def post(path: str, **body: str):
        return send("POST", f"/{path}", json.dumps(body), content_type="application/json")

    def tokens() -> dict[str, str]:
        return post("", username="ada", password=PASSWORD).json()

    requests: dict[str, Callable[[dict[str, str]], object]] = {
        "login": lambda _given: post("", username="ada", password=PASSWORD),
        "protected request": lambda given: send("GET", "/me/", HTTP_AUTHORIZATION=f"Bearer {given['access']}"),
        "refresh": lambda given: post("refresh/", refresh=given["refresh"]),
        "verify": lambda given: post("verify/", token=given["access"]),
        "logout": lambda given: post(urls["logout"], refresh=given["refresh"]),
    }
    found = {}
    for name, request in requests.items():
        for _turn in range(WARM_UP):
            request(tokens())
        given = tokens()
        age_sessions(site)
        with traced(package) as trace:
            response = request(given)
        if response.status_code not in {200, 204}:
            raise SystemExit(f"{site}, {name}: {response.status_code} {response.content!r}")
        found[name] = trace
    return found


def start(site: str, package: str):
    """A configured Django with its tables, a user and a client; where the site has its logout."""
    import django  # noqa: PLC0415  settings come first
    from django.conf import settings  # noqa: PLC0415

    settings.configure(
        SECRET_KEY="a secret key of the benchmark that is long enough",
        ALLOWED_HOSTS=["testserver"],
        USE_TZ=True,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "rest_framework",
            f"{package}.token_sessions" if site == "sessions" else f"{package}.token_blacklist",
        ],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        ROOT_URLCONF=__name__ + "_urls",
        REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": [f"{package}.authentication.JWTAuthentication"]},
        SIMPLE_JWT={"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": site != "sessions"},
    )
    django.setup()
    sys.modules[settings.ROOT_URLCONF] = urlconf(site, package)
    from django.contrib.auth import get_user_model  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    get_user_model().objects.create_user("ada", password=PASSWORD)
    return Client(), {"logout": "logout/" if site == "sessions" else "blacklist/"}


def urlconf(site: str, package: str):
    """The token views, and a view that wants a user."""
    from importlib import import_module  # noqa: PLC0415
    from types import ModuleType  # noqa: PLC0415

    from django.urls import path  # noqa: PLC0415
    from rest_framework.decorators import api_view, permission_classes  # noqa: PLC0415
    from rest_framework.permissions import IsAuthenticated  # noqa: PLC0415
    from rest_framework.response import Response  # noqa: PLC0415

    views = import_module(f"{package}.views")

    @api_view()
    @permission_classes([IsAuthenticated])
    def me(request):
        return Response({"user": request.user.pk})

    module = ModuleType(__name__ + "_urls")
    module.urlpatterns = [
        path("", views.token_obtain_pair),
        path("refresh/", views.token_refresh),
        path("verify/", views.token_verify),
        path("blacklist/", views.token_blacklist),
        path("me/", me),
    ]
    if site == "sessions":
        module.urlpatterns += [path("logout/", import_module(f"{package}.token_sessions.views").token_logout)]
    return module


def age_sessions(site: str) -> None:
    """Let the sessions be older than the grace interval: a refresh then rotates, as it mostly does."""
    if site != "sessions":
        return
    from datetime import timedelta  # noqa: PLC0415

    from django.db.models import F  # noqa: PLC0415

    from oxijwt.token_sessions.models import TokenSession  # noqa: PLC0415

    TokenSession.objects.filter(rotated_at__isnull=False).update(rotated_at=F("rotated_at") - timedelta(minutes=2))


if __name__ == "__main__":
    main()
