"""The app `oxijwt.token_blacklist`, label `token_blacklist`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TokenBlacklistConfig(AppConfig):
    name = "oxijwt.token_blacklist"
    verbose_name = _("Token Blacklist")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from oxijwt import checks  # noqa: PLC0415  settings are not to be looked at before the apps are loaded

        checks.register()
