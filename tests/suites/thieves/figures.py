"""The courses of each scenario as a table, and the limits."""

from collections import Counter
from dataclasses import dataclass, field
from statistics import median

from tests.suites.scale.report import at_most

from .scenarios import (
    GUESSES,
    GUESSES_STEADILY,
    POLLS,
    POLLS_AT_MIDNIGHT,
    POLLS_CAREFULLY,
    PREDICTS_STRICT,
    Scenario,
)

SOON = 10
"""Minutes within which the median of guessing thieves must be detected."""
HEAD = (
    "| thief | victims | refreshes of the victims | tries | rides | still riding at the end | detected | after, median "
    "| after, max | lines of `oxijwt.security` | shows |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|---|---|"
)


@dataclass
class Outcome:
    """All courses of a scenario, and the log lines that they left."""

    scenario: Scenario
    courses: list
    log: Counter = field(default_factory=Counter)

    def total(self, name):
        """The sum of a figure over all victims."""
        return sum(getattr(course, name) for course in self.courses)

    @property
    def times(self):
        """Minutes from theft to detection, of those that were detected."""
        return [course.detected_after / 60 for course in self.courses if course.detected_after is not None]

    @property
    def rides_per_victim(self):
        """How many rides a theft brings."""
        return self.total("rides") / len(self.courses)

    def __str__(self):
        log = "; ".join(f"{count} {level} {kind}" for (level, kind), count in sorted(self.log.items())) or "none"
        times = [f"{time:.1f} min" for time in (median(self.times), max(self.times))] if self.times else ["", ""]
        sums = [self.total(name) for name in ("refreshes", "attempts", "rides", "is_lasting")]
        cells = [len(self.courses), *sums, len(self.times), *times, log, self.scenario.shows]
        return f"| {self.scenario.name} | {' | '.join(map(str, cells))} |"


def limits(outcomes):
    """The limits of the outcomes, which are given by the names of their scenarios."""
    guessing = outcomes[GUESSES].rides_per_victim
    for name in (POLLS, POLLS_CAREFULLY):
        yield at_most(f"{name}: rides for each theft", outcomes[name].rides_per_victim, guessing)
        yield at_most(f"{name}: still riding at the end", outcomes[name].total("is_lasting"), 0)
    midnight = outcomes[POLLS_AT_MIDNIGHT]
    yield at_most(f"{POLLS_AT_MIDNIGHT}: rides for each theft", midnight.rides_per_victim, 1)
    yield at_most(f"{POLLS_AT_MIDNIGHT}: still riding at the end", midnight.total("is_lasting"), 0)
    for name in (GUESSES, GUESSES_STEADILY):
        yield at_most(f"{name}: not detected", missed(outcomes[name]), 0)
        yield at_most(f"{name}: detected after, median", median(outcomes[name].times or [float("inf")]), SOON, " min")
    strict = outcomes[PREDICTS_STRICT]
    yield at_most(f"{PREDICTS_STRICT}: not detected", missed(strict), 0)
    yield at_most(f"{PREDICTS_STRICT}: rides", strict.total("rides"), 0)
    yield at_most(f"{PREDICTS_STRICT}: tries for each theft", strict.total("attempts") / len(strict.courses), 1)


def missed(outcome):
    """How many thieves were not detected."""
    return len(outcome.courses) - len(outcome.times)
