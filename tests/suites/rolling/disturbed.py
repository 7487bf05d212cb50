"""Two nodes of one step whose workers are killed, while users log out and the database forgets its last commits."""

import os
import random
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import cycle

from tests.suites.rotation_load.clients import at_work

from .clients import STATELESS, USERS, WHOAMI, Browser, Habits, Seen, Thief
from .database import Copies, Forgotten, cut_connections
from .front import Front
from .nodes import serving

TWO_TABS = Habits(tabs=2, logs_out=0.03, logs_in_again=0.02)
ONE_TAB = replace(TWO_TABS, tabs=1)
FORGETS = 5.0
"""Seconds of commits that a fail-over loses."""


@dataclass
class Run:
    """What was seen, and what was done to the nodes and their database."""

    seconds: int
    seen: Seen = field(default_factory=Seen)
    kills: int = 0
    fail_overs: list[Forgotten] = field(default_factory=list)
    restored: int = 0
    """Lines "Session restored" in the nodes' logs."""

    def forgotten(self, what):
        """The ids of the logins, or of the ends, that any fail-over forgot."""
        return frozenset().union(*(getattr(each, what) for each in self.fail_overs))


def run(folder, seconds, *, step="sessions", fails_over=None, broken=False):
    """`seconds` with a killed worker in each, and a fail-over every `fails_over` seconds.

    `broken` nodes have no grace interval and refuse what the database forgot. The thief tries access tokens at a view
    that reads no session. Half of the browsers have one tab then: others lose each login before it could be forgotten.
    """
    taken = Run(seconds)
    front = Front(taken.seen.answers)
    thief = Thief(front, taken.seen, STATELESS if broken else WHOAMI)
    habits = cycle([TWO_TABS, ONE_TAB if broken else TWO_TABS])
    browsers = [Browser(username, has, thief) for username, has in zip(USERS, habits, strict=False)]
    with serving(folder, step, step, broken=broken) as nodes:
        front.send_to(step, *nodes)
        with at_work(*(tab for browser in browsers for tab in browser.tabs)):
            disturb(taken, front, nodes, fails_over)
        for login in taken.seen.ended:
            thief.try_tokens_of(login)
        taken.restored = sum(node.lines_with("Session restored") for node in nodes)
    return taken


def disturb(taken, front, nodes, fails_over):
    """Once a second copy the sessions and kill a worker; fail over when it is time."""
    copies = Copies()
    began_at = time.monotonic()
    for second in range(1, taken.seconds + 1):
        time.sleep(max(0.0, began_at + second - time.monotonic()))
        copies.take()
        taken.kills += kill_a_worker(random.choice(nodes))
        if fails_over and second % fails_over == 0:
            with front.closed(then=cut_connections):
                taken.fail_overs.append(copies.forget(FORGETS))


def kill_a_worker(node):
    """`kill -9` of one of its workers. Whether there was one."""
    with suppress(ProcessLookupError, IndexError):
        os.kill(random.choice(node.workers()), signal.SIGKILL)
        return True
    return False
