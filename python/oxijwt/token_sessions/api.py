"""The functions that projects call: end sessions, list them, and keep one session over a change of password.

Code that authenticates by itself calls `oxijwt.authentication.authenticate_token`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from oxijwt.tokens import RefreshToken, Token
from oxijwt.utils import Hidden

from . import ending, password, record
from .models import RevokeReason, TokenSession

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from django.contrib.auth.base_user import AbstractBaseUser
    from django.db.models import QuerySet

__all__ = [
    "RevokeReason",
    "TokenSession",
    "end_session",
    "end_session_of",
    "revoke_for_user",
    "sessions_of",
    "update_session_auth_hash",
]


def end_session(session: TokenSession, reason: RevokeReason = RevokeReason.REVOKED) -> None:
    """End one session, unless it has ended. Raises ServiceUnavailable if the database is busy."""
    ending.end(session.pk, session.user_id, reason)


def end_session_of(raw_token: str) -> TokenSession | None:
    """End the session of a refresh token, also if the token is spent or expired.

    Returns the session as it was before, or None if the token has no session. Raises TokenError if our own key has not
    signed the token, and ServiceUnavailable if the database is busy.
    """
    held = Hidden(raw_token)
    del raw_token
    return record.end_session_of(RefreshToken, held.value)


def revoke_for_user(
    user: AbstractBaseUser, except_: Collection[UUID] = (), reason: RevokeReason = RevokeReason.REVOKED
) -> int:
    """End a user's sessions, except those whose ids are in `except_`. Returns how many it ended.

    Tokens that the blacklist app recorded are blacklisted too. Raises ServiceUnavailable if the database is busy.
    """
    return ending.revoke_for_user(user, except_, reason)


def sessions_of(user: AbstractBaseUser) -> QuerySet[TokenSession]:
    """A user's live sessions, without those that the last change of the password has ended."""
    return ending.usable_by(user)


def update_session_auth_hash(token: object, user: AbstractBaseUser) -> None:
    """Keep the session of `token` after the user's password was changed in it (Django's function of this name).

    `token` is a Token or its claims, or the `request.auth` of another authentication class. Without a session it
    changes nothing. Raises SessionError if `sid` is not in the form that oxijwt writes.
    """
    if isinstance(token, Token | Mapping):
        password.update_session_auth_hash(token, user)
