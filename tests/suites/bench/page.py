"""docs/benchmarks.md, and the lines of it that other pages show."""

import re
from collections.abc import Iterable

from tools.sdists import REPOSITORY

from .machine import sentences
from .report import HEADER, Line

ALGORITHMS = ("HS256", "EdDSA", "ES256", "RS256")
PAGE, README = REPOSITORY / "docs/benchmarks.md", REPOSITORY / "README.md"
SHOWN = {
    README: (
        "`AccessToken(raw)`, HS256",
        "protected, sessions, SQLite",
        "protected, sessions, PostgreSQL",
        "refresh, sessions, PostgreSQL",
        "login → request → refresh → logout, dj-rest-auth",
    ),
    REPOSITORY / "docs/performance.md": (
        "stateless, sessions, PostgreSQL",
        "protected, sessions, PostgreSQL",
        "protected, sessions, PostgreSQL, prepared statements",
        "refresh, sessions, PostgreSQL",
        "refresh, sessions, PostgreSQL, prepared statements",
        *(f"`{operation}`, {name}, `TokenBackend`" for name in ALGORITHMS for operation in ("encode", "decode")),
        "`AccessToken(raw)`, KEY_FILE",
        "`AccessToken(raw)`, ISSUERS",
        "protected among 1,000,000 sessions",
    ),
}
"""Which lines other pages show: their first cells."""

TEXT = """\
# Benchmarks

`make bench` writes this page. [dev/bench.md](dev/bench.md) explains how it measures.
[performance.md](performance.md) explains which settings matter.

{sentences}

A ratio above 1 means that oxijwt needs less time than the other package. In a line with `≤` it is oxijwt's time ÷ the
other time. Where a line names several packages, their numbers are ratios. A bar is the least or the most that we want.

{table}
"""


def write(sections: dict[str, list[Line]]) -> None:
    """Write the page, and its lines in other pages."""
    PAGE.write_text(TEXT.format(sentences=sentences(), table=table(sections)))
    for path, names in SHOWN.items():
        path.write_text(with_lines(path.read_text(), names, rows_of(PAGE.read_text())))


def table(sections: dict[str, list[Line]]) -> str:
    """The one table. The name of a section is a row of its own."""
    rows = [row for name, lines in sections.items() for row in (f"| **{name}** | | | | | |", *map(str, lines))]
    return "\n".join([HEADER, *rows])


def rows_of(page: str) -> dict[str, str]:
    """The rows of the page, by their first cell."""
    return {row.split(" | ")[0].removeprefix("| "): row for row in page.splitlines() if row.startswith("| ")}


def with_lines(text: str, names: Iterable[str], rows: dict[str, str]) -> str:
    """The text of a page with these rows in its table. Raises ValueError if it has no such table."""
    shown = "\n".join([HEADER, *(rows[name] for name in names), ""])
    written, count = re.subn(TABLE, lambda _found: shown, text, count=1)
    if not count:
        raise ValueError("The page has no table of the benchmarks.")
    return written


TABLE = re.escape(HEADER) + r"\n(?:\|.*\n)*"


def missed(sections: dict[str, list[Line]]) -> Iterable[Line]:
    """The lines that do not reach their bar."""
    return (line for lines in sections.values() for line in lines if line.within is False)
