"""What a run counts, and how it says so."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from .classes import ACCEPTED, REFUSED
from .mutations import MUTATIONS
from .verdicts import EXPECTED, Judgement

SHOWN_FAILURES = 10
EVERY_CLASS_FROM = 100_000
"""Tokens from which on each class and each mutation must have occurred."""


@dataclass
class Tally:
    """Counts of tokens; of a token with two classes or mutations, each."""

    outcomes: Counter[str] = field(default_factory=Counter)
    classes: Counter[str] = field(default_factory=Counter)
    mutations: Counter[str] = field(default_factory=Counter)
    foreign_errors: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def count(self, judgement: Judgement, mutations: tuple[str, ...]) -> None:
        self.outcomes[judgement.outcome] += 1
        self.mutations.update(mutations)
        self.classes.update(judgement.classes)
        if judgement.foreign_error is not None:
            self.foreign_errors[judgement.foreign_error] += 1

    def add(self, other: "Tally") -> None:
        self.outcomes += other.outcomes
        self.classes += other.classes
        self.mutations += other.mutations
        self.foreign_errors += other.foreign_errors
        self.failures += other.failures

    @property
    def total(self) -> int:
        return self.outcomes.total()


def never_seen(tally: Tally) -> list[str]:
    """Classes and mutations without a token: the generator has drifted from what the classes are about."""
    if tally.total < EVERY_CLASS_FROM:
        return []
    unseen_classes = [f"class {slug}" for slug in (*REFUSED, *ACCEPTED) if not tally.classes[slug]]
    unseen = [f"mutation {mutation.name}" for mutation in MUTATIONS if not tally.mutations[mutation.name]]
    return unseen_classes + unseen


def lines(tally: Tally) -> Iterator[str]:
    """The report in markdown."""
    yield from table("outcome", {outcome: tally.outcomes[outcome] for outcome in (*EXPECTED, *tally.outcomes)}, tally)
    yield from table("refused by oxijwt alone", {slug: tally.classes[slug] for slug in REFUSED}, tally)
    yield from table("accepted by oxijwt alone", {slug: tally.classes[slug] for slug in ACCEPTED}, tally)
    if tally.foreign_errors:
        yield from table("raised by PyJWT, none of its own", dict(tally.foreign_errors), tally)
    yield f"mutations: {len(tally.mutations)} of {len(MUTATIONS)} kinds, {tally.mutations.total()} in all"


def table(title: str, counts: dict[str, int], tally: Tally) -> Iterator[str]:
    yield f"| {title} | tokens | share |"
    yield "|---|--:|--:|"
    for name, count in counts.items():
        yield f"| {name} | {count} | {count / tally.total:.3%} |"
    yield ""
