"""The front end: it sends each request to one of the nodes that serve, whichever, and says 503 while it is closed."""

import http.client
import json
import random
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass

from .nodes import PATIENCE

NO_ANSWER = 0
CLOSED = 503
DROPS, DROPPED = ("issue", "sessions"), 0.05
"""Steps whose answers get lost on the way back, and which share of them.

A response that is lost at a node without sessions is fatal, as with simplejwt.
"""


@dataclass(frozen=True)
class Answer:
    """A status, or NO_ANSWER, of a request that was sent at `asked_at` (seconds since 1970) to a node of `step`."""

    what: str
    stage: str
    step: str
    status: int
    body: dict
    asked_at: float
    gone_for: float

    @property
    def came_at(self):
        """When the client got it."""
        return self.asked_at + self.gone_for

    @property
    def code(self):
        """Why it was refused."""
        return self.body.get("code", "")

    @property
    def is_final(self):
        """Whether a client takes it for an answer, and does not repeat the request."""
        return self.status != NO_ANSWER and self.status < 500


class Front:
    """Which nodes serve at the moment. It loses some of the answers of the steps in DROPS."""

    def __init__(self, answers):
        self.stage = ""
        self.nodes = ()
        self._answers = answers
        self._refreshes = Counter()
        self._is_open = True
        self._on_the_way = Counter()
        self._changed = threading.Condition()

    def send_to(self, stage, *nodes):
        """From now on these nodes serve. Wait until others have answered what they got before."""
        with self._changed:
            self.stage, self.nodes, self._refreshes = stage, nodes, Counter()
            kept = {node.port for node in nodes}
            self._changed.wait_for(
                lambda: not any(self._on_the_way[port] for port in self._on_the_way.keys() - kept), PATIENCE
            )

    def fewest_refreshes(self):
        """How many refreshes each of the nodes has answered since they serve, at least."""
        return min(self._refreshes[node.port] for node in self.nodes)

    @contextmanager
    def closed(self, then):
        """Answer 503 to new requests; call `then`, and wait until no request is on its way any more."""
        with self._changed:
            self._is_open = False
        then()
        with self._changed:
            self._changed.wait_for(lambda: not any(self._on_the_way.values()), PATIENCE)
        yield
        with self._changed:
            self._is_open = True

    def ask(self, what, request, node=None):
        """The Answer of one of the nodes, or of this one."""
        asked_at = time.time()
        with self.way_to(node) as way:
            step, (status, body) = (way.step, send(way.port, request)) if way else ("front", (CLOSED, {}))
        if step in DROPS and random.random() < DROPPED:
            status, body = NO_ANSWER, {}
        answer = Answer(what, self.stage, step, status, body, asked_at, time.time() - asked_at)
        if way and what == "refresh" and status == 200:
            self._refreshes[way.port] += 1
        self._answers.append(answer)
        return answer

    @contextmanager
    def way_to(self, node):
        """The node that a request is on its way to during this context: this one, or one of them. None while closed."""
        with self._changed:
            chosen = (node or random.choice(self.nodes)) if self._is_open else None
            if chosen:
                self._on_the_way[chosen.port] += 1
        try:
            yield chosen
        finally:
            with self._changed:
                if chosen:
                    self._on_the_way[chosen.port] -= 1
                self._changed.notify_all()


def send(port, request):
    """(status, body) of a request on a connection of its own; NO_ANSWER if the connection is lost."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        client.request(*request)
        response = client.getresponse()
        content = response.read()
    except (OSError, http.client.HTTPException):
        return NO_ANSWER, {}
    finally:
        client.close()
    return response.status, json.loads(content) if response.getheader("Content-Type") == "application/json" else {}


def posted(path, **body):
    """A request with a JSON body."""
    return "POST", path, json.dumps(body), {"Content-Type": "application/json"}


def carrying(path, access):
    """A request with an access token."""
    return "GET", path, None, {"Authorization": f"Bearer {access}"}
