"""Reading and writing sessions. What to do is decided in Rust (`refresh_rotation.rs`); here it is made true.

Statements run in autocommit on the database that is written to, unless the caller has a transaction open.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldError, ValidationError
from django.db import DataError, IntegrityError, NotSupportedError, OperationalError, connections, router, transaction
from django.db.models import Case, FilteredRelation, Q, When
from django.db.models.functions import Coalesce

from oxijwt import revocation, signals
from oxijwt._core import RefreshDecision, RefreshPolicy, SessionState
from oxijwt.exceptions import ServiceUnavailable, SessionError, TokenReusedError
from oxijwt.settings import api_settings
from oxijwt.utils import find_user

from . import denylist
from .client_info import client_info
from .denylist import session_id
from .models import RevokeReason, TokenSession

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

ADOPTION_NAMESPACE = uuid.UUID("6f786a77-7400-5e55-8000-61646f707465")
MAX_GENERATION = 2**31 - 1
MAX_TRIES = 5
MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)
JOINED = "oxijwt_session"


@dataclass(frozen=True)
class Reading:
    """A refresh token's session as one query read it, and what was decided on it."""

    session: TokenSession
    user: Any
    generation: int
    lifetime: timedelta
    now: int
    decision: RefreshDecision
    is_new: bool = False
    issued_at: object = None


# What tokens ask


def adopted_session_id(jti: str) -> uuid.UUID:
    """The id of the session that adopts a refresh token with this `jti`: the same however often it is tried."""
    return uuid.uuid5(ADOPTION_NAMESPACE, jti)


def token_id(session: TokenSession) -> str:
    """The `jti` of the session's current refresh token, 32 hex digits.

    It follows from the row, so that a token said again is equal; it is no secret.
    """
    return uuid.uuid5(session.pk, str(session.generation)).hex


def find_with_user(sid: uuid.UUID, user_id: object) -> tuple[Any, TokenSession | None]:
    """The user and, of theirs, the session: one statement where the user model's manager can be joined, else two."""
    try:
        user = _users().annotate(**{JOINED: FilteredRelation("token_sessions", condition=Q(token_sessions__id=sid))})
        user = user.select_related(JOINED).get(**{api_settings.USER_ID_FIELD: user_id})
    except get_user_model().DoesNotExist:
        return None, None
    except (FieldError, NotSupportedError, AttributeError, LookupError):
        return _find_separately(sid, user_id)
    except (TypeError, ValueError, OverflowError, ValidationError, DataError):
        return None, None
    session = getattr(user, JOINED, None)  # Django sets nothing where the join found no row
    if session is not None:
        session.user = user
    return user, session


def read_for_use(sid: uuid.UUID, user_id: object) -> tuple[Any, TokenSession]:
    """The user and session of an access or sliding token. Raises SessionError where the session refuses it."""
    user, session = find_with_user(sid, user_id)
    if user is None:
        raise SessionError("user_not_found")
    if session is None:
        raise SessionError("session_revoked")
    refusal = _state(session).refusal(_auth_state(user, session), now_micros())
    if refusal is not None:
        raise SessionError(refusal)
    return user, session


def read_for_refresh(claims: dict[str, Any], lifetime: timedelta) -> Reading:
    """The session of a refresh token with `sid`, and the decision on it: one statement, nothing written.

    Raises SessionError, or TokenReusedError where the token was spent.
    """
    now = now_micros()
    generation = _generation(claims.get(api_settings.SESSION_GENERATION_CLAIM))
    sid = session_id(claims.get(api_settings.SESSION_ID_CLAIM))
    user, session = find_with_user(sid, claims.get(api_settings.USER_ID_CLAIM))
    if user is None:
        raise SessionError("user_not_found")
    if session is None:
        raise SessionError("session_revoked")
    return _permitted(_decided(session, user, generation, lifetime, now))


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


def _read_adopted(claims: dict[str, Any]) -> Reading | None:
    jti = claims.get(api_settings.JTI_CLAIM)
    if claims.get(api_settings.TOKEN_TYPE_CLAIM) != "refresh" or not isinstance(jti, str):
        return None
    return read_without_sid(claims, jti, api_settings.REFRESH_TOKEN_LIFETIME)


