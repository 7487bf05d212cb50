"""REVOCATION_CACHE: a list of ended sessions, for services that do not read sessions from the database.

An entry is kept as long as an access token can be valid. The cache also holds a sentinel key. If the sentinel is
missing, the cache was emptied and its entries are lost. Then all tokens are refused until a process that has the
database writes the entries again.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.core.cache import caches
from django.db import router

from oxijwt.exceptions import ServiceUnavailable, SessionError
from oxijwt.records import session_app
from oxijwt.settings import api_settings
from oxijwt.utils import aware_utcnow

from .claims import UnknownSessionError, session_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from uuid import UUID

    from django.core.cache import BaseCache

KEY_PREFIX = "oxijwt:revoked:"
SENTINEL = f"{KEY_PREFIX}complete"
LEEWAY_SECONDS = 180
"""In seconds; more than any sensible LEEWAY and difference between clocks together."""


def is_configured() -> bool:
    """Whether REVOCATION_CACHE names a cache."""
    return api_settings.REVOCATION_CACHE is not None


def refuse_revoked(claim: object) -> None:
    """Raise SessionError if the session of this `sid` has ended, and ServiceUnavailable if the cache does not know."""
    try:
        sid = session_id(claim)
    except UnknownSessionError as error:
        if error.is_ignored:
            return
        raise
    found = entries_for(sid)
    if SENTINEL not in found:
        if session_app() is None:
            raise ServiceUnavailable
        rebuild()
        found = entries_for(sid)
    if key_of(sid) in found:
        raise SessionError("session_revoked")
    if SENTINEL not in found:
        raise ServiceUnavailable


def remembers(sid: UUID) -> bool:
    """Whether the list has this session. False if the cache does not answer, or has lost its list."""
    try:
        found = entries_for(sid)
    except ServiceUnavailable:
        return False
    return SENTINEL in found and key_of(sid) in found


def publish(session_ids: Iterable[UUID]) -> None:
    """Put ended sessions on the list; they may be on it already. Raises ServiceUnavailable."""
    if not is_configured():
        return
    entries = {key_of(sid): 1 for sid in session_ids}
    with refused_while_down():
        failed = cache().set_many(entries, timeout=seconds_kept())
    if failed:
        raise ServiceUnavailable


def rebuild() -> None:
    """Write all entries that still matter, then the sentinel. Raises ServiceUnavailable."""
    from .models import TokenSession  # noqa: PLC0415  a stateless service has no such table

    # A replica may not have the latest ends yet.
    sessions = TokenSession.objects.using(router.db_for_write(TokenSession))
    publish(sessions.filter(revoked_at__gte=oldest_that_matters()).values_list("pk", flat=True))
    with refused_while_down():
        cache().set(SENTINEL, 1, timeout=None)


def oldest_that_matters() -> datetime:
    """If a session ended before this time, all its access tokens have expired."""
    return aware_utcnow() - timedelta(seconds=seconds_kept())


def entries_for(sid: UUID) -> dict[str, object]:
    """This session's entry and the sentinel, as far as the cache has them. Raises ServiceUnavailable."""
    with refused_while_down():
        found: dict[str, object] = cache().get_many([key_of(sid), SENTINEL])
    return found


def cache() -> BaseCache:
    """The Django cache that REVOCATION_CACHE names."""
    return caches[api_settings.REVOCATION_CACHE]


@contextmanager
def refused_while_down() -> Iterator[None]:
    """Raise ServiceUnavailable on any error, since each cache backend has its own exceptions."""
    try:
        yield
    except Exception as error:
        raise ServiceUnavailable from error


def key_of(sid: UUID) -> str:
    """The cache key of a session's entry."""
    return f"{KEY_PREFIX}{sid.hex}"


def seconds_kept() -> int:
    """How long an entry is kept, in seconds."""
    longest = max(api_settings.ACCESS_TOKEN_LIFETIME, api_settings.SLIDING_TOKEN_LIFETIME)
    return int(longest.total_seconds()) + LEEWAY_SECONDS
