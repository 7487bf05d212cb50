"""Sessions as tokens use them: begun, refreshed and looked up. What to do is decided in Rust; here it is made true.

Statements run in autocommit on the database that is written to, unless the caller has a transaction open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oxijwt import revocation, signals
from oxijwt.exceptions import ServiceUnavailable, SessionError
from oxijwt.settings import api_settings

from .adoption import adopted_session_id, end_without_sid, insert_adopted, read_without_sid, refuse_logged_out
from .auth_hash import auth_hash, restate_auth_hashes, update_session_auth_hash
from .clock import moment, now_micros
from .database import MAX_TRIES, database, refused_while_busy, unless_deadlocked
from .ending import end, end_least_recently_refreshed, publish_again, revoke_for_user, usable_by
from .models import TokenSession
from .reading import (
    Reading,
    find_with_user,
    generation_in,
    permitted_or_ended,
    read_again,
    read_for_refresh,
    read_for_use,
    refuse_spent,
)
from .revocation_cache import session_id
from .rows import flush_day, last_exp, new_session, refresh_claims

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

__all__ = [
    "adopted_session_id",
    "auth_hash",
    "end",
    "end_without_sid",
    "find_for_logout",
    "find_with_user",
    "now_micros",
    "publish_again",
    "read_for_refresh",
    "read_for_use",
    "read_untyped",
    "read_without_sid",
    "refresh",
    "refresh_claims",
    "refuse_spent",
    "restate_auth_hashes",
    "revoke_for_user",
    "session_id",
    "start",
    "update_session_auth_hash",
    "usable_by",
]


def start(user: Any, lifetime: timedelta) -> TokenSession:
    """Begin a session: one INSERT, and two statements more under SESSION_LIMIT_PER_USER."""
    request = revocation.current_request()
    session = new_session(user, lifetime, request, now_micros())
    with refused_while_busy():
        session.save(using=database(), force_insert=True)
    if api_settings.SESSION_LIMIT_PER_USER is not None:
        end_least_recently_refreshed(user, session)
    signals.session_started.send(TokenSession, session=session, request=request, adopted=False)
    return session


def refresh(
    reading: Reading, sign: Callable[[TokenSession], str], on_adoption: Callable[[], None]
) -> tuple[TokenSession, str]:
    """Make the decision true: the row that the answer is made of, and what `sign` made of that row.

    `sign` comes before anything is written: where it fails, nothing was. `on_adoption` is called inside the transaction
    that inserts an adopted session. Raises SessionError, TokenReusedError, or ServiceUnavailable where the database was
    busy: the request may then be repeated.
    """
    for _attempt in range(MAX_TRIES):
        if permitted_or_ended(reading).decision.kind != "rotate":
            return _repeated(reading), sign(reading.session)
        rotated = _with_rotation(reading)
        text = sign(rotated)
        if _written(reading, rotated, on_adoption):
            if reading.is_new:
                refuse_logged_out(reading)
            _announce_rotation(reading, rotated)
            return rotated, text
        reading = read_again(reading)
    raise ServiceUnavailable


def read_untyped(claims: dict[str, Any]) -> None:
    """Raise SessionError where the session of a token of unknown type refuses it.

    A spent one is refused within the grace interval too, and ends nothing here.
    """
    if api_settings.SESSION_ID_CLAIM not in claims:
        refuse_spent(_read_adopted(claims))
        return
    if api_settings.SESSION_GENERATION_CLAIM in claims:
        refuse_spent(read_for_refresh(claims, api_settings.REFRESH_TOKEN_LIFETIME))
        return
    user, _session = read_for_use(
        session_id(claims[api_settings.SESSION_ID_CLAIM]), claims.get(api_settings.USER_ID_CLAIM)
    )
    if not api_settings.USER_AUTHENTICATION_RULE(user):
        raise SessionError("user_inactive")


def find_for_logout(claims: dict[str, Any]) -> TokenSession | None:
    """The session of a refresh token, which may be spent or expired; None where it has and had none.

    Raises SessionError where the claims of sessions make no sense, or what they name is gone.
    """
    has_sid = api_settings.SESSION_ID_CLAIM in claims
    if has_sid:
        generation_in(claims.get(api_settings.SESSION_GENERATION_CLAIM))
        sid = session_id(claims[api_settings.SESSION_ID_CLAIM])
    elif isinstance(claims.get(api_settings.JTI_CLAIM), str):
        sid = adopted_session_id(claims[api_settings.JTI_CLAIM])
    else:
        return None
    user, session = find_with_user(sid, claims.get(api_settings.USER_ID_CLAIM))
    if session is None and has_sid:
        raise SessionError("user_not_found" if user is None else "session_revoked")
    return session


def _read_adopted(claims: dict[str, Any]) -> Reading | None:
    jti = claims.get(api_settings.JTI_CLAIM)
    if claims.get(api_settings.TOKEN_TYPE_CLAIM) != "refresh" or not isinstance(jti, str):
        return None
    return read_without_sid(claims, jti, api_settings.REFRESH_TOKEN_LIFETIME)


def _with_rotation(reading: Reading) -> TokenSession:
    decision, session = reading.decision, reading.session
    session.generation = decision.generation
    session.rotated_at = moment(decision.rotated_at)
    session.expires_at = moment(decision.expires_at)
    session.flush_after = flush_day(last_exp(session), session.flush_after)
    if decision.restate_auth_hash:
        session.auth_hash = auth_hash(reading.user)
    return session


def _written(reading: Reading, rotated: TokenSession, on_adoption: Any) -> bool:
    with refused_while_busy():
        if reading.is_new:
            return insert_adopted(rotated, on_adoption)
        return unless_deadlocked(lambda: _update(reading, rotated))


def _update(reading: Reading, rotated: TokenSession) -> bool:
    current = TokenSession.objects.using(database()).filter(
        pk=rotated.pk, generation=reading.generation, revoked_at__isnull=True
    )
    values = {"generation", "rotated_at", "expires_at", "flush_after"}
    if reading.decision.restate_auth_hash:
        values.add("auth_hash")
    return bool(current.update(**{name: getattr(rotated, name) for name in values}) == 1)


def _repeated(reading: Reading) -> TokenSession:
    if reading.decision.previous:
        signals.refresh_repeated.send(TokenSession, session=reading.session, request=revocation.current_request())
    return reading.session


def _announce_rotation(reading: Reading, session: TokenSession) -> None:
    request = revocation.current_request()
    if reading.is_new:
        signals.session_started.send(TokenSession, session=session, request=request, adopted=True)
    signals.session_refreshed.send(TokenSession, session=session, request=request)
