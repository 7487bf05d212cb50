"""Starting a session, and refreshing it. The core decides what happens; this module writes it.

Statements run in autocommit, unless the caller has a transaction open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from oxijwt import signals
from oxijwt._core import Keep, Repeat, Rotate
from oxijwt.context import current_request
from oxijwt.exceptions import ServiceUnavailable
from oxijwt.records.users import requiring_user
from oxijwt.settings import api_settings
from oxijwt.statements import kept, rows
from oxijwt.statements.plain import is_plain
from oxijwt.utils import datetime_from_claim, datetime_from_micros, now_micros

from .adoption import insert_adopted, refuse_logged_out
from .claims import narrow_scope
from .database import MAX_TRIES, announce, database, refused_while_busy, unless_deadlocked
from .ending import end_least_recently_refreshed
from .models import TokenSession, TokenSessionQuerySet
from .password import auth_hash
from .publications import tend
from .reading import Reading, is_live, permission, read_again
from .rows import flush_day, new_session, session_of_token
from .security_log import log_repeat, log_restoration

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import timedelta

    from django.contrib.auth.base_user import AbstractBaseUser

    from oxijwt._core import RowUpdate
    from oxijwt.records import Kind

Signed = TypeVar("Signed")


def start(user: AbstractBaseUser, lifetime: timedelta) -> TokenSession:
    """Start a session: one INSERT, and two more SQL statements if SESSION_LIMIT_PER_USER is set."""
    session = new_session(user, lifetime, current_request(), now_micros())
    insert(session)
    if api_settings.SESSION_LIMIT_PER_USER is not None:
        end_least_recently_refreshed(user, session)
    tend()
    return session


def live_session_of(
    login: dict[object, TokenSession], kind: Kind, user: AbstractBaseUser, lifetime: timedelta
) -> TokenSession:
    """The live session that this login has started for tokens of this kind, or a new one."""
    known = login.get((kind, user.pk))
    if known is None or not is_live(known):
        login[kind, user.pk] = known = start(user, lifetime)
    return known


def start_for_token(user: AbstractBaseUser, expires_at: int) -> TokenSession:
    """Start the session of an access token without a login, which ends at `expires_at` (seconds since 1970)."""
    session = session_of_token(user, expires_at, current_request(), now_micros())
    insert(session)
    tend()
    return session


def insert(session: TokenSession) -> None:
    """Insert a session that was not adopted, and send the signal. Raises UserDeleted and ServiceUnavailable.

    One SQL statement. In a caller's transaction one more, unless the database is MariaDB or MySQL.
    """
    alias = database()
    with refused_while_busy(), requiring_user(session, session.user_id, alias):
        rows.insert(session, alias)
    announce(signals.session_started, session=session, adopted=False)


def move_end(session: TokenSession, expires_at: int, idle_lifetime: timedelta | None = None) -> None:
    """Let a session end at `expires_at`, in seconds since 1970, but not after its absolute end: one UPDATE.

    `idle_lifetime` is how long it lives after each refresh; None is the class's lifetime.
    """
    last = datetime_from_claim(expires_at)
    absolute = session.absolute_expires_at
    session.expires_at = last if absolute is None else min(last, absolute)
    session.idle_lifetime = idle_lifetime
    session.flush_after = flush_day(session)
    with refused_while_busy():
        rows.update_fields(session, database(), frozenset({"expires_at", "idle_lifetime", "flush_after"}))


def refresh(
    reading: Reading,
    sign: Callable[[TokenSession], Signed],
    on_adoption: Callable[[], None],
    asked: Collection[str] | None = None,
) -> tuple[TokenSession, Signed | None]:
    """Carry the decision out. Returns the session's row, and what `sign` returned for it.

    None in its place means that the presented token itself is the answer: nothing rotates, or a node without sessions
    has issued it.

    `sign` is called before the row is written, since it may fail. `on_adoption` is called inside the transaction that
    inserts an adopted session. `asked` are the scopes that the client asks for: a rotation keeps them for all later
    refreshes, and a repeat does not write. Raises InvalidScope for more than the session has; SessionError,
    TokenReusedError, or ServiceUnavailable if the database was busy: the client may then repeat the request.
    """
    if api_settings.REVOCATION_CACHE is not None:
        tend()
    for _attempt in range(MAX_TRIES):
        match permission(reading, ends=True):
            case Rotate(update=update) as rotation:
                rotated = updated_row(reading, update)
                if asked is not None:
                    narrow_scope(rotated, reading.shown.claims, asked)
                client = reading.shown.client
                if client is not None:  # else the row keeps the last address and user agent that are known
                    rotated.ip_address, rotated.user_agent = client
                signed = sign(rotated)
                if write(reading, update, on_adoption):
                    announce_rotation(reading, rotation)
                    return rotated, signed
            case Repeat(restored=restored) as repeat:
                session = reading.session if restored is None else updated_row(reading, restored)
                answer = None if repeat.foreign else sign(session)
                if restored is None or write(reading, restored, on_adoption):
                    announce_repeat(reading, repeat)
                    return session, answer
            case Keep():
                return reading.session, None
        reading = read_again(reading)
    raise ServiceUnavailable


def updated_row(reading: Reading, update: RowUpdate) -> TokenSession:
    """The session with the values that its row will have. It is not written."""
    session = reading.session
    session.generation = update.generation
    session.rotated_at = datetime_from_micros(update.rotated_at)
    session.expires_at = datetime_from_micros(update.expires_at)
    session.flush_after = flush_day(session)
    if update.restate_auth_hash:
        session.auth_hash = auth_hash(reading.user)
    return session


def write(reading: Reading, update: RowUpdate, on_adoption: Callable[[], None]) -> bool:
    """Insert or update the row. False if another request got ahead. Raises ServiceUnavailable."""
    with refused_while_busy():
        if reading.is_new:
            return insert_adopted(reading.session, on_adoption)
        return unless_deadlocked(lambda: update_row(reading.session, update))


def update_row(session: TokenSession, update: RowUpdate) -> bool:
    """Update the row, unless it is revoked or was rotated after it was read. Whether it was updated."""
    # A database that has forgotten rotations may have come to the same generation again, by another rotation.
    read_at = None if update.read_rotated_at is None else datetime_from_micros(update.read_rotated_at)
    where = {"pk": session.pk, "generation": update.read_generation, "rotated_at": read_at, "revoked_at": None}
    values: dict[str, object] = {
        "generation": session.generation,
        "rotated_at": session.rotated_at,
        "expires_at": session.expires_at,
        "flush_after": session.flush_after,
        "ip_address": session.ip_address,
        "user_agent": session.user_agent,
    }
    if update.restate_auth_hash:
        values["auth_hash"] = session.auth_hash
    if session.scope is not None:
        values["scope"] = session.scope
    manager = TokenSession.objects
    if is_plain(manager, TokenSessionQuerySet):
        return kept.update(manager, database(), where, values) == 1
    return manager.using(database()).filter(**where).update(**values) == 1


def announce_repeat(reading: Reading, repeat: Repeat) -> None:
    """Log and send the signals of a repeat."""
    if repeat.restored is not None:
        announce_restoration(reading)
    if repeat.previous:
        log_repeat(reading.session, reading.shown.client, other_agent=repeat.other_agent)
        announce(signals.refresh_repeated, at_once=True, session=reading.session, other_agent=repeat.other_agent)


def announce_restoration(reading: Reading) -> None:
    """Log, and send the signal, that the database had forgotten the presented token."""
    log_restoration(reading.session, reading.shown.client)
    announce(signals.session_restored, session=reading.session)


def announce_rotation(reading: Reading, rotation: Rotate) -> None:
    """Log and send the signals of a rotation. Raises SessionError after a logout that has met an adoption."""
    if rotation.is_restored:
        announce_restoration(reading)
    if reading.is_new:
        refuse_logged_out(reading.session, reading.user, reading.shown.claims.get("iat"))
        announce(signals.session_started, session=reading.session, adopted=True)
    announce(signals.session_refreshed, session=reading.session)
