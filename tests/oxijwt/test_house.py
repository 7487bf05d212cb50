"""The shape of the package: who knows whom, and figures that must not get worse (docs/dev/architecture.md)."""

import json
import subprocess
import sys

import grimp
import pytest

from tests.suites.bench.call_counts import LIMITS, Counts, Trace
from tools import house

TABLES = ("oxijwt.token_blacklist", "oxijwt.token_sessions")
"""The apps whose models and migrations import Django only."""

REACHED = {
    # Ten calls in two files look for a kept statement and read its row. Django's own calls become fewer.
    # One more makes the query that async code awaits.
    ("sessions", "protected request"): Counts(49, 14, 12),
    # 18 calls use kept statements. Six calls read and compare the address and user agent, others describe the presented
    # token to the decision. Three copy the fields and check the text fast. Two files are of the folder `tokens`.
    # Two calls are hooks of the view: `get_body` and `answer`. Two look for throttles. One asks which scope the body
    # wants. One file reads bodies, and one file has the records of refresh tokens. Two make and check the answer before
    # the row is written.
    ("sessions", "refresh"): Counts(158, 26, 65),
    # Twelve calls in two files look for a kept statement and read its row, in place of Django's.
    ("blacklist", "protected request"): Counts(42, 10, 12),
}
"""What a request needs today: a change that needs more has to say why. The targets are in LIMITS."""


@pytest.fixture(scope="module")
def graph():
    return grimp.build_graph("oxijwt", exclude_type_checking_imports=True)


@pytest.mark.parametrize("app", TABLES)
def test_tables_know_django_and_messages_only(graph, app):
    """Derived from the import graph: a new module needs no line here."""
    assert graph.find_modules_directly_imported_by("oxijwt.locale") == set()
    modules = [f"{app}.models", *graph.find_descendants(f"{app}.migrations")]
    assert len(modules) > 1
    for module in modules:
        assert graph.find_modules_directly_imported_by(module) <= {f"{app}.models", "oxijwt.locale"}, module


def test_an_import_of_ours_would_be_seen(graph):
    assert graph.find_modules_directly_imported_by("oxijwt.token_sessions.record")
    assert graph.find_modules_that_directly_import("oxijwt.token_blacklist.models")


@pytest.mark.parametrize("figure", house.figures(), ids=lambda figure: figure.name)
def test_the_figures_of_the_house_hold(figure):
    assert figure.value <= figure.limit


@pytest.mark.parametrize("site", ["blacklist", "sessions"])
def test_a_request_needs_no_more_calls(site):
    command = [sys.executable, "-m", "tests.suites.bench.call_counts", "--one", site]
    found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)  # noqa: S603
    for name, counts in found.items():
        if (site, name) in REACHED:
            assert all(count <= most for count, most in zip(counts, REACHED[site, name], strict=True)), (name, counts)


def test_limits_name_requests_that_are_counted():
    assert set(LIMITS) <= set(REACHED)


def test_a_return_is_a_file_that_was_left():
    trace = Trace("oxijwt")
    trace.calls = [(file, "function") for file in "aabbcabca"]
    assert trace.counts() == Counts(calls=9, files=3, returns=4)
