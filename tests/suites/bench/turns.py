"""Contestants take turns of equal length; docs/dev/bench.md has the reasons.

A turn is a function: it makes so many calls and returns the seconds of one. All contestants of a race take one turn in
each round, and another one begins each round.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from statistics import median
from time import process_time
from timeit import Timer
from typing import NamedTuple

Call = Callable[[], object]
Turn = Callable[[int], float]


class Pace(NamedTuple):
    """How long a race is."""

    rounds: int
    seconds: float
    """The length of a turn."""
    warm_up: int
    """Calls before the first turn. They prepare keys and fill caches."""


FULL = Pace(60, 0.003, 20)
SHORT = Pace(2, 0.0005, 2)
"""It shows that a race works. Its figures mean nothing."""


@dataclass(frozen=True)
class Race:
    """Seconds of a call, by round: those of oxijwt and those of another contestant."""

    ours: tuple[float, ...]
    theirs: tuple[float, ...]

    @property
    def best(self) -> float:
        """The other's best time ÷ our best time."""
        return min(self.theirs) / min(self.ours)

    @property
    def paired(self) -> float:
        """The median of the ratios of the rounds."""
        return median(b / a for a, b in zip(self.ours, self.theirs, strict=True))

    @property
    def ratio(self) -> float:
        """How many times as long the other takes: the lower of both figures."""
        return min(self.best, self.paired)

    @property
    def share(self) -> float:
        """How many times as long we take: the higher of both figures. It is for limits on our own time."""
        return 1 / self.ratio


def cpu(call: Call) -> Turn:
    """Turns of a call in this process, in CPU time."""
    timer = Timer(call, timer=process_time)
    return lambda count: timer.timeit(count) / count


def race(ours: Call, *others: Call, pace: Pace) -> list[Race]:
    """Calls in this process against each other: one Race for each of the others."""
    return compare([cpu(call) for call in (ours, *others)], pace)


def compare(turns: Sequence[Turn], pace: Pace) -> list[Race]:
    """The first contestant against each other one."""
    counts = [calls_in_a_turn(turn, pace) for turn in turns]
    return rounds_of(turns, counts, pace.rounds)


def rounds_of(turns: Sequence[Turn], counts: Sequence[int], rounds: int) -> list[Race]:
    """The same, with so many calls in each contestant's turns."""
    ours, *others = zip(*(one_round(turns, counts, number % len(turns)) for number in range(rounds)), strict=True)
    return [Race(ours, theirs) for theirs in others]


def calls_in_a_turn(turn: Turn, pace: Pace) -> int:
    """How many calls last as long as a turn."""
    turn(pace.warm_up)
    return max(1, round(pace.seconds / turn(pace.warm_up)))


def one_round(turns: Sequence[Turn], counts: Sequence[int], first: int) -> list[float]:
    """Seconds of a call of each contestant."""
    seconds = [0.0] * len(turns)
    for index in islice(cycle(range(len(turns))), first, first + len(turns)):
        seconds[index] = turns[index](counts[index])
    return seconds
