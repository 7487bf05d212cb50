"""How long a refresh takes in a large table, beside a small one: one of each in turns, in changing order."""

from statistics import median, quantiles

from .client import LIVE, refresh, token_of
from .growth import TODAY, sessions
from .report import Figure

ROUNDS = 3000
LIMIT = 1.2


def compare(small, large, rows):
    """The ratio of the medians, and the quartiles of the ratios of the rounds."""
    rounds = min(ROUNDS, rows // 10)
    tokens = {alias: tokens_of(alias, rounds) for alias in (small, large)}
    taken = {small: [], large: []}
    for number in range(rounds):
        for alias in (small, large) if number % 2 else (large, small):
            place = number % len(tokens[alias])
            tokens[alias][place], seconds = refresh(alias, tokens[alias][place])
            taken[alias].append(seconds)
    return figure(taken[small], taken[large], rows)


def tokens_of(alias, rounds):
    # In the large table each is another row, on another page.
    return [token_of(session) for session in sessions(alias, f"{LIVE} AND {TODAY} ORDER BY random()", rounds)]


def figure(small, large, rows):
    ratio = median(large) / median(small)
    low, _middle, high = quantiles((b / a for a, b in zip(small, large, strict=True)), n=4)
    what = f"refresh at {rows} rows ÷ at 1000, {len(large)} of each (quartiles of the pairs)"
    times = f"{1e3 * median(large):.2f} ms ÷ {1e3 * median(small):.2f} ms"
    return Figure(what, f"{times} = {ratio:.2f} ({low:.2f} to {high:.2f})", f"≤ {LIMIT}", ratio <= LIMIT)
