"""Starting a session, and refreshing it. What to do is decided in Rust; here it is made true.

Statements run in autocommit on the database that is written to, unless the caller has a transaction open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from oxijwt import signals
from oxijwt._core import Repeat, Rotate
from oxijwt.context import current_request
from oxijwt.exceptions import ServiceUnavailable
from oxijwt.settings import api_settings
from oxijwt.utils import datetime_from_micros, now_micros

from .adoption import insert_adopted, refuse_logged_out
from .database import MAX_TRIES, database, refused_while_busy, unless_deadlocked
from .ending import end_least_recently_refreshed
from .models import TokenSession
from .password import auth_hash
from .reading import Reading, permission_or_end, read_again
from .rows import flush_day, last_exp, new_session

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

Signed = TypeVar("Signed")


def start(user: Any, lifetime: timedelta) -> TokenSession:
    """Begin a session: one INSERT, and two statements more under SESSION_LIMIT_PER_USER."""
    request = current_request()
    session = new_session(user, lifetime, request, now_micros())
    with refused_while_busy():
        session.save(using=database(), force_insert=True)
    if api_settings.SESSION_LIMIT_PER_USER is not None:
        end_least_recently_refreshed(user, session)
    signals.session_started.send(TokenSession, session=session, request=request, adopted=False)
    return session


def refresh(
    reading: Reading, sign: Callable[[TokenSession], Signed], on_adoption: Callable[[], None]
) -> tuple[TokenSession, Signed]:
    """Make the decision true: the row that the answer is made of, and what `sign` made of that row.

    `sign` comes before anything is written: where it fails, nothing was. `on_adoption` is called inside the transaction
    that inserts an adopted session. Raises SessionError, TokenReusedError, or ServiceUnavailable where the database was
    busy: the request may then be repeated.
    """
    for _attempt in range(MAX_TRIES):
        decision = permission_or_end(reading)
        if not isinstance(decision, Rotate):
            if isinstance(decision, Repeat) and decision.previous:
                signals.refresh_repeated.send(TokenSession, session=reading.session, request=current_request())
            return reading.session, sign(reading.session)
        rotated = _rotated(reading, decision)
        signed = sign(rotated)
        if _written(reading, decision, on_adoption):
            if reading.is_new:
                refuse_logged_out(reading)
            _announce_rotation(reading)
            return rotated, signed
        reading = read_again(reading)
    raise ServiceUnavailable


def _rotated(reading: Reading, decision: Rotate) -> TokenSession:
    """The session's row as it is to be written."""
    session = reading.session
    session.generation = decision.generation
    session.rotated_at = datetime_from_micros(decision.rotated_at)
    session.expires_at = datetime_from_micros(decision.expires_at)
    session.flush_after = flush_day(last_exp(session), session.flush_after)
    if decision.restate_auth_hash:
        session.auth_hash = auth_hash(reading.user)
    return session


def _written(reading: Reading, decision: Rotate, on_adoption: Callable[[], None]) -> bool:
    with refused_while_busy():
        if reading.is_new:
            return insert_adopted(reading.session, on_adoption)
        return unless_deadlocked(lambda: _update(reading, decision))


def _update(reading: Reading, decision: Rotate) -> bool:
    session = reading.session
    current = TokenSession.objects.using(database()).filter(
        pk=session.pk, generation=reading.generation, revoked_at__isnull=True
    )
    values: dict[str, object] = {
        "generation": session.generation,
        "rotated_at": session.rotated_at,
        "expires_at": session.expires_at,
        "flush_after": session.flush_after,
    }
    if decision.restate_auth_hash:
        values["auth_hash"] = session.auth_hash
    return current.update(**values) == 1


def _announce_rotation(reading: Reading) -> None:
    session, request = reading.session, current_request()
    if reading.is_new:
        signals.session_started.send(TokenSession, session=session, request=request, adopted=True)
    signals.session_refreshed.send(TokenSession, session=session, request=request)
