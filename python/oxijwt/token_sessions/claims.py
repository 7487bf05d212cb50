"""The claims of a session: `sid` names it, and `gen` counts its refreshes. They are computed from its row.

This module imports no model, since services without a database read the claims too.
"""

from __future__ import annotations

from hashlib import sha1
from typing import TYPE_CHECKING, cast
from uuid import UUID, uuid5

from oxijwt._core import Presented, SessionState
from oxijwt.exceptions import SessionError
from oxijwt.settings import SCOPE_CLAIM, api_settings
from oxijwt.tokens.issuing import require_within, set_scope
from oxijwt.tokens.scopes import names_in, names_in_order
from oxijwt.utils import MICROSECOND, datetimes_to_micros, is_id

if TYPE_CHECKING:
    from collections.abc import Collection

    from oxijwt.utils import Claims

    from .models import TokenSession

MAX_GENERATION = 2**31 - 1
VARIANTS = {f"{digit:x}": f"{digit & 3 | 8:x}" for digit in range(16)}
"""Each digit with its upper two bits set to 1 and 0: the variant of RFC 9562."""
ADOPTION_NAMESPACE = UUID("6f786a77-7400-5e55-8000-61646f707465")


class UnknownSessionError(SessionError):
    """The claims `sid` and `gen` name no session in our table. They may be the project's own claims."""

    @property
    def is_ignored(self) -> bool:
        """Whether the token counts as one without a session: while TOKEN_SESSIONS is "accept"."""
        return bool(api_settings.TOKEN_SESSIONS == "accept")


def session_id(claim: object) -> UUID:
    """The id in a `sid` claim. Raises UnknownSessionError for anything but the form that `str(UUID)` has."""
    try:
        sid = UUID(claim)  # type: ignore[arg-type]  # it raises for anything but a str
    except (ValueError, TypeError, AttributeError):
        raise UnknownSessionError("token_not_valid") from None
    if str(sid) != claim:
        raise UnknownSessionError("token_not_valid")
    return sid


def generation_in(claim: object) -> int:
    """The generation in a `gen` claim. Raises UnknownSessionError for anything else."""
    if type(claim) is int and 0 <= claim <= MAX_GENERATION:
        return claim
    raise UnknownSessionError("token_not_valid")


def state_of(session: TokenSession, *, revoked_in_cache: bool = False) -> SessionState:
    """The row as the core reads it. `revoked_in_cache` is what REVOCATION_CACHE says, if it was asked."""
    rotated_at, created_at, expires_at, absolute_expires_at = datetimes_to_micros(
        session.rotated_at, session.created_at, session.expires_at, session.absolute_expires_at
    )
    return SessionState(
        generation=session.generation,
        rotated_at=rotated_at,
        created_at=cast("int", created_at),
        expires_at=cast("int", expires_at),
        absolute_expires_at=absolute_expires_at,
        idle_lifetime=None if session.idle_lifetime is None else session.idle_lifetime // MICROSECOND,
        revoked=session.revoked_at is not None,
        revoked_in_cache=revoked_in_cache,
    )


def refresh_claims(session: TokenSession) -> Claims:
    """The claims of the session's current refresh token that are computed from the row."""
    generation, issued_at, expires_at = state_of(session).refresh_claims()
    claims: Claims = {
        api_settings.SESSION_ID_CLAIM: str(session.pk),
        api_settings.SESSION_GENERATION_CLAIM: generation,
        "iat": issued_at,
        "exp": expires_at,
    }
    if api_settings.JTI_CLAIM is not None:
        claims[api_settings.JTI_CLAIM] = token_id(session.pk, session.generation)
    return claims


def limit_scope(claims: Claims, session: TokenSession) -> None:
    """Lower the claim `scope` to that of a session that a refresh has narrowed."""
    limit = names_in(session.scope)
    set_scope(claims, [name for name in names_in_order(claims.get(SCOPE_CLAIM)) if name in limit])


def narrow_scope(session: TokenSession, claims: Claims, asked: Collection[str]) -> None:
    """Narrow the session to the scopes that the client asks for. The row is not written.

    `claims` are those of the token that the client has shown. Raises InvalidScope for a scope that they do not have.
    """
    held = dict(claims)
    if session.scope is not None:
        limit_scope(held, session)
    require_within(asked, names_in(held.get(SCOPE_CLAIM)))
    session.scope = " ".join(asked)


def token_id(sid: UUID, generation: int) -> str:
    """The `jti` of a session's refresh token of this generation, 32 hex digits.

    It is computed from both, so a repeated token has the same `jti`. It is not a secret. It is the UUID of version 5,
    but Python's `uuid5` takes four times as long.
    """
    digest = sha1(b"%b%d" % (sid.bytes, generation), usedforsecurity=False).hexdigest()
    variant = VARIANTS[digest[16]]
    return f"{digest[:12]}5{digest[13:16]}{variant}{digest[17:32]}"


def adopted_session_id(jti: str) -> UUID:
    """The id of the session that adopts a refresh token with this `jti`. It is the same in every attempt."""
    return uuid5(ADOPTION_NAMESPACE, jti)


def token_and_answer(claims: Claims, sid: UUID, generation: int) -> tuple[str, str]:
    """The `jti`s of a refresh token and of the next generation: a refresh answers with one of the two.

    Raises SessionError unless the token has a `jti`. JTI_CLAIM must be set.
    """
    jti = claims.get(api_settings.JTI_CLAIM)
    if not isinstance(jti, str) or not is_id(jti):
        raise SessionError("token_not_valid")
    return jti, token_id(sid, generation + 1)


def presented(
    claims: Claims, sid: UUID | None, generation: int, *, is_blacklisted: bool, other_agent: bool
) -> Presented:
    """A refresh token for the decision. A node without sessions gives it another `jti`.

    `sid` is None for a token without a session: the session that adopts it follows from its `jti`.
    """
    return Presented(
        generation,
        issued_at=whole_seconds(claims.get("iat")),
        expires_at=whole_seconds(claims.get("exp")),
        is_own=sid is None or is_own(claims, sid, generation),
        is_blacklisted=is_blacklisted,
        other_agent=other_agent,
    )


def is_own(claims: Claims, sid: UUID, generation: int) -> bool:
    """Whether a refresh token has the `jti` that this library gives it. True if tokens have no `jti`."""
    jti_claim = api_settings.JTI_CLAIM
    return jti_claim is None or claims.get(jti_claim) == token_id(sid, generation)


def whole_seconds(claim: object) -> int:
    """A time claim in whole seconds since 1970; 0 if it is not a number."""
    return int(claim) if isinstance(claim, int | float) else 0
