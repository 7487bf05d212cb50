"""Runs simplejwt 5.5.1's own suite twice, unmodified: on simplejwt itself, then on oxijwt behind its import hook.

Both runs must fail exactly what expected_failures.toml lists. The first run proves the harness.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.sdists import REPOSITORY
from tools.simplejwt import simplejwt_sdist

HERE = Path(__file__).parent
PLUGIN = HERE / "plugin"


@dataclass
class Expectation:
    """What one library is expected to do with the suite: tests that pass, and failures with their text."""

    library: str
    passed: int
    failures: Counter[str]
    errors: dict[str, str]


@dataclass
class Outcome:
    """What it did."""

    library: Path
    passed: int
    failures: list[tuple[str, str]]
    closing_line: str


def main() -> int:
    sdist = simplejwt_sdist()
    groups = tomllib.loads((HERE / "expected_failures.toml").read_text())
    real = run_suite(sdist, pythonpath=[sdist], options=[])
    problems = compare(expectation(groups, "simplejwt"), real, sdist)
    require_absence_of_simplejwt()
    ours = run_suite(sdist, pythonpath=[], options=["-p", "oxijwt.as_simplejwt"])
    problems += compare(expectation(groups, "oxijwt"), ours, REPOSITORY / "python")

    print(f"simplejwt 5.5.1's suite on simplejwt: {real.closing_line}")
    print(f"simplejwt 5.5.1's suite on oxijwt:    {ours.closing_line}")
    for group in groups["groups"]:
        print(f"  {len(group['failures']):2} expected: {group['reason']}")
    for problem in problems:
        print(f"parity: {problem}", file=sys.stderr)
    return 1 if problems else 0


def run_suite(sdist: Path, pythonpath: Iterable[Path], options: list[str]) -> Outcome:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(sdist / "tests", folder / "tests")
        shutil.copy(sdist / "pytest.ini", folder)
        report = folder / "report.json"
        environment = clean_environment() | {
            "PYTHONPATH": os.pathsep.join(map(str, [PLUGIN, *pythonpath])),
            "PARITY_REPORT": str(report),
        }
        command = [sys.executable, "-m", "pytest", "-p", "parity_report", "-p", "no:cacheprovider", *options]
        run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        if not report.exists():
            sys.exit(f"{run.stdout[-8000:]}\n{run.stderr[-8000:]}\nparity: pytest did not finish")
        return outcome(json.loads(report.read_text()), run.stdout)


def clean_environment() -> dict[str, str]:
    """No settings, options or paths of the caller's reach the suite."""
    foreign = ("PYTEST_", "DJANGO_", "PYTHONPATH", "OXIJWT_")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


def outcome(report: Mapping[str, object], output: str) -> Outcome:
    return Outcome(
        library=Path(report["library"]),
        passed=report["passed"],
        failures=report["failures"],
        closing_line=output.rstrip().rpartition("\n")[2].strip("= "),
    )


def require_absence_of_simplejwt() -> None:
    command = [sys.executable, "-c", "import rest_framework_simplejwt"]
    run = subprocess.run(command, cwd=PLUGIN, env=clean_environment(), capture_output=True, text=True, check=False)
    if "ModuleNotFoundError" not in run.stderr:
        sys.exit("parity: simplejwt itself is importable in .venv, so a run there proves nothing about oxijwt")


def expectation(listed: Mapping[str, object], library: str) -> Expectation:
    groups = [group for group in listed["groups"] if library == "oxijwt" or group.get("simplejwt_too")]
    return Expectation(
        library=library,
        passed=listed["passed"][library],
        failures=Counter(name for group in groups for name in group["failures"]),
        errors={name: group["error"] for group in groups for name in group["failures"]},
    )


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


if __name__ == "__main__":
    sys.exit(main())
