"""Records of tokens that only authenticate requests, and the base of the others: tokens that start a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxijwt.context import current_login
from oxijwt.exceptions import SessionError, TokenError
from oxijwt.locale import gettext_lazy as _
from oxijwt.records import Kind, require_session
from oxijwt.records.blacklist import BlacklistedError
from oxijwt.settings import api_settings
from oxijwt.token_sessions.adoption import read_without_sid
from oxijwt.token_sessions.aio.verbs import ReadingAhead
from oxijwt.token_sessions.claims import UnknownSessionError, session_id
from oxijwt.token_sessions.deactivation import end_if_deactivated
from oxijwt.token_sessions.ending import end
from oxijwt.token_sessions.publications import refuse_if_owing
from oxijwt.token_sessions.reading import (
    blacklisted,
    permission,
    read_for_refresh,
    read_for_use,
)
from oxijwt.token_sessions.refresh import live_session_of, move_end, start, start_for_token
from oxijwt.tokens import Token
from oxijwt.utils import now_micros

if TYPE_CHECKING:
    from datetime import timedelta

    from django.contrib.auth.base_user import AbstractBaseUser

    from oxijwt.records import Ended
    from oxijwt.token_blacklist.models import OutstandingToken
    from oxijwt.token_sessions.models import TokenSession
    from oxijwt.tokens import RefreshToken, SlidingToken
    from oxijwt.utils import Claims


class SessionRecords(ReadingAhead):
    """Records of a token that only authenticates requests, and the base class for the other kinds."""

    sid_claim: str
    gen_claim: str

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

    def narrowed(self) -> None:
        """As without this app. A refresh token's scope is narrowed when it rotates."""
        self.token.narrow()

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
