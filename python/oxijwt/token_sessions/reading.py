"""Reads a token's session, and lets the core decide on it (`src/refresh/`)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldError, ObjectDoesNotExist
from django.db import Error, NotSupportedError, connections, router, transaction
from django.db.models import Exists, FilteredRelation, Q

from oxijwt import state
from oxijwt._core import Keep, Refuse, Repeat, Reuse, Rotate, UserState
from oxijwt.exceptions import ServiceUnavailable, SessionError, TokenReusedError, refuse_if_unavailable
from oxijwt.records import BLACKLIST_LABEL
from oxijwt.records.blacklist import any_blacklisted, can_be_asked_in, entries_of
from oxijwt.records.users import has_user, users_database
from oxijwt.settings import api_settings
from oxijwt.statements.kept import Joining, getting
from oxijwt.statements.plain import is_plain
from oxijwt.utils import MICROSECOND, datetime_from_micros, find_user, now_micros

from . import revocation_cache
from .claims import (
    UnknownSessionError,
    adopted_session_id,
    generation_in,
    is_own,
    presented,
    session_id,
    state_of,
    token_and_answer,
)
from .client_info import client_at_hand, is_other_agent
from .database import database, refused_while_busy
from .deactivation import is_deactivated
from .ending import end_for_reuse, end_refused
from .markers import leave_marker_now
from .models import RevokeReason, TokenSession, has_users_elsewhere
from .password import auth_state
from .rows import policy_for

if TYPE_CHECKING:
    import uuid
    from datetime import timedelta

    from django.contrib.auth.base_user import AbstractBaseUser
    from django.db.models import Manager, QuerySet

    from oxijwt.aio.users import Answered
    from oxijwt.utils import Claims

    from .client_info import Client

    Decision = Refuse | Rotate | Repeat | Keep | Reuse
    """The core's decision on a refresh token."""
    Permission = Rotate | Repeat | Keep
    """A decision whose answer is a token."""
    Found = tuple[Any, TokenSession | None]
    """A user and a session of this user, each None if it does not exist. With a session there always is a user."""

JOINED = "oxijwt_session"
CANT_JOIN = (FieldError, NotSupportedError, AttributeError, LookupError)
"""The errors of a manager that can't join users and sessions."""
LISTED = "oxijwt_is_blacklisted"
"""The user's attribute with the blacklist's answer, until `blacklisted` takes it."""


@dataclass(frozen=True)
class Shown:
    """A refresh token as a request has shown it: what the decision needs apart from the session and its user."""

    claims: Claims
    sid: uuid.UUID | None
    """The session that the token names; None for a token without one, which a session can adopt."""
    generation: int
    """The `gen` claim; 0 for a token without a session, since the session that adopts it starts at 1."""
    lifetime: timedelta
    """The idle lifetime."""
    now: int
    """When the token was read, in microseconds since 1970."""
    client: Client | None
    """The client that sent it; None if that is not known."""
    asks_blacklist: bool
    """Whether a blacklist app may know the token. Adoption itself blacklists a token, so its row decides alone."""


@dataclass(frozen=True)
class Reading:
    """A refresh token's session as one query read it, and the decision on it."""

    session: TokenSession
    user: AbstractBaseUser
    shown: Shown
    decision: Decision
    is_new: bool = False
    """Whether the session would adopt the token, and is not written yet."""
    is_locked: bool = False
    """Whether the caller's transaction has locked the row."""


def find_with_user(
    sid: uuid.UUID, user_id: object, ids: tuple[str, ...] = (), answered: Answered[AbstractBaseUser] | None = None
) -> Found:
    """The user, and the session if it belongs to this user.

    One SQL statement, or two if the manager of the user model can't join the sessions, or if users are in another
    database. Its text is kept if the manager is plain. It also asks whether one of `ids` is blacklisted, if the
    blacklist is in the same database: `blacklisted` has the answer. No statement if `users_with` has `answered`
    already. Raises ServiceUnavailable.
    """
    try:
        user = find_user(answered or users_with(sid, ids), api_settings.USER_ID_FIELD, user_id)
    except CANT_JOIN:
        return find_separately(sid, user_id)
    except Error as error:
        refuse_if_unavailable(error)
        raise
    if user is None:
        return None, None
    session = getattr(user, JOINED, None)  # Django sets no attribute if the join found no row
    if session is not None:
        session.user = user
    return user, session


