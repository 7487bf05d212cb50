"""The walk: all clients stay logged in while two nodes go from step to step, forward and back."""

import time
from dataclasses import dataclass, field
from itertools import chain, pairwise

from tests.suites.rotation_load.clients import at_work

from .clients import USERS, Browser, Habits, Seen, Thief
from .front import Front
from .nodes import SIMPLEJWT, serving
from .tokens import claims_of

STEPS = (SIMPLEJWT, "blacklist", "accept", "issue", "sessions")
HABITS = Habits(logs_in_again=0.005)
FEWEST_REFRESHES = 3
"""That each node of a stage answers before the next stage begins."""
LONGEST = 60
"""Seconds in which it must have done so, and in which every client must get a session."""


@dataclass(frozen=True)
class Stage:
    """The steps of the two nodes for a while, and the way that led there."""

    way: str
    nodes: tuple[str, str]


FORWARD = tuple(pairwise(STEPS))
BACK = tuple(pairwise([*STEPS[:1:-1], SIMPLEJWT, *STEPS[2::-1]]))
"""With a detour: simplejwt copies `gen` into access tokens, as earlier versions of oxijwt did."""
BACK_AND_FORTH = tuple(path for old, new in FORWARD for path in ((old, new), (new, old), (old, new)))


def stages(*legs):
    """A walk along these paths from step to step: one node is replaced, then the other."""
    yield Stage(way(1, legs[0][0]), legs[0][0][:1] * 2)
    for leg, paths in enumerate(legs, 1):
        for old, new in paths:
            yield Stage(way(leg, (old, new)), (old, new))
            yield Stage(way(leg, (old, new)), (new, new))


def way(leg, path):
    """How the table names it."""
    return f"{leg}. {' → '.join(path)}"


BROKEN = (Stage("broken", ("issue", "issue")), Stage("broken", ("accept", SIMPLEJWT)))
"""A short walk back, with nodes that refuse what simplejwt made of a token with a session."""


@dataclass
class Walk:
    """What was seen, and where."""

    stages: list[Stage]
    seen: Seen = field(default_factory=Seen)
    waited: float = 0.0
    """The longest time until every client had a session, before the last step."""
    without_session: int = 0
    """Clients that had no session after it."""


def walk(folder, hold, stages, *, broken=False):
    """Every stage for `hold` seconds, or longer if its nodes are slow."""
    taken = Walk(list(stages))
    front = Front(taken.seen.answers)
    browsers = [Browser(username, HABITS, Thief(front, taken.seen)) for username in USERS]
    steps = list(dict.fromkeys(chain.from_iterable(stage.nodes for stage in taken.stages)))
    with serving(folder, *steps, *steps, broken=broken) as nodes:
        ones, others = (dict(zip(steps, some, strict=True)) for some in (nodes[: len(steps)], nodes[len(steps) :]))
        front.send_to(taken.stages[0].way, *nodes[:1])
        with at_work(*(tab for browser in browsers for tab in browser.tabs)):
            for stage in taken.stages:
                if stage.nodes == STEPS[-2:]:
                    wait_for_sessions(browsers, taken)
                front.send_to(stage.way, ones[stage.nodes[0]], others[stage.nodes[1]])
                time.sleep(hold)
                wait_until(lambda: front.fewest_refreshes() >= FEWEST_REFRESHES)
    return taken


def wait_for_sessions(browsers, taken):
    """Wait until all tokens have a session, as after ADOPT_UNTIL and a refresh token's lifetime."""
    began_at = time.monotonic()
    wait_until(lambda: all(has_session(browser) for browser in browsers))
    taken.waited = max(taken.waited, time.monotonic() - began_at)
    taken.without_session = max(taken.without_session, sum(not has_session(browser) for browser in browsers))


def wait_until(is_so):
    """Wait until `is_so()`, or for the LONGEST time."""
    until = time.monotonic() + LONGEST
    while time.monotonic() < until and not is_so():
        time.sleep(0.05)


def has_session(browser):
    """Whether the tokens of a browser have one; True while it has no tokens."""
    login = browser.login
    return login is None or all("sid" in claims_of(token) for token in (login.refresh, login.access))
