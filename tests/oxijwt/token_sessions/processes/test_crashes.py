"""A worker is killed before and after every SQL statement of a request; then the client tries again.

Either nothing had happened or all of it: one autocommitted statement, or one COMMIT, lies between the two.
"""

import pytest

from tests.oxijwt.token_sessions.crowd import PASSWORD, tell
from tests.sites.settings import DATABASE

SESSIONS, BOTH_APPS = "tests.sites.sessions", "tests.sites.adoption"
WRITES = ("INSERT", "UPDATE", "DELETE")


class Login:
    """A login. The client that hears nothing logs in again."""

    only = None

    def prepare(self, _site):
        return None

    def send(self, site, _tokens, **kill):
        return site.post("", {"username": site.username, "password": PASSWORD}, **kill)

    def check(self, site, _tokens, happened):
        assert site.state()["generations"] == [0] * happened
        tokens = site.log_in()
        assert site.is_let_in(tokens["access"])
        assert site.outcome(tokens["refresh"]) == (200, None)
        assert sorted(site.state()["generations"]) == [0] * happened + [1]


class LoginAtTheLimit(Login):
    """A login that ends another session. Both statements commit by themselves: the next login ends what is too much."""

    only = SESSIONS
    limit = {"SESSION_LIMIT_PER_USER": 1}

    def prepare(self, site):
        site.log_in()

    def send(self, site, _tokens, **kill):
        return super().send(site, _tokens, jwt=self.limit, **kill)

    def check(self, site, _tokens, _happened):
        assert 1 <= site.state()["live"] <= 2
        tokens = site.log_in(jwt=self.limit)
        assert site.state()["live"] == 1
        assert site.is_let_in(tokens["access"])


class Refresh:
    """A rotating refresh. The client sends the token again."""

    only = None

    def prepare(self, site):
        return site.log_in()

    def send(self, site, tokens, **kill):
        return site.post("refresh/", {"refresh": tokens["refresh"]}, **kill)

    def check(self, site, tokens, happened):
        assert site.state() == {"generations": [int(happened)], "live": 1, "markers": 0, "blacklisted": 0}
        answer = site.refresh(tokens["refresh"])
        assert answer["status"] == 200
        assert site.state()["generations"] == [1]
        assert site.is_let_in(answer["body"]["access"])
        site.let_grace_pass()
        assert site.outcome(answer["body"]["refresh"]) == (200, None)


class Logout:
    """A logout. The client sends it again."""

    only = None
    scope = "local"

    def prepare(self, site):
        tokens = site.log_in()
        return tokens | site.refresh(tokens["refresh"])["body"]

    def send(self, site, tokens, **kill):
        return site.post("logout/", {"refresh": tokens["refresh"], "scope": self.scope}, **kill)

    def check(self, site, tokens, happened):
        assert site.state()["live"] == (0 if happened else 1)
        assert site.is_let_in(tokens["access"]) != happened
        assert self.send(site, tokens)["status"] == 204
        assert site.outcome(tokens["refresh"]) == (401, "session_revoked")
        assert not site.is_let_in(tokens["access"])


class LogoutEverywhere(Logout):
    """A logout that ends another session too, blacklists an old token and leaves a marker: all of it or nothing."""

    only = BOTH_APPS
    scope = "global"

    def prepare(self, site):
        site.log_in()
        old = site.ask("token_of_simplejwt", user_id=site.user_id)["refresh"]
        return super().prepare(site) | {"old": old}

    def check(self, site, tokens, happened):
        state = site.state()
        assert (state["live"], state["blacklisted"], state["markers"]) == ((0, 1, 1) if happened else (2, 0, 0))
        assert self.send(site, tokens)["status"] == (401 if happened else 204)
        assert site.outcome(tokens["refresh"]) == (401, "session_revoked")
        assert site.outcome(tokens["old"])[0] == 401
        assert site.state()["live"] == 0


class Reuse:
    """A retired token that comes back after the grace interval. Whoever sent it sends it again."""

    only = None

    def prepare(self, site):
        retired = site.log_in()["refresh"]
        tokens = site.refresh(retired)["body"]
        site.let_grace_pass()
        return tokens | {"retired": retired}

    def send(self, site, tokens, **kill):
        return site.post("refresh/", {"refresh": tokens["retired"]}, **kill)

    def check(self, site, tokens, happened):
        assert site.state() == {"generations": [1], "live": 0 if happened else 1, "markers": 0, "blacklisted": 0}
        assert site.is_let_in(tokens["access"]) != happened
        assert site.outcome(tokens["retired"]) == (401, "session_revoked" if happened else "token_reused")
        assert site.outcome(tokens["refresh"]) == (401, "session_revoked")
        assert not site.is_let_in(tokens["access"])


class Adoption:
    """The first refresh with a token of simplejwt. The client sends it again."""

    only = BOTH_APPS

    def prepare(self, site):
        return site.ask("token_of_simplejwt", user_id=site.user_id)

    def send(self, site, tokens, **kill):
        return site.post("refresh/", {"refresh": tokens["refresh"]}, **kill)

    def check(self, site, tokens, happened):
        expected = {"generations": [1] * happened, "live": int(happened), "markers": 0, "blacklisted": int(happened)}
        assert site.state() == expected
        answer = site.refresh(tokens["refresh"])
        assert answer["status"] == 200
        assert site.is_let_in(answer["body"]["access"])
        assert site.state() == {"generations": [1], "live": 1, "markers": 0, "blacklisted": 1}


REQUESTS = (Login(), LoginAtTheLimit(), Refresh(), Logout(), LogoutEverywhere(), Reuse(), Adoption())


@pytest.mark.parametrize("request_kind", REQUESTS, ids=lambda kind: type(kind).__name__)
def test_a_killed_worker_leaves_the_old_state_or_the_new_one(site, request, request_kind, capsys):
    settings_module = request.node.callspec.params["site"]
    if request_kind.only not in {None, settings_module}:
        pytest.skip(f"needs {request_kind.only}")
    statements = attempt(site, request_kind, None)["statements"]
    decisive = decisive_statement(statements)
    points = [(index, moment) for index in range(len(statements)) for moment in ("before", "after")]
    for point in points:
        assert attempt(site, request_kind, point, decisive) == {"killed": True}, point
    name = type(request_kind).__name__
    tell(capsys, f"{DATABASE} {settings_module} {name}: {len(points)} kill points in {' '.join(statements)}")


def decisive_statement(statements):
    """The index of the COMMIT, or without one of the first statement that writes."""
    if "COMMIT" in statements:
        assert statements.count("COMMIT") == 1
        return statements.index("COMMIT")
    return next(index for index, statement in enumerate(statements) if statement in WRITES)


def attempt(site, request_kind, point, decisive=-1):
    """The answer to a request that is killed at a point, or at none, of a new user; what came of it was checked."""
    site.new_user()
    tokens = request_kind.prepare(site)
    answer = request_kind.send(site, tokens, kill=point)
    happened = point is None or point[0] > decisive or point == (decisive, "after")
    request_kind.check(site, tokens, happened)
    return answer
