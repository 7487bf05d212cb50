"""Runs suites twice, unmodified: on simplejwt itself, then on oxijwt behind its import hook.

Both runs must fail exactly what the suite's file lists. The first run proves the harness.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.suites.foreign.suite import Expectation, Suite, libraries
from tools.sdists import REPOSITORY
from tools.simplejwt import simplejwt_sdist

PLUGIN = Path(__file__).with_name("plugin")
PLUGINS = ["-p", "foreign_world", "-p", "foreign_report", "-p", "no:cacheprovider"]
OXIJWT = REPOSITORY / "python"


@dataclass
class Outcome:
    """What a library did with a suite."""

    library: Path
    passed: int
    failures: list[tuple[str, str]]

    def __str__(self) -> str:
        return f"{self.passed} passed, {len(self.failures)} expected to fail"


def run(files: Iterable[Path]) -> int:
    """0 if each suite does what its file says."""
    problems = [problem for file in files for problem in both_runs(Suite(file))]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def both_runs(suite: Suite) -> list[str]:
    """Run one suite on both libraries and print a line. Returns what is not as it should be."""
    simplejwt = simplejwt_sdist()
    real = run_suite(suite, simplejwt, options=[])
    require_absence_of_simplejwt(suite)
    ours = run_suite(suite, OXIJWT, options=["-p", "oxijwt.as_simplejwt"])
    print(f"{suite.title}: {ours} (oxijwt); {real} (simplejwt)", flush=True)
    for group in suite.groups:
        print(f"  {len(group['failures']):2} on {' and '.join(libraries(group))}: {group['reason']}")
    problems = compare(suite.expectation("simplejwt"), real, simplejwt)
    problems += compare(suite.expectation("oxijwt"), ours, OXIJWT)
    return [f"{suite.title} on {problem}" for problem in problems]


def run_suite(suite: Suite, library: Path, options: list[str]) -> Outcome:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy(suite, folder / "suite")
        report = folder / "report.json"
        environment = clean_environment(suite, library, folder / "suite") | {"FOREIGN_REPORT": str(report)}
        command = [sys.executable, "-m", "pytest", *PLUGINS, *options, *suite.arguments]
        run = subprocess.run(
            command, cwd=folder / "suite", env=environment, capture_output=True, text=True, check=False
        )
        if not report.exists():
            sys.exit(f"{run.stdout[-8000:]}\n{run.stderr[-8000:]}\n{suite.title}: pytest did not finish")
        return outcome(json.loads(report.read_text()))


def copy(suite: Suite, folder: Path) -> None:
    """Copy the suite's part of the sdist: tests may write next to themselves."""
    folder.mkdir()
    for part in suite.listed.get("parts", [path.name for path in suite.sdist.iterdir()]):
        if (suite.sdist / part).is_dir():
            shutil.copytree(suite.sdist / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(suite.sdist / part, folder)


def clean_environment(suite: Suite, library: Path, folder: Path) -> dict[str, str]:
    """No settings, options or paths of the caller's reach the suite."""
    foreign = ("PYTEST_", "DJANGO_", "PYTHONPATH", "OXIJWT_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    own = [folder / path for path in suite.listed.get("pythonpath", [])]
    return kept | {"PYTHONPATH": os.pathsep.join(map(str, [PLUGIN, *own, library, *suite.requirements]))}


def outcome(report: Mapping[str, object]) -> Outcome:
    return Outcome(library=Path(report["library"]), passed=report["passed"], failures=report["failures"])


def require_absence_of_simplejwt(suite: Suite) -> None:
    command = [sys.executable, "-c", "import rest_framework_simplejwt"]
    environment = clean_environment(suite, OXIJWT, PLUGIN)
    run = subprocess.run(command, cwd=PLUGIN, env=environment, capture_output=True, text=True, check=False)
    if "ModuleNotFoundError" not in run.stderr:
        sys.exit(f"{suite.title}: simplejwt itself is importable, so a run there proves nothing about oxijwt")


def compare(expected: Expectation, seen: Outcome, home: Path) -> list[str]:
    failed = Counter(name for name, _ in seen.failures)
    problems = []
    if not seen.library.is_relative_to(home):
        problems.append(f"the suite ran on {seen.library}")
    if seen.passed != expected.passed:
        problems.append(f"{seen.passed} passed, expected {expected.passed}")
    problems += [f"fails and is not listed: {name}\n{text_of(name, seen)}" for name in failed - expected.failures]
    problems += [f"is listed and does not fail: {name}" for name in expected.failures - failed]
    problems += [
        f"fails for another reason than /{expected.errors[name]}/: {name}\n{reason(text)}"
        for name, text in seen.failures
        if name in expected.errors and not re.search(expected.errors[name], text)
    ]
    return [f"{expected.library}: {problem}" for problem in problems]


def reason(text: str) -> str:
    """pytest marks the lines that say what went wrong; the rest is sources and local variables."""
    return "\n".join(line for line in text.splitlines() if line.startswith("E  ")) or text


def text_of(name: str, seen: Outcome) -> str:
    return next(reason(text) for failed, text in seen.failures if failed == name)
