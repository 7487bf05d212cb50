"""`python -m tools.house`: figures of the package's shape, each with a limit. Ends with 1 if one is over its limit.

It counts python/oxijwt and src. Migrations do not count, because Django writes them.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple

REPOSITORY = Path(__file__).parents[1]
PACKAGE, CORE = REPOSITORY / "python/oxijwt", REPOSITORY / "src"
BUILT = {".so", ".pyc", ".pyd"}
"""Suffixes of files that nobody reads."""


class Figure(NamedTuple):
    """One figure and its limit."""

    name: str
    value: float
    limit: float


def modules() -> Iterator[Path]:
    """The package's modules."""
    return (path for path in sorted(PACKAGE.rglob("*.py")) if "migrations" not in path.parts)


def functions() -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of the package."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for path in modules() for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kinds)]


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function's body, without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 1


def any_per_hundred_functions() -> float:
    """How often `Any` occurs in the modules for each hundred functions. Import lines do not count."""
    texts = (line for path in modules() for line in path.read_text().splitlines() if "import" not in line)
    return 100 * sum(len(re.findall(r"\bAny\b", line)) for line in texts) / len(functions())


def private_share() -> float:
    """How many percent of the functions have a name that begins with one underscore."""
    private = [found for found in functions() if found.name.startswith("_") and not found.name.startswith("__")]
    return 100 * len(private) / len(functions())


def longest_file() -> int:
    """Lines of the longest module or Rust file."""
    return max(len(path.read_text().splitlines()) for path in (*modules(), *CORE.rglob("*.rs")))


def fullest_folder() -> int:
    """Files in the fullest folder of the package, the core and the tests.

    Migrations, built files and empty files (`py.typed`) do not count.
    """
    roots = (PACKAGE, CORE, REPOSITORY / "tests/oxijwt", REPOSITORY / "tests/suites", REPOSITORY / "tests/sites")
    folders = {path.parent for root in roots for path in root.rglob("*.py")} | {p.parent for p in CORE.rglob("*.rs")}
    return max(
        sum(path.is_file() and path.stat().st_size > 0 and path.suffix not in BUILT for path in folder.iterdir())
        for folder in folders
        if folder.name != "migrations"
    )


def figures() -> list[Figure]:
    """Every figure."""
    lengths = [lines_of(function) for function in functions()]
    return [
        Figure("`Any` per 100 functions", any_per_hundred_functions(), 20),
        Figure("private functions, percent", private_share(), 25),
        Figure("lines of a function, median", median(lengths), 4),
        Figure("lines of a function, 90th percentile", quantiles(lengths, n=10)[-1], 11),
        Figure("lines of the longest file", longest_file(), 480),
        Figure("files in the fullest folder", fullest_folder(), 22),
    ]


def main() -> int:
    """Print the table."""
    print(f"| {len(functions())} functions | measured | limit |\n|---|--:|--:|")
    for figure in figures():
        over = " EXCEEDED" if figure.value > figure.limit else ""
        print(f"| {figure.name} | {figure.value:.1f} | {figure.limit}{over} |")
    return int(any(figure.value > figure.limit for figure in figures()))


if __name__ == "__main__":
    sys.exit(main())
