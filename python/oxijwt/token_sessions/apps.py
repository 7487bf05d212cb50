"""The app `oxijwt.token_sessions`, label `token_sessions`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TokenSessionsConfig(AppConfig):
    name = "oxijwt.token_sessions"
    verbose_name = _("Token Sessions")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Settings and models are not to be looked at before the apps are loaded.
        from oxijwt import checks  # noqa: PLC0415

        from . import password  # noqa: PLC0415

        checks.register()
        password.connect()
