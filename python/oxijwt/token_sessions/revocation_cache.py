"""REVOCATION_CACHE: a denylist of ended sessions for services that read no session.

An entry lives as long as an access token can. Beside the entries stands a sentinel: without it the cache was emptied,
knows nothing, and nobody is let in until a node with the database has written the entries again.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.core.cache import caches
from django.db import router

from oxijwt.exceptions import ServiceUnavailable, SessionError
from oxijwt.records import session_app
from oxijwt.settings import api_settings
from oxijwt.utils import aware_utcnow

from .claims import session_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from uuid import UUID

KEY_PREFIX = "oxijwt:revoked:"
SENTINEL = f"{KEY_PREFIX}complete"


def is_configured() -> bool:
    """Whether REVOCATION_CACHE names a cache."""
    return api_settings.REVOCATION_CACHE is not None


def refuse_revoked(claim: object) -> None:
    """Raise SessionError for the `sid` of an ended session, ServiceUnavailable where the cache can't say."""
    sid = session_id(claim)
    found = _ask(sid)
    if SENTINEL not in found:
        _rebuild_or_refuse()
        found = _ask(sid)
    if _key(sid) in found:
        raise SessionError("session_revoked")
    if SENTINEL not in found:
        raise ServiceUnavailable


def publish(session_ids: Iterable[UUID]) -> None:
    """Put ended sessions on the list. Raises ServiceUnavailable; publishing again does no harm."""
    if not is_configured():
        return
    entries = {_key(sid): 1 for sid in session_ids}
    with _answering():
        failed = _cache().set_many(entries, timeout=_seconds_kept())
    if failed:
        raise ServiceUnavailable


def rebuild() -> None:
    """Write every entry that can still matter, then the sentinel. Raises ServiceUnavailable."""
    from .models import TokenSession  # noqa: PLC0415  a stateless service has no such table

    # A replica may not know yet of what has just ended.
    sessions = TokenSession.objects.using(router.db_for_write(TokenSession))
    publish(sessions.filter(revoked_at__gte=oldest_that_matters()).values_list("pk", flat=True))
    with _answering():
        _cache().set(SENTINEL, 1, timeout=None)


def oldest_that_matters() -> datetime:
    """Of a session that ended before this, no access token can still be alive."""
    return aware_utcnow() - timedelta(seconds=_seconds_kept())


def _rebuild_or_refuse() -> None:
    if session_app() is None:
        raise ServiceUnavailable
    rebuild()


def _ask(sid: UUID) -> dict[str, Any]:
    with _answering():
        found: dict[str, Any] = _cache().get_many([_key(sid), SENTINEL])
    return found


@contextmanager
def _answering() -> Iterator[None]:
    """Raise ServiceUnavailable for whatever goes wrong: each cache backend has exceptions of its own."""
    try:
        yield
    except Exception as error:
        raise ServiceUnavailable from error


def _cache() -> Any:
    return caches[api_settings.REVOCATION_CACHE]


def _key(sid: UUID) -> str:
    return f"{KEY_PREFIX}{sid.hex}"


def _seconds_kept() -> int:
    longest = max(api_settings.ACCESS_TOKEN_LIFETIME, api_settings.SLIDING_TOKEN_LIFETIME)
    return int(longest.total_seconds()) + LEEWAY_SECONDS


LEEWAY_SECONDS = 180
"""More than any sensible LEEWAY and clock difference together, in seconds."""
