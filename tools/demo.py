"""`make demo`: serves examples/demo, or goes through login, refresh and logout on it."""

import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import TextIO

SITE = Path(__file__).parents[1] / "examples/demo"
HOST = "127.0.0.1"
USERNAME = "demo"
# Longer than the site's REFRESH_REUSE_GRACE.
GRACE_OVER = 2.5
REUSED = {"code": "token_reused"}
ENDED = {"code": "session_revoked"}


def serve(port: int) -> None:
    """Serve until interrupted, with a password made for this start."""
    with socket.socket() as probe:
        # Django's server sets the same option. So it can bind while connections of an earlier server are still closing.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            sys.exit(
                f"make demo can't serve on {HOST}:{port}: {error.strerror}. Take another port: PORT=8080 make demo"
            )
    password = secrets.token_urlsafe(9)
    environment = site_environment(dict(os.environ))
    prepare(environment, password)
    print(CURL_LINES.format(address=f"http://{HOST}:{port}", username=USERNAME, password=password), flush=True)
    os.chdir(SITE)
    command = [sys.executable, "manage.py", "runserver", "--noreload", f"{HOST}:{port}"]
    os.execve(sys.executable, command, environment)  # noqa: S606 - without a shell, Ctrl-C reaches the server


CURL_LINES = """
Open {address} in a browser: user {username}, password {password}. Or copy these lines:

  curl -s {address}/api/token/ -d username={username} -d password={password}
  ACCESS=…   # from the answer
  REFRESH=…
  curl -s {address}/api/hello/ -H "Authorization: Bearer $ACCESS"
  curl -s {address}/api/token/sessions/ -H "Authorization: Bearer $ACCESS"
  curl -s {address}/api/token/refresh/ -d refresh=$REFRESH      # answers a new pair; again after 2 seconds: 401
  REFRESH=…  # of a new login: the one above was used twice, which ended its session
  curl -s {address}/api/token/logout/ -d refresh=$REFRESH       # 204; its access token is refused at once
"""


def site_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of the site's processes. Makes the key that its DEMO_KEY_FILE names, or ends the program.

    oxijwt refuses a key file in the site's folder if others may write a folder on the way. Then the key is in the
    system's folder for temporary files.
    """
    elsewhere = Path(tempfile.gettempdir()) / f"oxijwt-demo-{os.getuid()}/jwt.json"
    places = [environment["DEMO_KEY_FILE"]] if "DEMO_KEY_FILE" in environment else [SITE / "keys/jwt.json", elsewhere]
    for place in places:
        # The caller may have set DJANGO_SETTINGS_MODULE for a site of their own.
        tried = {**environment, "DJANGO_SETTINGS_MODULE": "demo.settings", "DEMO_KEY_FILE": str(place)}
        refusal = generate_key(tried)
        if refusal is None:
            return tried
        print(f"No key in {place}. {refusal}")
    sys.exit("make demo: there is no place for the key")


def generate_key(environment: Mapping[str, str]) -> str | None:
    """Make the key file that DEMO_KEY_FILE names, unless it is there. Returns why it was refused, or None."""
    Path(environment["DEMO_KEY_FILE"]).parent.mkdir(mode=0o700, exist_ok=True)
    command = [sys.executable, "manage.py", "jwtkeys", "generate", "-v", "0"]
    ended = subprocess.run(command, cwd=SITE, env=environment, stderr=subprocess.PIPE, text=True, check=False)
    return ended.stderr.strip() if ended.returncode else None


def prepare(environment: Mapping[str, str], password: str) -> None:
    """Migrate and create the user."""
    for command in (["migrate", "--verbosity=0"], ["demo_user"]):
        subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=SITE,
            env={**environment, "DEMO_PASSWORD": password},
            check=True,
        )


@dataclass
class Request:
    """One HTTP request."""

    method: str
    path: str
    body: Mapping[str, str] = field(default_factory=dict)
    access: str | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path} {shortened(self.body) if self.body else ''}".rstrip()


class Walk:
    """Sends requests, prints each exchange and counts the unexpected answers."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.differences = 0

    def step(self, what: str, request: Request, status: int, holds: Mapping[str, str] | None = None) -> dict[str, str]:
        """One exchange. Its answer must have this status and a body with these items."""
        answered, body = self.send(request)
        print(f"{what}\n  {request}\n  → {answered} {shortened(body)}")
        expected = holds or {}
        if answered != status or not expected.items() <= body.items():
            self.differences += 1
            print(f"  ✗ expected {status} {shortened(expected)}")
        return body

    def send(self, request: Request) -> tuple[int, dict[str, str]]:
        headers = {"Content-Type": "application/json"}
        if request.access:
            headers["Authorization"] = f"Bearer {request.access}"
        connection = HTTPConnection(HOST, self.port, timeout=30)
        with closing(connection):
            connection.request(request.method, request.path, json.dumps(request.body), headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read() or b"{}")


