"""Records (`records.Records`) of tokens that may have a session, a class for each kind of token.

If a token has no session, these classes use `otherwise`: the records that the token would have without this app.
"""

from __future__ import annotations

from copy import copy
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from oxijwt._core import Keep, Refuse
from oxijwt.context import current_login
from oxijwt.exceptions import SessionError, TokenError
from oxijwt.records import Kind, require_session
from oxijwt.records.blacklist import BlacklistedError, BlacklistRecords
from oxijwt.settings import api_settings
from oxijwt.tokens import Token
from oxijwt.utils import Hidden, now_micros
from oxijwt.verifier import SignedBy

from .adoption import adopt, end_without_sid, is_open, read_adopted, read_without_sid
from .aio.verbs import AsyncSliding, ReadingAhead
from .claims import UnknownSessionError, refresh_claims, session_id
from .deactivation import end_if_deactivated
from .ending import end
from .publications import refuse_if_owing, tend
from .reading import (
    blacklisted,
    end_as_decided,
    find_for_logout,
    permission,
    read_for_refresh,
    read_for_use,
    refuse_spent,
)
from .refresh import live_session_of, move_end, refresh, start, start_for_token

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from oxijwt.records import Ended
    from oxijwt.token_blacklist.models import OutstandingToken
    from oxijwt.tokens import RefreshToken, SlidingToken
    from oxijwt.utils import Claims

    from .models import TokenSession
    from .reading import Reading


class SessionRecords(ReadingAhead):
    """Records of a token that only authenticates requests, and the base class for the other kinds."""

    def __init__(self, token: Token) -> None:
        self.token = token
        self.sid_claim, self.gen_claim = api_settings.session_claims

    @property
    def rotates(self) -> bool:
        """ROTATE_REFRESH_TOKENS."""
        return self.otherwise.rotates

    def issued(self, user: AbstractBaseUser) -> None:
        """Join this login's session (one SELECT), or start a session that ends with the token (one INSERT).

        With TOKEN_SESSIONS "accept" no session starts.
        """
        if api_settings.TOKEN_SESSIONS == "issue":
            self.join_or_start(user)

    def join_or_start(self, user: AbstractBaseUser) -> None:
        """Give the token this login's session, or a new one, and the claims that follow from it."""
        login = current_login()
        self.token.session = self.start(user) if login is None else self.session_of(login, user)
        if login is not None:
            self.token.payload["auth_time"] = now_micros() // 1_000_000
        self.take_claims(self.token.session)

    def start(self, user: AbstractBaseUser) -> TokenSession:
        """Start a session for this token alone."""
        return start_for_token(user, self.token.payload["exp"])

    def session_of(self, login: dict[object, TokenSession], user: AbstractBaseUser) -> TokenSession:
        """The session of this login's sliding or refresh token. Without one, a session for a refresh token starts."""
        kind = Kind.SLIDING if (Kind.SLIDING, user.pk) in login else Kind.REFRESH
        return live_session_of(login, kind, user, api_settings.REFRESH_TOKEN_LIFETIME)

    def take_claims(self, session: TokenSession) -> None:
        """Set `sid`, and lower `exp` to the session's absolute end."""
        self.token.payload[self.sid_claim] = str(session.pk)
        self.token.cap("exp")

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
        else:
            require_session(self.token)

    def check_untyped(self) -> None:
        """A refresh token is valid if a refresh would succeed, in its grace interval too."""
        has_decided = self.check_named_session if self.sid_claim in self.token.payload else self.check_adopted
        if not has_decided():
            self.otherwise.check_untyped()

    def check_named_session(self) -> bool:
        """Whether the blacklist was asked too. Raises SessionError if the session refuses the token, BlacklistedError
        if the blacklist does.
        """
        claims = self.token.payload
        try:
            if self.is_refresh_token(claims):
                permission(read_for_refresh(claims, api_settings.REFRESH_TOKEN_LIFETIME), ends=False)
                return True
            sid, ids = session_id(claims[self.sid_claim]), self.otherwise.ids_to_ask()
            user, _session = read_for_use(sid, claims.get(api_settings.USER_ID_CLAIM), ids)
        except UnknownSessionError as error:
            if error.is_ignored:
                return False
            raise
        answer = blacklisted(user)
        if not api_settings.USER_AUTHENTICATION_RULE(user):
            raise SessionError("user_inactive")
        if answer:
            raise BlacklistedError
        return answer is not None

    def is_refresh_token(self, claims: Claims) -> bool:
        """Whether a token with a session is a refresh token. Without types `gen` says so."""
        type_claim = api_settings.TOKEN_TYPE_CLAIM
        return self.gen_claim in claims if type_claim is None else claims.get(type_claim) == "refresh"

    def check_adopted(self) -> bool:
        """Whether a session has adopted this token of any type: it decides, since adoption blacklists the token.

        Raises TokenError if the token needs a session.
        """
        claims = self.token.payload
        jti, reading = claims.get(api_settings.JTI_CLAIM), None
        if claims.get(api_settings.TOKEN_TYPE_CLAIM) == "refresh" and isinstance(jti, str):
            reading = read_without_sid(claims, jti, api_settings.REFRESH_TOKEN_LIFETIME)
        if reading is None:
            require_session(self.token)
            return False
        permission(reading, ends=False)
        return not reading.is_new

    def find_user(self) -> AbstractBaseUser | None:
        """One SQL statement for the user and the session. A deactivated user's session ends: one statement more."""
        claims = getattr(self.token, "payload", self.token)
        if self.sid_claim not in claims:
            require_session(self.token)
            return self.otherwise.find_user()
        # Where tokens have a type, this one's is proven. A node without sessions copies `gen` into access tokens.
        if self.gen_claim in claims and api_settings.TOKEN_TYPE_CLAIM is None:
            raise TokenError(_("Token has wrong type"))
        session = self.read_session(claims)
        if session is None:
            return self.otherwise.find_user()
        user = session.user
        if (api_settings.CHECK_USER_IS_ACTIVE and not user.is_active) or not api_settings.USER_AUTHENTICATION_RULE(
            user
        ):
            end_if_deactivated(session)
            raise SessionError("user_inactive")
        return user

    def read_session(self, claims: Claims | Token) -> TokenSession | None:
        """The session of these claims, read together with its user, once for each token. Raises SessionError.

        None if the claims name no session in our table, and TOKEN_SESSIONS is "accept".
        """
        known: TokenSession | None = getattr(self.token, "session", None)
        if known is not None:
            return known
        try:
            sid, user_id = session_id(claims[self.sid_claim]), claims.get(api_settings.USER_ID_CLAIM)
            _user, session = read_for_use(sid, user_id, found=vars(self).pop("ahead", None))
        except UnknownSessionError as error:
            if error.is_ignored:
                return None
            raise
        if isinstance(self.token, Token):
            self.token.session = session
        return session

    def adopt(self, user: AbstractBaseUser | None) -> None:
        """Only sliding tokens are adopted without a rotation."""

    def end_moved(self) -> None:
        """Only a session of the token's own ends with it: one UPDATE. A login's session stays as it is."""
        session = self.token.session
        if session is not None and not session.is_login:
            move_end(session, self.token.payload["exp"])

    def rotate(self, user: AbstractBaseUser | None) -> str:
        """As without this app, since only refresh tokens rotate within a session."""
        return self.otherwise.rotate(user)

    def end(self) -> Ended:
        """End the session. A token without one is blacklisted; without a blacklist app it raises TokenError.

        Raises ServiceUnavailable if REVOCATION_CACHE does not answer: the session has ended in the database only.
        """
        session = self.token.session
        if session is None:
            return self.otherwise.end()
        end(session.pk, session.user_id)
        refuse_if_owing()
        return session, True

    def listed(self) -> tuple[OutstandingToken, bool] | None:
        """None if the token has a session: the session's row is the record."""
        return None if self.token.session is not None else self.otherwise.listed()


