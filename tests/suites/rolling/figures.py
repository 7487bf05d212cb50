"""What was seen, beside the limits."""

from collections import Counter
from itertools import groupby

from tests.suites.rotation_load.figures import at_least, exactly
from tests.suites.scale.report import Figure

from .front import DROPS, NO_ANSWER
from .middleware import FORGOTTEN, WRONG_TYPE

LINES = 15
"""Of the requests before a loss."""


def of_the_walk(walk):
    """Each way from step to step, and whether the walk was what it claims to be."""
    seen = walk.seen
    yield from of_the_answers("walk", seen)
    failed = [answer.step for answer in seen.answers if not answer.is_final]
    yield exactly(
        "walk: responses lost or failed at nodes without sessions", sum(step not in DROPS for step in failed), 0
    )
    yield at_least("walk: responses lost at other nodes", sum(step in DROPS for step in failed), 1)
    yield exactly("walk: calls refused with a good access token", len(seen.refused), 0)
    taken = seen.with_generation.count("accept")
    yield at_least('walk: access tokens with `gen` taken at "accept" nodes', taken, 1)
    yield Figure("walk: longest wait until all had a session, before the last step", f"{walk.waited:.1f} s")
    yield exactly("walk: clients without a session after it", walk.without_session, 0)
    refreshes = Counter((answer.stage, answer.step) for answer in seen.answers if answer.what == "refresh")
    for way in dict.fromkeys(stage.way for stage in walk.stages):
        steps = sorted({step for stage in walk.stages if stage.way == way for step in stage.nodes})
        asked = ", ".join(f"{refreshes[way, step]} at {step}" for step in steps)
        yield exactly(f"{way}: logins lost (refreshes: {asked})", len(losses(seen, stage=way)), 0)
    yield of_the_late("walk", seen)
    idle = sum(not refreshes[stage.way, step] for stage in walk.stages for step in stage.nodes)
    yield exactly("walk: steps that answered no refresh", idle, 0)


def losses(seen, stage=None, but=frozenset()):
    """The logins that were lost, in this stage or in any, except these sessions and clients that were late."""
    found = (loss for loss in seen.losses if not loss.may_be_late and loss.login.sid not in but)
    return [loss for loss in found if stage is None or loss.answer.stage == stage]


def of_the_late(name, seen, but=frozenset()):
    """Clients whose repeat may have come after the grace interval: the machine was too slow for them."""
    late = sum(loss.may_be_late and loss.login.sid not in but for loss in seen.losses)
    return Figure(f"{name}: logins lost whose client may have been late", str(late), "documented")


def of_killing(run):
    """Session nodes whose workers were killed."""
    yield from of_the_sessions("kills", run)


def of_failing_over(run):
    """The same, with a database that forgot."""
    yield from of_the_sessions("fail-over", run)


def of_the_sessions(name, run):
    """Session nodes that were disturbed."""
    seen, gone, again = run.seen, run.forgotten("logins"), run.forgotten("ends")
    yield from of_the_answers(name, seen)
    yield at_least(f"{name}: workers killed", run.kills, 0.8 * run.seconds)
    yield at_least(f"{name}: responses lost", sum(answer.status == NO_ANSWER for answer in seen.answers), 1)
    yield at_least(
        f"{name}: refresh tokens sent twice or more", sum(times > 1 for times in Counter(seen.sent).values()), 1
    )
    if run.fail_overs:
        yield from of_the_fail_overs(name, run)
    yield exactly(f"{name}: logins lost", len(losses(seen, but=gone)), 0)
    yield of_the_late(name, seen, gone)
    yield at_least(f"{name}: logouts", len(seen.ended), 1)
    yield exactly(f"{name}: ended sessions revived", len(seen.revived - again), 0)
    kept = sum(login.sid not in again for login in seen.ended)
    tried = sum(answer.what.startswith("try") and answer.status == 401 for answer in seen.answers)
    yield at_least(f"{name}: tokens of ended sessions that were refused", tried, 4 * kept)


def of_the_fail_overs(name, run):
    """What the database forgot, and what that costs: the documents say so."""
    gone, again = run.forgotten("logins"), run.forgotten("ends")
    yield Figure(f"{name}: fail-overs", str(len(run.fail_overs)))
    yield at_least(f"{name}: refreshes forgotten", sum(each.refreshes for each in run.fail_overs), 1)
    yield at_least(f'{name}: lines "Session restored" in the logs', run.restored, 1)
    lost = len({loss.login.sid for loss in run.seen.losses} & gone)
    yield Figure(f"{name}: logins forgotten; {lost} of them met their loss", str(len(gone)), "documented")
    yield Figure(
        f"{name}: ends forgotten; {len(run.seen.revived & again)} of them seen revived", str(len(again)), "documented"
    )


def of_the_broken(run):
    """Session nodes with broken rules: their losses must be seen."""
    reasons = Counter(loss.answer.code for loss in run.seen.losses)
    yield at_least("broken, no grace interval: logins lost", reasons["token_reused"], 1)
    yield at_least("broken, no restoring: logins lost", reasons[FORGOTTEN], 1)
    yield at_least("broken, session not read: ended sessions revived", len(run.seen.revived), 1)


def of_the_broken_walk(walk):
    """A walk back to nodes that refuse access tokens with a generation."""
    lost = sum(loss.answer.code == WRONG_TYPE for loss in walk.seen.losses)
    yield at_least("broken, access tokens with a generation refused: logins lost", lost, 1)


def of_simplejwt(run):
    """What the same disturbances do to simplejwt: second tabs and lost responses are fatal."""
    yield at_least("simplejwt, two tabs and killed workers: logins lost", len(run.seen.losses), 1)


def of_the_answers(name, seen):
    """How much was asked, and how long it took."""
    asked = Counter(answer.what for answer in seen.answers)
    yield Figure(
        f"{name}: " + ", ".join(f"{number} {what}" for what, number in asked.most_common()), str(len(seen.answers))
    )
    yield Figure(f"{name}: slowest answer", f"{max(answer.gone_for for answer in seen.answers):.2f} s")


def reasons(seen):
    """Why logins were lost: how often, and the last requests of the first one that was lost for this reason."""
    found = {}
    for loss in seen.losses:
        found.setdefault((loss.answer.stage, loss.reason, loss.may_be_late), []).append(loss)
    for (stage, reason, may_be_late), lost in found.items():
        late = ", perhaps late" if may_be_late else ""
        yield f"\n{stage}: {len(lost)} logins lost by {reason}{late} {lost[0].answer.body}. One of them:"
        yield from list(history(lost[0]))[-LINES:]


def history(loss):
    """The requests before a loss. What was repeated without success is one line."""
    for (what, token, step, status), group in groupby(loss.history, key=described):
        times = [loss.answer.asked_at - answer.asked_at for answer, _token in group]
        repeated = f", {len(times)} times" if len(times) > 1 else ""
        yield f"  {times[0]:5.2f} s before: {what} with {token} at {step}: {status}{repeated}"


def described(request):
    """What of a request is worth a line."""
    answer, token = request
    status = "no answer" if answer.status == NO_ANSWER else f"{answer.status} {answer.code}".rstrip()
    return answer.what, token, answer.step, status
