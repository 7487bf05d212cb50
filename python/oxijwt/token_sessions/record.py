"""Records (`records.Records`) of tokens that may have a session, a class for each kind of token.

If a token has no session, these classes use `otherwise`: the records that the token would have without this app.
"""

from __future__ import annotations

from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from oxijwt._core import Keep, Refuse
from oxijwt.context import current_login
from oxijwt.exceptions import SessionError, TokenError
from oxijwt.records import Kind, records_without_session
from oxijwt.records.blacklist import BlacklistRecords
from oxijwt.settings import api_settings
from oxijwt.tokens import Token
from oxijwt.utils import now_micros
from oxijwt.verifier import SignedBy

from .adoption import adopted_session_id, end_without_sid, read_without_sid
from .claims import generation_in, refresh_claims, session_id
from .deactivation import end_if_deactivated
from .ending import end
from .reading import end_as_decided, find_with_user, is_live, permission, read_for_refresh, read_for_use, refuse_spent
from .refresh import refresh, start

if TYPE_CHECKING:
    from datetime import timedelta

    from django.contrib.auth.base_user import AbstractBaseUser

    from oxijwt.records import Ended
    from oxijwt.records.stateless import StatelessRecords
    from oxijwt.token_blacklist.models import OutstandingToken
    from oxijwt.tokens import RefreshToken, SlidingToken
    from oxijwt.utils import Claims

    from .models import TokenSession
    from .reading import Reading


class SessionRecords:
    """Records of a token that only authenticates requests, and the base class for the other kinds."""

    def __init__(self, token: Token) -> None:
        self.token = token
        self.sid_claim, self.gen_claim = api_settings.session_claims

    @cached_property
    def otherwise(self) -> StatelessRecords:
        """The records that the token would have without this app."""
        return records_without_session(self.token)

    @property
    def rotates(self) -> bool:
        """ROTATE_REFRESH_TOKENS."""
        return self.otherwise.rotates

    def issued(self, user: AbstractBaseUser) -> None:
        """An access token that a project makes without a refresh token has no session."""
        self.otherwise.issued(user)

    def check(self) -> None:
        """Without the session of an access token: `find_user` reads it together with the user."""
        self.otherwise.check()

    def check_blacklist(self) -> None:
        """As without this app."""
        self.otherwise.check_blacklist()

    def check_current(self) -> None:
        """An access token is never spent."""

    def check_session(self) -> None:
        """One SQL statement, or none if the token has read its session."""
        if self.sid_claim in getattr(self.token, "payload", self.token):
            self.find_user()

    def check_untyped(self) -> None:
        """A refresh token is valid if a refresh would succeed, in its grace interval too."""
        claims = self.token.payload
        if self.sid_claim not in claims:
            jti = claims.get(api_settings.JTI_CLAIM)
            if claims.get(api_settings.TOKEN_TYPE_CLAIM) == "refresh" and isinstance(jti, str):
                reading = read_without_sid(claims, jti, api_settings.REFRESH_TOKEN_LIFETIME)
                if reading is not None:
                    permission(reading, ends=False)
                    if not reading.is_new:
                        return  # the session that has adopted the token decides: adoption itself blacklists it
        elif self.gen_claim in claims:
            permission(read_for_refresh(claims, api_settings.REFRESH_TOKEN_LIFETIME), ends=False)
            return  # the decision has asked the blacklist too
        else:
            sid = session_id(claims[self.sid_claim])
            user, _session = read_for_use(sid, claims.get(api_settings.USER_ID_CLAIM))
            if not api_settings.USER_AUTHENTICATION_RULE(user):
                raise SessionError("user_inactive")
        self.otherwise.check_untyped()

    def find_user(self) -> AbstractBaseUser | None:
        """One SQL statement for the user and the session. A deactivated user's session ends: one statement more."""
        claims = getattr(self.token, "payload", self.token)
        if self.sid_claim not in claims:
            return self.otherwise.find_user()
        if self.gen_claim in claims:
            raise TokenError(_("Token has wrong type"))
        session = self.read_session(claims)
        user = session.user
        if (api_settings.CHECK_USER_IS_ACTIVE and not user.is_active) or not api_settings.USER_AUTHENTICATION_RULE(
            user
        ):
            end_if_deactivated(session)
            raise SessionError("user_inactive")
        return user

    def read_session(self, claims: Claims | Token) -> TokenSession:
        """The session of these claims, read together with its user, once for each token. Raises SessionError."""
        known: TokenSession | None = getattr(self.token, "session", None)
        if known is not None:
            return known
        _user, session = read_for_use(session_id(claims[self.sid_claim]), claims.get(api_settings.USER_ID_CLAIM))
        if isinstance(self.token, Token):
            self.token.session = session
        return session

    def rotate(self, user: AbstractBaseUser | None) -> str:
        """As without this app, since only refresh tokens rotate within a session."""
        return self.otherwise.rotate(user)

    def end(self) -> Ended:
        """End the session. A token without one is blacklisted; without a blacklist app it raises TokenError."""
        session = self.token.session
        if session is None:
            return self.otherwise.end()
        end(session.pk, session.user_id)
        return session, True

    def listed(self) -> tuple[OutstandingToken, bool] | None:
        """None if the token has a session: the session's row is the record."""
        return None if self.token.session is not None else self.otherwise.listed()