class StartingRecords(SessionRecords):
    """Records of a token that starts a session when it is issued."""

    token: RefreshToken | SlidingToken

    def issued(self, user: AbstractBaseUser) -> None:
        """One INSERT, or one SELECT if this login has started a session.

        With TOKEN_SESSIONS "accept" the token is recorded as without this app.
        """
        if api_settings.TOKEN_SESSIONS == "issue":
            self.join_or_start(user)
        else:
            self.otherwise.issued(user)

    def start(self, user: AbstractBaseUser) -> TokenSession:
        """Start a session that this token refreshes."""
        return start(user, self.idle_lifetime())

    def session_of(self, login: dict[object, TokenSession], user: AbstractBaseUser) -> TokenSession:
        """The live session that this login has started for tokens of this kind, or a new one."""
        return live_session_of(login, self.token.record_kind, user, self.idle_lifetime())

    def idle_lifetime(self) -> timedelta:
        """How long the session lives without a refresh."""
        return self.token.lifetime

    @property
    def has_adoptable_claims(self) -> bool:
        """Whether the token has the claims that an adoption needs."""
        return api_settings.JTI_CLAIM is not None and api_settings.USER_ID_CLAIM in self.token.payload


class SlidingRecords(AsyncSliding, StartingRecords):
    """Records of a sliding token. It has no generation, and its refresh does not write."""

    token: SlidingToken

    def check(self) -> None:
        """One SQL statement for the session and the user, then the blacklist."""
        claims = self.token.payload
        if self.sid_claim in claims:
            session = self.read_session(claims)  # a sliding token may carry any `gen`
            if session is not None:
                end_if_deactivated(session)
        elif is_open() and self.has_adoptable_claims:
            self.token.session = read_adopted(claims, self.otherwise.jti())
        self.otherwise.check()

    def adopt(self, user: AbstractBaseUser | None) -> None:
        """At most two SELECTs and one INSERT. A token that was adopted gets the claims of its session.

        With REVOCATION_CACHE, what is owed to it is published.
        """
        tend()
        if self.sid_claim in self.token.payload or user is None or not (is_open() and self.has_adoptable_claims):
            return
        if self.token.session is None:
            self.token.session = adopt(user, self.token.payload, self.otherwise.jti(), self.idle_lifetime())
        self.take_claims(self.token.session)

    def end_moved(self) -> None:
        """The session lives for as long as a token that is refreshed in the last moment: one UPDATE."""
        claims, session = self.token.payload, self.token.session
        if session is not None:
            last_refresh = claims[api_settings.SLIDING_TOKEN_REFRESH_EXP_CLAIM] + self.token.lifetime.total_seconds()
            move_end(session, max(claims["exp"], int(last_refresh)))

    def idle_lifetime(self) -> timedelta:
        """As long as a token that is refreshed in the last moment is valid."""
        lifetime: timedelta = api_settings.SLIDING_TOKEN_REFRESH_LIFETIME + self.token.lifetime
        return lifetime

    def take_claims(self, session: TokenSession) -> None:
        """As for an access token, for both times."""
        super().take_claims(session)
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

    def take_claims(self, session: TokenSession) -> None:
        """Set `sid`, `gen`, `jti`, `iat` and `exp`, which are computed from the session's row."""
        self.token.payload.update(refresh_claims(session))

    def end_moved(self) -> None:
        """The session ends with the token, and lives as long after each refresh: one UPDATE."""
        claims, session = self.token.payload, self.token.session
        if session is not None and "exp" in claims:
            move_end(session, claims["exp"], timedelta(seconds=claims["exp"] - claims["iat"]))
            self.token.cap("exp")

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
        claims, text = successor.value
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
            try:
                reading = read_for_refresh(claims, lifetime)
            except UnknownSessionError as error:
                if not error.is_ignored:
                    raise
        else:
            reading = self.read_adoptable(claims, lifetime)
        if reading is not None and reading.is_new:
            if isinstance(reading.decision, Refuse):  # the token is not refused here, but where it is used
                end_as_decided(reading, reading.decision)
        elif reading is not None:
            permission(reading, ends=True, ends_reused=self.ends_on_reuse)
            self.token.session = reading.session
        self._reading, self._is_read = reading, True

    def read_adoptable(self, claims: Claims, lifetime: timedelta) -> Reading | None:
        """As `read_without_sid`. Raises TokenError if the token can't be adopted and needs a session.

        While tokens are adopted, no token that names a user rotates into another one without a session.
        """
        reading = read_without_sid(claims, self.otherwise.jti(), lifetime) if self.has_adoptable_claims else None
        if reading is None:
            require_session(self.token)
            if is_open() and self.otherwise.rotates and api_settings.USER_ID_CLAIM in claims:
                # A token with an id is not adopted only if its user does not exist.
                raise (
                    SessionError("user_not_found")
                    if self.has_adoptable_claims
                    else TokenError(_("Token has no session"))
                )
        return reading

    def successor_of(self, session: TokenSession) -> Hidden[tuple[Claims, str]]:
        """The claims of the refresh token for this row, and the token, signed. `token` is not changed."""
        claims = refresh_claims(session)
        successor = copy(self.token)
        successor.payload = self.token.payload | claims
        return Hidden((claims, str(successor)))

    def blacklist_adopted(self, user: AbstractBaseUser | None) -> None:
        """Blacklist a token that a session adopts. Raises TokenError if it is blacklisted already."""
        if isinstance(self.otherwise, BlacklistRecords) and not self.otherwise.end_for(user)[1]:
            raise TokenError(_("Token is blacklisted"))

    @property
    def is_adopted(self) -> bool:
        """Whether a session has adopted the token."""
        return self.token.session is not None and self.sid_claim not in self.token.payload


class LogoutRecords(RefreshRecords):
    """Records of a refresh token that a client sends to log out. A spent one is refused, but its session goes on."""

    ends_on_reuse = False


RECORD_KINDS: dict[Kind, type[SessionRecords]] = {
    Kind.OWN: SessionRecords,
    Kind.ACCESS: SessionRecords,
    Kind.UNTYPED: SessionRecords,
    Kind.SLIDING: SlidingRecords,
    Kind.REFRESH: RefreshRecords,
    Kind.LOGOUT: LogoutRecords,
}


def end_session_of(token_class: type[RefreshToken], text: str) -> TokenSession | None:
    """See `api.end_session_of`."""
    token = token_class.read_expired(text)
    del text
    session = find_for_logout(token.payload) if token.signed_by is SignedBy.US else None
    if session is not None:
        end(session.pk, session.user_id)
        refuse_if_owing()
    return session
