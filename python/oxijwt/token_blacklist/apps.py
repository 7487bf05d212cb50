"""The app `oxijwt.token_blacklist`, label `token_blacklist`."""

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

NAMES = ("oxijwt.token_blacklist", "rest_framework_simplejwt.token_blacklist")
"""One label and the same tables: simplejwt's own app, or, under `oxijwt.as_simplejwt`, this one by its other name."""


class TokenBlacklistConfig(AppConfig):
    name = "oxijwt.token_blacklist"
    verbose_name = _("Token Blacklist")
    default_auto_field = "django.db.models.BigAutoField"

    def __init__(self, app_name: str, app_module: Any) -> None:
        # Django is about to refuse the second label without a word on why, and no system check runs after that.
        listed = [entry for entry in map(str, settings.INSTALLED_APPS) if entry.startswith(NAMES)]
        if len(listed) > 1:
            raise ImproperlyConfigured(
                f"INSTALLED_APPS lists the token blacklist twice: {', '.join(listed)}. Keep one of them: they are the "
                "same app and have the same tables."
            )
        super().__init__(app_name, app_module)

    def ready(self) -> None:
        from oxijwt import checks  # noqa: PLC0415  settings are not to be looked at before the apps are loaded

        checks.register()
