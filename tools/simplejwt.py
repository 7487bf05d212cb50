"""The sdist of simplejwt 5.5.1: the library to compare with, and its own test suite.

It is never installed. A process that needs the real library puts `simplejwt_sdist()` on its PYTHONPATH.
"""

import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
NAME = "djangorestframework-simplejwt"
REQUIREMENT = REPOSITORY / "tools/simplejwt.txt"
UNPACKED = REPOSITORY / ".cache/simplejwt-5.5.1"


def simplejwt_sdist() -> Path:
    """The unpacked sdist, downloaded once. pip refuses a file with another hash than the pinned one."""
    if not UNPACKED.exists():
        UNPACKED.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=UNPACKED.parent) as scratch:
            unpacked = _unpack(_download(Path(scratch)))
            _move_in(unpacked)
    return UNPACKED


def _move_in(unpacked: Path) -> None:
    """One rename, so that an interrupted run leaves no incomplete folder. If two run at once, the first one wins."""
    try:
        unpacked.rename(UNPACKED)
    except OSError:
        if not UNPACKED.exists():
            raise


def _download(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", f"--no-binary={NAME}"]
    # The constraints are for .venv. They must not apply to the sdist's build requirements.
    environment = {name: value for name, value in os.environ.items() if name != "PIP_CONSTRAINT"}
    subprocess.run([*command, "--dest", folder, "--requirement", REQUIREMENT], check=True, env=environment)
    return next(folder.glob("*.tar.gz"))


def _unpack(archive: Path) -> Path:
    with tarfile.open(archive) as tar:
        # Python before 3.11.4 does not have this filter. The archive's hash is pinned in any case.
        tar.extraction_filter = getattr(tarfile, "data_filter", None)
        tar.extractall(archive.parent)  # noqa: S202 - a pinned hash
    return next(path for path in archive.parent.iterdir() if path.is_dir())


if __name__ == "__main__":
    print(simplejwt_sdist())
