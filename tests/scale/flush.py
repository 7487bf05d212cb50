"""`flushexpiredtokens` of half the rows, of ours and of simplejwt 5.5.1, each in a process of its own."""

from tools.simplejwt import simplejwt_sdist

from .databases import copy, execute, fetch, name
from .process import run
from .report import Figure, at_least, at_most

COMMAND = "flushexpiredtokens"
FASTER = 4
PEAK_MIB = 80
TRANSACTION_SECONDS = 0.5


def compare(sessions, tokens):
    """Figures of both our tables beside simplejwt's own command on a copy of the tokens."""
    with copy(tokens, "tokens_theirs"):
        theirs = flush("tokens_theirs", "rest_framework_simplejwt.token_blacklist", simplejwt_sdist())
        ours = flush(tokens, "oxijwt.token_blacklist")
        yield same_rows(tokens, "tokens_theirs")
    yield Figure("flush by simplejwt 5.5.1", described(theirs))
    yield from judged("outstanding tokens", ours, theirs)
    yield from judged("sessions", flush(sessions, "oxijwt.token_sessions"), theirs)


def flush(alias, app, search_path=""):
    execute(alias, "CHECKPOINT")
    return run(app, name(alias), COMMAND, search_path)


def same_rows(ours, theirs):
    kept = [fetch(alias, KEPT) for alias in (ours, theirs)]
    text = " and ".join(f"{outstanding} of which {blacklisted} blacklisted" for outstanding, blacklisted in kept)
    return Figure("tokens kept, by ours and by simplejwt", text, "equal", kept[0] == kept[1])


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
