"""Sdists of other packages, for tests: simplejwt, dj-rest-auth, djoser and others. `tools/NAME.txt` pins each.

They are never installed, since .venv must not contain simplejwt, which djoser requires. A process that needs one puts
the unpacked sdist on its PYTHONPATH.
"""

import os
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
CACHE = REPOSITORY / ".cache"


def sdist(name: str) -> Path:
    """The unpacked sdist, downloaded once. pip refuses a file with another hash than the pinned one."""
    package, version = pinned(name)
    unpacked = CACHE / f"{name}-{version}"
    if not unpacked.exists():
        CACHE.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            _move_in(_unpack(_download(package, requirement(name), Path(scratch))), unpacked)
    return unpacked


def pinned(name: str) -> tuple[str, str]:
    """The name that the registry has for a package, and the pinned version."""
    return re.findall(r"^([\w-]+)==(\S+)", requirement(name).read_text(), re.MULTILINE)[0]


def requirement(name: str) -> Path:
    """The file with a package's pin."""
    return REPOSITORY / f"tools/{name}.txt"


def files_of_commit(name: str, commit: str) -> Path | None:
    """The files of a commit of the clone in `.cache/repositories/NAME`, unpacked once. None without a clone."""
    clone, unpacked = CACHE / "repositories" / name, CACHE / f"{name}-{commit[:12]}"
    if not unpacked.exists():
        if not clone.exists():
            return None
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            archive = Path(scratch, "files.tar")
            command = ["git", "archive", "--prefix=files/", "--output", archive, commit]
            subprocess.run(command, cwd=clone, check=True)
            _move_in(_unpack(archive), unpacked)
    return unpacked


def _move_in(folder: Path, unpacked: Path) -> None:
    """One rename, so that an interrupted run leaves no incomplete folder. If two run at once, the first one wins."""
    try:
        folder.rename(unpacked)
    except OSError:
        if not unpacked.exists():
            raise


def _download(package: str, requirement: Path, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", f"--no-binary={package}"]
    # drf-jwt-2fa asks for Python 3.12, and its suite passes on 3.11 too.
    command.append("--ignore-requires-python")
    # The constraints are for .venv. They must not apply to the sdist's build requirements.
    environment = {name: value for name, value in os.environ.items() if name != "PIP_CONSTRAINT"}
    subprocess.run([*command, "--dest", folder, "--requirement", requirement], check=True, env=environment)
    return next(folder.glob("*.tar.gz"))


def _unpack(archive: Path) -> Path:
    with tarfile.open(archive) as tar:
        # Python before 3.11.4 does not have this filter. The archive's hash is pinned in any case.
        tar.extraction_filter = getattr(tarfile, "data_filter", None)
        tar.extractall(archive.parent)  # noqa: S202 - a pinned hash
    return next(path for path in archive.parent.iterdir() if path.is_dir())