class StartingRecords(SessionRecords):
    """Records of a token that starts a session when it is issued."""

    token: RefreshToken | SlidingToken

    def issued(self, user: AbstractBaseUser) -> None:
        """One INSERT, or one SELECT if this login has started a session.

        With TOKEN_SESSIONS "accept" no session starts.
        """
        if api_settings.TOKEN_SESSIONS != "issue":
            self.otherwise.issued(user)
            return
        login = current_login()
        self.token.session = start(user, self.idle_lifetime()) if login is None else self.session_of(login, user)
        if login is not None:
            self.token.payload["auth_time"] = now_micros() // 1_000_000
        self.take_claims(self.token.session)

    def session_of(self, login: dict[object, TokenSession], user: AbstractBaseUser) -> TokenSession:
        """The live session that this login has started for tokens of this kind, or a new one."""
        key = (self.token.record_kind, user.pk)
        known = login.get(key)
        if known is None or not is_live(known):
            login[key] = start(user, self.idle_lifetime())
        return login[key]

    def idle_lifetime(self) -> timedelta:
        """How long the session lives without a refresh."""
        return self.token.lifetime

    def take_claims(self, session: TokenSession) -> None:
        """Set the claims that are computed from the session's row."""
        self.token.payload.update(refresh_claims(session))


class SlidingRecords(StartingRecords):
    """Records of a sliding token. It has no generation, and its refresh does not write."""

    token: SlidingToken

    def check(self) -> None:
        """One SQL statement for the session and the user, then the blacklist."""
        if self.sid_claim in self.token.payload:
            end_if_deactivated(self.read_session(self.token.payload))  # a sliding token may carry any `gen`
        self.otherwise.check()

    def idle_lifetime(self) -> timedelta:
        """As long as a token that is refreshed in the last moment is valid."""
        lifetime: timedelta = api_settings.SLIDING_TOKEN_REFRESH_LIFETIME + self.token.lifetime
        return lifetime

    def take_claims(self, session: TokenSession) -> None:
        """Set `sid`, and lower both times to the session's absolute end."""
        self.token.payload[self.sid_claim] = str(session.pk)
        self.token.cap("exp")
        self.token.cap(api_settings.SLIDING_TOKEN_REFRESH_EXP_CLAIM)


