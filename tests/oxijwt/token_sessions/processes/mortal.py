"""A worker that can be killed at any SQL statement: one JSON request a line, one JSON answer a line.

`{"kill": [2, "before"]}` has the request served by a forked process with a connection of its own, which SIGKILL ends
before its third statement; COMMIT counts as one. The database is made at the start, dropped at the end.
"""

import json
import os
import signal
import sys
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from uuid import uuid4

import django


class Points:
    """The statements of a request in order, and the one at which the process dies."""

    def __init__(self, kill):
        self.seen = []
        self._kill = tuple(kill or ())

    def run(self, label, execute):
        """Execute, unless the process is to die before or after."""
        index = len(self.seen)
        self.seen.append(label)
        self._die_at(index, "before")
        result = execute()
        self._die_at(index, "after")
        return result

    def _die_at(self, *point):
        if point == self._kill:
            os.kill(os.getpid(), signal.SIGKILL)

    @contextmanager
    def watching(self, connection):
        """Count what a connection executes and commits."""
        commit = connection._commit
        connection._commit = lambda: self.run("COMMIT", commit)
        try:
            with connection.execute_wrapper(self._execute):
                yield
        finally:
            del connection._commit  # the instance's, which hid the class's

    def _execute(self, execute, sql, *rest):
        return self.run(sql.split(maxsplit=1)[0], lambda: execute(sql, *rest))


def make_user(username):
    from django.contrib.auth import get_user_model  # noqa: PLC0415  Django is not set up before

    user = get_user_model().objects.create_user(username, password="a password of the tests")
    return {"id": user.pk}


def token_of_simplejwt(user_id):
    """A refresh token without a session, recorded where the blacklist app is installed."""
    from oxijwt.tokens import RefreshToken  # noqa: PLC0415

    token = RefreshToken()
    token["user_id"], token["jti"] = str(user_id), uuid4().hex
    token.outstand()
    return {"refresh": str(token)}


def let_grace_pass(user_id):
    from django.db.models import F  # noqa: PLC0415

    from oxijwt.token_sessions.models import TokenSession  # noqa: PLC0415

    rows = TokenSession.objects.filter(user=user_id)
    return {"rows": rows.update(rotated_at=F("rotated_at") - timedelta(minutes=1))}


def state(user_id):
    """What the tables say of a user: sessions by age, and how many of their tokens are blacklisted."""
    from django.apps import apps  # noqa: PLC0415

    from oxijwt.token_sessions.models import RevokeReason, TokenSession  # noqa: PLC0415

    rows = TokenSession.objects.filter(user=user_id).order_by("created_at")
    markers = rows.filter(revoke_reason=RevokeReason.MARKER)
    blacklisted = 0
    if apps.is_installed("oxijwt.token_blacklist"):
        entries = apps.get_model("token_blacklist", "BlacklistedToken").objects
        blacklisted = entries.filter(token__user=user_id).count()
    return {
        "generations": [row.generation for row in rows if row not in markers],
        "live": rows.filter(revoked_at=None).count(),
        "markers": markers.count(),
        "blacklisted": blacklisted,
    }


def request(path, body=None, access=None, kill=None, jwt=None):
    """The answer to a POST, or to a GET where there is no body."""
    from django.conf import settings  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415
    from django.test import Client, override_settings  # noqa: PLC0415

    points = Points(kill)
    headers = {} if access is None else {"HTTP_AUTHORIZATION": f"Bearer {access}"}
    with ExitStack() as stack:
        stack.enter_context(override_settings(SIMPLE_JWT=settings.SIMPLE_JWT | (jwt or {})))
        client = Client(raise_request_exception=False)
        stack.enter_context(points.watching(connection))
        if body is None:
            response = client.get(path, **headers)
        else:
            response = client.post(path, body, content_type="application/json", **headers)
    content = json.loads(response.content) if response.content and response.status_code < 500 else None
    return {"status": response.status_code, "body": content, "statements": points.seen}


JOBS = {job.__name__: job for job in (make_user, token_of_simplejwt, let_grace_pass, state, request)}


def answer(job):
    """What comes of a job, as a line."""
    return json.dumps(JOBS[job.pop("job")](**job))


def answer_in_a_fork(job):
    """The same of a process that may be killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, answer(job).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        line = pipe.read().decode()
    _pid, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return json.dumps({"killed": os.WTERMSIG(status) == signal.SIGKILL})
    return line


def main():
    django.setup()
    from django.db import connection  # noqa: PLC0415

    name = connection.settings_dict["NAME"]
    connection.settings_dict["TEST"]["NAME"] = os.environ.get("OXIJWT_MORTAL_DATABASE") or None
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        for line in sys.stdin:
            job = json.loads(line)
            if "kill" in job:
                connection.close()
                sys.stdout.write(answer_in_a_fork(job) + "\n")
            else:
                sys.stdout.write(answer(job) + "\n")
            sys.stdout.flush()
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


if __name__ == "__main__":
    main()
