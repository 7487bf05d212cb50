"""Django projects and other processes that the integration tests run."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

import oxijwt

HERE = Path(__file__).parent
OXIJWT = Path(oxijwt.__file__).parents[1]


def clean_environment(pythonpath: Iterable[Path] = (), **variables: str) -> dict[str, str]:
    """The caller's environment without its settings and paths; oxijwt and these projects are always importable."""
    foreign = ("PYTEST_", "DJANGO_", "PYTHONPATH", "PYTHONWARNINGS", "OXIJWT_", "COV_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    paths = [HERE, *pythonpath, OXIJWT]
    return environment | {"PYTHONPATH": os.pathsep.join(map(str, paths)), "PYTHONDONTWRITEBYTECODE": "1"} | variables


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]
