"""`make fuzz`: builds the targets of tests/suites/fuzz with plain cargo and g++, runs them and prints a table.

The corpus, the output of the targets and the inputs that break them are in .cache/fuzz.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tools import fuzz_seeds

ROOT = Path(__file__).parents[1]
CRATE = ROOT / "tests/suites/fuzz"
CACHE = ROOT / ".cache/fuzz"
BUILD = ROOT / "target/fuzz"

MAX_LENGTHS = {
    "token": 20_000,
    "second_opinion": 20_000,
    "json": 20_000,
    "flat": 4_000,
    "claims": 4_000,
    "jwk": 8_000,
    "jwk_set": 20_000,
    "pem": 10_000,
}
"""The targets, and the longest input of each in bytes. A token of more than 16,384 bytes is refused."""

# The flags of cargo-fuzz 0.13. The core's own assertions and all overflows are findings.
RUSTFLAGS = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
    "-Cdebug-assertions",
    "-Cdebuginfo=line-tables-only",
    "-Cstrip=none",
    "--cfg=fuzzing",
]
# Linking all binaries with LTO would take too long.
FLAGS = {"RUSTFLAGS": " ".join(RUSTFLAGS), "CARGO_PROFILE_RELEASE_LTO": "off"}


@dataclass(frozen=True)
class Outcome:
    """The result of one run of a target."""

    target: str
    status: int
    output: str
    artifacts: list[Path]

    def row(self) -> list[str]:
        """The line of the table."""
        executions, rate = self.last(r"number_of_executed_units: (\d+)"), self.last(r"average_exec_per_sec: +(\d+)")
        coverage, counters = self.last(r"cov: (\d+)"), self.last(r"(\d+) inline 8-bit counters")
        return [
            self.target,
            f"{int(executions):,}",
            f"{int(rate):,}",
            f"{coverage}/{counters}",
            self.last(r"ft: (\d+)"),
            self.last(r"corp: (\d+)"),
            f"EXIT {self.status}" if self.status else "none",
        ]

    def last(self, pattern: str) -> str:
        """The group of the last match in libFuzzer's output, or 0."""
        return (re.findall(pattern, self.output) or ["0"])[-1]


COLUMNS = ["target", "executions", "exec/s", "cov", "ft", "corpus", "crash"]


def main() -> None:
    """Build, seed and run the named targets, or all; fail if one crashed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=1800, help="for each target")
    parser.add_argument("targets", nargs="*", metavar="target", help="all unless named: " + ", ".join(MAX_LENGTHS))
    arguments = parser.parse_args()
    targets = arguments.targets or list(MAX_LENGTHS)
    if unknown := set(targets) - set(MAX_LENGTHS):
        parser.error(f"no target is called {', '.join(sorted(unknown))}")
    build()
    fuzz_seeds.write(CACHE / "seeds", ROOT)
    outcomes = [run(target, arguments.seconds) for target in targets]
    print(table([COLUMNS, *(outcome.row() for outcome in outcomes)]))
    crashed = [outcome for outcome in outcomes if outcome.status]
    for outcome in crashed:
        print(report(outcome), file=sys.stderr)
    sys.exit(1 if crashed else 0)


def build() -> None:
    """Compile all targets for this machine. With an explicit target, build scripts don't get the flags."""
    host = host_triple()
    command = ["cargo", "build", "--quiet", "--release", "--locked", "--bins", "--target", host]
    command += ["--manifest-path", str(CRATE / "Cargo.toml"), "--target-dir", str(BUILD)]
    for key, value in built_library().items():
        command += ["--config", f"target.{host}.{key}={json.dumps(value)}"]
    subprocess.run(command, check=True, env={**os.environ, **FLAGS})


def host_triple() -> str:
    """rustc's name for this machine."""
    command = ["rustc", "-vV"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return next(line.removeprefix("host: ") for line in said.splitlines() if line.startswith("host: "))


def built_library() -> dict[str, str | list[str]]:
    """The AWS-LC that `make` compiled for the extension, if it did: its build script's output as cargo settings.

    Compiling the C code again would take minutes and give the same result.
    """
    lock = tomllib.loads((CRATE / "Cargo.lock").read_text())
    version = next(package["version"] for package in lock["package"] if package["name"] == "aws-lc-sys")
    links = f"aws_lc_{version.replace('.', '_')}"
    for said in (ROOT / "target/release/build").glob("aws-lc-sys-*/output"):
        settings = read_build_script(said.read_text())
        if settings.get("libcrypto") == f"{links}_crypto" and Path(str(settings["libcrypto_path"])).exists():
            return {f"{links}.{key}": value for key, value in settings.items()}
    return {}


def read_build_script(output: str) -> dict[str, str | list[str]]:
    """The settings that a build script printed; those of rustc are lists."""
    settings: dict[str, str | list[str]] = {}
    for key, value in re.findall(r"^cargo:([\w-]+)=(.*)$", output, re.MULTILINE):
        if key.startswith("rustc-"):
            settings[key] = [*settings.get(key, []), value]
        elif key != "warning" and not key.startswith("rerun-"):
            settings[key] = value
    return settings


def run(target: str, seconds: int) -> Outcome:
    """Fuzz one target for this many seconds. New inputs are added to .cache/fuzz/corpus."""
    corpus, artifacts = CACHE / "corpus" / target, CACHE / "artifacts" / target
    log = CACHE / "logs" / f"{target}.log"
    for folder in [corpus, artifacts, log.parent]:
        folder.mkdir(parents=True, exist_ok=True)
    print(f"{target}: {seconds} s, printed to {log.relative_to(ROOT)}", flush=True)
    before = set(artifacts.iterdir())
    command = [str(BUILD / host_triple() / "release" / target), str(corpus)]
    command += [str(folder / target) for folder in [CRATE / "corpus", CACHE / "seeds"]]
    command += [f"-dict={CRATE / 'dictionaries' / target}.dict", f"-artifact_prefix={artifacts}/"]
    command += [f"-max_len={MAX_LENGTHS[target]}", f"-max_total_time={seconds}", "-timeout=10"]
    with log.open("w") as file:
        status = subprocess.run(
            [*command, "-print_final_stats=1"], check=False, stdout=file, stderr=subprocess.STDOUT
        ).returncode
    return Outcome(target, status, log.read_text(errors="replace"), sorted(set(artifacts.iterdir()) - before))


def table(rows: list[list[str]]) -> str:
    """The rows as text in columns; the first column is aligned left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(aligned(row, widths)) for row in rows)


def aligned(row: list[str], widths: list[int]) -> Iterable[str]:
    """The cells of a row, padded to the widths."""
    yield row[0].ljust(widths[0])
    yield from (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))


def report(outcome: Outcome) -> str:
    """The path of the input that broke a target, and the target's message."""
    where = [f"  {path.relative_to(ROOT)}" for path in outcome.artifacts]
    said = [line for line in outcome.output.splitlines() if "panicked at" in line or line.startswith("SUMMARY")]
    return "\n".join([f"{outcome.target} failed; docs/dev/fuzzing.md says how to go on:", *where, *said])


if __name__ == "__main__":
    main()
