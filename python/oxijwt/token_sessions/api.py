"""What projects call: ending sessions, listing them, and keeping one over a change of password.

`oxijwt.authentication.authenticate_token` is the face for code that authenticates by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oxijwt.tokens import RefreshToken

from . import ending, password, record
from .models import RevokeReason, TokenSession

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from django.db.models import QuerySet

    from oxijwt.tokens import Token

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
    """End one session, once. Raises ServiceUnavailable where the database is busy."""
    ending.end(session.pk, session.user_id, reason)


def end_session_of(raw_token: str) -> TokenSession | None:
    """End the session of a refresh token, spent and expired ones included: the session as it was.

    None for tokens without a session. Raises TokenError for tokens that are not ours, ServiceUnavailable.
    """
    return record.end_session_of(RefreshToken, raw_token)


def revoke_for_user(user: Any, except_: Collection[UUID] = (), reason: RevokeReason = RevokeReason.REVOKED) -> int:
    """End every session of a user but those whose ids are in `except_`; how many ended.

    Tokens that the blacklist app recorded are blacklisted too. Raises ServiceUnavailable.
    """
    return ending.revoke_for_user(user, except_, reason)


def sessions_of(user: Any) -> QuerySet[TokenSession]:
    """A user's live sessions, without those that ended when the password was changed."""
    sessions: QuerySet[TokenSession] = ending.usable_by(user)
    return sessions


def update_session_auth_hash(token: Token, user: Any) -> None:
    """Keep the session of `token`, in which the user's password was just changed (Django's function of this name).

    Raises SessionError for a `sid` that is not one of ours. A token without a session has nothing to keep.
    """
    password.update_session_auth_hash(token, user)
