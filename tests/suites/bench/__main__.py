"""`make bench`: run every part, print the table, and write docs/benchmarks.md and the lines of README.md.

With names of parts it runs these and prints only. `--short` shows that all parts work: `make test` runs it. The command
ends with 1 if a bar was missed; a short run has no bars.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from time import monotonic

from tests.conftest import what_is_missing

from . import page
from .report import HEADER, Line

PARTS = {
    "tokens": ("tokens.against_simplejwt", "The token layer against simplejwt's"),
    "configurations": ("tokens.configurations", "Other configurations of keys and claims"),
    "refusals": ("tokens.refusals", "Refused tokens"),
    "libraries": ("tokens.libraries", "Other token libraries, every algorithm"),
    "core": ("tokens.core", "The Rust core against bare aws-lc-rs"),
    "threads": ("tokens.threads", "Two threads"),
    "whole": ("requests.whole", "Whole requests against simplejwt's"),
    "features": ("requests.features", "Cookies, claims, scopes and the OAuth style, each while it is on"),
    "logins": ("requests.logins", "Logins against other packages, SQLite"),
    "served": ("requests.served", "Two workers of gunicorn"),
    "tables": ("requests.tables", "Large tables and the flush"),
    "footprint": ("footprint", "Start and size"),
    "memory": ("requests.memory", "Memory"),
}
"""By name: the module of a part, and its title in the table."""
ON_POSTGRES = {"whole", "served", "tables"}


def main() -> int | str:
    """Run the parts that were named, or all."""
    arguments = parsed()
    chosen = arguments.parts or [*PARTS]
    without = what_is_missing("postgres") if ON_POSTGRES & set(chosen) else None
    if without and os.environ.get("CI") == "true":
        return f"bench: {without}, which CI must have"
    if without:
        print(f"bench: skipped {', '.join(sorted(ON_POSTGRES & set(chosen)))}: {without}")
        chosen = [name for name in chosen if name not in ON_POSTGRES]
    print(HEADER)
    sections = {PARTS[name][1]: list(run(name, arguments.short)) for name in chosen}
    if arguments.short:
        return 0
    if set(chosen) == set(PARTS):
        page.write(sections)
    return summary(sections)


def parsed() -> argparse.Namespace:
    """The command's arguments."""
    parser = argparse.ArgumentParser(description="Runs the benchmarks.")
    # Without a name argparse compares the empty list with the choices.
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--short", action="store_true", help="show that all works, in a few seconds for each part")
    return parser.parse_args()


def run(name: str, short: bool) -> Iterator[Line]:
    """The lines of one part, printed as they come. Raises CalledProcessError if the part fails."""
    module, title = PARTS[name]
    print(f"| **{title}** | | | | | |", flush=True)
    begun = monotonic()
    command = [sys.executable, "-m", f"tests.suites.bench.{module}", *(["--short"] if short else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for printed in process.stdout:
            line = Line(**json.loads(printed) | ({"within": None} if short else {}))
            print(line, flush=True)
            yield line
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    print(f"bench: {name} took {monotonic() - begun:.0f} s", file=sys.stderr, flush=True)


def summary(sections: dict[str, list[Line]]) -> int | str:
    """0, or what was missed."""
    missed = [f"  {line.what}: {line.ours}, ratio {line.ratio}, bar {line.bar}" for line in page.missed(sections)]
    return "\n".join(["", "missed:", *missed]) if missed else 0


if __name__ == "__main__":
    sys.exit(main())
