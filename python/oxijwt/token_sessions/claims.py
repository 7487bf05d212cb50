"""The claims of a session: `sid` names it, `gen` says how often it was refreshed. They follow from its row.

A service without tables reads them too: no model is imported here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from uuid import UUID, uuid5

from oxijwt._core import SessionState
from oxijwt.exceptions import SessionError
from oxijwt.settings import api_settings
from oxijwt.utils import datetimes_to_micros

if TYPE_CHECKING:
    from .models import TokenSession

MAX_GENERATION = 2**31 - 1


def session_id(claim: object) -> UUID:
    """The id in a `sid` claim, in the one form that we write. Raises SessionError `token_not_valid`."""
    try:
        sid = UUID(claim)  # type: ignore[arg-type]  # it raises for anything but a text
    except (ValueError, TypeError, AttributeError):
        raise SessionError("token_not_valid") from None
    if str(sid) != claim:
        raise SessionError("token_not_valid")
    return sid


def generation_in(claim: object) -> int:
    """The generation in a `gen` claim. Raises SessionError `token_not_valid`."""
    if type(claim) is int and 0 <= claim <= MAX_GENERATION:
        return claim
    raise SessionError("token_not_valid")


def state_of(session: TokenSession) -> SessionState:
    """The row as Rust reads it."""
    rotated_at, created_at, expires_at, absolute_expires_at = datetimes_to_micros(
        session.rotated_at, session.created_at, session.expires_at, session.absolute_expires_at
    )
    return SessionState(
        generation=session.generation,
        rotated_at=rotated_at,
        created_at=cast("int", created_at),
        expires_at=cast("int", expires_at),
        absolute_expires_at=absolute_expires_at,
        revoked=session.revoked_at is not None,
    )


def refresh_claims(session: TokenSession) -> dict[str, Any]:
    """The claims of the session's current refresh token that follow from its row."""
    generation, issued_at, expires_at = state_of(session).refresh_claims()
    claims = {
        api_settings.SESSION_ID_CLAIM: str(session.pk),
        api_settings.SESSION_GENERATION_CLAIM: generation,
        "iat": issued_at,
        "exp": expires_at,
    }
    if api_settings.JTI_CLAIM is not None:
        claims[api_settings.JTI_CLAIM] = token_id(session)
    return claims


def token_id(session: TokenSession) -> str:
    """The `jti` of the session's current refresh token, 32 hex digits.

    It follows from the row, so that a token said again is equal; it is no secret.
    """
    return uuid5(session.pk, str(session.generation)).hex
