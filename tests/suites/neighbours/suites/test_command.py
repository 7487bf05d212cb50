"""`make neighbours` runs each file of tests, and fails if one of its runs fails."""

from pathlib import Path

import pytest

from tests.suites.neighbours import run as command

FOLDER = Path(command.__file__).parent


def test_each_file_of_tests_has_a_site():
    """test_schemas.py had none: it passed, and nobody had run it since other files came."""
    named = {name for names in command.RUNS.values() for name in names}
    assert named == {path.name for path in FOLDER.glob("test_*.py")}


@pytest.mark.parametrize(
    ("status", "suites", "ends_with"),
    [(0, 0, 0), (1, 0, 1), (5, 0, 1), (0, 1, 1), (-9, 0, 1), (-11, 0, 1)],
)
def test_one_bad_run_is_enough(monkeypatch, status, suites, ends_with):
    """-9: a signal has killed pytest. The greatest status counted, and it was 0."""
    statuses = dict.fromkeys(command.RUNS, 0) | {"tests.suites.neighbours.both_apps": status}
    seen = []
    monkeypatch.setattr(command, "run", lambda site, _tests: seen.append(site) or statuses[site])
    monkeypatch.setattr(command, "own_suites", lambda _names: suites)
    assert command.main() == ends_with
    assert seen == list(command.RUNS)
