"""The app `oxijwt.token_sessions`, label `token_sessions`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig
from django.utils.functional import cached_property

from oxijwt.locale import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from django_stubs_ext import StrPromise

    from oxijwt.records import Kind

    from .models import TokenSession, TokenSessionQuerySet
    from .record.base import SessionRecords


class TokenSessionsConfig(AppConfig):
    """The app, and what it offers to modules that must not import it (`records.SessionApp`).

    The attributes import their modules late, since those modules need the loaded apps.
    """

    name = "oxijwt.token_sessions"
    verbose_name: StrPromise = _("Token Sessions")
    default_auto_field: str = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from oxijwt import checks, contrib, health  # noqa: PLC0415  settings must not be read before the apps are loaded

        from . import deactivation, logged_out, password, publications  # noqa: PLC0415  the same applies to the user model

        checks.register()
        health.register()
        contrib.load()
        password.connect()
        deactivation.connect()
        publications.connect()
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
    def owe_deleted(self) -> Callable[[TokenSessionQuerySet], None]:
        from . import publications  # noqa: PLC0415

        return publications.owe_deleted

    @cached_property
    def owes_publications(self) -> Callable[[], bool]:
        from . import publications  # noqa: PLC0415

        return publications.owes_publications

    @cached_property
    def publish_owed(self) -> Callable[[], None]:
        from . import publications  # noqa: PLC0415

        return publications.publish_now

    @cached_property
    def tend_revocation_cache(self) -> Callable[[], None]:
        from . import publications  # noqa: PLC0415

        return publications.tend

    @cached_property
    def clock_difference(self) -> Callable[[], float]:
        from . import database  # noqa: PLC0415

        return database.clock_difference

    @cached_property
    def following_rehash(self) -> Callable[[str], AbstractContextManager[None]]:
        from . import password  # noqa: PLC0415

        return password.following
