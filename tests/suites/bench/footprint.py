"""What the package costs before its first request: CPU time and memory of the start, and the size of the wheel."""

import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from tests.suites.bench.report import Line, run_part
from tests.suites.bench.requests.spec import Spec
from tests.suites.bench.turns import SHORT, Pace
from tools.sdists import REPOSITORY

PACKAGE = REPOSITORY / "python/oxijwt"
STARTS = 15
WHAT = {
    "start with Django, DRF and the token views: CPU time": "ms",
    "resident memory after the start": "MiB",
}


def lines(pace: Pace) -> Iterator[Line]:
    """The start of a process with oxijwt and with simplejwt, and the wheel."""
    starts = 2 if pace is SHORT else STARTS
    ours, theirs = (least(spec, starts) for spec in (Spec("oxijwt", "sessions"), Spec("simplejwt")))
    for (what, unit), own, other in zip(WHAT.items(), ours, theirs, strict=True):
        yield Line(what, f"{own:.0f} {unit}", f"simplejwt {other:.0f} {unit}", f"{other / own:.2f}")
    yield Line("size of the wheel", f"{wheel_size() / 1024**2:.1f} MiB")


def least(spec: Spec, starts: int) -> list[float]:
    """The least time and memory of several starts."""
    return [min(values) for values in zip(*(started(spec) for _start in range(starts)), strict=True)]


def started(spec: Spec) -> list[float]:
    """Milliseconds and MiB of one new process."""
    command = [sys.executable, "-m", "tests.suites.bench.requests.start"]
    found = subprocess.run(command, env=spec.environment(), check=True, stdout=subprocess.PIPE, text=True)
    return [float(figure) for figure in found.stdout.split()]


def wheel_size() -> int:
    """Bytes of the package and its native module in a zip archive, as a wheel has them."""
    archive = BytesIO()
    with ZipFile(archive, "w", ZIP_DEFLATED) as wheel:
        for path in (path for path in PACKAGE.rglob("*") if path.suffix not in {".pyc", ""}):
            wheel.write(path, path.relative_to(PACKAGE.parent))
    return len(archive.getvalue())


if __name__ == "__main__":
    run_part(lines)
