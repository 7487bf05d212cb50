"""Packages that some process needs and .venv must not have, in a folder that the process puts on its path."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.sdists import CACHE


def installed(requirements: Path) -> Path:
    """The folder with the packages that a file pins, without their dependencies, which .venv or the file has.

    It is made once for each version of the file and of Python.
    """
    versions = requirements.read_bytes() + sys.version.encode()
    folder = CACHE / f"packages-{requirements.stem}-{hashlib.sha256(versions).hexdigest()[:12]}"
    if not folder.exists():
        CACHE.mkdir(exist_ok=True)
        _install(requirements, folder)
    return folder


def _install(requirements: Path, folder: Path) -> None:
    """One rename at the end, so that an interrupted run leaves no incomplete folder."""
    scratch = Path(tempfile.mkdtemp(dir=CACHE))
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:"]
    # The constraints are for .venv.
    environment = {name: value for name, value in os.environ.items() if name != "PIP_CONSTRAINT"}
    subprocess.run([*command, "--target", scratch, "--requirement", requirements], check=True, env=environment)
    try:
        scratch.rename(folder)
    except OSError:
        shutil.rmtree(scratch)
        if not folder.exists():
            raise
