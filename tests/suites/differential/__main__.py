"""`python -m tests.suites.differential`: prints where the two libraries disagree, and fails where no class says why."""

import argparse
import secrets
import sys
import time

from django.conf import settings

settings.configure()

from . import report  # noqa: E402  after the settings
from .run import pinned_pyjwt, run  # noqa: E402


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.suites.differential")
    parser.add_argument("--tokens", type=int, default=1_000_000)
    parser.add_argument("--seed", help="what an earlier run printed, to make its tokens again")
    parser.add_argument("--processes", type=int, default=2)
    return parser.parse_args()


def main() -> int | str:
    asked = arguments()
    seed = asked.seed or secrets.token_hex(4)
    print(f"PyJWT {pinned_pyjwt()}, {asked.tokens} tokens, --seed {seed}\n", flush=True)
    started = time.perf_counter()
    tally = run(seed, asked.tokens, asked.processes)
    rate = tally.total / (time.perf_counter() - started)
    print("\n".join(report.lines(tally)))
    print(f"{rate:.0f} tokens a second in {asked.processes} processes")
    problems = [*tally.failures[: report.SHOWN_FAILURES], *map("never seen: {}".format, report.never_seen(tally))]
    return "\n".join(["", *problems]) if problems else 0


if __name__ == "__main__":
    sys.exit(main())
