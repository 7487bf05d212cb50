"""Records of refresh tokens, and of those that a client sends to log out."""

from __future__ import annotations

from copy import copy
from datetime import timedelta
from typing import TYPE_CHECKING

from oxijwt._core import Keep, Refuse
from oxijwt.exceptions import SessionError, TokenError
from oxijwt.locale import gettext_lazy as _
from oxijwt.records import require_session
from oxijwt.records.blacklist import BlacklistedError, BlacklistRecords
from oxijwt.settings import SCOPE_CLAIM, api_settings
from oxijwt.token_sessions.adoption import end_without_sid, is_open, read_without_sid
from oxijwt.token_sessions.claims import UnknownSessionError, limit_scope, refresh_claims
from oxijwt.token_sessions.reading import (
    end_as_decided,
    permission,
    read_for_refresh,
    refuse_spent,
)
from oxijwt.token_sessions.refresh import move_end, refresh
from oxijwt.tokens.issuing import require_within
from oxijwt.tokens.scopes import names_in
from oxijwt.utils import Hidden

from .base import StartingRecords

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from oxijwt.records import Ended
    from oxijwt.token_sessions.models import TokenSession
    from oxijwt.token_sessions.reading import Reading
    from oxijwt.tokens import RefreshToken
    from oxijwt.utils import Claims


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
        asked = None if self.token.grant is None else self.token.grant.asked
        session, successor = refresh(self._reading, self.successor_of, lambda: self.blacklist_adopted(user), asked)
        self.token.session = session
        if successor is None:
            return str(self.token)
        self.token.payload, text = successor.value
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
            if reading.session.scope is not None:
                limit_scope(claims, reading.session)
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
        successor = copy(self.token)
        successor.payload = self.token.payload | refresh_claims(session)
        if session.scope is not None:
            limit_scope(successor.payload, session)
        if self.token.grant is not None:  # another request may have narrowed the session since the token was read
            require_within(self.token.grant.asked, names_in(successor.payload.get(SCOPE_CLAIM)))
        signed = Hidden((successor.payload, str(successor)))
        successor.session = session
        if successor.before_write is not None:
            successor.before_write(successor, Hidden(signed.value[1]))
        return signed

    def blacklist_adopted(self, user: AbstractBaseUser | None) -> None:
        """Blacklist a token that a session adopts. Raises BlacklistedError if it is already."""
        if isinstance(self.otherwise, BlacklistRecords) and not self.otherwise.end_for(user)[1]:
            raise BlacklistedError

    @property
    def is_adopted(self) -> bool:
        """Whether a session has adopted the token."""
        return self.token.session is not None and self.sid_claim not in self.token.payload


class LogoutRecords(RefreshRecords):
    """Records of a refresh token that a client sends to log out. A spent one is refused, but its session goes on."""

    ends_on_reuse = False
