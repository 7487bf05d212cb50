"""docs/dev/neighbours.md has the figures and reasons of the suites' files."""

from pathlib import Path

import pytest

from tests.suites.foreign.suite import Suite
from tools.sdists import REPOSITORY

LINES = (REPOSITORY / "docs/dev/neighbours.md").read_text().splitlines()
SUITES = [Suite(file) for file in sorted(Path(__file__).parent.glob("*.toml"))]


def rows_of_figures(suite):
    """A row for Django 5.2, and one for 6.1 if its figures are others."""
    rows = {figures(suite, "6.1"): f"{suite.title} with Django 6.1", figures(suite, "5.2"): suite.title}
    return [f"| {title} | {row} |" for row, title in rows.items()]


def figures(suite, version):
    """The cells of a row."""
    expected = [suite.expectation(library, version) for library in ("oxijwt", "simplejwt")]
    return " | ".join(f"{of_one.passed} | {of_one.failures.total()}" for of_one in expected)


def rows_of_reasons(suite):
    """A row for each reason."""
    return [f"| {suite.file.stem} | {len(group.failures)} | {group.where} | {group.reason} |" for group in suite.groups]


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.file.stem)
def test_the_page_has_each_row(suite):
    assert set(rows_of_figures(suite) + rows_of_reasons(suite)) <= set(LINES)


def test_no_row_is_left_over():
    rows = [line for line in LINES if line.startswith("| ") and not line.startswith("| suite ")]
    assert len(rows) == sum(len(rows_of_figures(suite) + rows_of_reasons(suite)) for suite in SUITES)
