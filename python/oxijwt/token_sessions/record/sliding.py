"""Records of sliding tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxijwt.settings import api_settings
from oxijwt.statements import rows
from oxijwt.token_sessions.adoption import adopt, is_open, read_adopted
from oxijwt.token_sessions.aio.verbs import AsyncSliding
from oxijwt.token_sessions.claims import limit_scope, narrow_scope
from oxijwt.token_sessions.database import database
from oxijwt.token_sessions.deactivation import end_if_deactivated
from oxijwt.token_sessions.publications import tend
from oxijwt.token_sessions.refresh import move_end

from .base import StartingRecords

if TYPE_CHECKING:
    from datetime import timedelta

    from django.contrib.auth.base_user import AbstractBaseUser

    from oxijwt.token_sessions.models import TokenSession
    from oxijwt.tokens import SlidingToken, Token
    from oxijwt.utils import Claims


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

    def read_session(self, claims: Claims | Token) -> TokenSession | None:
        """As for an access token; the token loses the scopes that its session has lost."""
        session = super().read_session(claims)
        if session is not None and session.scope is not None:
            limit_scope(self.token.payload, session)
        return session

    def narrowed(self) -> None:
        """One UPDATE, if the client has asked for a scope: then older tokens of this session lose the others too."""
        grant, session = self.token.grant, self.token.session
        if grant is not None and grant.asked is not None and session is not None:
            narrow_scope(session, self.token.payload, grant.asked)
            rows.update_fields(session, database(), frozenset({"scope"}))
        self.token.narrow()

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