def users_with(sid: uuid.UUID, ids: tuple[str, ...] = ()) -> Joining[AbstractBaseUser] | QuerySet[AbstractBaseUser]:
    """The users, each with the session `sid` if it belongs to this user. Raises NotSupportedError for two databases.

    `ids` are those of `find_with_user`.
    """
    users: type[AbstractBaseUser] = get_user_model()
    alias = router.db_for_write(TokenSession)
    if router.db_for_write(users) != alias:
        raise NotSupportedError("Users and sessions are in different databases.")
    manager = users._default_manager
    asked = ids if ids and can_be_asked_in(alias) else ()
    join_users = partial(join, manager, alias, sid, asked)
    return Joining(users, alias, join_users, "join", TokenSession, sid, asked) if is_plain(manager) else join_users()


def join(
    manager: Manager[AbstractBaseUser], alias: str, sid: uuid.UUID, ids: tuple[str, ...] = ()
) -> QuerySet[AbstractBaseUser]:
    """The users, each with the session `sid` if it belongs to this user, and whether one of `ids` is blacklisted."""
    joined = FilteredRelation("token_sessions", condition=Q(token_sessions__id=sid))
    users = manager.using(alias).annotate(**{JOINED: joined}).select_related(JOINED)
    return users.annotate(**{LISTED: Exists(entries_of(ids))}) if ids else users


def blacklisted(user: AbstractBaseUser) -> bool | None:
    """Whether one of the ids that `find_with_user` got is blacklisted, or None if it could not ask. Call it once."""
    answer: bool | None = vars(user).pop(LISTED, None)
    return answer


def is_live(session: TokenSession) -> bool:
    """Whether a session is neither revoked nor past an end now. One SQL statement."""
    now = datetime_from_micros(now_micros())
    return TokenSession.objects.using(database()).live(now).filter(pk=session.pk).exists()


def read_for_use(
    sid: uuid.UUID, user_id: object, ids: tuple[str, ...] = (), found: Found | None = None
) -> tuple[AbstractBaseUser, TokenSession]:
    """The user and session of an access or sliding token. Raises SessionError if the session refuses the token.

    `ids` are those of `find_with_user`. `found` is its answer, if the caller has asked before.
    """
    user, session = require_both(*(found or find_with_user(sid, user_id, ids)))
    leeway = state.token_backend.get_leeway() // MICROSECOND
    row, now = state_of(session), now_micros()
    refusal = row.refusal(auth_state(user, session), now, leeway=leeway)
    if refusal is not None:
        raise SessionError(refusal.code)
    return user, session


def refusal_of(session: TokenSession) -> str | None:
    """The code of the error that a request with the session's access token gets now; None if it is accepted.

    Reads the session's user, if it is not read yet.
    """
    try:
        user = session.user
    except ObjectDoesNotExist:  # in another database no foreign key keeps the user
        return "user_not_found"
    leeway = state.token_backend.get_leeway() // MICROSECOND
    user_state = UserState.DEACTIVATED if is_deactivated(user) else auth_state(user, session)
    refusal = state_of(session).refusal(user_state, now_micros(), leeway=leeway)
    return None if refusal is None else refusal.code


