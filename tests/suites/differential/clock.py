"""One clock for both sides, so that a claim a second from its limit is judged alike in every run."""

from contextlib import contextmanager
from unittest import mock

import jwt.api_jwt

import oxijwt.backends


class Clock:
    """Stands in for the `time` module that oxijwt reads and for the `datetime` class that PyJWT reads."""

    now_seconds: float = 0.0

    def time(self) -> float:
        return self.now_seconds

    def now(self, tz: object) -> "Clock":  # noqa: ARG002  datetime's signature
        return self

    def timestamp(self) -> float:
        return self.now_seconds


CLOCK = Clock()


@contextmanager
def frozen():
    """Both sides read CLOCK while it lasts."""
    with mock.patch.object(oxijwt.backends, "time", CLOCK), mock.patch.object(jwt.api_jwt, "datetime", CLOCK):
        yield
