"""Application processes that share a database and Redis as REVOCATION_CACHE, and one that has no database.

What one process ends, the stateless authentication of another refuses at its next request. What the cache can't say is
503, never an accept.
"""

from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
import redis

from tests.conftest import require_service
from tests.oxijwt.token_sessions.crowd import let_grace_pass, make_user
from tests.oxijwt.token_sessions.processes.nodes import PREFIX, Line, running
from tests.sites.settings import DATABASE, REDIS_URL

pytestmark = [
    pytest.mark.skipif(DATABASE == "sqlite", reason="in memory; OXIJWT_DATABASE=postgres or mariadb is shared"),
    pytest.mark.django_db(transaction=True),
]


LET_IN, REVOKED = (200, None), (401, "session_revoked")


class Cache:
    """What the nodes keep in Redis."""

    def __init__(self, client):
        self._client = client

    def flush(self):
        """Forget all of it, as a Redis does that was started again."""
        for key in self._client.scan_iter(f"{PREFIX}:*"):
            self._client.delete(key)


@pytest.fixture(scope="module")
def cache():
    """The nodes' part of Redis, empty."""
    require_service("redis")
    with redis.Redis.from_url(REDIS_URL) as client:
        cache = Cache(client)
        cache.flush()
        yield cache
        cache.flush()


@pytest.fixture(scope="module")
def line(cache):
    """The way from the nodes to Redis."""
    url = urlsplit(REDIS_URL)
    line = Line(url.hostname, url.port or 6379)
    yield line
    line.cut()


@pytest.fixture(scope="module")
def nodes(line, django_db_setup):
    """Two processes with the database, and one without."""
    url = urlsplit(REDIS_URL)._replace(netloc=f"127.0.0.1:{line.port}").geturl()
    with (
        running("tests.sites.node", url) as one,
        running("tests.sites.node", url) as two,
        running("tests.sites.stateless_node", url) as stateless,
    ):
        yield one, two, stateless


@pytest.fixture
def site(nodes, cache):
    """The nodes with an empty cache, and a user."""
    make_user()
    cache.flush()
    return nodes


@pytest.fixture
def ready(site):
    """The nodes once one that has the database has been asked."""
    assert site[0].by_token_alone(site[0].log_in()["access"]) == LET_IN
    return site


@contextmanager
def cut(line):
    line.cut()
    try:
        yield
    finally:
        line.mend()


def test_a_logout_in_one_process_is_seen_by_the_others_at_their_next_request(ready):
    one, two, stateless = ready
    for where in (one, two):
        tokens = where.log_in()
        assert {node.by_token_alone(tokens["access"]) for node in ready} == {LET_IN}
        assert where.log_out(refresh=tokens["refresh"]) == 204
        assert [node.by_token_alone(tokens["access"]) for node in ready] == [REVOKED] * 3
    assert stateless.by_token_alone(one.log_in()["access"]) == LET_IN


def test_reuse_in_one_process_is_seen_by_the_others_at_their_next_request(ready):
    one, two, _stateless = ready
    first = one.log_in()
    second = two.refresh(first["refresh"])[1]
    let_grace_pass()
    assert one.refresh(first["refresh"])[1]["code"] == "token_reused"
    for access in (first["access"], second["access"]):
        assert [node.by_token_alone(access) for node in ready] == [REVOKED] * 3


def test_an_empty_cache_is_503_until_a_node_with_the_database_has_rebuilt_it(ready, cache):
    one, two, stateless = ready
    alive, ended = one.log_in()["access"], one.log_in()
    one.log_out(refresh=ended["refresh"])
    cache.flush()
    for access in (alive, ended["access"]):
        assert stateless.by_token_alone(access) == (503, "service_unavailable")
    assert two.by_token_alone(ended["access"]) == REVOKED
    assert stateless.by_token_alone(ended["access"]) == REVOKED
    assert stateless.by_token_alone(alive) == LET_IN


