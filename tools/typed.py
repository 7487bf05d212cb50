"""`python -m tools.typed`: how many public symbols of the package have a type that each type checker knows.

It runs `pyright --verifytypes`, and ends with 1 if the share is below LEAST. `--list` prints the other symbols.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

LEAST = 0.95


def report() -> dict[str, Any]:
    """What pyright says about the package, without the types that other packages lack."""
    # With --verifytypes pyright ignores --pythonpath, and takes the first interpreter of the PATH.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    command = [sys.executable, "-m", "pyright", "--verifytypes", "oxijwt", "--ignoreexternal", "--outputjson"]
    found = subprocess.run(command, env=os.environ | {"PATH": path}, stdout=subprocess.PIPE, text=True, check=False)
    completeness: dict[str, Any] = json.loads(found.stdout)["typeCompleteness"]
    return completeness


def main() -> int:
    """Print the share, and with `--list` the symbols without a known type."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true")
    found, symbols = report(), []
    if parser.parse_args().list:
        symbols = [symbol for symbol in found["symbols"] if symbol["isExported"] and not symbol["isTypeKnown"]]
    for symbol in symbols:
        print(symbol["name"])
    score = found["completenessScore"]
    print(f"{score:.1%} of the public symbols have a known type; at least {LEAST:.0%} must")
    return int(score < LEAST)


if __name__ == "__main__":
    sys.exit(main())