def refuse_spent(reading: Reading | None) -> None:
    """Raise SessionError where a refresh token is not the session's current one: grace is for refreshing only."""
    if reading is not None and reading.decision.previous:
        raise SessionError("token_reused")


def read_without_sid(claims: dict[str, Any], jti: str, lifetime: timedelta) -> Reading | None:
    """The session that has adopted a refresh token without `sid`, or adopts it now; None where it stays without one.

    What was adopted once is decided by its session also when adopting is over. A new session is decided on but not
    written: `is_new` says so.
    """
    now = now_micros()
    user, session = find_with_user(adopted_session_id(jti), claims.get(api_settings.USER_ID_CLAIM))
    if user is None:
        return None
    if session is not None:
        return _permitted(_decided(session, user, 0, lifetime, now))
    if _is_marked(user, claims.get("iat")):
        raise SessionError("session_revoked")
    if not _adopts():
        return None
    session = _adopting_session(user, claims, jti, lifetime, now)
    return replace(_decided(session, user, 0, lifetime, now), is_new=True, issued_at=claims.get("iat"))


def end_without_sid(claims: dict[str, Any], jti: str, lifetime: timedelta) -> TokenSession | None:
    """End a refresh token without `sid`: the session that would adopt it is there already, and over."""
    user, session = find_with_user(adopted_session_id(jti), claims.get(api_settings.USER_ID_CLAIM))
    if user is None:
        return None
    if session is None:
        session = _adopting_session(user, claims, jti, lifetime, now_micros())
        session.revoked_at, session.revoke_reason = session.created_at, RevokeReason.LOGOUT
        if _insert_adopted(session, lambda: None):
            return session
    end(session.pk, user.pk)
    return session


def find_for_logout(claims: dict[str, Any]) -> TokenSession | None:
    """The session of a refresh token, which may be spent or expired; None where it has and had none.

    Raises SessionError where the claims of sessions make no sense, or what they name is gone.
    """
    has_sid = api_settings.SESSION_ID_CLAIM in claims
    if has_sid:
        _generation(claims.get(api_settings.SESSION_GENERATION_CLAIM))
        sid = session_id(claims[api_settings.SESSION_ID_CLAIM])
    elif isinstance(claims.get(api_settings.JTI_CLAIM), str):
        sid = adopted_session_id(claims[api_settings.JTI_CLAIM])
    else:
        return None
    user, session = find_with_user(sid, claims.get(api_settings.USER_ID_CLAIM))
    if session is None and has_sid:
        raise SessionError("user_not_found" if user is None else "session_revoked")
    return session


def refresh_claims(session: TokenSession) -> dict[str, Any]:
    """The claims of the session's current refresh token that follow from its row."""
    generation, issued_at, expires_at = _state(session).refresh_claims()
    claims = {
        api_settings.SESSION_ID_CLAIM: str(session.pk),
        api_settings.SESSION_GENERATION_CLAIM: generation,
        "iat": issued_at,
        "exp": expires_at,
    }
    if api_settings.JTI_CLAIM is not None:
        claims[api_settings.JTI_CLAIM] = token_id(session)
    return claims


def start(user: Any, lifetime: timedelta) -> TokenSession:
    """Begin a session: one INSERT, and two statements more under SESSION_LIMIT_PER_USER."""
    request = revocation.current_request()
    session = _new_session(user, lifetime, request, now_micros())
    with _refused_while_busy():
        session.save(using=_database(), force_insert=True)
    if api_settings.SESSION_LIMIT_PER_USER is not None:
        _end_least_recently_refreshed(user, session)
    signals.session_started.send(TokenSession, session=session, request=request, adopted=False)
    return session


def refresh(reading: Reading, on_adoption: Any = None) -> TokenSession:
    """Make the decision true and return the row that the answer is made of.

    `on_adoption` is called inside the transaction that inserts an adopted session. Raises SessionError,
    TokenReusedError, or ServiceUnavailable where the database was busy: the request may then be repeated.
    """
    for _attempt in range(MAX_TRIES):
        if _permitted_or_ended(reading).decision.kind != "rotate":
            return _repeated(reading)
        rotated = _with_rotation(reading)
        if _written(reading, rotated, on_adoption):
            if reading.is_new:
                _refuse_logged_out(reading)
            _announce_rotation(reading, rotated)
            return rotated
        reading = _read_again(reading)
    raise ServiceUnavailable


