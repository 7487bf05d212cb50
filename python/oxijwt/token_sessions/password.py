"""A changed password ends sessions: Django's session auth hash tells.

Django renews the hash of a password at login when its hasher has got better (PBKDF2 with more iterations), which
changes the session auth hash too. While one of our logins checks a password, such a renewal is recognised: that
password fits both hashes, and the user's sessions go on.
"""

from __future__ import annotations

import copy
import hashlib
from contextlib import contextmanager
from contextvars import ContextVar
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import check_password
from django.db.models.signals import post_save, pre_save

from oxijwt._core import UserState
from oxijwt.settings import api_settings

from .claims import session_id
from .database import database
from .models import TokenSession

if TYPE_CHECKING:
    from collections.abc import Iterator

_password: ContextVar[str | None] = ContextVar("oxijwt_password", default=None)
_previous: ContextVar[Any] = ContextVar("oxijwt_user_before_rehash", default=None)


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


def auth_state(user: Any, session: TokenSession) -> UserState:
    """What the row's auth hash says of an active user's password now."""
    stored = bytes(session.auth_hash)
    if not stored or not hasattr(user, "get_session_auth_hash"):
        return UserState.NOT_APPLICABLE
    if compare_digest(stored, auth_hash(user)):
        return UserState.MATCHES
    if any(compare_digest(stored, digest) for digest in fallback_hashes(user)):
        return UserState.MATCHES_FALLBACK
    return UserState.CHANGED


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


@contextmanager
def following(password: str) -> Iterator[None]:
    """Watch for the renewal of this password's hash."""
    tokens = _password.set(password), _previous.set(None)
    try:
        yield
    finally:
        _password.reset(tokens[0])
        _previous.reset(tokens[1])


def connect() -> None:
    """Listen to the user model, once."""
    pre_save.connect(_remember, sender=get_user_model(), dispatch_uid="oxijwt.password.remember")
    post_save.connect(_restate, sender=get_user_model(), dispatch_uid="oxijwt.password.restate")


def _remember(sender: Any, instance: Any, update_fields: Any = None, using: str | None = None, **kwargs: Any) -> None:
    password = _password.get()
    if password is None or update_fields is None or set(update_fields) != {"password"}:
        return
    stored = sender._base_manager.using(using).filter(pk=instance.pk).values_list("password", flat=True).first()
    if stored and check_password(password, stored) and check_password(password, instance.password):
        before = copy.copy(instance)
        before.password = stored
        _previous.set(before)


def _restate(sender: Any, instance: Any, **kwargs: Any) -> None:
    before = _previous.get()
    if before is not None:
        _previous.set(None)
        restate_auth_hashes(instance, before)
