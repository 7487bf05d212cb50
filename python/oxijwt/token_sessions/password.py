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
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import check_password, verify_password
from django.core.exceptions import PermissionDenied
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.models.signals import pre_save
from django.utils.crypto import salted_hmac

from oxijwt._core import UserState
from oxijwt.settings import api_settings

from .claims import UnknownSessionError, session_id
from .database import database
from .markers import leave_marker_now, may_adopt_later
from .models import TokenSession

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from django.db.models import Model

    from oxijwt.tokens import Token

DJANGOS_HASH = AbstractBaseUser.get_session_auth_hash
"""An HMAC of the password hash and of nothing else, under SECRET_KEY."""
KEYLESS = "oxijwt.token_sessions.password.keyless_hash"
"""The key and the salt of `keyless_hash`."""
_password: ContextVar[str | None] = ContextVar("oxijwt_password", default=None)


def auth_hash(user: AbstractBaseUser) -> bytes:
    """Django's session auth hash, 32 bytes; empty if the user model has no such hash.

    With KEYS or KEY_FILE it does not depend on SECRET_KEY, unless the user model has a hash of its own.
    """
    # A project's own user model needs neither this method nor Django's other one.
    # Django's `request.user` is a SimpleLazyObject: `__class__` gives the class of the user, and `type` does not.
    method = getattr(user.__class__, "get_session_auth_hash", None)
    if method is not DJANGOS_HASH:
        return b"" if method is None else hash_bytes(user.get_session_auth_hash())
    if api_settings.KEY_FILE is not None or api_settings.KEYS is not None:
        return keyless_hash(user)
    return bytes.fromhex(user.get_session_auth_hash())


def fallback_hashes(user: AbstractBaseUser) -> list[bytes]:
    """The other hashes of the same password: with and without KEYS or KEY_FILE, with each of SECRET_KEY_FALLBACKS."""
    others = []
    if getattr(user.__class__, "get_session_auth_hash", None) is DJANGOS_HASH:
        others = [keyless_hash(user), hash_bytes(user.get_session_auth_hash())]
    if hasattr(user, "get_session_auth_fallback_hash"):
        others += [hash_bytes(text) for text in user.get_session_auth_fallback_hash()]
    return others


def keyless_hash(user: AbstractBaseUser) -> bytes:
    """Django's session auth hash under a key that is public and never changes, 32 bytes.

    A reader of the database can't guess a password from it: the password hash has a random salt.
    """
    return salted_hmac(KEYLESS, user.password, secret=KEYLESS, algorithm="sha256").digest()


def auth_state(user: AbstractBaseUser, session: TokenSession) -> UserState:
    """Whether an active user's password is still the one from the session's row."""
    stored = bytes(session.auth_hash)
    if not stored or not hasattr(user, "get_session_auth_hash"):
        return UserState.NOT_APPLICABLE
    if compare_digest(stored, auth_hash(user)):
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
    token = _password.set(password)
    try:
        yield
    finally:
        _password.reset(token)


def connect() -> None:
    """Connect to the signal of objects to save, of any class: a user may be saved as a proxy of the user model."""
    pre_save.connect(before_save, dispatch_uid="oxijwt.password")


def before_save(
    sender: type[Model],
    instance: Model,
    *,
    raw: bool = False,
    update_fields: Collection[str] | None = None,
    using: str = DEFAULT_DB_ALIAS,
    **kwargs: object,
) -> None:
    """Let the sessions survive if this save only writes a new hash of the password. Else leave a marker.

    One SELECT, if it matters: for a save of the password alone while a login view checks one, and while tokens can be
    adopted. Data from a fixture (`raw`) must not change other rows. Raises ServiceUnavailable, and PermissionDenied.
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
    if may_be_rehash and stored is not None and fits_both(stored, instance.password):
        renew_hash(instance, stored, using)
    else:
        # Before the save: a token that is adopted between the two gets a session with the old hash.
        leave_marker_now(instance)


def stored_password(model: type[Model], pk: object, using: str) -> tuple[str | None] | None:
    """A tuple with the hash in the user's row (it may be None). None if the row or the model's column is missing."""
    if not any(field.name == "password" for field in model._meta.concrete_fields):
        return None
    return model._base_manager.using(using).filter(pk=pk).values_list("password").first()


def fits_both(old: str, new: str | None) -> bool:
    """Whether both are hashes of the password that a login checks. None is the hash of a user without a password."""
    password = _password.get()
    return new is not None and check_password(password, old) and check_password(password, new)


def is_written(field: str, update_fields: Collection[str] | None) -> bool:
    """Whether a save with these `update_fields` writes this field."""
    return update_fields is None or field in update_fields


def renew_hash(user: AbstractBaseUser, old: str, alias: str) -> None:
    """Write the user's new hash of the same password, and restate the sessions, before Django saves the user.

    If several logins renew the hash at once, the first one wins. The others take its hash, so what Django saves next
    changes nothing. Else the last hash would end the sessions of all others. Both writes are one transaction, since no
    request may see one without the other. Raises PermissionDenied if the password has been changed meanwhile.
    """
    if not verify_password(_password.get(), old)[1]:  # it is up to date: another login has renewed it already
        user.password = old
        return
    before = copy.copy(user)
    before.password = old
    users = type(user)._base_manager.using(alias).filter(pk=user.pk)
    with transaction.atomic(using=alias):
        if users.filter(password=old).update(password=user.password):
            restate_auth_hashes(user, before)
            return
    # In the caller's transaction a plain SELECT may show an old snapshot.
    locked = users.select_for_update() if connections[alias].in_atomic_block else users
    winner = locked.values_list("password", flat=True).first()
    if winner is None or not check_password(_password.get(), winner):
        raise PermissionDenied
    user.password = winner