def read_for_refresh(claims: Claims, lifetime: timedelta) -> Reading:
    """The session of a refresh token with `sid`, and the decision on it. Raises SessionError.

    One SQL statement, or two if a blacklist app is installed whose tables it can't ask.
    """
    generation = generation_in(claims.get(api_settings.SESSION_GENERATION_CLAIM))
    sid = session_id(claims.get(api_settings.SESSION_ID_CLAIM))
    asks = BLACKLIST_LABEL in apps.app_configs
    shown = Shown(dict(claims), sid, generation, lifetime, now_micros(), client_at_hand(), asks)
    user, session = find_with_user(sid, claims.get(api_settings.USER_ID_CLAIM), ids_to_ask(shown, sid))
    if user is not None and session is None and is_own(claims, sid, generation):
        raise SessionError("session_revoked")
    user, session = require_both(user, session)
    return decided(session, user, shown)


def find_for_logout(claims: Claims) -> TokenSession | None:
    """The session of a refresh token, which may be spent or expired; None if the token has no session.

    Raises SessionError if `sid` or `gen` is invalid, or if the user or the session that they name does not exist;
    ImproperlyConfigured if a claim's name can't be used.
    """
    sid_claim, gen_claim = api_settings.session_claims
    has_sid = sid_claim in claims
    if has_sid:
        try:
            generation_in(claims.get(gen_claim))
            sid = session_id(claims[sid_claim])
        except UnknownSessionError as error:
            if error.is_ignored:
                return None
            raise
    elif isinstance(claims.get(api_settings.JTI_CLAIM), str):
        sid = adopted_session_id(claims[api_settings.JTI_CLAIM])
    else:
        return None
    user, session = find_with_user(sid, claims.get(api_settings.USER_ID_CLAIM))
    if session is None and has_sid:
        raise SessionError("user_not_found" if user is None else "session_revoked")
    return session


def refuse_spent(reading: Reading | None) -> None:
    """Raise SessionError if the token is refused, or spent: in the grace interval it can only be refreshed."""
    if reading is None or reading.is_new:
        return
    decision = permission(reading, ends=False)
    if isinstance(decision, Repeat) and decision.previous:
        raise SessionError("token_reused")


def decided(session: TokenSession, user: AbstractBaseUser, shown: Shown) -> Reading:
    """The core's decision on a refresh token that was shown."""
    if api_settings.USER_AUTHENTICATION_RULE(user):
        user_state = auth_state(user, session)
    else:
        user_state = UserState.DEACTIVATED if is_deactivated(user) else UserState.INACTIVE
    token = presented(
        shown.claims,
        shown.sid,
        shown.generation,
        is_blacklisted=shown.asks_blacklist and is_blacklisted(shown, session, user),
        other_agent=is_other_agent(shown.client, session),
    )
    row = state_of(session, revoked_in_cache=api_settings.REVOCATION_CACHE is not None and is_in_cache(session))
    return Reading(session, user, shown, row.decide(user_state, token, policy_for(shown.lifetime), shown.now))


def is_in_cache(session: TokenSession) -> bool:
    """Whether REVOCATION_CACHE knows of an end that the database has forgotten."""
    return session.revoked_at is None and revocation_cache.remembers(session.pk)


def ids_to_ask(shown: Shown, sid: uuid.UUID) -> tuple[str, ...]:
    """The `jti`s to look for in the blacklist while the session is read; none if `is_blacklisted` will not look."""
    if not shown.asks_blacklist or api_settings.JTI_CLAIM is None:
        return ()
    try:
        return tuple(dict.fromkeys(token_and_answer(shown.claims, sid, shown.generation)))
    except SessionError:  # `is_blacklisted` raises it, if the session exists
        return ()


def is_blacklisted(shown: Shown, session: TokenSession, user: AbstractBaseUser) -> bool:
    """Whether a node without sessions has spent or ended the token, or the token that would be the answer.

    Raises SessionError if the token has no `jti`.
    """
    answer = blacklisted(user)
    if api_settings.JTI_CLAIM is None or session.revoked_at is not None:
        return False
    ids = token_and_answer(shown.claims, session.pk, shown.generation)
    return any_blacklisted(ids) if answer is None else answer


