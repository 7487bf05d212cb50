"""Telling a renewed password hash from a changed password.

Django renews the hash of a password at login when its hasher has got better (PBKDF2 with more iterations), which
changes the session auth hash. While one of our logins checks a password, such a renewal is recognised by trying that
password against both hashes, and the user's sessions go on.
"""

from __future__ import annotations

import copy
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import check_password
from django.db.models.signals import post_save, pre_save

if TYPE_CHECKING:
    from collections.abc import Iterator

_password: ContextVar[str | None] = ContextVar("oxijwt_password", default=None)
_previous: ContextVar[Any] = ContextVar("oxijwt_user_before_rehash", default=None)


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
        from . import store  # noqa: PLC0415  this module is imported before the models are

        store.restate_auth_hashes(instance, before)
