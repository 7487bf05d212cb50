"""What the package has, as the reference pages write it."""

import ast
import re
from datetime import timedelta
from pathlib import Path

from django.dispatch import Signal

from oxijwt import signals

REPOSITORY = Path(__file__).parents[2]
PACKAGE = REPOSITORY / "python/oxijwt"
PAGES = REPOSITORY / "docs/reference"
UNITS = {86400: "day", 3600: "hour", 60: "minute", 1: "second"}
ORIGINS = {"simplejwt 5.5.1": "simplejwt", "simplejwt's unreleased main": "simplejwt's main"}
"""The comments in DEFAULTS, and what the table says."""


LEVELS = {"exception": "ERROR", "log": None}
"""Of methods of a logger that are not named after their level."""


def rows_of(page):
    """The rows of all tables of a page, as lists of cells."""
    lines = [line for line in (PAGES / page).read_text().splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if "---" not in line]


def default_of(value):
    """A default as the table writes it."""
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        size = next(size for size in UNITS if seconds % size == 0)
        return f"{seconds // size} {UNITS[size]}{'s' * (seconds != size)}"
    return f"`{value!r}`".replace("'", '"')


def since():
    """Who had each setting first, by the comments in DEFAULTS."""
    source = (PACKAGE / "settings.py").read_text()
    body = source[source.index("DEFAULTS: Values = {") : source.index("LIFETIMES = (")]
    origin, found = None, {}
    for line in body.splitlines():
        comment, name = re.fullmatch(r"    # (.*)", line), re.match(r'    "(\w+)":', line)
        origin = ORIGINS.get(comment[1], "oxijwt 0.1") if comment else origin
        found |= {name[1]: origin} if name else {}
    return found


def log_lines():
    """(level, message) of every call of a logger in the package. A level that is computed is None."""
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text())
        names = {ast.unparse(node.targets[0]): node.value for node in ast.walk(tree) if isinstance(node, ast.Assign)}
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and ast.unparse(call.func).startswith("logger."):
                level = LEVELS.get(call.func.attr, call.func.attr.upper())
                message = call.args[level is None]
                yield level, ast.literal_eval(names.get(ast.unparse(message), message))


def signal_names():
    return [name for name, value in vars(signals).items() if isinstance(value, Signal)]
