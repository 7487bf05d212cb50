"""The worker process that the tests of crashes kill, and the requests that it serves."""

import json
import os
import subprocess
import sys
from itertools import count

import pytest

from tests.conftest import REPOSITORY, require_service
from tests.oxijwt.token_sessions.crowd import PASSWORD
from tests.sites.settings import DATABASE

SESSIONS, BOTH_APPS = "tests.sites.sessions", "tests.sites.adoption"


class Site:
    """A worker process, and one user of it at a time."""

    def __init__(self, process):
        self._process = process
        self._numbers = count()

    def ask(self, job, **arguments):
        """The answer of a worker's job."""
        self._process.stdin.write(json.dumps({"job": job, **arguments}) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def post(self, path, body, **arguments):
        """The answer to a POST, or {"killed": True}."""
        return self.ask("request", path=f"/api/token/{path}", body=body, **arguments)

    def new_user(self):
        """Somebody without a session."""
        self.username = f"user{next(self._numbers)}"
        self.user_id = self.ask("make_user", username=self.username)["id"]

    def log_in(self, **arguments):
        """The tokens of a login."""
        return self.post("", {"username": self.username, "password": PASSWORD}, **arguments)["body"]

    def refresh(self, token):
        """The answer to a refresh."""
        return self.post("refresh/", {"refresh": token})

    def outcome(self, token):
        """The status of a refresh, and the code of a refusal."""
        answer = self.refresh(token)
        return answer["status"], answer["body"].get("code")

    def is_let_in(self, access):
        """Whether an access token authenticates."""
        return self.ask("request", path="/api/whoami/", access=access)["status"] == 200

    def state(self):
        """What the tables say of the user."""
        return self.ask("state", user_id=self.user_id)

    def let_grace_pass(self):
        """Make every rotation older than the grace interval."""
        self.ask("let_grace_pass", user_id=self.user_id)


@pytest.fixture(scope="module", params=[SESSIONS, BOTH_APPS])
def site(request, tmp_path_factory):
    if DATABASE != "sqlite":
        require_service(DATABASE)
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": request.param,
        "OXIJWT_DATABASE_NAME": f"oxijwt_mortal_{os.getpid()}",
    }
    if DATABASE == "sqlite":
        environment["OXIJWT_MORTAL_DATABASE"] = str(tmp_path_factory.mktemp("mortal") / "db.sqlite3")
    command = [sys.executable, "-m", "tests.oxijwt.token_sessions.processes.mortal"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with subprocess.Popen(command, cwd=REPOSITORY, env=environment, **pipes) as process:  # noqa: S603  our own
        yield Site(process)
        process.stdin.close()