class RefreshRecords(StartingRecords):
    """Records of a refresh token. The decision on it is made when it is read, and kept until it rotates."""

    token: RefreshToken
    ends_on_reuse = True
    _reading: Reading | None = None
    _is_read = False
    """False for a token that is new, copied or unpickled: it is read when a verb needs the session."""

    @property
    def rotates(self) -> bool:
        """The decision, or ROTATE_REFRESH_TOKENS for a token without a session."""
        if not self._is_read:
            self._read()
        return self.otherwise.rotates if self._reading is None else not isinstance(self._reading.decision, Keep)

    def check(self) -> None:
        """One SQL statement for session and user, one for the blacklist. Raises TokenReusedError too.

        A deactivated user's session ends: one statement more.
        """
        self._read()
        if self.token.session is not None:
            if self._reading is not None and self._reading.shown.asks_blacklist:
                self.otherwise.check()  # it calls `check_blacklist`, which a project may override
            return
        try:
            self.otherwise.check()
        except TokenError:
            if self._reading is None:
                raise
            # Perhaps another request has adopted the token after it was read here: that blacklists it too.
            self._read()
            if not self.is_adopted:
                raise

    def check_blacklist(self) -> None:
        """No SQL statement if the token's session was read: the blacklist was asked with it."""
        if self._reading is None or not self._reading.shown.asks_blacklist:
            super().check_blacklist()

    def check_current(self) -> None:
        """No SQL statement if `check` has read the session."""
        if not self._is_read:
            self._read()
        refuse_spent(self._reading)

    def find_user(self) -> AbstractBaseUser | None:
        """No SQL statement if `check` has read the session."""
        if self._reading is not None:
            return self._reading.user
        session = self.token.session
        return self.otherwise.find_user() if session is None else session.user

    def rotate(self, user: AbstractBaseUser | None) -> str:
        """Become the session's current refresh token. The decision says whether the session rotates."""
        if not self._is_read:
            self._read()
        if self._reading is None:
            return self.otherwise.rotate(user)
        session, successor = refresh(self._reading, self.successor_of, on_adoption=lambda: self.blacklist_adopted(user))
        self.token.session = session
        if successor is None:
            return str(self.token)
        claims, text = successor
        self.token.payload.update(claims)
        return text

    def end(self) -> Ended:
        """End the session, or the one that could adopt the token. A token without either is blacklisted, or refused."""
        is_blacklisted = isinstance(self.otherwise, BlacklistRecords)
        if self.token.session is not None or is_blacklisted or not self.has_adoptable_claims:
            return super().end()
        session = end_without_sid(self.token.payload, self.otherwise.jti(), self.token.lifetime)
        return session, session is not None

    def _read(self) -> None:
        claims, lifetime = self.token.payload, self.token.lifetime
        reading = None
        if self.sid_claim in claims:
            reading = read_for_refresh(claims, lifetime)
        elif self.has_adoptable_claims:
            reading = read_without_sid(claims, self.otherwise.jti(), lifetime)
        if reading is not None and reading.is_new:
            if isinstance(reading.decision, Refuse):  # the token is not refused here, but where it is used
                end_as_decided(reading, reading.decision)
        elif reading is not None:
            permission(reading, ends=True, ends_reused=self.ends_on_reuse)
            self.token.session = reading.session
        self._reading, self._is_read = reading, True

    def successor_of(self, session: TokenSession) -> tuple[Claims, str]:
        """The claims of the refresh token for this row, and the token, signed. `token` is not changed."""
        claims = refresh_claims(session)
        successor = copy(self.token)
        successor.payload = self.token.payload | claims
        return claims, str(successor)

    def blacklist_adopted(self, user: AbstractBaseUser | None) -> None:
        """Blacklist a token that a session adopts. Raises TokenError if it is blacklisted already."""
        if isinstance(self.otherwise, BlacklistRecords) and not self.otherwise.end_for(user)[1]:
            raise TokenError(_("Token is blacklisted"))

    @property
    def is_adopted(self) -> bool:
        """Whether a session has adopted the token."""
        return self.token.session is not None and self.sid_claim not in self.token.payload

    @property
    def has_adoptable_claims(self) -> bool:
        """Whether the token has the claims that an adoption needs."""
        return api_settings.JTI_CLAIM is not None and api_settings.USER_ID_CLAIM in self.token.payload


class LogoutRecords(RefreshRecords):
    """Records of a refresh token that a client sends to log out. A spent one is refused, but its session goes on."""

    ends_on_reuse = False


RECORD_KINDS: dict[Kind, type[SessionRecords]] = {
    Kind.ACCESS: SessionRecords,
    Kind.UNTYPED: SessionRecords,
    Kind.SLIDING: SlidingRecords,
    Kind.REFRESH: RefreshRecords,
    Kind.LOGOUT: LogoutRecords,
}


def end_session_of(token_class: type[RefreshToken], text: str) -> TokenSession | None:
    """See `api.end_session_of`."""
    token = token_class.read_expired(text)
    session = find_for_logout(token.payload) if token.signed_by is SignedBy.US else None
    if session is not None:
        end(session.pk, session.user_id)
    return session


def find_for_logout(claims: Claims) -> TokenSession | None:
    """The session of a refresh token, which may be spent or expired; None if the token has no session.

    Raises SessionError if `sid` or `gen` is invalid, or if the user or the session that they name does not exist;
    ImproperlyConfigured if a claim's name can't be used.
    """
    sid_claim, gen_claim = api_settings.session_claims
    has_sid = sid_claim in claims
    if has_sid:
        generation_in(claims.get(gen_claim))
        sid = session_id(claims[sid_claim])
    elif isinstance(claims.get(api_settings.JTI_CLAIM), str):
        sid = adopted_session_id(claims[api_settings.JTI_CLAIM])
    else:
        return None
    user, session = find_with_user(sid, claims.get(api_settings.USER_ID_CLAIM))
    if session is None and has_sid:
        raise SessionError("user_not_found" if user is None else "session_revoked")
    return session
