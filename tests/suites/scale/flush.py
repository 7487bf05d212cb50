"""`flushexpiredtokens` of half the rows, of ours and of simplejwt 5.5.1, each in a process of its own."""

from tools.simplejwt import simplejwt_sdist

from .databases import copy, execute, fetch, name
from .process import Run, run
from .report import Figure, at_least, at_most

COMMAND = "flushexpiredtokens"
ROUNDS = 2
FASTER = 4
PEAK_MIB = 80
TRANSACTION_SECONDS = 0.5


def compare(sessions, tokens):
    """Figures of both our tables beside simplejwt's own command; the quickest of some runs of each, in turns."""
    rounds = [one_round(sessions, tokens) for _ in range(ROUNDS)]
    theirs, ours, ours_of_sessions = (quickest(runs) for runs in zip(*rounds, strict=True))
    yield Figure(f"flush by simplejwt 5.5.1 (quickest of {ROUNDS})", described(theirs))
    yield from judged("outstanding tokens", ours, theirs)
    yield from judged("sessions", ours_of_sessions, theirs)


def one_round(sessions, tokens):
    with copy(tokens, "tokens_theirs"), copy(tokens, "scratch"):
        theirs = flush("tokens_theirs", "rest_framework_simplejwt.token_blacklist", simplejwt_sdist())
        ours = flush("scratch", "oxijwt.token_blacklist")
        if fetch("scratch", KEPT) != fetch("tokens_theirs", KEPT):
            raise RuntimeError("the two commands did not keep the same tokens")
    with copy(sessions, "scratch"):
        return theirs, ours, flush("scratch", "oxijwt.token_sessions")


def quickest(runs):
    """The least time, which other work on the machine delayed least; but the most memory and longest transaction."""
    return Run(
        min(run.seconds for run in runs),
        max(run.peak_mib for run in runs),
        max(run.longest_transaction for run in runs),
    )


def flush(alias, app, search_path=""):
    execute(alias, "CHECKPOINT")
    return run(app, name(alias), COMMAND, search_path)


KEPT = """
SELECT (SELECT count(*) FROM token_blacklist_outstandingtoken), (SELECT count(*) FROM token_blacklist_blacklistedtoken)
"""


def judged(what, ours, theirs):
    yield Figure(f"flush of {what}", described(ours))
    yield at_least("… simplejwt's time ÷ ours", theirs.seconds / ours.seconds, FASTER)
    yield at_most("… peak memory", ours.peak_mib, PEAK_MIB, " MiB")
    yield at_most("… longest transaction", ours.longest_transaction, TRANSACTION_SECONDS, " s")


def described(taken):
    return f"{taken.seconds:.1f} s, {taken.peak_mib:.0f} MiB, longest transaction {taken.longest_transaction:.2f} s"
