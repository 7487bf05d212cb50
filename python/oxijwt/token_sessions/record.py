"""What a session keeps of its tokens: the verbs of `records.Records`, a class for each kind of token.

A token without a session is left to whoever would keep it without this app: `otherwise`.
"""

from __future__ import annotations

from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from oxijwt._core import Keep
from oxijwt.context import is_login
from oxijwt.exceptions import SessionError, TokenError
from oxijwt.records import Kind, records_without_session
from oxijwt.records.blacklist import BlacklistRecords
from oxijwt.settings import api_settings
from oxijwt.tokens import Token
from oxijwt.utils import now_micros
from oxijwt.verifier import SignedBy

from .adoption import adopted_session_id, end_without_sid, read_without_sid
from .claims import generation_in, refresh_claims, session_id
from .ending import end
from .reading import find_with_user, read_for_refresh, read_for_use, refuse_spent
from .refresh import refresh, start

if TYPE_CHECKING:
    from datetime import timedelta

    from oxijwt.records.stateless import StatelessRecords

    from .models import TokenSession
    from .reading import Reading


class SessionRecords:
    """Records of a token that only authenticates requests, and what the other kinds have in common."""

    def __init__(self, token: Any) -> None:
        self.token = token

    @cached_property
    def otherwise(self) -> StatelessRecords:
        """Who keeps records of the token where it has no session."""
        return records_without_session(self.token)

    @property
    def rotates(self) -> bool:
        """ROTATE_REFRESH_TOKENS."""
        return self.otherwise.rotates

    def issued(self, user: Any) -> None:
        """Access tokens that a project makes by themselves belong to no session."""
        self.otherwise.issued(user)

    def check(self) -> None:
        """The session of an access token is read with its user: `find_user`."""
        self.otherwise.check()

    def check_blacklist(self) -> None:
        """Ask the blacklist's table only."""
        self.otherwise.check_blacklist()

    def check_current(self) -> None:
        """An access token is never spent."""

    def check_session(self) -> None:
        """Read the session, unless the token has it already. Raises SessionError."""
        if api_settings.SESSION_ID_CLAIM in getattr(self.token, "payload", self.token):
            self.find_user()

    def check_untyped(self) -> None:
        """Raise SessionError where the session refuses the token; a spent one is refused within the grace interval
        too. Nothing is written or ended.
        """
        self._check_session_by_claims()
        self.otherwise.check_untyped()

    def _check_session_by_claims(self) -> None:
        claims = self.token.payload
        if api_settings.SESSION_ID_CLAIM not in claims:
            jti = claims.get(api_settings.JTI_CLAIM)
            if claims.get(api_settings.TOKEN_TYPE_CLAIM) == "refresh" and isinstance(jti, str):
                refuse_spent(read_without_sid(claims, jti, api_settings.REFRESH_TOKEN_LIFETIME))
        elif api_settings.SESSION_GENERATION_CLAIM in claims:
            refuse_spent(read_for_refresh(claims, api_settings.REFRESH_TOKEN_LIFETIME))
        else:
            sid = session_id(claims[api_settings.SESSION_ID_CLAIM])
            user, _session = read_for_use(sid, claims.get(api_settings.USER_ID_CLAIM))
            if not api_settings.USER_AUTHENTICATION_RULE(user):
                raise SessionError("user_inactive")

    def find_user(self) -> Any | None:
        """The user, read with the session in one statement. Raises SessionError."""
        claims = getattr(self.token, "payload", self.token)
        if api_settings.SESSION_ID_CLAIM not in claims:
            return self.otherwise.find_user()
        if api_settings.SESSION_GENERATION_CLAIM in claims:
            raise TokenError(_("Token has wrong type"))
        return self.read_session(claims)

    def read_session(self, claims: Any) -> Any:
        """The user that is read with the session of these claims, once for each token. Raises SessionError."""
        known = getattr(self.token, "session", None)
        if known is not None:
            return known.user
        sid = session_id(claims[api_settings.SESSION_ID_CLAIM])
        user, session = read_for_use(sid, claims.get(api_settings.USER_ID_CLAIM))
        if isinstance(self.token, Token):
            self.token.session = session
        return user

    def rotate(self, user: Any) -> str:
        """Only refresh tokens rotate within a session."""
        return self.otherwise.rotate(user)

    def end(self) -> tuple[Any, bool]:
        """End the session; a token without one is blacklisted."""
        session = self.token.session
        if session is None:
            return self.otherwise.end()
        end(session.pk, session.user_id)
        return session, True

    def listed(self) -> Any:
        """None: the session's row is the record. A token without session is recorded as without this app."""
        return None if self.token.session is not None else self.otherwise.listed()


class StartingRecords(SessionRecords):
    """Records of a kind of token that starts a session when it is issued."""

    def issued(self, user: Any) -> None:
        """One INSERT. While TOKEN_SESSIONS is "accept" the token gets no session."""
        if api_settings.TOKEN_SESSIONS != "issue":
            self.otherwise.issued(user)
            return
        self.token.session = start(user, self.idle_lifetime())
        if is_login():
            self.token.payload["auth_time"] = now_micros() // 1_000_000
        self.take_claims()

    def idle_lifetime(self) -> timedelta:
        """How long the session lives without a refresh."""
        lifetime: timedelta = self.token.lifetime
        return lifetime

    def take_claims(self) -> None:
        """Set the claims that follow from the session's row."""
        self.token.payload.update(refresh_claims(self.token.session))


