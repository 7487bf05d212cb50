"""The optional app `oxijwt`: listing it registers the system checks and makes its translations known."""

from django.apps import AppConfig


class OxijwtConfig(AppConfig):
    name = "oxijwt"
    verbose_name = "oxijwt"

    def ready(self) -> None:
        from . import checks

        checks.register()
