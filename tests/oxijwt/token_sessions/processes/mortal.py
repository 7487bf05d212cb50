"""A worker that can be killed at any SQL statement: one JSON request a line, one JSON answer a line.

`{"kill": [2, "before"]}` has the request served by a forked process with a connection of its own, which SIGKILL ends
before its third statement; COMMIT and ROLLBACK count as statements. So do those of a connection that oxijwt opens for
itself, as "own …", and opening it. The database is made at the start, dropped at the end.
"""

import json
import os
import signal
import sys
import threading
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from unittest import mock
from uuid import uuid4

import django

WRITTEN = "written"
SHORT = {
    "postgresql": "SET LOCAL lock_timeout = '20ms'",
    "mysql": "SET SESSION innodb_lock_wait_timeout = 0",
}
"""The same statements as oxijwt's, which wait for a lock for a shorter time."""


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
        try:
            return execute()
        finally:  # also after a statement that failed
            self._die_at(index, "after")

    def _die_at(self, *point):
        if point == self._kill:
            os.kill(os.getpid(), signal.SIGKILL)

    @contextmanager
    def watching(self, connection):
        """Count what a connection executes, commits and rolls back, and everything on connections of our own."""
        from oxijwt.token_sessions import database  # noqa: PLC0415  Django is not set up before

        open_another = database.open_another
        database.open_another = lambda shared: self.watch(open_another(shared), "own ", "connect")
        try:
            self.watch(connection)
            yield
        finally:
            database.open_another = open_another
            connection.execute_wrappers.pop()
            del connection._commit, connection._rollback  # the instance's, which hid the class's

    def watch(self, connection, prefix="", *also):
        """The connection, whose statements count, with a prefix to their names, and whose methods `also` do."""
        for name in ("_commit", "_rollback", *also):
            label = prefix + name.strip("_").upper()
            setattr(connection, name, partial(self.run, label, getattr(connection, name)))

        def execute_and_count(execute, sql, *rest):
            return self.run(prefix + sql.split(maxsplit=1)[0], lambda: execute(sql, *rest))

        connection.execute_wrappers.append(execute_and_count)
        return connection


def in_another_thread(act):
    """Do something on another connection."""
    from django.db import connection  # noqa: PLC0415

    def act_and_close():
        act()
        connection.close()

    thread = threading.Thread(target=act_and_close)
    thread.start()
    thread.join()


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


def set_active(user_id, is_active):
    """Deactivate or activate a user by `update()`, which sends no signal."""
    from django.contrib.auth import get_user_model  # noqa: PLC0415

    return {"rows": get_user_model().objects.filter(pk=user_id).update(is_active=is_active)}


def reasons(user_id):
    """Why the user's sessions have ended."""
    from oxijwt.token_sessions.models import TokenSession  # noqa: PLC0415

    return {"reasons": list(TokenSession.objects.filter(user=user_id).values_list("revoke_reason", flat=True))}


def was_written(user_id):
    """Whether the caller's transaction was committed."""
    from django.contrib.auth import get_user_model  # noqa: PLC0415

    return {"written": get_user_model().objects.get(pk=user_id).last_name == WRITTEN}


class Caller:
    """A caller's transaction around a request, which writes too. `ends` is COMMIT or ROLLBACK.

    `locks`: it has locked the user's session. `is_late`: it does not see that another connection has ended the session.
    """

    def __init__(self, user_id, ends, *, locks=False, is_late=False):
        self._user_id, self._ends, self._locks, self._is_late = user_id, ends, locks, is_late

    @contextmanager
    def transaction(self, points):
        """The transaction."""
        from django.contrib.auth import get_user_model  # noqa: PLC0415
        from django.db import connection, transaction  # noqa: PLC0415

        from oxijwt.token_sessions.models import TokenSession  # noqa: PLC0415

        self._set_isolation(connection, "mysql")  # of the next transaction
        with transaction.atomic():
            self._set_isolation(connection, "postgresql")
            if self._is_late:
                TokenSession.objects.count()
                points.run("ELSEWHERE", self._end_elsewhere)
            get_user_model().objects.filter(pk=self._user_id).update(last_name=WRITTEN)
            if self._locks:
                TokenSession.objects.filter(user=self._user_id).update(user_agent=WRITTEN)
            with mock.patch.dict("oxijwt.token_sessions.database.LOCK_TIMEOUTS", SHORT if self._locks else {}):
                yield
            transaction.set_rollback(self._ends == "ROLLBACK")

    def _set_isolation(self, connection, vendor):
        if self._is_late and connection.vendor == vendor:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")

    def _end_elsewhere(self):
        """A logout on another connection."""
        from oxijwt.token_sessions.models import RevokeReason, TokenSession  # noqa: PLC0415

        rows = TokenSession.objects.filter(user=self._user_id)
        in_another_thread(lambda: rows.update(revoked_at=datetime.now(UTC), revoke_reason=RevokeReason.LOGOUT))


def request(path, body=None, access=None, **how):
    """The answer to a POST, or to a GET where there is no body.

    `kill`: where to die; `jwt`: changes to SIMPLE_JWT; `caller`: arguments of a Caller, in whose transaction this is.
    """
    from django.conf import settings  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415
    from django.test import Client, override_settings  # noqa: PLC0415

    points = Points(how.get("kill"))
    headers = {} if access is None else {"HTTP_AUTHORIZATION": f"Bearer {access}"}
    with ExitStack() as stack:
        stack.enter_context(override_settings(SIMPLE_JWT=settings.SIMPLE_JWT | how.get("jwt", {})))
        client = Client(raise_request_exception=False)
        stack.enter_context(points.watching(connection))
        if "caller" in how:
            stack.enter_context(Caller(**how["caller"]).transaction(points))
        if body is None:
            response = client.get(path, **headers)
        else:
            response = client.post(path, body, content_type="application/json", **headers)
    content = json.loads(response.content) if response.content and response.status_code < 500 else None
    return {"status": response.status_code, "body": content, "statements": points.seen}


JOBS = {
    job.__name__: job
    for job in (make_user, token_of_simplejwt, let_grace_pass, state, set_active, reasons, was_written, request)
}


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
