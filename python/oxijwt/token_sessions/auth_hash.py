"""Django's session auth hash, by which a changed password ends sessions."""

from __future__ import annotations

import hashlib
from hmac import compare_digest
from typing import Any

from oxijwt.settings import api_settings

from .database import database
from .models import TokenSession
from .revocation_cache import session_id


def auth_hash(user: Any) -> bytes:
    """Django's session auth hash, 32 bytes; empty for users without one."""
    if not hasattr(user, "get_session_auth_hash"):
        return b""
    return _as_bytes(user.get_session_auth_hash())


def fallback_hashes(user: Any) -> list[bytes]:
    """The user's session auth hash under each of SECRET_KEY_FALLBACKS."""
    # Only AbstractBaseUser has both methods for certain.
    if not hasattr(user, "get_session_auth_fallback_hash"):
        return []
    return [_as_bytes(text) for text in user.get_session_auth_fallback_hash()]


def auth_state(user: Any, session: TokenSession) -> str:
    """What the row's auth hash says of the user's password now."""
    stored = bytes(session.auth_hash)
    if not stored or not hasattr(user, "get_session_auth_hash"):
        return "not_applicable"
    if compare_digest(stored, auth_hash(user)):
        return "matches"
    if any(compare_digest(stored, digest) for digest in fallback_hashes(user)):
        return "matches_fallback"
    return "changed"


def update_session_auth_hash(token: Any, user: Any) -> None:
    """Keep the session of `token`, in which the user's password was just changed (Django's function of this name).

    A token without a session has nothing to keep.
    """
    if api_settings.SESSION_ID_CLAIM not in token:
        return
    sid = session_id(token[api_settings.SESSION_ID_CLAIM])
    TokenSession.objects.using(database()).filter(pk=sid, user=user).update(auth_hash=auth_hash(user))


def restate_auth_hashes(user: Any, before: Any) -> None:
    """Sessions made under a hash of the same password, which `before` still has, go on under its present hash."""
    hashes = {auth_hash(before), *fallback_hashes(before)} - {b""}
    TokenSession.objects.using(database()).filter(user=user, auth_hash__in=hashes).update(auth_hash=auth_hash(user))


def _as_bytes(text: str) -> bytes:
    # Django's is SHA-256 in hex; a project's own method may say anything.
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    return raw if len(raw) == hashlib.sha256().digest_size else hashlib.sha256(text.encode()).digest()
