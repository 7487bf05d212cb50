"""docs/dev/neighbours.md has the figures and reasons of the suites' files."""

from pathlib import Path

import pytest

from tests.suites.foreign.suite import OLDEST_DJANGO, Suite
from tools.sdists import REPOSITORY

LINES = (REPOSITORY / "docs/dev/neighbours.md").read_text().splitlines()
SUITES = [Suite(file) for file in sorted(Path(__file__).parent.glob("*.toml"))]


def figures(suite, library):
    expected = suite.expectation(library, OLDEST_DJANGO)
    return f"{expected.passed} | {expected.failures.total()}"


def test_no_row_is_left_over():
    rows = [line for line in LINES if line.startswith("| ") and not line.startswith("| suite ")]
    assert len(rows) == len(SUITES) + sum(len(suite.groups) for suite in SUITES)


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.file.stem)
def test_the_page_has_the_figures(suite):
    assert f"| {suite.title} | {figures(suite, 'oxijwt')} | {figures(suite, 'simplejwt')} |" in LINES


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.file.stem)
def test_the_page_has_the_reasons(suite):
    for group in suite.groups:
        assert f"| {suite.file.stem} | {len(group.failures)} | {group.where} | {group.reason} |" in LINES
