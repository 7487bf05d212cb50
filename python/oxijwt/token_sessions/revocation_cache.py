"""REVOCATION_CACHE: a list of ended sessions, for services that do not read sessions from the database.

An entry outlives every access token of its session. The list also has a *sentinel*, which says that the list is
complete. Without it the cache was emptied, and no token is accepted until a process that has the database writes the
entries again.

A rebuild first writes its own id (BEGUN), then the entries, then the sentinel with the same id. If the cache is emptied
in between, the two ids differ and the list does not count as complete.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, TypeGuard
from uuid import uuid4

from django.core.cache import caches

from oxijwt import state
from oxijwt.exceptions import ServiceUnavailable, SessionError, TokenError
from oxijwt.locale import gettext_lazy as _
from oxijwt.records import session_app
from oxijwt.settings import api_settings

from .claims import UnknownSessionError, session_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from uuid import UUID

    from django.core.cache import BaseCache

    from oxijwt.tokens import Token

KEY_PREFIX = "oxijwt:revoked:"
SENTINEL = f"{KEY_PREFIX}complete"
BEGUN = f"{KEY_PREFIX}begun"
"""The id of the rebuild that began last."""
REBUILDING = f"{KEY_PREFIX}rebuilding"
"""The id of the rebuild that runs now."""
REBUILD_SECONDS = 60
"""After this time another process may rebuild the list, since the first one may have died."""
CLOCK_SKEW = timedelta(seconds=180)
"""More than any sensible difference between the clocks of two machines."""


def is_configured() -> bool:
    """Whether REVOCATION_CACHE names a cache."""
    return api_settings.REVOCATION_CACHE is not None


def refuse_revoked(token: Token) -> None:
    """Refuse a token whose session has ended. The token has a `sid`.

    Raises SessionError; TokenError if the list may have forgotten the session before the token expires; and
    ServiceUnavailable if the cache does not know.
    """
    try:
        sid = session_id(token[api_settings.session_claims[0]])
    except UnknownSessionError as error:
        if error.is_ignored:
            return
        raise
    app = session_app()
    found = entries_for(sid)
    if app is not None and (memory_in(found) is None or app.owes_publications()):
        app.publish_owed()
        found = entries_for(sid)
    if key_of(sid) in found:
        raise SessionError("session_revoked")
    memory = memory_in(found)
    if memory is None:
        raise ServiceUnavailable
    refuse_outliving(token, memory)


def refuse_outliving(token: Token, memory: int) -> None:
    """Raise TokenError for a token that can be valid for longer than the list remembers its session, in seconds."""
    issued_at, expires_at = token.get("iat"), token.get("exp")
    if not (is_number(issued_at) and is_number(expires_at)) or expires_at - issued_at > memory:
        raise TokenError(_("Token is invalid"))
    # A long LEEWAY of this service lets a token live on after its `exp`.
    if time.time() - issued_at > memory - CLOCK_SKEW.total_seconds():
        raise TokenError(_("Token is invalid"))


def is_number(claim: object) -> TypeGuard[float]:
    """Whether a claim is a number."""
    return isinstance(claim, int | float) and not isinstance(claim, bool)


def remembers(sid: UUID) -> bool:
    """Whether the list has this session. False if the cache does not answer, or has lost its list."""
    try:
        found = entries_for(sid)
    except ServiceUnavailable:
        return False
    return memory_in(found) is not None and key_of(sid) in found


def publish(session_ids: Iterable[UUID]) -> None:
    """Put ended sessions on the list; they may be on it already. Raises ServiceUnavailable."""
    with refused_while_down():
        # A process with longer lifetimes may have written the sentinel: the entries must live as long as it says.
        seconds = max(memory(), memory_in(cache().get_many([SENTINEL, BEGUN])) or 0)
        failed = cache().set_many({key_of(sid): 1 for sid in session_ids}, timeout=seconds)
    if failed:
        raise ServiceUnavailable


def is_complete() -> bool:
    """Whether the list is complete, and remembers sessions for as long as this process's tokens need.

    Raises ServiceUnavailable.
    """
    with refused_while_down():
        remembered = memory_in(cache().get_many([SENTINEL, BEGUN]))
    return remembered is not None and remembered >= memory()


def rebuild(session_ids: Iterable[UUID]) -> bool:
    """Write the whole list, then the sentinel. False if another process does so now. Raises ServiceUnavailable.

    `session_ids` is read after the rebuild has begun. So it contains each session that ended before.
    """
    own_id = uuid4().hex
    with refused_while_down():
        if not cache().add(REBUILDING, own_id, timeout=REBUILD_SECONDS):
            return False
        cache().set(BEGUN, own_id, timeout=None)
    try:
        publish(session_ids)
        with refused_while_down():
            cache().set(SENTINEL, {"rebuild": own_id, "memory": memory()}, timeout=None)
    finally:
        with refused_while_down():
            cache().delete(REBUILDING)
    return True


def memory() -> int:
    """How long an entry is kept, in seconds: REVOCATION_MEMORY.

    Without the setting, the longest lifetime of a token that authenticates requests, LEEWAY, and CLOCK_SKEW.
    """
    if api_settings.REVOCATION_MEMORY is not None:
        return int(api_settings.REVOCATION_MEMORY.total_seconds())
    lifetimes = [api_settings.ACCESS_TOKEN_LIFETIME, api_settings.SLIDING_TOKEN_LIFETIME]
    of_classes = (getattr(token_class, "lifetime", None) for token_class in api_settings.AUTH_TOKEN_CLASSES)
    lifetimes += [lifetime for lifetime in of_classes if isinstance(lifetime, timedelta)]
    return int((max(lifetimes) + state.token_backend.get_leeway() + CLOCK_SKEW).total_seconds())


def memory_in(found: Mapping[str, object]) -> int | None:
    """The memory that the sentinel names, in seconds; None if the list is not complete."""
    sentinel = found.get(SENTINEL)
    if not isinstance(sentinel, dict) or sentinel.get("rebuild") != found.get(BEGUN, ""):
        return None
    remembered: int | None = sentinel.get("memory")
    return remembered


def entries_for(sid: UUID) -> dict[str, object]:
    """This session's entry, and what says that the list is complete, as far as the cache has them.

    Raises ServiceUnavailable.
    """
    with refused_while_down():
        found: dict[str, object] = cache().get_many([key_of(sid), SENTINEL, BEGUN])
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
