"""Scenes: a user and two logins for each cell, in this process or in others that share its database and Redis."""

from contextlib import ExitStack

import pytest
from django.core.cache import cache

from tests.conftest import require_service
from tests.oxijwt.token_sessions.client import make_user
from tests.oxijwt.token_sessions.processes.test_two_processes import PREFIX, running
from tests.sites.settings import REDIS_URL

from .consumers import STATELESS
from .scene import ELSEWHERE, HERE, WITHOUT_DATABASE, Scene, ThisProcess, log_in

IN_REDIS = {
    "BACKEND": "django.core.cache.backends.redis.RedisCache",
    "LOCATION": REDIS_URL,
    "KEY_PREFIX": PREFIX,
}
"""The cache of the other processes."""


@pytest.fixture(scope="session")
def others(django_db_setup):
    """A process with this database, and one without a database, by where they are."""
    require_service("redis")
    with ExitStack() as stack:
        yield {
            ELSEWHERE: stack.enter_context(running("tests.sites.node", REDIS_URL)),
            WITHOUT_DATABASE: stack.enter_context(running("tests.sites.stateless_node", REDIS_URL)),
        }


@pytest.fixture
def set_up(request, transactional_db, settings, jwt_settings):
    """Make a scene for a consumer, with a user of its own: `set_up(consumer)`."""
    settings.ROOT_URLCONF = "tests.oxijwt.token_sessions.promises.urls"
    settings.CACHES = settings.CACHES | {"shared": IN_REDIS}

    def set_up(consumer):
        is_here = consumer.where == HERE
        jwt_settings(REVOCATION_CACHE="default" if is_here else "shared")
        cache.clear()
        processes = {HERE: ThisProcess()} | ({} if is_here else request.getfixturevalue("others"))
        user, login = make_user(consumer.name), processes[HERE if is_here else ELSEWHERE]
        scene = Scene(user, processes, mine=log_in(login, user), other=log_in(login, user))
        # The process without a database refuses everybody until one with the database has filled the cache.
        assert processes[HERE].request("GET", STATELESS, access=scene.mine["access"])[0] == 200
        return scene

    return set_up
