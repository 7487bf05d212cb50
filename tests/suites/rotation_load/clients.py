"""Clients that log in, call and refresh without pause, and what they were answered."""

import http.client
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import cycle

from oxijwt._core import unverified_header
from tests.client import PASSWORD

from .middleware import WORKER
from .server import PATIENCE, WORKERS

CALLS, REFRESHES = 4, 8
"""Calls between two refreshes, refreshes between two logins."""
TRIES = 500
PAUSE = 0.02
NO_ANSWER = 0
LONGEST_TOKEN = 16384


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, the process that gave it, the `kid` of the token sent and of those received; seconds since 1970."""

    what: str
    status: int
    worker: str | None
    sent: str | None
    received: str | None
    asked_at: float


def header(token):
    """The header of a token."""
    return unverified_header(token, LONGEST_TOKEN)


def kid_of(token):
    """The `kid` of a token; None for none."""
    return header(token).get("kid")


class Line:
    """A connection to the site, kept as long as the server keeps it. Every answer is appended to `answers`."""

    def __init__(self, port, answers):
        self._answers = answers
        self._client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self._client.close()

    def log_in(self, username):
        """Both tokens, or None where there was another answer than 200."""
        return self._post("login", "/api/token/", None, {"username": username, "password": PASSWORD})

    def refresh(self, token):
        """Both tokens of the next generation, or None."""
        return self._post("refresh", "/api/token/refresh/", kid_of(token), {"refresh": token})

    def call(self, access):
        """The answer of a view that wants an access token."""
        return self._ask("call", kid_of(access), "GET", "/api/whoami/", None, {"Authorization": f"Bearer {access}"})[0]

    def _post(self, what, path, sent, body):
        answer, tokens = self._ask(what, sent, "POST", path, json.dumps(body), {"Content-Type": "application/json"})
        return tokens if answer.status == 200 else None

    def _ask(self, what, sent, *request):
        asked_at = time.time()
        try:
            self._client.request(*request)
            response = self._client.getresponse()
            content, worker, status = response.read(), response.getheader(WORKER), response.status
        except (OSError, http.client.HTTPException):
            self._client.close()
            content, worker, status = b"", None, NO_ANSWER
        said = json.loads(content) if status == 200 else {}
        received = kid_of(said["access"]) if "access" in said else None
        answer = Answer(what, status, worker, sent, received, asked_at)
        self._answers.append(answer)
        return answer, said


class Clients:
    """What all were answered, and questions of single ones beside the load."""

    def __init__(self, port):
        self.answers = []
        self._port = port

    def new_line(self):
        """A connection that was not used before, and so may meet any worker."""
        return Line(self._port, self.answers)

    def call_afresh(self, access):
        """The answer to an access token on a new connection."""
        with self.new_line() as line:
            return line.call(access)

    def access_token(self, username, but_of):
        """The access token of the first login whose key is none of the kids in `but_of`."""
        for _try in range(TRIES):
            with self.new_line() as line:
                tokens = line.log_in(username)
            if tokens and kid_of(tokens["access"]) not in but_of:
                return tokens["access"]
            time.sleep(PAUSE)
        raise TimeoutError("no new key signs")

    def ask_every_worker(self, access):
        """The status that each worker answers a token with, by its process id."""
        statuses = {}
        for _try in range(TRIES):
            answer = self.call_afresh(access)
            statuses[answer.worker] = answer.status
            if len(statuses) == WORKERS:
                return statuses
        raise TimeoutError("a worker was not met")

    def live(self, username, is_over):
        """One login, used and refreshed until it is refused or `is_over`, an event, is set.

        Each request goes over another one of some connections, so that most workers read what others signed.
        """
        with ExitStack() as stack:
            lines = cycle([stack.enter_context(self.new_line()) for _line in range(WORKERS)])
            tokens = next(lines).log_in(username)
            for _refresh in range(REFRESHES):
                for _call in range(CALLS):
                    if tokens is None or is_over.is_set():
                        return
                    next(lines).call(tokens["access"])
                tokens = next(lines).refresh(tokens["refresh"])


@contextmanager
def at_work(*jobs):
    """Repeat each job in a thread of its own until the end of the context; a job gets the event that says so."""
    is_over = threading.Event()

    def repeat(job):
        while not is_over.is_set():
            job(is_over)

    with ThreadPoolExecutor(len(jobs)) as pool:
        threads = [pool.submit(repeat, job) for job in jobs]
        try:
            yield
        finally:
            is_over.set()
    for thread in threads:
        thread.result()