REBUILDS = {
    "login": lambda node, _tokens: node.log_in(),
    "refresh": lambda node, tokens: node.refresh(tokens["refresh"]),
    "logout": lambda node, _tokens: node.log_out(refresh=node.log_in()["refresh"]),
}


@pytest.mark.parametrize("act", REBUILDS.values(), ids=REBUILDS)
def test_every_login_refresh_and_logout_rebuilds_the_list(site, cache, act):
    """Only a stateless view on a node with the database did: the stateless service answered 503 for ever."""
    one, two, stateless = site
    tokens, ended = one.log_in(), one.log_in()
    assert stateless.by_token_alone(tokens["access"]) == LET_IN
    one.log_out(refresh=ended["refresh"])
    cache.flush()
    assert stateless.by_token_alone(tokens["access"]) == (503, "service_unavailable")
    act(two, tokens)
    assert stateless.by_token_alone(tokens["access"]) == LET_IN
    assert stateless.by_token_alone(ended["access"]) == REVOKED


def test_without_redis_nobody_is_let_in_by_the_token_alone(ready, line):
    tokens = ready[0].log_in()
    with cut(line):
        assert [node.by_token_alone(tokens["access"]) for node in ready] == [(503, "service_unavailable")] * 3
        assert ready[0].by_session(tokens["access"]) == LET_IN
        assert ready[1].refresh(tokens["refresh"])[0] == 200
    assert [node.by_token_alone(tokens["access"]) for node in ready] == [LET_IN] * 3


LOGOUTS = {
    "refresh token": (lambda node, tokens: node.log_out(refresh=tokens["refresh"]), LET_IN),
    "access token": (lambda node, tokens: node.log_out(access=tokens["access"]), LET_IN),
    "everywhere": (lambda node, tokens: node.log_out(refresh=tokens["refresh"], scope="global"), REVOKED),
}
"""What is sent, and what becomes of the user's other sessions."""


@pytest.mark.parametrize(("log_out", "outcome_of_others"), LOGOUTS.values(), ids=LOGOUTS)
def test_a_logout_without_redis_is_503_and_ends_and_is_published_when_it_is_repeated(
    ready, line, log_out, outcome_of_others
):
    one, two, stateless = ready
    tokens, others = one.log_in(), one.log_in()
    with cut(line):
        assert log_out(one, tokens) == 503
        assert two.by_session(tokens["access"]) == REVOKED
        assert two.refresh(tokens["refresh"])[1]["code"] == "session_revoked"
        assert log_out(one, tokens) == 503
        assert stateless.by_token_alone(tokens["access"]) == (503, "service_unavailable")
    assert log_out(two, tokens) == 204
    assert [node.by_token_alone(tokens["access"]) for node in ready] == [REVOKED] * 3
    assert stateless.by_token_alone(others["access"]) == outcome_of_others


def test_a_logout_of_the_others_without_redis_is_published_when_it_is_repeated(ready, line):
    one, two, stateless = ready
    tokens, others = one.log_in(), one.log_in()
    with cut(line):
        assert one.log_out(refresh=tokens["refresh"], scope="others") == 503
        assert two.by_session(others["access"]) == REVOKED
    assert two.log_out(refresh=tokens["refresh"], scope="others") == 204
    assert stateless.by_token_alone(others["access"]) == REVOKED
    assert stateless.by_token_alone(tokens["access"]) == LET_IN


def test_reuse_without_redis_ends_and_any_node_publishes_it(ready, line):
    one, two, stateless = ready
    first = one.log_in()
    second = one.refresh(first["refresh"])[1]
    let_grace_pass()
    with cut(line):
        assert one.refresh(first["refresh"])[1]["code"] == "token_reused"
        assert two.by_session(second["access"]) == REVOKED
    two.log_in()
    assert stateless.by_token_alone(second["access"]) == REVOKED