def end(sid: uuid.UUID, user_id: Any, reason: RevokeReason | None = None) -> None:
    """End one session, once; ending it again only publishes it again. Without a reason it is a logout."""
    reason = RevokeReason.LOGOUT if reason is None else reason
    ended = _end(TokenSession.objects.filter(pk=sid), reason)
    try:
        _publish([sid])
    finally:  # it ended, whether or not the list could be told
        if ended:
            _announce_end([sid], user_id, reason)


def revoke_for_user(user: Any, except_: Collection[uuid.UUID] = (), reason: Any = RevokeReason.REVOKED) -> int:
    """End a user's sessions but those in `except_`, and what else of the user's could still be adopted."""
    sessions = TokenSession.objects.filter(user=user).exclude(pk__in=except_)
    now = moment(now_micros())
    with _refused_while_busy(), _one_transaction():
        ended = _end(sessions, reason, now)
        revocation.blacklist_all_of(user)
        _leave_marker(user)
    if may_adopt_later():
        transaction.on_commit(lambda: _end_adopted_meanwhile(sessions, reason, now), using=_database())
    recent = _recently_ended(sessions)
    try:
        _publish(recent)
    finally:
        if ended:
            _announce_end([pk for pk, revoked_at in recent.items() if revoked_at == now], user.pk, reason)
    return ended


def publish_again(user: Any) -> None:
    """Tell REVOCATION_CACHE again of a user's sessions that ended lately: a logout that it missed was repeated."""
    _publish(_recently_ended(TokenSession.objects.filter(user=user)))


def usable_by(user: Any) -> Any:
    """A user's live sessions, those less that ended when the password was changed."""
    hashes = {auth_hash(user), *_fallback_hashes(user), b""}
    live = TokenSession.objects.using(_database()).live(moment(now_micros())).filter(user=user)
    return live if hashes == {b""} else live.filter(auth_hash__in=hashes)


def update_session_auth_hash(token: Any, user: Any) -> None:
    """Keep the session of `token`, in which the user's password was just changed (Django's function of this name).

    A token without a session has nothing to keep.
    """
    if api_settings.SESSION_ID_CLAIM not in token:
        return
    sid = session_id(token[api_settings.SESSION_ID_CLAIM])
    TokenSession.objects.using(_database()).filter(pk=sid, user=user).update(auth_hash=auth_hash(user))


def restate_auth_hashes(user: Any, before: Any) -> None:
    """Sessions made under a hash of the same password, which `before` still has, go on under its present hash."""
    hashes = {auth_hash(before), *_fallback_hashes(before)} - {b""}
    TokenSession.objects.using(_database()).filter(user=user, auth_hash__in=hashes).update(auth_hash=auth_hash(user))


def auth_hash(user: Any) -> bytes:
    """Django's session auth hash, 32 bytes; empty for users without one."""
    if not hasattr(user, "get_session_auth_hash"):
        return b""
    return _as_bytes(user.get_session_auth_hash())


def now_micros() -> int:
    """Now in microseconds since 1970, the row's own unit."""
    return time.time_ns() // 1000


def micros(moment: datetime) -> int:
    """Microseconds since 1970 of a stored datetime."""
    return (moment - _epoch()) // MICROSECOND


def moment(micros: int) -> datetime:
    """A stored datetime: aware where USE_TZ is on, naive UTC elsewhere."""
    return _epoch() + micros * MICROSECOND


# Deciding


def _decided(session: TokenSession, user: Any, generation: int, lifetime: timedelta, now: int) -> Reading:
    decision = _state(session).decide(_user_state(user, session), generation, _policy(lifetime), now)
    return Reading(session, user, generation, lifetime, now, decision)


def _permitted(reading: Reading) -> Reading:
    if reading.decision.kind == "reuse":
        raise TokenReusedError(lambda: _end_for_reuse(reading))
    if reading.decision.code is not None:
        raise SessionError(reading.decision.code)
    return reading


def _permitted_or_ended(reading: Reading) -> Reading:
    try:
        return _permitted(reading)
    except TokenReusedError as error:
        error.end_session()
        raise


