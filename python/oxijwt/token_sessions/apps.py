"""The app `oxijwt.token_sessions`, label `token_sessions`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from oxijwt.records import Kind

    from .models import TokenSession
    from .record import SessionRecords


class TokenSessionsConfig(AppConfig):
    """The app, and what it offers to modules that must not import it (`records.SessionApp`).

    The attributes import their modules late, since those modules need the loaded apps.
    """

    name = "oxijwt.token_sessions"
    verbose_name = _("Token Sessions")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from oxijwt import checks  # noqa: PLC0415  settings must not be read before the apps are loaded

        from . import deactivation, logged_out, password  # noqa: PLC0415  the same applies to the user model

        checks.register()
        password.connect()
        deactivation.connect()
        logged_out.connect()

    @cached_property
    def record_kinds(self) -> Mapping[Kind, type[SessionRecords]]:
        from . import record  # noqa: PLC0415

        return record.RECORD_KINDS

    @cached_property
    def end_session_of(self) -> Callable[..., TokenSession | None]:
        from . import record  # noqa: PLC0415

        return record.end_session_of

    @cached_property
    def revoke_for_user(self) -> Callable[..., int]:
        from . import ending  # noqa: PLC0415

        return ending.revoke_for_user

    @cached_property
    def may_adopt_later(self) -> Callable[[], bool]:
        from . import markers  # noqa: PLC0415

        return markers.may_adopt_later

    @cached_property
    def end_session(self) -> Callable[[TokenSession], None]:
        from . import api  # noqa: PLC0415

        return api.end_session

    @cached_property
    def following_rehash(self) -> Callable[[str], AbstractContextManager[None]]:
        from . import password  # noqa: PLC0415

        return password.following
