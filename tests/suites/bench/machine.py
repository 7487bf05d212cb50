"""The machine and the versions that the figures belong to."""

import os
import platform
import re
import sqlite3
import subprocess
from datetime import UTC, datetime
from importlib.metadata import distributions, version
from pathlib import Path
from textwrap import fill

from tools.sdists import REPOSITORY

from .packages import REQUIREMENTS

WIDTH = 120
OURS = ("Django", "djangorestframework", "PyJWT", "cryptography", "joserfc", "python-jose", "psycopg", "gunicorn")
PINNED = (REQUIREMENTS, *(REPOSITORY / f"tools/{name}.txt" for name in ("simplejwt", "dj-rest-auth")))


def sentences() -> str:
    """One sentence about the machine, and one about the versions."""
    versions = ", ".join(f"{name} {number}" for name, number in found_versions())
    text = f"Measured on {datetime.now(tz=UTC):%Y-%m-%d}: {machine()}. Versions: {versions}."
    return fill(text, WIDTH, break_on_hyphens=False)


def machine() -> str:
    """Processor, memory and system."""
    memory = re.findall(r"MemTotal:\s+(\d+)", read("/proc/meminfo"))
    size = f", {int(memory[0]) / 1024**2:.0f} GiB of memory" if memory else ""
    return f"{processor()}, {os.cpu_count()} processors{size}, {platform.system()} {platform.release().split('-')[0]}"


def processor() -> str:
    """Its name, where the system has one."""
    return next(iter(re.findall(r"model name\s*: (.+)", read("/proc/cpuinfo"))), platform.machine())


def read(path: str) -> str:
    """A file of the system, or nothing on another system."""
    return Path(path).read_text() if Path(path).exists() else ""


def found_versions() -> list[tuple[str, str]]:
    """Everything that takes part."""
    installed = {distribution.name.lower() for distribution in distributions()}
    pinned = [entry for path in PINNED for entry in re.findall(r"^([\w-]+)==([\w.]+)", path.read_text(), re.MULTILINE)]
    return [
        ("Python", platform.python_version()),
        ("Rust", said_by("rustc", "--version")),
        ("SQLite", sqlite3.sqlite_version),
        ("PostgreSQL", said_by("psql", "--version")),
        *((name, version(name)) for name in OURS if name.lower() in installed),
        *pinned,
    ]


def said_by(*command: str) -> str:
    """The version that a command prints."""
    try:
        said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    except FileNotFoundError:
        return "not installed"
    return next(iter(re.findall(r"\d[\d.]+", said)), "unknown")
