"""The packages of packages.txt, in a folder of their own that a process puts at the end of its path."""

from pathlib import Path

from tools.packages import installed

REQUIREMENTS = Path(__file__).with_name("packages.txt")


def packages() -> Path:
    """The folder."""
    return installed(REQUIREMENTS)
