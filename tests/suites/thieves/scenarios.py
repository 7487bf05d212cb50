"""Which thieves meet which victims."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from .people import LIFETIME, POLL, Guessing, Polling, Predicting

LATEST = 10
"""A punctual victim refreshes within so many seconds after its access token has expired."""
MARGIN = LATEST + 1
"""So many seconds later than that expiry a predicting thief tries: right after the last punctual victim."""
MIDNIGHT = 18 * 3600 + 53 * 60 + 53
"""Seconds from START of a simulation to the end of the day."""


def punctual(random):
    """The pause of a client that is always in use."""
    return random.uniform(0, LATEST)


def irregular(random):
    """The pause of a client that refreshes when somebody uses it again: two minutes on average."""
    return random.expovariate(1 / 120)


@dataclass(frozen=True)
class Scenario:
    """One kind of thief, and its victims; `grace` is REFRESH_REUSE_GRACE in seconds."""

    name: str
    thief: Callable
    shows: str
    pause: Callable = punctual
    grace: int = 30
    is_roaming: bool = False
    """Whether the victim has another IP address at each refresh."""
    steals: tuple[float, float] = (0, 3600)
    """The theft is between these seconds after the victim's login."""
    victims_of_each: int = 1
    """A scenario that takes much time has one victim where others have so many."""


GUESSES = "guesses at random"
GUESSES_STEADILY = "guesses every minute"
POLLS = "polls"
POLLS_CAREFULLY = "polls, and never tries a token that verify/ refuses"
POLLS_ROAMING = "polls, victims whose IP address changes"
POLLS_AT_MIDNIGHT = "polls, steals in the last minutes of a day (UTC)"
PREDICTS_STRICT = "predicts, G = 0"

SCENARIOS = (
    Scenario(
        GUESSES,
        Guessing,
        "a guess is outside of G most times: too early and the victim's next refresh is reuse, too late and its own is",
    ),
    Scenario(
        GUESSES_STEADILY,
        partial(Guessing, every=60),
        "a thief that refreshes more often than the victim makes the victim's next refresh reuse",
    ),
    Scenario(
        POLLS,
        partial(Polling, careful=False),
        f"verify/ and sessions/ every {POLL} s tell of a rotation when G is over, so acting on it is reuse",
    ),
    Scenario(
        POLLS_CAREFULLY,
        partial(Polling, careful=True),
        "who waits for a sign that comes too late has a spent token",
    ),
    Scenario(
        POLLS_ROAMING,
        partial(Polling, careful=True),
        "the list of another login shows the IP address, which follows each refresh",
        is_roaming=True,
        victims_of_each=10,
    ),
    Scenario(
        POLLS_AT_MIDNIGHT,
        partial(Polling, careful=True),
        "the day in sessions/ tells of one rotation, the first one of a day",
        steals=(MIDNIGHT - LIFETIME + LATEST, MIDNIGHT),
    ),
    Scenario(
        "predicts",
        partial(Predicting, margin=MARGIN),
        "the limit of the rule: `iat` tells when a punctual victim refreshes. The log warns at each ride",
    ),
    Scenario(
        "predicts, with the victim's user agent",
        partial(Predicting, margin=MARGIN, is_disguised=True),
        "the same; the log has lines of level INFO only, of two IP addresses",
    ),
    Scenario(
        "predicts, irregular victims",
        partial(Predicting, margin=MARGIN),
        "`iat` tells less of a victim that refreshes when it is used again",
        irregular,
    ),
    Scenario(
        "predicts, asks verify/ first, irregular victims",
        partial(Predicting, margin=MARGIN, asks_first=True),
        "verify/ spares the thief a reuse of its own, and not the victim's",
        irregular,
    ),
    Scenario(
        PREDICTS_STRICT,
        partial(Predicting, margin=MARGIN),
        "without a grace interval the first try ends the session",
        grace=0,
    ),
)
