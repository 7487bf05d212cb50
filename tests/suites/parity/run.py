"""Runs simplejwt's own suite, on simplejwt and on oxijwt."""

import sys
from pathlib import Path

from tests.suites.foreign.run import run

if __name__ == "__main__":
    sys.exit(run([Path(__file__).with_name("simplejwt.toml")]))
