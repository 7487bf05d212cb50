"""The optional app `oxijwt`. It registers the system checks and adds the translations."""

from django.apps import AppConfig


class OxijwtConfig(AppConfig):
    name = "oxijwt"
    verbose_name: str = "oxijwt"

    def ready(self) -> None:
        from . import checks, contrib, health  # noqa: PLC0415  they read settings: the apps must be loaded

        checks.register()
        health.register()
        contrib.load()
