"""Django projects and other processes that tests run."""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import oxijwt

HERE = Path(__file__).parent
OXIJWT = Path(oxijwt.__file__).parents[1]


def python(*arguments: str, pythonpath: Iterable[Path] = (), **options: Any) -> "subprocess.Popen[str]":
    """A new interpreter with these projects, oxijwt and `pythonpath` on its path; `options` are Popen's."""
    environment = clean_environment(pythonpath) | options.pop("variables", {})
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, *arguments], env=environment, **pipes, **options)  # noqa: S603  ours


def clean_environment(pythonpath: Iterable[Path] = ()) -> dict[str, str]:
    """The caller's environment without its settings and paths."""
    foreign = ("PYTEST_", "DJANGO_", "PYTHONPATH", "PYTHONWARNINGS", "OXIJWT_", "COV_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    paths = [HERE, *pythonpath, OXIJWT]
    return environment | {"PYTHONPATH": os.pathsep.join(map(str, paths)), "PYTHONDONTWRITEBYTECODE": "1"}


def finished(process: "subprocess.Popen[str]", text: str = "") -> tuple[int, str, str]:
    """The exit status, output and error output of a process that is given `text`."""
    output, errors = process.communicate(text, timeout=120)
    return process.returncode, output, errors or ""
