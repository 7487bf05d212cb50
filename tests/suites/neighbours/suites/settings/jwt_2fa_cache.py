"""A pytest plugin that empties the cache for each test of drf-jwt-2fa. It counts codes and logins there."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    """The cache of a test is empty before it and after it."""
    cache.clear()
    yield
    cache.clear()
