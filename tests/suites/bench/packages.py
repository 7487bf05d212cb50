"""The packages of packages.txt, in a folder of their own that a process puts at the end of its path."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.sdists import CACHE

REQUIREMENTS = Path(__file__).with_name("packages.txt")


def packages() -> Path:
    """The folder. It is made once for each version of packages.txt and of Python."""
    versions = REQUIREMENTS.read_bytes() + sys.version.encode()
    folder = CACHE / f"bench-{hashlib.sha256(versions).hexdigest()[:12]}"
    if not folder.exists():
        CACHE.mkdir(exist_ok=True)
        _install(folder)
    return folder


def _install(folder: Path) -> None:
    """One rename at the end, so that an interrupted run leaves no incomplete folder."""
    scratch = Path(tempfile.mkdtemp(dir=CACHE))
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:"]
    # The constraints are for .venv.
    environment = {name: value for name, value in os.environ.items() if name != "PIP_CONSTRAINT"}
    subprocess.run([*command, "--target", scratch, "--requirement", REQUIREMENTS], check=True, env=environment)
    try:
        scratch.rename(folder)
    except OSError:
        shutil.rmtree(scratch)
        if not folder.exists():
            raise
