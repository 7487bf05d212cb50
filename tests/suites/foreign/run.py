"""Runs suites twice, unmodified: on oxijwt behind its import hook, and on simplejwt itself.

Both runs must fail exactly what the suite's file lists. The run on simplejwt proves the harness.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.suites.foreign.suite import Expectation, Suite
from tools.sdists import REPOSITORY
from tools.simplejwt import simplejwt_sdist

PLUGIN = Path(__file__).with_name("plugin")
PLUGINS = ["-p", "foreign_world", "-p", "foreign_report", "-p", "no:cacheprovider"]
FOREIGN = ("PYTEST_", "DJANGO_", "PYTHONPATH", "OXIJWT_")
"""What the names of variables begin with that would reach a suite."""


class Library(NamedTuple):
    """A library that has the name rest_framework_simplejwt: where it is, and the options of pytest that bring it."""

    home: Callable[[], Path]
    options: list[str]


LIBRARIES = {
    "oxijwt": Library(lambda: REPOSITORY / "python", ["-p", "oxijwt.as_simplejwt"]),
    "simplejwt": Library(simplejwt_sdist, []),
}


class Outcome(NamedTuple):
    """What a library did with a suite: the file that answered, tests that passed, and failures with their text."""

    library: str
    passed: int
    failures: list[tuple[str, str]]


def run(files: Iterable[Path]) -> int:
    """0 if each suite does what its file says. Prints a line for each suite, and its expected failures with reasons."""
    problems = [problem for file in files for problem in run_suite(Suite(file), LIBRARIES)]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def run_suite(suite: Suite, libraries: Iterable[str]) -> Iterator[str]:
    """Run one suite on the libraries. Returns what is not as its file says."""
    if suite.files is None:
        print(f"{suite.title}: not run, since no sdist has its tests. This clone would bring them:")
        print(f"  git clone {suite.repository['url']} .cache/repositories/{suite.file.stem}", flush=True)
        return
    require_absence_of_simplejwt(suite)
    outcomes = {name: run_on(suite, LIBRARIES[name]) for name in libraries}
    print(f"{suite.title}: {'; '.join(line(suite, name, seen) for name, seen in outcomes.items())}", flush=True)
    for group in suite.groups:
        print(f"  {len(group.failures):2} on {group.where}: {group.reason}", flush=True)
    for name, seen in outcomes.items():
        for problem in compare(suite.expectation(name), seen, LIBRARIES[name].home()):
            yield f"{suite.title} on {name}: {problem}"


def line(suite: Suite, library: str, seen: Outcome) -> str:
    """What the closing line says of one library."""
    return f"{seen.passed} passed, {suite.expectation(library).failures.total()} expected to fail ({library})"


def run_on(suite: Suite, library: Library) -> Outcome:
    """Run one suite on one library. Exits if pytest did not come to its end."""
    with tempfile.TemporaryDirectory() as name:
        folder, report = Path(name, "suite"), Path(name, "report.json")
        copy(suite, folder)
        environment = environment_of(suite, folder, library.home()) | {"FOREIGN_REPORT": str(report)}
        done = python(["-m", "pytest", *PLUGINS, *library.options, *suite.arguments], folder, environment)
        if not report.exists():
            sys.exit(f"{done.stdout[-8000:]}\n{done.stderr[-8000:]}\n{suite.title}: pytest did not finish")
        return Outcome(**json.loads(report.read_text()))


def copy(suite: Suite, folder: Path) -> None:
    """Copy the suite's part of the package's files: tests may write next to themselves."""
    folder.mkdir()
    for path in map(suite.files.joinpath, suite.parts):
        if path.is_dir():
            shutil.copytree(path, folder / path.name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, folder)


def environment_of(suite: Suite, folder: Path, library: Path) -> dict[str, str]:
    """No settings, options or paths of the caller's reach the suite."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    paths = [PLUGIN, *map(folder.joinpath, suite.pythonpath), library, *suite.requirements]
    return kept | {"PYTHONPATH": os.pathsep.join(map(str, paths))}


def python(arguments: list[str], folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder."""
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def require_absence_of_simplejwt(suite: Suite) -> None:
    """Exit if a run on oxijwt could import simplejwt."""
    environment = environment_of(suite, PLUGIN, LIBRARIES["oxijwt"].home())
    if "ModuleNotFoundError" not in python(["-c", "import rest_framework_simplejwt"], PLUGIN, environment).stderr:
        sys.exit(f"{suite.title}: simplejwt itself is importable, so a run there proves nothing about oxijwt")


def compare(expected: Expectation, seen: Outcome, home: Path) -> Iterator[str]:
    """What is not as it should be."""
    failed = Counter(name for name, _ in seen.failures)
    texts = {name: reason(text) for name, text in seen.failures}
    if not Path(seen.library).is_relative_to(home):
        yield f"the suite ran on {seen.library}"
    if seen.passed != expected.passed:
        yield f"{seen.passed} passed, expected {expected.passed}"
    for name in failed - expected.failures:
        yield f"fails and is not listed: {name}\n{texts[name]}"
    for name in expected.failures - failed:
        yield f"is listed and does not fail: {name}"
    for name, text in seen.failures:
        if name in expected.errors and not re.search(expected.errors[name], text):
            yield f"fails for another reason than /{expected.errors[name]}/: {name}\n{texts[name]}"


def reason(text: str) -> str:
    """pytest marks the lines that say what went wrong; the rest is sources and local variables."""
    return "\n".join(line for line in text.splitlines() if line.startswith("E  ")) or text
