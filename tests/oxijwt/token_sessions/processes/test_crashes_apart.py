"""A worker is killed before and after everything that happens on the second connection, which ends a refused session.

The caller has a transaction open. What the second connection has committed stays, whatever becomes of that transaction;
what the transaction has written comes or goes with its own COMMIT.
"""

import pytest

from oxijwt.token_sessions.models import RevokeReason
from tests.oxijwt.token_sessions.crowd import tell
from tests.sites.settings import DATABASE

from .test_crashes import SESSIONS, Reuse

pytestmark = [
    pytest.mark.skipif(DATABASE == "sqlite", reason="one connection; OXIJWT_DATABASE=postgres or mariadb has two"),
    pytest.mark.parametrize("site", [SESSIONS], indirect=True),
]


class ReuseInTransaction(Reuse):
    """A spent token in a transaction. The session ends on the second connection."""

    code = "token_reused"
    reason = RevokeReason.REUSE
    decisive = "own COMMIT"
    caller = {}

    def __init__(self, ends):
        self.ends = ends

    def send(self, site, tokens, **kill):
        caller = {"user_id": site.user_id, "ends": self.ends, **self.caller}
        return site.post("refresh/", {"refresh": tokens["retired"]}, caller=caller, **kill)

    def has_ended(self, point, statements):
        """Whether the session has ended when the worker dies at a point; None is the end of the request."""
        return is_past(point, statements.index(self.decisive))


class ReuseOfAnEndedSession(ReuseInTransaction):
    """Another connection has ended the session, and the transaction does not see it. The second connection does."""

    reason = RevokeReason.LOGOUT
    decisive = "ELSEWHERE"
    caller = {"is_late": True}


class ReuseOfALockedSession(ReuseInTransaction):
    """The transaction has locked the session. The second connection gives up, and the end goes with the transaction."""

    caller = {"locks": True}

    def has_ended(self, point, statements):
        return self.ends == "COMMIT" and is_past(point, statements.index("COMMIT"))


class RequestOfADeactivatedUser(ReuseInTransaction):
    """A request in a transaction, whose user was deactivated by `update()`. It is refused, and ends the session."""

    code = "user_inactive"
    reason = RevokeReason.DEACTIVATED

    def prepare(self, site):
        tokens = site.log_in()
        site.ask("set_active", user_id=site.user_id, is_active=False)
        return tokens

    def send(self, site, tokens, **kill):
        caller = {"user_id": site.user_id, "ends": self.ends}
        return site.ask("request", path="/api/whoami/", access=tokens["access"], caller=caller, **kill)

    def check(self, site, tokens, happened):
        assert site.state()["live"] == (0 if happened else 1)
        assert not site.is_let_in(tokens["access"])
        site.ask("set_active", user_id=site.user_id, is_active=True)
        assert site.outcome(tokens["refresh"]) == (401, "session_revoked")
        assert not site.is_let_in(tokens["access"])


REQUESTS = {
    f"{kind.__name__}-{ends}": kind(ends)
    for kind in (ReuseInTransaction, ReuseOfAnEndedSession, ReuseOfALockedSession, RequestOfADeactivatedUser)
    for ends in ("COMMIT", "ROLLBACK")
}
# Django asks a new connection to MariaDB for the server's version.
OPENED = ["own CONNECT"] if DATABASE == "postgres" else ["own CONNECT", "own SELECT"]
EXPECTED = {
    ReuseInTransaction: [*OPENED, "own UPDATE", "own COMMIT"],
    ReuseOfAnEndedSession: [*OPENED, "own UPDATE", "own SELECT", "own COMMIT"],
    ReuseOfALockedSession: [*OPENED, "own UPDATE", "own ROLLBACK"],
    RequestOfADeactivatedUser: [*OPENED, "own UPDATE", "own COMMIT"],
}
"""What the second connection does, besides settings."""


def is_past(point, index):
    """Whether a statement was executed when the worker dies at a point."""
    return point is None or point[0] > index or point == (index, "after")


@pytest.mark.parametrize("kind", REQUESTS.values(), ids=REQUESTS)
def test_what_the_second_connection_has_committed_stays(site, kind, capsys, request):
    whole = attempt(site, kind, None, None)
    statements = whole["statements"]
    assert (whole["status"], whole["body"]["code"]) == (401, kind.code)
    own = [statement for statement in statements if statement.startswith("own ") and statement != "own SET"]
    assert own == EXPECTED[type(kind)]
    assert statements[-1] == kind.ends
    points = [(index, moment) for index in range(len(statements)) for moment in ("before", "after")]
    for point in points:
        assert attempt(site, kind, point, statements) == {"killed": True}, point
    tell(capsys, f"{DATABASE} {request.node.name}: {len(points)} kill points in {', '.join(statements)}")


def attempt(site, kind, point, statements):
    """The answer to a request that is killed at a point, or at none, of a new user; what came of it was checked."""
    site.new_user()
    tokens = kind.prepare(site)
    answer = kind.send(site, tokens, kill=point)
    statements = statements or answer["statements"]
    is_written = kind.ends == "COMMIT" and is_past(point, statements.index("COMMIT"))
    assert site.ask("was_written", user_id=site.user_id) == {"written": is_written}, point
    has_ended = kind.has_ended(point, statements)
    if has_ended:
        assert site.ask("reasons", user_id=site.user_id) == {"reasons": [kind.reason]}, point
    kind.check(site, tokens, has_ended)
    return answer