def walk() -> int:
    """Log in, call a view, refresh, reuse, log in, log out, be refused: on a new database and a free port."""
    password = secrets.token_urlsafe(9)
    with served(password) as port:
        differences = walk_through(Walk(port), password)
    print(f"{differences} exchanges differ" if differences else "every exchange went as expected")
    return 1 if differences else 0


def walk_through(site: Walk, password: str) -> int:
    first = site.step("Login", post("/api/token/", username=USERNAME, password=password), 200)
    site.step("Without a token", hello(None), 401)
    site.step("With the access token", hello(first.get("access")), 200, {"hello": USERNAME})
    refresh = post("/api/token/refresh/", refresh=first.get("refresh", ""))
    second = site.step("Refresh", refresh, 200)
    site.step("The old refresh token at once again, as after a lost response", refresh, 200, only_refresh(second))
    site.step("With the new access token", hello(second.get("access")), 200, {"hello": USERNAME})
    time.sleep(GRACE_OVER)
    site.step("The old refresh token later: somebody else has it, so the session ends", refresh, 401, REUSED)
    site.step("The new access token: refused", hello(second.get("access")), 401, ENDED)
    third = site.step("Login", post("/api/token/", username=USERNAME, password=password), 200)
    site.step("Logout", post("/api/token/logout/", refresh=third.get("refresh", "")), 204)
    site.step("The access token after the logout: refused", hello(third.get("access")), 401, ENDED)
    site.step("Refresh after the logout: refused", post("/api/token/refresh/", **only_refresh(third)), 401, ENDED)
    return site.differences


def only_refresh(pair: Mapping[str, str]) -> dict[str, str]:
    return {"refresh": pair.get("refresh", "")}


def post(path: str, **body: str) -> Request:
    return Request("POST", path, body)


def hello(access: str | None) -> Request:
    return Request("GET", "/api/hello/", access=access)


@contextmanager
def served(password: str) -> Iterator[int]:
    """Run the site on a free port, with a new database and new keys. Stop it and delete them at the end."""
    with tempfile.TemporaryDirectory() as folder:
        environment = site_environment(
            {
                **os.environ,
                "DEMO_DATABASE": str(Path(folder) / "demo.sqlite3"),
                "DEMO_KEY_FILE": str(Path(folder) / "jwt.json"),
                "DEMO_SECRET_KEY": secrets.token_urlsafe(64),
            }
        )
        prepare(environment, password)
        port = free_port()
        command = [sys.executable, "manage.py", "runserver", "--noreload", f"{HOST}:{port}"]
        with (Path(folder) / "log").open("w+") as log:
            server = subprocess.Popen(command, cwd=SITE, env=environment, stdout=log, stderr=log)
            try:
                wait_for(server, port, log)
                yield port
            finally:
                server.terminate()
                server.wait(timeout=10)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def wait_for(server: subprocess.Popen[bytes], port: int, log: TextIO) -> None:
    """Wait until the server accepts connections. If it does not, print its output and end the program."""
    deadline = time.monotonic() + 30
    while server.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    log.seek(0)
    sys.exit(f"{log.read()}\nmake demo: the site did not start")


def shortened(body: Mapping[str, str]) -> str:
    """The body for the screen, with tokens and passwords shortened."""
    return json.dumps({name: _shortened(name, value) for name, value in body.items()}, ensure_ascii=False)


def _shortened(name: str, value: str) -> str:
    if name == "password":
        return "…"
    return f"{value[:8]}…{value[-6:]}" if name in {"access", "refresh"} else value


if __name__ == "__main__":
    if sys.argv[1:] == ["walk"]:
        sys.exit(walk())
    serve(int(sys.argv[1]))
