"""Sessions end when their user is deactivated, so that activating the user again revives none.

A `save()` ends them at once. Django sends no signal for `update()`: there a session ends when it is used next.

Django deletes a user's sessions together with the user. It can't if they are in another database: then they are deleted
here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models.signals import post_delete, post_save

from oxijwt.settings import api_settings

from .database import database
from .ending import end_refused, revoke_for_user
from .models import RevokeReason, TokenSession, has_users_elsewhere
from .password import is_written

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.contrib.auth.base_user import AbstractBaseUser
    from django.db.models import Model


def connect() -> None:
    """Connect to the signal of saved objects, of any class: a user may be saved as a proxy of the user model."""
    post_save.connect(after_save, dispatch_uid="oxijwt.deactivation")
    # By class, since Django deletes rows one by one if anybody listens to their deletion.
    for model in apps.get_models():
        if issubclass(model, get_user_model()):
            post_delete.connect(after_delete, sender=model, dispatch_uid="oxijwt.deletion")


def after_save(
    sender: type[Model],
    instance: Model,
    *,
    created: bool = False,
    raw: bool = False,
    update_fields: Collection[str] | None = None,
    **kwargs: object,
) -> None:
    """End the sessions of a user who was saved with `is_active` False. Raises ServiceUnavailable.

    A new user has no session. Data from a fixture (`raw`) must not change other rows.
    """
    if created or raw or not is_written("is_active", update_fields):
        return
    if isinstance(instance, get_user_model()) and is_deactivated(instance):
        revoke_for_user(instance, reason=RevokeReason.DEACTIVATED)


def after_delete(sender: type[Model], instance: Model, *, using: str, **kwargs: object) -> None:
    """Delete the sessions of a deleted user after the commit, if users are in another database. One SQL statement.

    If that fails, it is only logged: the sessions are refused, since they have no user.
    """
    if has_users_elsewhere():
        sessions = TokenSession._base_manager.using(database()).filter(user_id=instance.pk)
        transaction.on_commit(sessions.delete, using=using, robust=True)


def is_deactivated(user: AbstractBaseUser) -> bool:
    """Whether a user is refused for `is_active`; False without CHECK_USER_IS_ACTIVE."""
    return bool(api_settings.CHECK_USER_IS_ACTIVE) and not user.is_active


def end_if_deactivated(session: TokenSession) -> None:
    """End a session that was read together with its user, if the user is deactivated: one UPDATE.

    The request is refused, so the end does not depend on the caller's transaction. Raises ServiceUnavailable.
    """
    if is_deactivated(session.user):
        end_refused(session, RevokeReason.DEACTIVATED)
