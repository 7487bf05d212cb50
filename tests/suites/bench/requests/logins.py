"""A login from its start to its end, against packages of other kinds: login, request, refresh, logout (SQLite)."""

from collections.abc import Iterator

from tests.suites.bench.report import Line, at_least, run_cases
from tests.suites.bench.turns import Pace, Race

from .contestant import contestants, race_of
from .spec import Spec

STEPS = {"obtain": "login", "protected": "request", "refresh": "refresh", "logout": "logout"}
CASES = {
    "dj-rest-auth": "dj-rest-auth on simplejwt, cookies off",
    "allauth": "django-allauth headless, JWT",
    "knox": "django-rest-knox",
}
WITHOUT_REFRESH = "knox"


def lines(case: str, pace: Pace) -> Iterator[Line]:
    """Each step with sessions against another package, and their sum."""
    steps = {request: step for request, step in STEPS.items() if (case, request) != (WITHOUT_REFRESH, "refresh")}
    with contestants(Spec("oxijwt", "sessions"), Spec(case)) as sites:
        races = [race_of(request, sites, pace)[0] for request in steps]
    for step, race in zip(steps.values(), races, strict=True):
        yield at_least(f"{step}, {case}", race, other=CASES[case])
    yield at_least(f"{' → '.join(steps.values())}, {case}", whole(races), other=CASES[case])


def whole(races: list[Race]) -> Race:
    """All steps of each round together."""
    return Race(
        tuple(map(sum, zip(*(race.ours for race in races), strict=True))),
        tuple(map(sum, zip(*(race.theirs for race in races), strict=True))),
    )


if __name__ == "__main__":
    run_cases(lines, CASES)
