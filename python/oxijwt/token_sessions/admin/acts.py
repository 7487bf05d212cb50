"""The one act of the admin: end. Each end is logged, and a message says how many sessions have ended."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_permission_codename, get_user_model

from oxijwt import state
from oxijwt.exceptions import ServiceUnavailable
from oxijwt.locale import gettext_lazy as _
from oxijwt.records.users import users_database
from oxijwt.token_sessions.database import database
from oxijwt.token_sessions.ending import end_several, revoke_for_user
from oxijwt.token_sessions.models import RevokeReason, TokenSession
from oxijwt.token_sessions.reading import refusal_of
from oxijwt.utils import aware_utcnow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.admin import ModelAdmin
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.http import HttpRequest

    from oxijwt.token_sessions.models import TokenSessionQuerySet


END_ALL = _("End all sessions of this user")
AT_ONCE = 100
"""So many rows are read, ended and logged at once."""


def may_end(request: HttpRequest) -> bool:
    """Whether the request's user may end sessions: Django's permission to delete them, since ending replaces it."""
    options = TokenSession._meta
    return request.user.has_perm(f"{options.app_label}.{get_permission_codename('delete', options)}")


def can_end(session: TokenSession) -> bool:
    """Whether there is something to end: the session has neither ended nor expired."""
    return session.revoked_at is None and refusal_of(session) != "session_expired"


def end_each(model_admin: ModelAdmin[Any], request: HttpRequest, sessions: Iterable[TokenSession]) -> None:
    """End these sessions, some at once. If the database is busy, a message says so, and the rest stays as it is."""
    ended, rows = 0, iter(sessions)
    try:
        while some := list(islice(rows, AT_ONCE)):
            ids = end_several([session for session in some if can_end(session)], RevokeReason.ADMIN)
            log(request, [session for session in some if session.pk in ids])
            ended += len(ids)
    except ServiceUnavailable as error:
        model_admin.message_user(request, error.default_detail, messages.ERROR)
    tell(model_admin, request, ended)


def log(request: HttpRequest, sessions: list[TokenSession]) -> None:
    """Write into the log of the admin that the request has ended these sessions. One SQL statement."""
    if sessions:
        label = str(RevokeReason.ADMIN.label)
        LogEntry.objects.log_actions(request.user.pk, sessions, CHANGE, label)  # type: ignore[arg-type]  # it iterates only


def end_all_of(model_admin: ModelAdmin[Any], request: HttpRequest, users: Iterable[AbstractBaseUser]) -> None:
    """End all sessions of these users. The log names each session, and the user."""
    ended = 0
    try:
        for user in users:
            ended += end_all_of_one(model_admin, request, user)
    except ServiceUnavailable as error:
        model_admin.message_user(request, error.default_detail, messages.ERROR)
    tell(model_admin, request, ended)


def unexpired(user: AbstractBaseUser) -> TokenSessionQuerySet:
    """The sessions of a user that have neither ended nor expired."""
    sessions = TokenSession.objects.db_manager(database())
    return sessions.of(user).live(aware_utcnow() - state.token_backend.get_leeway())


def end_all_of_one(model_admin: ModelAdmin[Any], request: HttpRequest, user: AbstractBaseUser) -> int:
    """End all sessions of a user, and log it. Returns how many it ended that had not expired."""
    sessions = TokenSession.objects.db_manager(database())
    ids = list(unexpired(user).values_list("pk", flat=True))
    revoke_for_user(user, reason=RevokeReason.ADMIN)
    ended = 0
    for first in range(0, len(ids), AT_ONCE):
        some = list(sessions.filter(pk__in=ids[first : first + AT_ONCE], revoke_reason=RevokeReason.ADMIN))
        for session in some:
            session.set_user(user)
        log(request, some)
        ended += len(some)
    model_admin.log_change(request, user, END_ALL)
    return ended


def tell(model_admin: ModelAdmin[Any], request: HttpRequest, ended: int) -> None:
    """Tell how many sessions have ended."""
    level = messages.SUCCESS if ended else messages.INFO
    model_admin.message_user(request, _("Ended sessions: %(count)d.") % {"count": ended}, level)


def users_of(sessions: Iterable[TokenSession]) -> list[AbstractBaseUser]:
    """The users of these sessions, each once."""
    ids = {session.user_id for session in sessions}
    return list(get_user_model()._base_manager.using(users_database()).filter(pk__in=ids))
