"""One measured figure beside its limit."""

from dataclasses import dataclass


@dataclass
class Figure:
    """A table row. `within` None: shown only, no limit is set."""

    what: str
    measured: str
    limit: str = ""
    within: bool | None = None

    def __str__(self):
        verdict = {True: "ok", False: "**not ok**", None: ""}[self.within]
        return f"| {self.what} | {self.measured} | {self.limit} | {verdict} |"


def at_most(what, value, limit, unit=""):
    return Figure(what, f"{value:.3g}{unit}", f"≤ {limit:g}{unit}", value <= limit)


def at_least(what, value, limit, unit=""):
    return Figure(what, f"{value:.3g}{unit}", f"≥ {limit:g}{unit}", value >= limit)
