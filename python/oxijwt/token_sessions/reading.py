"""Reading a token's session, and what is decided on it (`src/refresh.rs`). Nothing here writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldError
from django.db import NotSupportedError, connections, router, transaction
from django.db.models import FilteredRelation, Q

from oxijwt._core import Keep, Refuse, Repeat, Reuse, Rotate, UserState
from oxijwt.exceptions import ServiceUnavailable, SessionError, TokenReusedError
from oxijwt.settings import api_settings
from oxijwt.utils import find_user, now_micros

from .claims import generation_in, session_id, state_of
from .database import database, refused_while_busy
from .ending import end_for_reuse
from .models import TokenSession
from .password import auth_state
from .rows import policy_for

if TYPE_CHECKING:
    import uuid
    from datetime import timedelta

    Decision = Refuse | Rotate | Repeat | Keep | Reuse
    """What Rust decides on a refresh token."""
    Permission = Rotate | Repeat | Keep
    """A decision that yields a token."""

JOINED = "oxijwt_session"


@dataclass(frozen=True)
class Reading:
    """A refresh token's session as one query read it, and what was decided on it."""

    session: TokenSession
    user: Any
    generation: int
    lifetime: timedelta
    now: int
    decision: Decision
    is_new: bool = False
    issued_at: object = None


def find_with_user(sid: uuid.UUID, user_id: object) -> tuple[Any, TokenSession | None]:
    """The user and, of theirs, the session: one statement where the user model's manager can be joined, else two."""
    try:
        joined = FilteredRelation("token_sessions", condition=Q(token_sessions__id=sid))
        users = (
            get_user_model()
            .objects.using(router.db_for_write(TokenSession))
            .annotate(**{JOINED: joined})
            .select_related(JOINED)
        )
        user = find_user(users, api_settings.USER_ID_FIELD, user_id)
    except (FieldError, NotSupportedError, AttributeError, LookupError):
        return _find_separately(sid, user_id)
    if user is None:
        return None, None
    session = getattr(user, JOINED, None)  # Django sets nothing where the join found no row
    if session is not None:
        session.user = user
    return user, session


def read_for_use(sid: uuid.UUID, user_id: object) -> tuple[Any, TokenSession]:
    """The user and session of an access or sliding token. Raises SessionError where the session refuses it."""
    user, session = _both(*find_with_user(sid, user_id))
    state, now = state_of(session), now_micros()
    refusal = state.refusal(auth_state(user, session), now)
    if refusal is not None:
        raise SessionError(refusal.code)
    return user, session


def read_for_refresh(claims: dict[str, Any], lifetime: timedelta) -> Reading:
    """The session of a refresh token with `sid`, and the decision on it: one statement, nothing written.

    Raises SessionError, or TokenReusedError where the token was spent.
    """
    now = now_micros()
    generation = generation_in(claims.get(api_settings.SESSION_GENERATION_CLAIM))
    sid = session_id(claims.get(api_settings.SESSION_ID_CLAIM))
    user, session = _both(*find_with_user(sid, claims.get(api_settings.USER_ID_CLAIM)))
    return permitted(decided(session, user, generation, lifetime, now))


def refuse_spent(reading: Reading | None) -> None:
    """Raise SessionError where a refresh token is not the session's current one: grace is for refreshing only."""
    if reading is not None and isinstance(reading.decision, Repeat) and reading.decision.previous:
        raise SessionError("token_reused")


def decided(session: TokenSession, user: Any, generation: int, lifetime: timedelta, now: int) -> Reading:
    """The session with the decision on a generation presented at `now`."""
    decision = state_of(session).decide(_user_state(user, session), generation, policy_for(lifetime), now)
    return Reading(session, user, generation, lifetime, now, decision)


def permitted(reading: Reading) -> Reading:
    """The reading again where its decision yields a token. Raises SessionError or TokenReusedError."""
    permission(reading)
    return reading


def permission(reading: Reading) -> Permission:
    """The decision, where it yields a token. Raises SessionError or TokenReusedError."""
    match reading.decision:
        case Reuse() as reuse:
            raise TokenReusedError(lambda: end_for_reuse(reading.session, reading.user, reuse.retired_for))
        case Refuse(code=code):
            raise SessionError(code)
        case Rotate() | Repeat() | Keep() as decision:
            return decision


def permission_or_end(reading: Reading) -> Permission:
    """As `permission`; a spent token ends the session here and now."""
    try:
        return permission(reading)
    except TokenReusedError as error:
        error.end_session()
        raise


def read_again(reading: Reading) -> Reading:
    """What is decided after another request got ahead: it may have changed the session, and the user as well."""
    with refused_while_busy():
        user, session = _both(*_find_again(reading))
    return decided(session, user, reading.generation, reading.lifetime, reading.now)


def _both(user: Any, session: TokenSession | None) -> tuple[Any, TokenSession]:
    if user is None:
        raise SessionError("user_not_found")
    if session is None:
        raise SessionError("session_revoked")
    return user, session


def _user_state(user: Any, session: TokenSession) -> UserState:
    if not api_settings.USER_AUTHENTICATION_RULE(user):
        return UserState.INACTIVE
    return auth_state(user, session)


def _find_separately(sid: uuid.UUID, user_id: object) -> tuple[Any, TokenSession | None]:
    user = find_user(get_user_model().objects, api_settings.USER_ID_FIELD, user_id)
    if user is None:
        return None, None
    session = TokenSession.objects.using(database()).filter(pk=sid, user=user).first()
    if session is not None:
        session.user = user
    return user, session


def _find_again(reading: Reading) -> tuple[Any, TokenSession | None]:
    if connections[database()].in_atomic_block:
        return _find_locked(reading)
    return find_with_user(reading.session.pk, getattr(reading.user, api_settings.USER_ID_FIELD))


def _find_locked(reading: Reading) -> tuple[Any, TokenSession | None]:
    # The caller's snapshot may be older than the row that won: a locking read sees rows as they are.
    sessions = _for_update(TokenSession.objects.using(database())).select_related("user")
    with transaction.mark_for_rollback_on_error(using=database()):
        session = sessions.filter(pk=reading.session.pk, user=reading.user).first()
    if session is not None:
        return session.user, session
    if reading.is_new:
        # It is there, since it was in the way of ours, but this snapshot will never show it.
        raise ServiceUnavailable
    return reading.user, None


def _for_update(rows: Any) -> Any:
    # References to the rows may go on: nobody changes a key.
    return rows.select_for_update(no_key=connections[database()].features.has_select_for_no_key_update)