def _policy(lifetime: timedelta) -> RefreshPolicy:
    absolute = api_settings.SESSION_ABSOLUTE_LIFETIME
    return RefreshPolicy(
        grace_seconds=int(api_settings.REFRESH_REUSE_GRACE.total_seconds()),
        idle_lifetime=lifetime // MICROSECOND,
        absolute_lifetime=None if absolute is None else absolute // MICROSECOND,
        rotate=api_settings.ROTATE_REFRESH_TOKENS,
    )


def _state(session: TokenSession) -> SessionState:
    return SessionState(
        generation=session.generation,
        rotated_at=_optional_micros(session.rotated_at),
        created_at=micros(session.created_at),
        expires_at=micros(session.expires_at),
        absolute_expires_at=_optional_micros(session.absolute_expires_at),
        revoked=session.revoked_at is not None,
    )


def _optional_micros(moment: datetime | None) -> int | None:
    return None if moment is None else micros(moment)


def _user_state(user: Any, session: TokenSession) -> str:
    if not api_settings.USER_AUTHENTICATION_RULE(user):
        return "inactive"
    return _auth_state(user, session)


def _auth_state(user: Any, session: TokenSession) -> str:
    stored = bytes(session.auth_hash)
    if not stored or not hasattr(user, "get_session_auth_hash"):
        return "not_applicable"
    if compare_digest(stored, auth_hash(user)):
        return "matches"
    if any(compare_digest(stored, digest) for digest in _fallback_hashes(user)):
        return "matches_fallback"
    return "changed"


def _fallback_hashes(user: Any) -> list[bytes]:
    # Only AbstractBaseUser has both methods for certain.
    if not hasattr(user, "get_session_auth_fallback_hash"):
        return []
    return [_as_bytes(text) for text in user.get_session_auth_fallback_hash()]


def _generation(claim: object) -> int:
    if type(claim) is int and 0 <= claim <= MAX_GENERATION:
        return claim
    raise SessionError("token_not_valid")


def _as_bytes(text: str) -> bytes:
    # Django's is SHA-256 in hex; a project's own method may say anything.
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    return raw if len(raw) == hashlib.sha256().digest_size else hashlib.sha256(text.encode()).digest()


# Reading


def _users() -> Any:
    return get_user_model().objects.using(_database())  # type: ignore[attr-defined]  # every user model has it


def _find_separately(sid: uuid.UUID, user_id: object) -> tuple[Any, TokenSession | None]:
    user = find_user(get_user_model(), api_settings.USER_ID_FIELD, user_id)
    if user is None:
        return None, None
    session = TokenSession.objects.using(_database()).filter(pk=sid, user=user).first()
    return user, session


def _read_again(reading: Reading) -> Reading:
    """What is decided after another request got ahead: it may have changed the session, and the user as well."""
    with _refused_while_busy():
        user, session = _find_again(reading)
    if user is None:
        raise SessionError("user_not_found")
    if session is None:
        raise SessionError("session_revoked")
    return _decided(session, user, reading.generation, reading.lifetime, reading.now)


def _find_again(reading: Reading) -> tuple[Any, TokenSession | None]:
    if connections[_database()].in_atomic_block:
        return _find_locked(reading)
    return find_with_user(reading.session.pk, getattr(reading.user, api_settings.USER_ID_FIELD))


def _find_locked(reading: Reading) -> tuple[Any, TokenSession | None]:
    # The caller's snapshot may be older than the row that won: a locking read sees rows as they are.
    sessions = _for_update(TokenSession.objects.using(_database())).select_related("user")
    with transaction.mark_for_rollback_on_error(using=_database()):
        session = sessions.filter(pk=reading.session.pk, user=reading.user).first()
    if session is not None:
        return session.user, session
    if reading.is_new:
        # It is there, since it was in the way of ours, but this snapshot will never show it.
        raise ServiceUnavailable
    return reading.user, None


def _for_update(rows: Any) -> Any:
    # References to the rows may go on: nobody changes a key.
    return rows.select_for_update(no_key=connections[_database()].features.has_select_for_no_key_update)


# Writing


