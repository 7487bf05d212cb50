"""Many requests at the same moment: threads with a database connection each, and requests to views without a client."""

import base64
import json
import os
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import F
from django.test import RequestFactory

from oxijwt.token_sessions.models import TokenSession
from oxijwt.token_sessions.views import token_logout
from oxijwt.views import token_refresh

THREADS = 8
FULL = os.environ.get("OXIJWT_FULL") == "1"
ROUNDS = 1000 if FULL else 50
PATIENCE = 60
PASSWORD = "a password of the tests"
NAMED = ("sid", "gen", "jti", "iat", "exp")
"""The claims in which a refresh token said again is equal."""


@dataclass(frozen=True)
class Answer:
    """What a view answered, and between which moments."""

    status: int
    body: dict
    asked_at: float
    answered_at: float

    @property
    def outcome(self):
        """The status, and the code of a refusal."""
        return f"{self.status} {self.body['code']}" if "code" in self.body else str(self.status)


class Crowd:
    """Threads that act at once: in autocommit where `isolation` is None, else each in a caller's transaction."""

    def __init__(self, pool, isolation):
        self.isolation = isolation
        self.outcomes = Counter()
        self.rounds = 0
        self._pool = pool
        self._start = threading.Barrier(THREADS, timeout=PATIENCE)

    def act(self, actions):
        """What each of THREADS actions returned, all begun at the same moment."""
        self.rounds += 1
        return [future.result(PATIENCE) for future in [self._pool.submit(self._act, action) for action in actions]]

    def act_alone(self, action):
        """What an action returned in one of the threads."""
        return self._pool.submit(action).result(PATIENCE)

    def refresh(self, token):
        """The answer to a refresh, in the calling thread."""
        return self.ask(token_refresh, {"refresh": token})

    def log_out(self, token):
        """The answer to a logout, in the calling thread."""
        return self.ask(token_logout, {"refresh": token})

    def ask(self, view, body):
        """The answer of a view, inside a transaction where the crowd has them."""
        asked_at = monotonic()
        if self.isolation is None:
            response = ask(view, body)
        else:
            with transaction.atomic():
                response = ask(view, body)
        answer = Answer(response.status_code, dict(response.data or {}), asked_at, monotonic())
        self.outcomes[answer.outcome] += 1
        return answer

    def _act(self, action):
        self._start.wait()
        return action()


class crowd_of_threads:  # noqa: N801  a context manager
    """A Crowd, whose threads' connections are closed at the end."""

    def __init__(self, isolation):
        self._pool = ThreadPoolExecutor(THREADS)
        self._crowd = Crowd(self._pool, isolation)

    def __enter__(self):
        return self._crowd

    def __exit__(self, *error):
        if error[0] is None:
            self._crowd.act([lambda: connection.close()] * THREADS)  # noqa: PLW0108  each thread's own
        self._pool.shutdown()


def ask(view, body):
    """The response of a view to a POST."""
    return view(RequestFactory().post("/", json.dumps(body), content_type="application/json"))


def in_another_thread(action):
    """What an action returned, in autocommit on a connection of its own."""

    def act():
        try:
            return action()
        finally:
            close_also_in_memory()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(act).result(PATIENCE)


def close_also_in_memory():
    """Close this thread's connection. Django keeps one to memory, and Python 3.13 warns when it is lost."""
    connection.close()
    if connection.connection is not None:
        connection.connection.close()


def make_user(username="ada"):
    return get_user_model().objects.create_user(username, password=PASSWORD)


def claims(token):
    """The claims of a token that came from our own view, read without a check."""
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def named(answer):
    """What tells one refresh token from another."""
    read = claims(answer.body["refresh"])
    return tuple(read[name] for name in NAMED)


def let_grace_pass(**which):
    """Make the last rotation of some sessions a minute older than it is."""
    TokenSession.objects.filter(**which).update(rotated_at=F("rotated_at") - timedelta(minutes=1))


def tell(capsys, text):
    """Say a figure aloud, past pytest's capture."""
    with capsys.disabled():
        sys.stdout.write(f"\n{text}\n")
