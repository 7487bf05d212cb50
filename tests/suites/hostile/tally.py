"""What was sent and what came of it, counted for the line at the end of a run."""

from dataclasses import dataclass, field

from .authorization import AUTHORIZATION_SHAPES
from .bodies import HOSTILE_BODIES
from .cookies import COOKIE_SHAPES, CSRF_SHAPES
from .scopes import ASKED_SCOPES
from .tokens import HOSTILE_TOKENS


@dataclass
class Tally:
    """Counts of one run. `places` are the names of those that tokens were sent to."""

    requests: int = 0
    server_errors: int = 0
    listed_accepts: int = 0
    unlisted_accepts: int = 0
    places: set[str] = field(default_factory=set)

    def count_accept(self, *, listed):
        """Count what was taken, with a reason or without."""
        if listed:
            self.listed_accepts += 1
        else:
            self.unlisted_accepts += 1

    def summary(self) -> str:
        """The line that the runner prints."""
        return (
            f"hostile suite: {len(HOSTILE_TOKENS)} tokens × {len(self.places)} places, "
            f"{len(AUTHORIZATION_SHAPES)} Authorization shapes, {len(HOSTILE_BODIES)} bodies, "
            f"{len(COOKIE_SHAPES)} cookie headers, {len(CSRF_SHAPES)} CSRF tokens, {len(ASKED_SCOPES)} scopes: "
            f"{self.requests} requests, {self.server_errors} server errors, "
            f"{self.listed_accepts} listed accepts, {self.unlisted_accepts} unlisted"
        )


TALLY = Tally()