def permission(reading: Reading, *, ends: bool, ends_reused: bool = True) -> Permission:
    """The decision, if it permits a token. With `ends`, the session ends if the decision says that it is over.

    Without `ends_reused`, a reused token does not end its session. Raises SessionError or TokenReusedError, and
    ServiceUnavailable if the end can't be written.
    """
    match reading.decision:
        case Reuse() as reuse:
            if ends and ends_reused:
                end_for_reuse(reading.session, reading.shown.client, reuse.retired_for, is_locked=reading.is_locked)
            raise TokenReusedError
        case Refuse(code=code) as refusal:
            if ends:
                end_as_decided(reading, refusal)
            raise SessionError(code)
        case Rotate() | Repeat() | Keep() as decision:
            return decision


def end_as_decided(reading: Reading, refusal: Refuse) -> None:
    """End the session of a deactivated user, or one whose end only REVOCATION_CACHE remembers.

    If the session is not written yet, a marker keeps the deactivated user's tokens from being adopted later.
    """
    if reading.is_new:
        if refusal.user_deactivated:
            leave_marker_now(reading.user)
    elif refusal.user_deactivated:
        end_refused(reading.session, RevokeReason.DEACTIVATED, is_locked=reading.is_locked)
    elif refusal.end_forgotten:
        end_refused(reading.session, RevokeReason.REVOKED, is_locked=reading.is_locked)


def read_again(reading: Reading) -> Reading:
    """The session and its user after another request has changed the session, and the new decision."""
    is_locked = connections[database()].in_atomic_block
    with refused_while_busy():
        if is_locked:
            found = find_locked(reading)
        else:
            sid, user_id = reading.session.pk, getattr(reading.user, api_settings.USER_ID_FIELD)
            found = find_with_user(sid, user_id, ids_to_ask(reading.shown, sid))
        user, session = require_both(*found)
    return replace(decided(session, user, reading.shown), is_locked=is_locked)


def require_both(user: AbstractBaseUser | None, session: TokenSession | None) -> tuple[AbstractBaseUser, TokenSession]:
    """The same two. Raises SessionError if one is missing: UnknownSessionError if it is the session."""
    if user is None:
        raise SessionError("user_not_found")
    if session is None:
        raise UnknownSessionError("session_revoked")
    return user, session


def find_separately(sid: uuid.UUID, user_id: object) -> Found:
    """As `find_with_user`, in two SQL statements."""
    with refused_while_busy():
        user = find_user_alone(user_id)
        if user is None:
            return None, None
        session = TokenSession.objects.using(database()).of(user).filter(pk=sid).first()
    if session is not None:
        session.set_user(user)
    return user, session


def find_user_alone(user_id: object) -> Any:
    """The user, or None. A replica that lags behind does not decide."""
    users = get_user_model()._default_manager.db_manager(users_database())
    return find_user(getting(users), api_settings.USER_ID_FIELD, user_id)


def find_locked(reading: Reading) -> Found:
    """The user and the session, read with a lock.

    The snapshot of the caller's transaction may be older than the other request's change; a locking read sees it.
    """
    # The lock lets other transactions insert references to the rows, since no transaction changes a key.
    no_key = connections[database()].features.has_select_for_no_key_update
    sessions = TokenSession.objects.using(database()).select_for_update(no_key=no_key)
    if not has_users_elsewhere():
        sessions = sessions.select_related("user")
    with transaction.mark_for_rollback_on_error(using=database()):
        session = sessions.of(reading.user).filter(pk=reading.session.pk).first()
    if session is not None:
        return find_user_of(session), session
    if not reading.is_new:
        return reading.user, None
    if has_user(reading.user.pk):
        # The other request has inserted the row, but this transaction's snapshot will never show it.
        raise ServiceUnavailable
    return None, None


def find_user_of(session: TokenSession) -> Any:
    """The session's user, or None. No SQL statement if the user was read with the session."""
    try:
        return session.user
    except ObjectDoesNotExist:  # in another database no foreign key keeps the user
        return None
