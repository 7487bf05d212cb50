"""Prints a table: two processes with the database, one without, PostgreSQL, and a Redis of their own.

    python -m tests.suites.outage

Each second the stateless service gets a request with a token of a session that lives, and one with a token of a session
that ends. It fails if at the end of a course the one is refused, or the other let in.
"""

import os
import socket
import subprocess
import sys
from time import monotonic, sleep

import django

os.environ |= {"DJANGO_SETTINGS_MODULE": "tests.sites.sessions", "OXIJWT_DATABASE": "postgres"}
django.setup()

from django.db import connection  # noqa: E402  after setup

from tests.conftest import what_is_missing  # noqa: E402
from tests.oxijwt.token_sessions.crowd import claims, let_grace_pass, make_user  # noqa: E402
from tests.oxijwt.token_sessions.processes.nodes import Line, running  # noqa: E402

DOWN = 10
"""How long Redis is down, in seconds."""


class Redis:
    """A server without files."""

    def __init__(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
        self.start()

    def start(self):
        command = ["redis-server", "--port", str(self.port), "--save", "", "--appendonly", "no", "--bind", "127.0.0.1"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603  our own
        while not self.answers():
            sleep(0.05)

    def answers(self):
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        self._process.kill()
        self._process.wait()

    def flush(self):
        subprocess.run(["redis-cli", "-p", str(self.port), "flushall"], check=True, stdout=subprocess.DEVNULL)  # noqa: S603, S607


class Course:
    """One line of the table: what the stateless service answered in each second."""

    def __init__(self, site, name):
        self._one, self._two, self._stateless = site
        self.name = name
        self.living, self.ending = self._one.log_in(), self._one.log_in()
        self._begun = monotonic()
        self._seen = {"living": [], "ended": []}

    def seconds(self, number):
        """So often ask for both sessions, and wait for the next second."""
        for _ in range(number):
            for kind, tokens in (("living", self.living), ("ended", self.ending)):
                self._seen[kind].append(str(self._stateless.by_token_alone(tokens["access"])[0]))
            sleep(max(0.0, self._begun + len(self._seen["ended"]) - monotonic()))

    @property
    def last(self):
        """The answers of the last second."""
        return self._seen["living"][-1], self._seen["ended"][-1]

    def lines(self):
        """The answers."""
        return [f"| {self.name} | {kind} | {' '.join(answers)} |" for kind, answers in self._seen.items()]


def log_out(course, one):
    one.log_out(refresh=course.ending["refresh"])


def log_out_by_access_token(course, one):
    one.log_out(access=course.ending["access"])


def reuse(course, one):
    one.refresh(course.ending["refresh"])
    let_grace_pass(pk=claims(course.ending["refresh"])["sid"])
    one.refresh(course.ending["refresh"])


def delete_in_list(course, one):
    sid = claims(course.ending["refresh"])["sid"]
    one.request("DELETE", f"/api/token/sessions/{sid}/", access=course.living["access"])


ENDS = {
    "logout": log_out,
    "logout by access token": log_out_by_access_token,
    "reuse": reuse,
    "DELETE sessions/<id>/": delete_in_list,
}


def first_login(site, _redis, _line):
    """The cache is empty, and no process has served a stateless view."""
    course = Course(site, "login, request, logout")
    course.seconds(1)
    site[0].by_session(course.ending["access"])
    log_out(course, site[0])
    course.seconds(1)
    return course


def emptied(site, redis, _line):
    course = Course(site, "Redis flushed; a login after 3 s")
    log_out(course, site[0])
    course.seconds(1)
    redis.flush()
    course.seconds(3)
    site[1].log_in()
    course.seconds(2)
    return course


def restarted(site, redis, line):
    course = Course(site, "Redis killed, started empty after 3 s; a login 3 s later")
    log_out(course, site[0])
    course.seconds(1)
    line.cut()
    redis.stop()
    course.seconds(3)
    redis.start()
    line.mend()
    course.seconds(3)
    site[1].log_in()
    course.seconds(2)
    return course


def down(site, line, name):
    """Redis can't be reached for DOWN seconds, and a session ends meanwhile. Others log in each second."""
    course = Course(site, f"Redis down for {DOWN} s, {name}")
    course.seconds(1)
    line.cut()
    ENDS[name](course, site[0])
    course.seconds(DOWN)
    line.mend()
    for _ in range(4):
        site[1].log_in()
        course.seconds(1)
    return course


def main():
    if missing := what_is_missing("postgres"):
        return missing
    name = connection.settings_dict["NAME"]
    os.environ["OXIJWT_DATABASE_NAME"] = connection.creation.create_test_db(verbosity=0, autoclobber=True)
    redis = Redis()
    line = Line("127.0.0.1", redis.port)
    url = f"redis://127.0.0.1:{line.port}/0"
    try:
        make_user()
        with (
            running("tests.sites.node", url) as one,
            running("tests.sites.node", url) as two,
            running("tests.sites.stateless_node", url) as stateless,
        ):
            site = one, two, stateless
            courses = [play(site, redis, line) for play in (first_login, emptied, restarted)]
            courses += [down(site, line, end) for end in ENDS]
    finally:
        line.cut()
        redis.stop()
        connection.creation.destroy_test_db(name, verbosity=0)
    print("| what happens | session | answers of the stateless service, second by second |\n|---|---|---|")
    print(*(line for course in courses for line in course.lines()), sep="\n")
    wrong = [course.name for course in courses if course.last != ("200", "401")]
    return f"wrong at the end: {', '.join(wrong)}" if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
