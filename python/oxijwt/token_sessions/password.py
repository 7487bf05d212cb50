"""Sessions end when the user's password changes: Django's session auth hash shows the change. Refresh tokens without a
session have no such hash, so a changed password leaves a marker for them.

Django makes a new hash of an unchanged password at login if its hasher has changed (PBKDF2 with more iterations). That
changes the session auth hash too. While a login view checks a password, this module recognises such a rehash, since the
password fits both hashes. The user's sessions then survive.
"""

from __future__ import annotations

import copy
import hashlib
from contextlib import contextmanager
from contextvars import ContextVar
from hmac import compare_digest
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import check_password
from django.db.models.signals import post_save, pre_save

from oxijwt._core import UserState
from oxijwt.settings import api_settings

from .claims import UnknownSessionError, session_id
from .database import database
from .markers import leave_marker_now, may_adopt_later
from .models import TokenSession

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from django.contrib.auth.base_user import AbstractBaseUser
    from django.db.models import Model

    from oxijwt.tokens import Token

_password: ContextVar[str | None] = ContextVar("oxijwt_password", default=None)
_previous: ContextVar[AbstractBaseUser | None] = ContextVar("oxijwt_user_before_rehash", default=None)


def auth_hash(user: AbstractBaseUser) -> bytes:
    """Django's session auth hash, 32 bytes; empty if the user model has no such hash."""
    # A project's own user model needs neither this method nor the next one.
    if not hasattr(user, "get_session_auth_hash"):
        return b""
    return hash_bytes(user.get_session_auth_hash())


def fallback_hashes(user: AbstractBaseUser) -> list[bytes]:
    """The user's session auth hashes, 32 bytes each, one for each of SECRET_KEY_FALLBACKS."""
    if not hasattr(user, "get_session_auth_fallback_hash"):
        return []
    return [hash_bytes(text) for text in user.get_session_auth_fallback_hash()]


def auth_state(user: AbstractBaseUser, session: TokenSession) -> UserState:
    """Whether an active user's password is still the one from the session's row."""
    stored = bytes(session.auth_hash)
    if not stored or not hasattr(user, "get_session_auth_hash"):
        return UserState.NOT_APPLICABLE
    if compare_digest(stored, hash_bytes(user.get_session_auth_hash())):
        return UserState.MATCHES
    if any(compare_digest(stored, digest) for digest in fallback_hashes(user)):
        return UserState.MATCHES_FALLBACK
    return UserState.CHANGED


def update_session_auth_hash(token: Token | Mapping[str, object], user: AbstractBaseUser) -> None:
    """See `api.update_session_auth_hash`."""
    sid_claim, _generation = api_settings.session_claims
    if sid_claim not in token:
        return
    try:
        sid = session_id(token[sid_claim])
    except UnknownSessionError as error:
        if error.is_ignored:
            return
        raise
    TokenSession.objects.using(database()).of(user).filter(pk=sid).update(auth_hash=auth_hash(user))


def restate_auth_hashes(user: AbstractBaseUser, before: AbstractBaseUser) -> None:
    """Write the user's present hash into sessions that have a hash of the same password.

    `before` is the user with the old hash.
    """
    hashes = {auth_hash(before), *fallback_hashes(before)} - {b""}
    TokenSession.objects.using(database()).of(user).filter(auth_hash__in=hashes).update(auth_hash=auth_hash(user))


def hash_bytes(text: str) -> bytes:
    """A session auth hash as 32 bytes. Django's is SHA-256 in hex; any other text is hashed with SHA-256."""
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    return raw if len(raw) == hashlib.sha256().digest_size else hashlib.sha256(text.encode()).digest()


@contextmanager
def following(password: str) -> Iterator[None]:
    """Inside, the user's sessions survive if Django only makes a new hash of this password."""
    tokens = _password.set(password), _previous.set(None)
    try:
        yield
    finally:
        _password.reset(tokens[0])
        _previous.reset(tokens[1])


def connect() -> None:
    """Connect to the signals of saved objects, of any class: a user may be saved as a proxy of the user model."""
    pre_save.connect(before_save, dispatch_uid="oxijwt.password.remember")
    post_save.connect(after_save, dispatch_uid="oxijwt.password.restate")


def before_save(
    sender: type[Model],
    instance: Model,
    *,
    raw: bool = False,
    update_fields: Collection[str] | None = None,
    using: str | None = None,
    **kwargs: object,
) -> None:
    """Keep the user with the old hash if this save only writes a new hash of the password. Else leave a marker.

    One SELECT, if it matters: for a save of the password alone while a login view checks one, and while tokens can be
    adopted. Data from a fixture (`raw`) must not change other rows. Raises ServiceUnavailable.
    """
    if raw or not isinstance(instance, get_user_model()) or not is_written("password", update_fields):
        return
    may_be_rehash = _password.get() is not None and update_fields is not None and len(update_fields) == 1
    if not may_be_rehash and not may_adopt_later():
        return
    row = stored_password(sender, instance.pk, using)
    if row is None or row[0] == instance.password:
        return
    stored = row[0]
    if may_be_rehash and fits_both(_password.get(), stored, instance.password):
        before = copy.copy(instance)
        before.password = stored  # type: ignore[assignment]  # a text, or it would not fit
        _previous.set(before)
    else:
        # Before the save: a token that is adopted between the two gets a session with the old hash.
        leave_marker_now(instance)


def stored_password(model: type[Model], pk: object, using: str | None) -> tuple[str | None] | None:
    """A tuple with the hash in the user's row (it may be None). None if the row or the model's column is missing."""
    if not any(field.name == "password" for field in model._meta.concrete_fields):
        return None
    return model._base_manager.using(using).filter(pk=pk).values_list("password").first()


def fits_both(password: str | None, old: str | None, new: str | None) -> bool:
    """Whether both are hashes of this password. None is a missing password, or the hash of a user without one."""
    if password is None or old is None or new is None:
        return False
    return check_password(password, old) and check_password(password, new)


def is_written(field: str, update_fields: Collection[str] | None) -> bool:
    """Whether a save with these `update_fields` writes this field."""
    return update_fields is None or field in update_fields


def after_save(sender: type[Model], instance: Model, **kwargs: object) -> None:
    """Write the new hash into the user's sessions, if `before_save` has seen a rehash."""
    before = _previous.get()
    if before is not None and isinstance(instance, get_user_model()):
        _previous.set(None)
        restate_auth_hashes(instance, before)
