"""Records (`records.Records`) of tokens that may have a session, a class for each kind of token.

If a token has no session, these classes use `otherwise`: the records that the token would have without this app.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxijwt.records import Kind
from oxijwt.token_sessions.ending import end
from oxijwt.token_sessions.publications import refuse_if_owing
from oxijwt.token_sessions.reading import find_for_logout
from oxijwt.verifier import SignedBy

from .base import SessionRecords
from .refresh_token import LogoutRecords, RefreshRecords
from .sliding import SlidingRecords

if TYPE_CHECKING:
    from oxijwt.token_sessions.models import TokenSession
    from oxijwt.tokens import RefreshToken

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
