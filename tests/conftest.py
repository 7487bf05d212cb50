"""The services that some tests need. A test that misses one is skipped, and fails where CI=true."""

import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.settings import DATABASE, DATABASES_BY_NAME, REDIS_URL

REPOSITORY = Path(__file__).parents[1]
VECTORS = Path(os.environ.get("OXIJWT_VECTORS", REPOSITORY.parent / "shared/vectors"))


def require_service(name: str) -> None:
    """Skip the calling test without `postgres`, `mariadb`, `redis` or `vectors`; fail it where CI=true."""
    missing = _what_is_missing(name)
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"{missing}, which CI must have", pytrace=False)
    if missing:
        pytest.skip(missing)


def _what_is_missing(name: str) -> str | None:
    if name == "vectors":
        return None if VECTORS.is_dir() else "no test vectors (OXIJWT_VECTORS names their folder)"
    host, port = _address(name)
    try:
        socket.create_connection((host, port), timeout=2).close()
    except OSError:
        return f"no {name} at {host}:{port}"
    return None


def _address(name: str) -> tuple[str, int]:
    if name == "redis":
        url = urlsplit(REDIS_URL)
        return url.hostname or "127.0.0.1", url.port or 6379
    database = DATABASES_BY_NAME[name]
    return str(database["HOST"]), int(str(database["PORT"]))


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder of test vectors that this project did not write."""
    require_service("vectors")
    return VECTORS


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """pytest-django calls this before it creates the test database: the moment to say that its server is missing."""
    if DATABASE != "sqlite":
        require_service(DATABASE)