def _new_session(user: Any, lifetime: timedelta, request: Any, now: int, pk: uuid.UUID | None = None) -> TokenSession:
    begun = SessionState.begin(_policy(lifetime), now)
    address, agent = client_info(request)
    absolute = begun.absolute_expires_at
    session = TokenSession(
        id=pk or uuid.uuid4(),
        user=user,
        generation=begun.generation,
        auth_hash=auth_hash(user),
        created_at=moment(now),
        expires_at=moment(begun.expires_at),
        absolute_expires_at=None if absolute is None else moment(absolute),
        ip_address=address,
        user_agent=agent,
    )
    session.flush_after = _flush_day(_last_exp(session))
    return session


def _adopting_session(user: Any, claims: dict[str, Any], jti: str, lifetime: timedelta, now: int) -> TokenSession:
    session = _new_session(user, lifetime, None, now, pk=adopted_session_id(jti))
    # Kept until the adopted token has expired, whatever its lifetime was: it must not be adopted twice.
    session.flush_after = max(session.flush_after, _flush_day(moment(int(claims["exp"]) * 1_000_000)))
    return session


def _with_rotation(reading: Reading) -> TokenSession:
    decision, session = reading.decision, reading.session
    session.generation = decision.generation
    session.rotated_at = moment(decision.rotated_at)
    session.expires_at = moment(decision.expires_at)
    session.flush_after = max(session.flush_after, _flush_day(_last_exp(session)))
    if decision.restate_auth_hash:
        session.auth_hash = auth_hash(reading.user)
    return session


def _written(reading: Reading, rotated: TokenSession, on_adoption: Any) -> bool:
    with _refused_while_busy():
        if reading.is_new:
            return _insert_adopted(rotated, on_adoption)
        return _update(reading, rotated)


@contextmanager
def _refused_while_busy() -> Iterator[None]:
    """A deadlock, a lock timeout or a snapshot that is too old is 503: the request may be repeated."""
    try:
        yield
    except OperationalError as error:
        raise ServiceUnavailable from error


def _update(reading: Reading, rotated: TokenSession) -> bool:
    current = TokenSession.objects.using(_database()).filter(
        pk=rotated.pk, generation=reading.generation, revoked_at__isnull=True
    )
    values = {"generation", "rotated_at", "expires_at", "flush_after"}
    if reading.decision.restate_auth_hash:
        values.add("auth_hash")
    return current.update(**{name: getattr(rotated, name) for name in values}) == 1


def _insert_adopted(session: TokenSession, on_adoption: Any) -> bool:
    try:
        with transaction.atomic(using=_database()):
            session.save(using=_database(), force_insert=True)
            on_adoption()
    except IntegrityError:
        return False
    return True


def _end(sessions: Any, reason: Any, now: datetime | None = None) -> int:
    live = sessions.using(_database()).filter(revoked_at__isnull=True)
    blank = {"ip_address": None, "user_agent": ""}
    with _refused_while_busy():
        ended: int = live.update(revoked_at=now or moment(now_micros()), revoke_reason=reason, **blank)
    return ended


def _end_adopted_meanwhile(sessions: Any, reason: Any, now: datetime) -> None:
    """End what was adopted while a logout everywhere was written.

    Either this sees the adopted session, committed before the marker was; or who adopted it looks for the marker after
    that commit, and sees it.
    """
    if _end(sessions, reason, now):
        _publish(_recently_ended(sessions))


def _refuse_logged_out(reading: Reading) -> None:
    if connections[_database()].in_atomic_block:
        transaction.on_commit(lambda: _end_if_logged_out(reading), using=_database())
    elif _end_if_logged_out(reading):
        raise SessionError("session_revoked")


def _end_if_logged_out(reading: Reading) -> bool:
    """End a session adopted just now, where a logout everywhere has come since its token was read."""
    is_marked = _is_marked(reading.user, reading.issued_at)
    if is_marked:
        end(reading.session.pk, reading.user.pk, RevokeReason.LOGOUT_GLOBAL)
    return is_marked


def _one_transaction() -> Any:
    # Without the blacklist app and without a marker a single UPDATE is written.
    if revocation.is_installed() or may_adopt_later():
        return transaction.atomic(using=_database())
    return nullcontext()


def _end_for_reuse(reading: Reading) -> None:
    try:
        end(reading.session.pk, reading.user.pk, RevokeReason.REUSE)
    finally:
        signals.refresh_reuse_detected.send(
            TokenSession,
            session=reading.session,
            request=revocation.current_request(),
            age=(reading.decision.retired_for or 0) * MICROSECOND,
        )


