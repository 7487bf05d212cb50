"""The app `oxijwt.token_blacklist`, label `token_blacklist`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from oxijwt.locale import gettext_lazy as _

if TYPE_CHECKING:
    from types import ModuleType

    from django_stubs_ext import StrPromise

NAMES = ("oxijwt.token_blacklist", "rest_framework_simplejwt.token_blacklist")
"""Both apps have the same label and tables. The second is simplejwt's app, or this one under `oxijwt.as_simplejwt`."""


class TokenBlacklistConfig(AppConfig):
    name = "oxijwt.token_blacklist"
    verbose_name: StrPromise = _("Token Blacklist")
    default_auto_field: str = "django.db.models.BigAutoField"

    def __init__(self, app_name: str, app_module: ModuleType | None) -> None:
        # Django would refuse the second label without naming the cause, and then it runs no system check.
        listed = [entry for entry in map(str, settings.INSTALLED_APPS) if entry.startswith(NAMES)]
        if len(listed) > 1:
            raise ImproperlyConfigured(
                f"INSTALLED_APPS lists the token blacklist twice: {', '.join(listed)}. They are the same app "
                "and have the same tables. Remove one of them."
            )
        super().__init__(app_name, app_module)

    def ready(self) -> None:
        from oxijwt import checks, contrib  # noqa: PLC0415  the checks read settings, so the apps must be loaded

        checks.register()
        contrib.load()
