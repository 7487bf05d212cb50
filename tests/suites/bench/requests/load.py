"""Clients of a running server: wrk, or threads of Python where wrk is missing."""

import http.client
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import NamedTuple

from .libraries import USERNAMES, Tokens, credentials

CONNECTIONS = 4
SPARE = 2
"""wrk takes a token or two for trying the script. So each connection has spare ones."""

SCRIPT = """
local queue, first, last = {{{tokens}}}, 1, {count}

function request()
   local token = queue[first]
   queue[first] = nil
   first = first + 1
   local body = '{{"refresh":"' .. token .. '"}}'
   return wrk.format("POST", "/token/refresh/", {{["Content-Type"] = "application/json"}}, body)
end

function response(status, headers, body)
   if status == 200 then
      last = last + 1
      queue[last] = body:match('"refresh":"([^"]+)"')
   end
end
"""
"""Each answer's refresh token is sent by a later request."""


class Answered(NamedTuple):
    """How many requests were answered, in how many seconds, and how many of them with an error."""

    requests: int
    seconds: float
    errors: int


def login(port: int) -> Tokens:
    """A new login's tokens."""
    return ask(http.client.HTTPConnection("127.0.0.1", port), "POST", "/token/", credentials(USERNAMES[0]))


def ask(
    client: http.client.HTTPConnection, method: str, path: str, body: Tokens | None = None, access: str = ""
) -> Tokens:
    """The answer to one request. Raises RuntimeError unless it succeeds."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {access}"} if access else {})
    client.request(method, path, None if body is None else json.dumps(body), headers)
    response = client.getresponse()
    content = response.read()
    if response.status != 200:
        raise RuntimeError(f"{path}: {response.status} {content!r}")
    return json.loads(content)


def protected_by_wrk(port: int, seconds: float) -> Answered:
    """One access token, sent again and again."""
    return run_wrk(port, seconds, "/me/", "--header", f"Authorization: Bearer {login(port)['access']}")


def refresh_by_wrk(port: int, seconds: float) -> Answered:
    """Refresh tokens, each sent once."""
    tokens = [login(port)["refresh"] for _token in range(CONNECTIONS * (1 + SPARE))]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        listed = ", ".join(f'"{token}"' for token in tokens)
        script.write(SCRIPT.format(tokens=listed, count=len(tokens)))
        script.flush()
        return run_wrk(port, seconds, "/token/refresh/", "--script", script.name)


def run_wrk(port: int, seconds: float, path: str, *options: str) -> Answered:
    """wrk in one thread. Raises RuntimeError if it prints something else than expected."""
    command = ["wrk", "--threads=1", f"--connections={CONNECTIONS}", f"--duration={max(1, round(seconds))}s", *options]
    done = subprocess.run([*command, f"http://127.0.0.1:{port}{path}"], check=True, stdout=subprocess.PIPE, text=True)
    found = re.search(r"(\d+) requests in ([\d.]+)s", done.stdout)
    if not found:
        raise RuntimeError(done.stdout)
    errors = re.findall(r"(?:Non-2xx or 3xx responses:|connect|read|write|timeout) (\d+)", done.stdout)
    return Answered(int(found[1]), float(found[2]), sum(map(int, errors)))


def protected_by_python(port: int, seconds: float) -> Answered:
    """The same requests from threads of this process."""
    access = login(port)["access"]
    return run_threads(port, seconds, lambda client: ask(client, "GET", "/me/", access=access))


def refresh_by_python(port: int, seconds: float) -> Answered:
    """Refresh tokens, each sent once."""
    queue = deque(login(port)["refresh"] for _connection in range(CONNECTIONS))

    def refresh(client: http.client.HTTPConnection) -> None:
        queue.append(ask(client, "POST", "/token/refresh/", {"refresh": queue.popleft()})["refresh"])

    return run_threads(port, seconds, refresh)


def run_threads(port: int, seconds: float, request: Callable[[http.client.HTTPConnection], object]) -> Answered:
    """As many threads as wrk has connections. An error ends the run."""
    begun = monotonic()

    def work(_thread: int) -> int:
        client, answered = http.client.HTTPConnection("127.0.0.1", port), 0
        while monotonic() < begun + seconds:
            request(client)
            answered += 1
        return answered

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return Answered(sum(pool.map(work, range(CONNECTIONS))), monotonic() - begun, 0)


Load = Callable[[int, float], Answered]


def loads() -> tuple[str, dict[str, Load]]:
    """The client's name, and its loads: wrk if it is installed."""
    if shutil.which("wrk"):
        return "wrk", {"protected": protected_by_wrk, "refresh": refresh_by_wrk}
    print("bench: wrk is not installed (apt-get install wrk); a client in Python takes its place", file=sys.stderr)
    return "a client in Python", {"protected": protected_by_python, "refresh": refresh_by_python}
