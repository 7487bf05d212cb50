"""What happens to one victim: a login, a theft, and what the thief does with it."""

import logging
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from django.contrib.auth import get_user_model
from django.utils.dateparse import parse_datetime
from freezegun import freeze_time

from oxijwt.token_sessions.models import RevokeReason, TokenSession

from .people import PASSWORD, Victim, claims

START = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
HOUR = 3600


class Clock:
    """The clock of the application and of everybody: `now` in seconds since START."""

    start = START.timestamp()

    def __init__(self, frozen):
        self._frozen = frozen
        self.now = 0.0

    def set(self, now):
        """Move to a time."""
        self.now = now
        self._frozen.move_to(START + timedelta(seconds=now))

    def since(self, value):
        """Seconds from a time in a response until now; any other value as it is."""
        moment = parse_datetime(value) if isinstance(value, str) and value[:4].isdigit() else None
        return value if moment is None else round(self.now - (moment - START).total_seconds(), 3)


@contextmanager
def simulated_time():
    """A Clock, which everything reads until the end of the context."""
    with freeze_time(START, ignore=["_pytest.runner", "_pytest.terminal"]) as frozen:
        yield Clock(frozen)


class SecurityLog(logging.Handler):
    """How many lines of each level and kind `oxijwt.security` has."""

    def __init__(self):
        super().__init__()
        self.lines = Counter()

    def emit(self, record):
        kind = record.getMessage().partition(":")[0]
        self.lines[record.levelname, kind] += 1

    @contextmanager
    def listening(self):
        """Count, and let no line reach the console."""
        logger = logging.getLogger("oxijwt.security")
        before = logger.level, logger.propagate
        logger.addHandler(self)
        logger.level, logger.propagate = logging.INFO, False
        try:
            yield self.lines
        finally:
            logger.removeHandler(self)
            logger.level, logger.propagate = before


@dataclass
class Course:
    """What came of one theft; `detected_after` is in seconds since the theft, or None."""

    refreshes: int
    attempts: int
    rides: int
    detected_after: float | None
    is_lasting: bool


def follow(scenario, clock, number, hours):
    """A Course. The same number makes the same one again."""
    random = Random(f"{scenario.name} {number}")
    clock.set(0)
    username = f"{scenario.name} {number}"
    get_user_model().objects.create_user(username, password=PASSWORD)
    victim = Victim(clock, random, scenario.pause, scenario.is_roaming)
    victim.log_in(username)
    stolen_at = random.uniform(*scenario.steals)
    act_until(stolen_at, clock, victim)
    before = victim.refreshes
    thief = scenario.thief(victim, username)
    act_until(stolen_at + hours * HOUR, clock, victim, thief)
    session = TokenSession.objects.get(pk=claims(victim.tokens["refresh"])["sid"])
    refreshes = victim.refreshes - before
    detected = detected_after(session, clock, stolen_at)
    return Course(refreshes, thief.attempts, thief.rides, detected, lasts(thief, session))


def act_until(end, clock, *people):
    """Let each act when the time comes."""
    while (first := min(people, key=lambda person: person.next_at)).next_at < end:
        clock.set(first.next_at)
        first.act()
    clock.set(end)


def detected_after(session, clock, stolen_at):
    """Seconds from the theft to the session's end for reuse, or None."""
    if session.revoke_reason != RevokeReason.REUSE:
        return None
    return session.revoked_at.timestamp() - clock.start - stolen_at


def lasts(thief, session):
    """Whether the thief's refresh token is the session's current one or the one before, and the session lives."""
    return session.revoked_at is None and claims(thief.tokens["refresh"])["gen"] >= session.generation - 1
