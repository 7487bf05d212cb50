"""Generates, judges and counts, in blocks that processes share."""

import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path

from . import report
from .cases import Case, all_cases
from .clock import frozen
from .generate import Generated, tokens
from .verdicts import Judgement, judge

BLOCK = 10_000
"""Tokens that are made from one seed: a run is the same in one process and in two."""
THOROUGH_EVERY = 8
"""Of the tokens that both accept, one in so many is held against every class."""
CONSTRAINTS = Path(__file__).parents[3] / "tools/constraints.txt"


def pinned_pyjwt() -> str:
    """The version that `make` installs, which must be the one that runs here, and a 2.15."""
    (pinned,) = re.findall(r"^pyjwt==(.+)$", CONSTRAINTS.read_text(), re.MULTILINE)
    if version("PyJWT") != pinned or not pinned.startswith("2.15."):
        sys.exit(f"PyJWT is {version('PyJWT')}, tools/constraints.txt says {pinned}, and the classes are about 2.15")
    return pinned


@cache
def cases() -> dict[str, list[Case]]:
    return all_cases()


def run_block(block: tuple[str, int]) -> report.Tally:
    """Makes and judges the tokens of one seed."""
    seed, count = block
    tally = report.Tally()
    with frozen():
        for number, generated in enumerate(tokens(seed, count, cases())):
            token, case, mutations = generated
            judgement = judge(token, case, thorough=number % THOROUGH_EVERY == 0)
            tally.count(judgement, mutations)
            if judgement.is_failure and len(tally.failures) < report.SHOWN_FAILURES:
                tally.failures.append(failure(f"{seed} token {number}", generated, judgement))
    return tally


def failure(where: str, generated: Generated, judgement: Judgement) -> str:
    token, case, mutations = generated
    about = f"{case.algorithm}, {case.policy}, mutations {mutations}, classes {judgement.classes}"
    return f"{judgement.outcome}: {where}, {about}\n  {token!r:.4000}"


def blocks(seed: str, count: int) -> Iterator[tuple[str, int]]:
    for number, start in enumerate(range(0, count, BLOCK)):
        yield f"{seed}/{number}", min(BLOCK, count - start)


def run(seed: str, count: int, processes: int) -> report.Tally:
    tally = report.Tally()
    cases()  # before the processes part, so that all have the same keys
    with get_context("fork").Pool(processes) as pool:
        for part in pool.imap_unordered(run_block, blocks(seed, count)):
            tally.add(part)
    return tally
