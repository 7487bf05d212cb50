"""The explanation names tests that exist, and all tests of the RFCs."""

import re

import pytest

from tests.docs.reference import REPOSITORY

EXPLANATION = REPOSITORY / "docs/explanation"
RFC_TESTS = {
    "rfc9700.md": ["tests/oxijwt/token_sessions/rfc/test_rfc9700.py"],
    "rfc10017.md": ["tests/oxijwt/cookies/test_rfc10017.py", "tests/oxijwt/token_sessions/cookies/test_rfc10017.py"],
}
NAMED = re.compile(r"`(test_\w+)`")
DEFINED = re.compile(r"^ *(?:async )?def (test_\w+)", re.MULTILINE)


def names_in(*paths):
    return {name for path in paths for name in DEFINED.findall((REPOSITORY / path).read_text())}


@pytest.mark.parametrize("page", sorted(EXPLANATION.glob("*.md")), ids=lambda page: page.name)
def test_the_tests_that_a_page_names_exist(page):
    assert set(NAMED.findall(page.read_text())) <= names_in(*(REPOSITORY / "tests").rglob("test_*.py"))


@pytest.mark.parametrize("name", RFC_TESTS)
def test_every_test_of_an_rfc_is_named(name):
    assert names_in(*RFC_TESTS[name]) <= set(NAMED.findall((EXPLANATION / name).read_text()))


def test_the_threats_have_tests():
    """Each line about a defense names a test."""
    text = (EXPLANATION / "security-model.md").read_text()
    defended = text[text.index("## What is defended?") : text.index("## What is not defended?")]
    lines = [line for line in defended.splitlines() if line.startswith("| ")][1:]
    assert len(lines) > 15
    assert [line for line in lines if not NAMED.search(line)] == []
