"""The classes of the fuzz target `second_opinion` are those that docs/differences.md lists.

The target itself tests what each class explains (tests/suites/fuzz/src/second_opinion.rs).
"""

import re
from pathlib import Path

import pytest

SUITE = Path(__file__).parent
DOCS = Path(__file__).parents[3] / "docs/differences.md"
CLASSES = (SUITE / "src/disagreements.rs").read_text()
HEADING = "## jsonwebtoken 11"


def in_code(constant: str, source: str = CLASSES) -> list[str]:
    """The names in one of the two lists of classes."""
    text = source.split(f"pub const {constant}: ")[1].split("\n];", maxsplit=1)[0]
    return re.findall(r'^ {8}name: "([a-z0-9-]+)",$', text, re.MULTILINE)


def documented(place: int) -> list[str]:
    """The names in the first or the second table of the section."""
    tables = DOCS.read_text().split(f"\n{HEADING}\n")[1].split("\n## ")[0].split("\n|---|---|\n")[1:]
    return re.findall(r"^\| `([a-z0-9-]+)` \|", tables[place].split("\n\n")[0], re.MULTILINE)


@pytest.mark.parametrize(("place", "constant"), [(0, "REFUSED"), (1, "ACCEPTED")])
def test_docs_list_the_same_classes(place, constant):
    assert in_code(constant)
    assert documented(place) == in_code(constant)


@pytest.mark.parametrize(("place", "constant"), [(0, "REFUSED"), (1, "ACCEPTED")])
def test_a_class_without_docs_would_be_seen(place, constant):
    last = in_code(constant)[-1]
    added = CLASSES.replace(f'name: "{last}",', f'name: "{last}",\n        name: "undocumented",')
    assert set(in_code(constant, added)) - set(documented(place)) == {"undocumented"}


def test_the_section_names_the_version():
    locked = (SUITE / "Cargo.lock").read_text().split('name = "jsonwebtoken"\nversion = "')[1].split(".")[0]
    assert HEADING.endswith(f" {locked}")
