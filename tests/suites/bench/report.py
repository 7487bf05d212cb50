"""The lines of the one table, and how a part of the benchmarks hands them to the command."""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass

from .turns import FULL, SHORT, Pace, Race

HEADER = "| what | oxijwt | compared with | ratio | bar | |\n|---|--:|--:|--:|--:|---|"


@dataclass(frozen=True)
class Line:
    """One row. `within` tells whether the bar was reached; it is None without a bar."""

    what: str
    ours: str
    theirs: str = ""
    ratio: str = ""
    bar: str = ""
    within: bool | None = None

    def __str__(self) -> str:
        verdict = {True: "ok", False: "**missed**", None: ""}[self.within]
        return f"| {self.what} | {self.ours} | {self.theirs} | {self.ratio} | {self.bar} | {verdict} |"


def microseconds(seconds: float) -> str:
    """A time with three significant digits."""
    value = 1e6 * seconds
    digits = 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:,.{digits}f} µs"


def number(value: float) -> str:
    """A figure with two decimals below 10, and fewer above."""
    return f"{value:,.{2 if value < 10 else 1 if value < 100 else 0}f}"


def at_least(what: str, race: Race, bar: float | None = None, other: str = "simplejwt") -> Line:
    """Another package's time ÷ ours."""
    within = None if bar is None else race.ratio >= bar
    stated = "" if bar is None else f"≥ {bar:g}"
    theirs = f"{other} {microseconds(min(race.theirs))}"
    return Line(what, microseconds(min(race.ours)), theirs, f"{number(race.ratio)}", stated, within)


def share_at_most(what: str, race: Race, bar: float | None, other: str) -> Line:
    """Our time ÷ the time of something smaller."""
    within = None if bar is None else race.share <= bar
    stated = "" if bar is None else f"≤ {bar:g}"
    theirs = f"{other} {microseconds(min(race.theirs))}"
    return Line(what, microseconds(min(race.ours)), theirs, f"{number(race.share)}", stated, within)


def amount_at_most(what: str, value: float, unit: str, limit: float) -> Line:
    """A figure of oxijwt with a limit."""
    return Line(what, f"{number(value)} {unit}", bar=f"≤ {limit:,g} {unit}", within=value <= limit)


def run_part(lines: Callable[[Pace], Iterator[Line]]) -> None:
    """The command of one part: print its lines as JSON, one a line. `--short` makes a short run."""
    arguments = parser_of(lines).parse_args()
    print_lines(lines(pace_of(arguments)))


def run_cases(lines: Callable[[str, Pace], Iterator[Line]], cases: Iterable[str]) -> None:
    """The same for a part that needs one process for each case, because libraries read their settings once."""
    parser = parser_of(lines)
    parser.add_argument("case", nargs="?", help="this case only, in this process")
    arguments = parser.parse_args()
    if arguments.case:
        print_lines(lines(arguments.case, pace_of(arguments)))
        return
    for case in cases:
        subprocess.run([sys.executable, "-m", sys.modules["__main__"].__spec__.name, *sys.argv[1:], case], check=True)


def parser_of(lines: Callable[..., Iterator[Line]]) -> argparse.ArgumentParser:
    """The options of every part."""
    parser = argparse.ArgumentParser(description=lines.__doc__)
    parser.add_argument("--short", action="store_true", help="show that it works, in a few seconds")
    return parser


def pace_of(arguments: argparse.Namespace) -> Pace:
    """How long the run is to be."""
    return SHORT if arguments.short else FULL


def print_lines(lines: Iterable[Line]) -> None:
    """As soon as each is measured."""
    for line in lines:
        print(json.dumps(asdict(line)), flush=True)
