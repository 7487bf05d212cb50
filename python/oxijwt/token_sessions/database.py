"""The database that sessions are written to, and what it is to be busy."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import OperationalError, router

from oxijwt.exceptions import ServiceUnavailable

from .models import TokenSession

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_TRIES = 5
"""How often something is decided or written again when another request got ahead."""


def database() -> str:
    """The alias of the database that sessions are written to; decisions read there too."""
    return router.db_for_write(TokenSession)


@contextmanager
def refused_while_busy() -> Iterator[None]:
    """A deadlock, a lock timeout or a snapshot that is too old is 503: the request may be repeated."""
    try:
        yield
    except OperationalError as error:
        raise ServiceUnavailable from error
