"""The optional app `oxijwt`: listing it registers the system checks and makes its translations known."""

from django.apps import AppConfig


class OxijwtConfig(AppConfig):
    name = "oxijwt"
    verbose_name = "oxijwt"

    def ready(self) -> None:
        from . import checks  # noqa: PLC0415  settings are not to be looked at before the apps are loaded

        checks.register()