def _end_least_recently_refreshed(user: Any, newest: TokenSession) -> None:
    # Logins of the same moment see each other: they go before `newest`, so that all of them end the same sessions.
    is_older = Case(When(created_at__gte=newest.created_at, then=0), default=1)
    recent = usable_by(user).order_by(is_older, Coalesce("rotated_at", "created_at").desc(), "pk")
    surplus = list(recent.values_list("pk", flat=True)[max(api_settings.SESSION_LIMIT_PER_USER, 1) :])
    if surplus:
        _end(TokenSession.objects.filter(pk__in=surplus), RevokeReason.LIMIT)
        _publish(surplus)
        _announce_end(surplus, user.pk, RevokeReason.LIMIT)


def _leave_marker(user: Any) -> None:
    if not may_adopt_later():
        return
    marker = _new_session(user, api_settings.REFRESH_TOKEN_LIFETIME, None, now_micros())
    marker.revoked_at = marker.created_at
    marker.revoke_reason = RevokeReason.MARKER
    marker.save(using=_database(), force_insert=True)


def may_adopt_later() -> bool:
    """Whether tokens without `sid` are, or are still to be, adopted."""
    if api_settings.TOKEN_SESSIONS == "accept":
        return True
    return adopts_now()


def _adopts() -> bool:
    return api_settings.TOKEN_SESSIONS == "issue" and api_settings.ROTATE_REFRESH_TOKENS and adopts_now()


def adopts_now() -> bool:
    """Whether ADOPT_UNTIL is set and not passed."""
    until = api_settings.ADOPT_UNTIL
    return until is not None and now_micros() < until.timestamp() * 1_000_000


def _is_marked(user: Any, issued_at: object) -> bool:
    marked = TokenSession.objects.using(_database()).filter(user=user, revoke_reason=RevokeReason.MARKER)
    if isinstance(issued_at, bool) or not isinstance(issued_at, int | float):
        return marked.exists()
    try:
        return marked.filter(revoked_at__gte=moment(int(issued_at) * 1_000_000)).exists()
    except OverflowError:
        return marked.exists()


# Telling


def _repeated(reading: Reading) -> TokenSession:
    if reading.decision.previous:
        signals.refresh_repeated.send(TokenSession, session=reading.session, request=revocation.current_request())
    return reading.session


def _announce_rotation(reading: Reading, session: TokenSession) -> None:
    request = revocation.current_request()
    if reading.is_new:
        signals.session_started.send(TokenSession, session=session, request=request, adopted=True)
    signals.session_refreshed.send(TokenSession, session=session, request=request)


def _announce_end(ids: list[uuid.UUID], user_id: Any, reason: Any) -> None:
    signals.session_revoked.send(
        TokenSession, session_ids=ids, user_id=user_id, reason=reason, request=revocation.current_request()
    )


def _recently_ended(sessions: Any) -> dict[uuid.UUID, datetime]:
    # Nobody listening and no cache: the UPDATE alone will do.
    if not denylist.is_configured() and not signals.session_revoked.has_listeners(TokenSession):
        return {}
    recent = sessions.using(_database()).filter(revoked_at__gte=denylist.oldest_that_matters())
    return dict(recent.exclude(revoke_reason=RevokeReason.MARKER).values_list("pk", "revoked_at"))


def _publish(ids: Iterable[uuid.UUID]) -> None:
    # After the commit: a list that says more than the database would end a session that is alive.
    transaction.on_commit(lambda: denylist.publish(ids), using=_database())


def _last_exp(session: TokenSession) -> datetime:
    # An access token made at the idle end's last moment; nothing outlives the absolute end.
    try:
        last = session.expires_at + api_settings.ACCESS_TOKEN_LIFETIME
    except OverflowError:
        return session.expires_at
    return last if session.absolute_expires_at is None else min(last, session.absolute_expires_at)


def _flush_day(last_exp: datetime) -> date:
    try:
        return (last_exp + DAY).date()
    except OverflowError:
        return date.max


def _database() -> str:
    return router.db_for_write(TokenSession)


def _epoch() -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC if settings.USE_TZ else None)