class SlidingRecords(StartingRecords):
    """Records of a sliding token: it has no generation, and its refresh writes nothing."""

    def check(self) -> None:
        """Read the session and its user in one statement, then ask the blacklist. Raises SessionError, TokenError."""
        if api_settings.SESSION_ID_CLAIM in self.token.payload:
            self.read_session(self.token.payload)  # a `gen` means nothing here
        self.otherwise.check()

    def idle_lifetime(self) -> timedelta:
        """The row lasts as long as a token that is refreshed at the last moment."""
        lifetime: timedelta = api_settings.SLIDING_TOKEN_REFRESH_LIFETIME + self.token.lifetime
        return lifetime

    def take_claims(self) -> None:
        """`sid`, and both ends no later than the session's."""
        self.token.payload[api_settings.SESSION_ID_CLAIM] = str(self.token.session.pk)
        self.token.cap("exp")
        self.token.cap(api_settings.SLIDING_TOKEN_REFRESH_EXP_CLAIM)


class RefreshRecords(StartingRecords):
    """Records of a refresh token. What is decided on it when it is read is kept until it rotates."""

    _reading: Reading | None = None
    _is_read = False

    @property
    def rotates(self) -> bool:
        """What was decided; ROTATE_REFRESH_TOKENS for a token without session."""
        self._read_once()
        return self.otherwise.rotates if self._reading is None else not isinstance(self._reading.decision, Keep)

    def check(self) -> None:
        """Read the session, its user and the decision in one statement, then ask the blacklist.

        Raises SessionError, TokenReusedError, TokenError.
        """
        self._read()
        if self._is_adopted():
            return
        try:
            self.otherwise.check()
        except TokenError:
            if self._reading is None:
                raise
            # A request that adopted the token since its session was looked for has blacklisted it too.
            self._read()
            if not self._is_adopted():
                raise

    def check_current(self) -> None:
        """Raise SessionError where the grace interval forgives a spent token."""
        self._read_once()
        refuse_spent(self._reading)

    def find_user(self) -> Any | None:
        """The user that was read with the session."""
        if self._reading is not None:
            return self._reading.user
        session = self.token.session
        return self.otherwise.find_user() if session is None else session.user

    def rotate(self, user: Any) -> str:
        """Become the session's current refresh token, rotating where that is decided.

        Raises SessionError where another request got ahead, ServiceUnavailable where the database was busy.
        """
        self._read_once()
        if self._reading is None:
            return self.otherwise.rotate(user)
        session, (claims, text) = refresh(self._reading, self._signed, on_adoption=lambda: self._spend(user))
        self.token.session = session
        self.token.payload.update(claims)
        return text

    def end(self) -> tuple[Any, bool]:
        """End the session, or the one that would adopt the token; without either the token is blacklisted."""
        if self.token.session is not None or isinstance(self.otherwise, BlacklistRecords):
            return super().end()
        if not self._may_be_adopted():
            return None, False
        session = end_without_sid(self.token.payload, self.otherwise.jti(), self.token.lifetime)
        return session, session is not None

    def _read(self) -> None:
        claims, lifetime = self.token.payload, self.token.lifetime
        if api_settings.SESSION_ID_CLAIM in claims:
            self._reading = read_for_refresh(claims, lifetime)
        elif self._may_be_adopted():
            self._reading = read_without_sid(claims, self.otherwise.jti(), lifetime)
        self._is_read = True
        if self._reading is not None and not self._reading.is_new:
            self.token.session = self._reading.session

    def _read_once(self) -> None:
        # A token that was made here, copied or unpickled has not been read yet.
        if not self._is_read:
            self._read()

    def _signed(self, session: TokenSession) -> tuple[dict[str, Any], str]:
        """The claims of the token that follows from this row, and that token. Ours stays what was read."""
        claims = refresh_claims(session)
        successor = copy(self.token)
        successor.payload = self.token.payload | claims
        return claims, str(successor)

    def _spend(self, user: Any) -> None:
        if isinstance(self.otherwise, BlacklistRecords) and not self.otherwise.end_for(user)[1]:
            raise TokenError(_("Token is blacklisted"))

    def _is_adopted(self) -> bool:
        return self.token.session is not None and api_settings.SESSION_ID_CLAIM not in self.token.payload

    def _may_be_adopted(self) -> bool:
        return api_settings.JTI_CLAIM is not None and api_settings.USER_ID_CLAIM in self.token.payload


RECORD_KINDS: dict[Kind, type[SessionRecords]] = {
    Kind.ACCESS: SessionRecords,
    Kind.UNTYPED: SessionRecords,
    Kind.SLIDING: SlidingRecords,
    Kind.REFRESH: RefreshRecords,
}


def end_session_of(token_class: Any, text: str) -> TokenSession | None:
    """End the session of a refresh token, spent and expired ones included: the session as it was, or None.

    None is for tokens without a session. Raises TokenError for tokens that are not ours.
    """
    token = token_class.read_expired(text)
    session = find_for_logout(token.payload) if token.signed_by is SignedBy.US else None
    if session is not None:
        end(session.pk, session.user_id)
    return session


def find_for_logout(claims: dict[str, Any]) -> TokenSession | None:
    """The session of a refresh token, which may be spent or expired; None if the token never had a session.

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
