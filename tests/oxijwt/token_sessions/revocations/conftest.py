"""REVOCATION_CACHE with a complete list, and a cache that can be lost."""

from contextlib import contextmanager
from uuid import UUID

import pytest
from django.core.cache import cache

from oxijwt.token_sessions import publications, revocation_cache
from tests.oxijwt.token_sessions.client import claims, make_user


class Unreachable:
    """A cache whose server is gone."""

    def __getattr__(self, name):
        raise ConnectionError


class Denylist:
    """The list in the cache, as a stateless service of another process sees it."""

    def __init__(self, monkeypatch):
        self._monkeypatch = monkeypatch

    @contextmanager
    def lost(self):
        """Inside, the cache can't be reached. Afterwards this process has forgotten that it owes something."""
        with self._monkeypatch.context() as patch:
            patch.setattr(revocation_cache, "cache", Unreachable)
            yield
        publications._has_failed.clear()

    def empty(self):
        """Forget everything, as a Redis does that was started again."""
        cache.clear()

    def has(self, tokens):
        """Whether the session of these tokens is on the list."""
        return cache.get(revocation_cache.key_of(UUID(claims(tokens["access"])["sid"]))) is not None

    @property
    def is_complete(self):
        """Whether stateless services believe the list."""
        return revocation_cache.is_complete()


@pytest.fixture
def denylist(transactional_db, clock, jwt_settings, monkeypatch):
    """A complete list, and the user `ada`."""
    jwt_settings(REVOCATION_CACHE="default")
    cache.clear()
    make_user()
    publications.publish_committed()
    yield Denylist(monkeypatch)
    publications._has_failed.clear()
    cache.clear()
