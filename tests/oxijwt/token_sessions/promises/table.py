"""The table of promises and consumers: what each cell expects, and which cells are documented exceptions."""

from collections.abc import Callable
from dataclasses import dataclass
from time import time

from tests.conftest import REPOSITORY
from tests.oxijwt.token_sessions.client import changed

from .consumers import BY_SESSION, CONSUMERS
from .promises import PROMISES
from .scene import HERE

DOCUMENT = REPOSITORY / "docs/sessions.md"
ACCEPTED = 200, None
ROWS = tuple(promise for promises in PROMISES.values() for promise in promises)


@dataclass(frozen=True)
class Documented:
    """An exception: the consumer accepts the token after the act, until something else happens."""

    sentence: str
    until: str
    happen: Callable
    refusal: tuple


def expire(_scene, tokens):
    """Let the access token expire."""
    tokens["access"] = changed(tokens["access"], exp=int(time()) - 1)


def use_once(scene, tokens):
    """Send a request that reads the session."""
    status, _body = scene.processes[HERE].request("GET", BY_SESSION, access=tokens["access"])
    assert status == 401


AT_EXPIRY = Documented(
    "A changed password is not on the list. It reaches stateless services when the access token expires.",
    "until `exp`",
    expire,
    (401, "token_not_valid"),
)
AT_NEXT_USE = Documented(
    "A user who was deactivated by `update()` is on the list after the next request that reads the session.",
    "until a request reads the session",
    use_once,
    (401, "session_revoked"),
)
STATELESS_EXCEPTIONS = {
    "changed password": AT_EXPIRY,
    "changed password, one kept": AT_EXPIRY,
    "deactivated by update()": AT_NEXT_USE,
}
DOCUMENTED = {
    (promise, consumer.name): exception
    for promise, exception in STATELESS_EXCEPTIONS.items()
    for consumer in CONSUMERS
    if consumer.is_stateless
}
"""The exceptions, by the names of promise and consumer."""


def refusal(promise, consumer):
    """(status, code) that the consumer answers after the act. A stateless one can only say that the session ended."""
    return 401, "session_revoked" if consumer.is_stateless else promise.code(consumer.question)


def cell(promise, consumer):
    """A cell of the printed table."""
    documented = DOCUMENTED.get((promise.name, consumer.name))
    if documented is not None:
        return f"documented: accepted {documented.until}"
    status, code = refusal(promise, consumer)
    return f"{status} {code}"


def markdown():
    """The table in Markdown: promises are rows, consumers are columns."""
    header = ["promise", *(consumer.name for consumer in CONSUMERS)]
    rows = [[promise.name, *(cell(promise, consumer) for consumer in CONSUMERS)] for promise in ROWS]
    return "\n".join(f"| {' | '.join(row)} |" for row in [header, ["---"] * len(header), *rows])


def lines_of_the_document():
    """The first column of the table "Ending a session"."""
    section = DOCUMENT.read_text().split("## Ending a session\n", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")]
    return [row.strip("| ").split(" | ")[0] for row in rows[1:]]
