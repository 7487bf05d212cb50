"""What the answers come to, beside the limits."""

from collections import Counter

from tests.suites.scale.report import Figure, at_most

from .server import WORKERS

FEWEST_REQUESTS = 3000
LONGEST_TAKEN = 2.0
"""Seconds after the change of the key file."""


def figures(run):
    """The rows of the table."""
    rotating = [answer for answer in run.answers if answer.asked_at < run.revoking_at]
    revoking = [answer for answer in run.answers if answer.asked_at >= run.revoking_at]
    yield at_least("rotating: requests", len(rotating), FEWEST_REQUESTS)
    yield from of_the_load("rotating", rotating, run.revoking_at - run.began_at)
    yield exactly("rotating: 401", count(rotating, status=401), 0)
    for number, key in enumerate(run.rotated, 1):
        yield from of_a_key(f"key {number}, {key.algorithm}", key, rotating)
    yield from of_the_load("revoking", revoking, run.ended_at - run.revoking_at)
    yield from of_the_revoked(run, revoking)
    yield from of_the_others(run, revoking)


def of_the_load(when, answers, seconds):
    asked = Counter(answer.what for answer in answers)
    statuses = Counter(answer.status for answer in answers)
    named = f"{asked['login']} logins, {asked['call']} calls, {asked['refresh']} refreshes"
    yield Figure(f"{when}: {named}, in", f"{seconds:.1f} s")
    yield exactly(f"{when}: workers that answered", len({answer.worker for answer in answers} - {None}), WORKERS)
    yield exactly(f"{when}: 5xx", sum(statuses[status] for status in statuses if status >= 500), 0)
    others = sum(statuses[status] for status in statuses if status < 500 and status not in {200, 401})
    yield exactly(f"{when}: any other answer than 200 and 401, or none", others, 0)


def of_a_key(name, key, rotating):
    yield at_least(f"{name}: logins and refreshes signed", count(rotating, received=key.kid), 1)
    yield at_least(f"{name}: tokens taken", count(rotating, sent=key.kid, status=200), 1)
    yield exactly(f"{name}: workers that take its first token after all", taking(key.after_the_rotations), WORKERS)


def of_the_revoked(run, revoking):
    """How long after the file's change it was still taken and still signed."""
    revoked = run.rotated[-1]
    yield at_least("revoked key: tokens refused", count(revoking, sent=revoked.kid, status=401), WORKERS)
    taken = Counter()
    for answer in revoking:
        if answer.sent == revoked.kid and answer.status == 200:
            taken[answer.worker] = max(taken[answer.worker], answer.asked_at - run.revoked_at)
    for number, worker in enumerate(revoked.in_the_end, 1):
        yield at_most(f"revoked key: last taken by worker {number}, after", taken[worker], LONGEST_TAKEN, " s")
    signed = [answer.asked_at - run.revoked_at for answer in revoking if answer.received == revoked.kid]
    yield at_most("revoked key: last login or refresh signed, after", max([0.0, *signed]), LONGEST_TAKEN, " s")
    refusing = list(revoked.in_the_end.values()).count(401)
    yield exactly("revoked key: workers that refuse it in the end", refusing, WORKERS)


def of_the_others(run, revoking):
    new, kept = run.successor, run.rotated[:-1]
    refused = [answer for answer in revoking if answer.status == 401 and answer.sent != run.rotated[-1].kid]
    yield exactly("revoking: 401 to a login or to a token of another key", len(refused), 0)
    yield exactly("next key: workers that took its first token at once", taking(new.after_the_rotations), WORKERS)
    yield Figure("next key: all of them were asked, after", f"{run.known_at - run.revoked_at:.3g} s")
    taken = [taking(key.in_the_end) for key in kept]
    yield exactly("older keys: workers that take their first tokens in the end", taken, [WORKERS] * len(kept))


def taking(statuses):
    return list(statuses.values()).count(200)


def count(answers, **wanted):
    """How many answers are as wanted."""
    return sum(all(getattr(answer, name) == value for name, value in wanted.items()) for answer in answers)


def at_least(what, value, limit):
    return Figure(what, str(value), f"≥ {limit}", value >= limit)


def exactly(what, value, limit):
    return Figure(what, str(value), f"= {limit}", value == limit)
