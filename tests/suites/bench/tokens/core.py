"""The Rust core against bare aws-lc-rs: the figures of benches/core.rs, each with its bar."""

import json
import subprocess
from collections.abc import Iterator

from tests.suites.bench import bars
from tests.suites.bench.report import Line, run_part
from tests.suites.bench.turns import SHORT, Pace
from tools.sdists import REPOSITORY

COMMAND = ("cargo", "bench", "--quiet", "--locked", "--bench", "core", "--")


def lines(pace: Pace) -> Iterator[Line]:
    """`KeyRing.verify` and `KeyRing.sign` without Python."""
    options = ["--short"] if pace is SHORT else []
    found = subprocess.run([*COMMAND, *options], cwd=REPOSITORY, check=True, stdout=subprocess.PIPE, text=True)
    return map(line, found.stdout.splitlines())


def line(printed: str) -> Line:
    """One operation with one algorithm."""
    figures = json.loads(printed)
    algorithm, operation, factor = figures["algorithm"], figures["operation"], figures["factor"]
    bar = bars.CORE.get((algorithm, operation), bars.CORE_ASYMMETRIC)
    return Line(
        f"the core alone, {operation}, {algorithm}",
        f"{figures['ours']:,.0f} ns",
        f"bare aws-lc-rs {figures['bare']:,.0f} ns",
        f"{factor:.2f}",
        f"≤ {bar:g}",
        factor <= bar,
    )


if __name__ == "__main__":
    run_part(lines)
