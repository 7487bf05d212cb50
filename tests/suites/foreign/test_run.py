"""The runner of foreign suites must notice each way in which a suite can do something else than its file says."""

import shutil
import subprocess
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from tests.suites.foreign.run import LIBRARIES, Outcome, compare, require_absence_of_simplejwt, run, run_on, run_suite
from tests.suites.foreign.suite import Expectation, Suite

HOME = LIBRARIES["oxijwt"].home()
EXPECTED = Expectation(passed=2, failures=Counter({"test_a": 1}), errors={"test_a": "refused"})
SEEN = Outcome(library=str(HOME / "oxijwt/__init__.py"), passed=2, failures=[("test_a", "E   refused")])

TESTS = """
import socket

import pytest
import rest_framework_simplejwt


def test_it_is_oxijwt():
    import oxijwt
    assert rest_framework_simplejwt is oxijwt

def test_network():
    socket.create_connection(("example.com", 443))

@pytest.mark.skip(reason="not today")
def test_skipped():
    pass
"""
FILE = """
settings = "site_of_the_test"
arguments = ["test_it.py"]

[passed]
oxijwt = {passed}

[[groups]]
reason = "no network"
error = "a suite has no network and asks for 'example.com'"
failures = ["test_it.py::test_network"]

[[groups]]
reason = "skipped"
error = "Skipped: not today"
failures = ["test_it.py::test_skipped"]
"""
REPOSITORY = """
[repository]
url = "https://example.com/package"
version = "1.1"
commit = "{commit}"
"""


@pytest.fixture
def suite(tmp_path, monkeypatch):
    """A suite with a test that passes, one that needs a network, and one that is skipped."""
    monkeypatch.setattr("tests.suites.foreign.suite.pinned", lambda name: (name, "1.0"))
    (tmp_path / "settings").mkdir()
    (tmp_path / "settings/site_of_the_test.py").write_text("SECRET_KEY = 'the secret of a site in a test'")
    (tmp_path / "package-1.0").mkdir()
    (tmp_path / "package-1.0/test_it.py").write_text(TESTS)
    suite = Suite(tmp_path / "package.toml")
    suite.file.write_text(FILE.format(passed=1))
    suite.files = tmp_path / "package-1.0"
    return suite


def test_a_suite_that_does_what_its_file_says(suite, capsys):
    assert list(run_suite(suite, ["oxijwt"])) == []
    assert capsys.readouterr().out.startswith("package 1.0: 1 passed, 2 expected to fail (oxijwt)\n")


def test_a_suite_that_does_not(suite):
    suite.file.write_text(FILE.format(passed=2))
    assert list(run_suite(suite, ["oxijwt"])) == ["package 1.0 on oxijwt: 1 passed, expected 2"]


def test_without_the_hook_the_suite_is_not_on_oxijwt(suite):
    seen = run_on(suite, LIBRARIES["oxijwt"]._replace(options=[]))
    assert (seen.library, seen.passed) == ("no library", 0)
    assert f"the suite ran on {seen.library}" in compare(EXPECTED, seen, HOME)


def test_a_suite_that_nobody_has_cloned_is_not_run(suite, capsys, monkeypatch):
    monkeypatch.setattr("tools.sdists.CACHE", suite.file.parent)
    cloned = Suite(suite.file)
    cloned.file.write_text(FILE.format(passed=1) + REPOSITORY.format(commit="0" * 40))
    assert list(run_suite(cloned, ["oxijwt"])) == []
    assert "package 1.1: not run" in capsys.readouterr().out


@pytest.mark.skipif(shutil.which("git") is None, reason="git makes and reads the clone")
def test_a_clone_brings_the_pinned_commit(suite, monkeypatch):
    monkeypatch.setattr("tools.sdists.CACHE", suite.file.parent)
    commit = clone_of(suite)
    Path(suite.file.parent, "repositories/package/test_it.py").write_text("a later change")
    cloned = Suite(suite.file)
    cloned.file.write_text(FILE.format(passed=1) + REPOSITORY.format(commit=commit))
    assert Path(cloned.files, "test_it.py").read_text() == TESTS


def clone_of(suite):
    """Make a repository of the suite's files where a clone is to be. Returns its only commit."""
    clone = shutil.copytree(suite.files, suite.file.parent / "repositories/package")
    git = partial(subprocess.run, cwd=clone, check=True, stdout=subprocess.PIPE, text=True)
    git(["git", "init", "--quiet"])
    git(["git", "add", "."])
    git(["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "--quiet", "--message", "tests"])
    return git(["git", "rev-parse", "HEAD"]).stdout.strip()


def test_simplejwt_must_not_be_importable(suite):
    require_absence_of_simplejwt(suite)
    Path(suite.file.parent, "settings/rest_framework_simplejwt.py").touch()
    with pytest.raises(SystemExit, match="simplejwt itself is importable"):
        list(run_suite(suite, ["oxijwt"]))


def test_a_run_that_dies_is_no_run(suite):
    (suite.files / "test_it.py").write_text("import os\n\nos._exit(0)\n")
    with pytest.raises(SystemExit, match="pytest did not finish"):
        list(run_suite(suite, ["oxijwt"]))


@pytest.mark.parametrize(("problems", "status"), [([], 0), (["test_a fails"], 1)])
def test_one_problem_of_one_suite_is_enough(monkeypatch, capsys, problems, status):
    found = {"first": [], "second": problems, "third": []}
    monkeypatch.setattr("tests.suites.foreign.run.run_suite", lambda suite, _libraries: found[suite.file.stem])
    assert run([Path(f"{name}.toml") for name in found]) == status
    assert capsys.readouterr().err.splitlines() == problems


@pytest.mark.parametrize(("version", "passed", "failures"), [("5.2.19", 7, 2), ("6.0", 7, 2), ("6.1.3", 9, 3)])
def test_some_tests_fail_with_some_versions_of_django(suite, version, passed, failures):
    newer = '[[groups]]\nreason = "newer"\nerror = "E"\nfailures = ["test_b"]\ndjango = ">=6.1"\n'
    suite.file.write_text(f"{FILE.format(passed=7)}{newer}\n[passed_newer]\noxijwt = 9")
    expected = suite.expectation("oxijwt", version)
    assert (expected.passed, expected.failures.total()) == (passed, failures)


def test_as_expected():
    assert list(compare(EXPECTED, SEEN, HOME)) == []


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        ({"library": "/elsewhere/tokens.py"}, "the suite ran on /elsewhere/tokens.py"),
        ({"passed": 3}, "3 passed, expected 2"),
        ({"failures": []}, "is listed and does not fail: test_a"),
        ({"failures": [*SEEN.failures, ("test_b", "E   lost")]}, "fails and is not listed: test_b\nE   lost"),
        ({"failures": SEEN.failures * 2}, "fails and is not listed: test_a\nE   refused"),
        ({"failures": [("test_a", "E   lost")]}, "fails for another reason than /refused/: test_a\nE   lost"),
    ],
)
def test_not_as_expected(other, problem):
    assert list(compare(EXPECTED, SEEN._replace(**other), HOME)) == [problem]
