"""A pytest plugin that writes down what a run's closing line counts, subtests included, and whose library answered."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# Categories that are neither a test that passed nor a test that failed to.
BESIDE = {"", "passed", "subtests passed", "warnings"}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    stats = terminalreporter.stats
    report = {
        "library": getattr(sys.modules.get("rest_framework_simplejwt"), "__file__", "no library"),
        "passed": len(stats.get("passed", ())),
        "failures": [(_name(item), item.longreprtext) for item in _failed(stats)],
    }
    Path(os.environ["FOREIGN_REPORT"]).write_text(json.dumps(report))


def _failed(stats: dict[str, list[Any]]) -> Iterator[Any]:
    """Whatever did not plainly pass: an error, a skip or an xfail is listed like a failure."""
    for category in stats.keys() - BESIDE:
        yield from stats[category]


def _name(report: Any) -> str:
    context = getattr(report, "context", None)
    return f"{report.nodeid} [{context.msg}]" if context else report.nodeid
