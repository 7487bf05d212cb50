"""Async code awaits these, and then the verbs in `record.py` decide."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from django.db import Error

from oxijwt.aio.loop import in_thread
from oxijwt.aio.users import ask
from oxijwt.authentication import default_user_authentication_rule
from oxijwt.exceptions import refuse_if_unavailable
from oxijwt.records import records_without_session
from oxijwt.settings import api_settings
from oxijwt.token_sessions.adoption import is_open, read_adopted
from oxijwt.token_sessions.claims import UnknownSessionError, session_id
from oxijwt.token_sessions.deactivation import end_if_deactivated, is_deactivated
from oxijwt.token_sessions.reading import CANT_JOIN, find_separately, find_with_user, users_with

if TYPE_CHECKING:
    import uuid

    from django.contrib.auth.base_user import AbstractBaseUser

    from oxijwt.records.stateless import StatelessRecords
    from oxijwt.token_sessions.models import TokenSession
    from oxijwt.token_sessions.reading import Found
    from oxijwt.tokens import Token
    from oxijwt.utils import Claims


async def afind_with_user(sid: uuid.UUID, user_id: object) -> Found:
    """As `find_with_user`. Two statements, in one thread, if the manager can't join."""
    try:
        answered = await ask(users_with(sid), api_settings.USER_ID_FIELD, user_id)
    except CANT_JOIN:
        return await in_thread(lambda: find_separately(sid, user_id))
    except Error as error:
        refuse_if_unavailable(error)
        raise
    return find_with_user(sid, user_id, answered=answered)


def may_enter_at_once(user: AbstractBaseUser) -> bool:
    """Whether `find_user` neither writes nor calls a project's rule: the user is active, and the default rule holds."""
    return not is_deactivated(user) and api_settings.USER_AUTHENTICATION_RULE is default_user_authentication_rule


class ReadingAhead:
    """The part of SessionRecords that async code awaits."""

    ahead: Found | None = None
    """The user and the session for the next `find_user`, if `aread_ahead` has read them."""

    token: Token
    sid_claim: str

    @cached_property
    def otherwise(self) -> StatelessRecords:
        """The records that the token would have without this app."""
        return records_without_session(self.token)

    if TYPE_CHECKING:  # what SessionRecords and SlidingRecords have

        @property
        def has_adoptable_claims(self) -> bool: ...

        def check(self) -> None: ...

        def read_session(self, claims: Claims | Token) -> TokenSession | None: ...

    async def aread_ahead(self) -> bool:
        """The user and the session, in one SQL statement, unless the token has read its session."""
        claims, session = self.token.payload, self.token.session
        if self.sid_claim not in claims:
            return await self.otherwise.aread_ahead()
        if session is not None:
            return may_enter_at_once(session.user)
        with suppress(UnknownSessionError):  # `find_user` raises it again, or ignores it
            sid = session_id(claims[self.sid_claim])
            self.ahead = await afind_with_user(sid, claims.get(api_settings.USER_ID_CLAIM))
        user, session = self.ahead or (None, None)
        if session is not None:
            return may_enter_at_once(session.user)
        is_ignored = api_settings.TOKEN_SESSIONS == "accept" and (user is not None or self.ahead is None)
        return not is_ignored or await self.otherwise.aread_ahead()

    async def acheck(self) -> None:
        """As `check`, in a thread: it may end the session of a refresh token."""
        await in_thread(self.check)


class AsyncSliding(ReadingAhead):
    """The part of SlidingRecords that async code awaits."""

    async def acheck(self) -> None:
        """As `check`. While tokens are adopted, a thread looks a token without `sid` up."""
        claims = self.token.payload
        if self.sid_claim in claims:
            await self.aread_ahead()
            session = self.read_session(claims)
            if session is not None and is_deactivated(session.user):
                await in_thread(lambda: end_if_deactivated(session))
        elif is_open() and self.has_adoptable_claims:
            self.token.session = await in_thread(lambda: read_adopted(claims, self.otherwise.jti()))
        await self.otherwise.acheck()
