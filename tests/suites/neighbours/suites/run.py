"""Runs the neighbours' own suites, on simplejwt and on oxijwt. Arguments name some of them."""

import sys
from pathlib import Path

from tests.suites.foreign.run import run

HERE = Path(__file__).parent


def main(names: list[str]) -> int:
    """0 if each suite does what its file says."""
    return run([HERE / f"{name}.toml" for name in names] or sorted(HERE.glob("*.toml")))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
