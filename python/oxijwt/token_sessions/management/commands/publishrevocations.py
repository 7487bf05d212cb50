"""`manage.py publishrevocations`: publish ended sessions in REVOCATION_CACHE, for deployments and cron."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from oxijwt.exceptions import ServiceUnavailable
from oxijwt.token_sessions import revocation_cache
from oxijwt.token_sessions.publications import publish_committed


class Command(BaseCommand):
    """Publishes what is owed, and rebuilds the list if the cache has lost it."""

    help = "Publishes ended sessions in REVOCATION_CACHE, and rebuilds its list if it was lost."

    def handle(self, *args: Any, **options: Any) -> None:
        if not revocation_cache.is_configured():
            raise CommandError("SIMPLE_JWT['REVOCATION_CACHE'] must name a cache.")
        try:
            was_complete, published = revocation_cache.is_complete(), publish_committed()
            is_complete = revocation_cache.is_complete()
        except ServiceUnavailable:
            raise CommandError(
                "The database or REVOCATION_CACHE does not answer. Nothing is lost: try again."
            ) from None
        self.stdout.write(f"Published {published} ended sessions that were owed.")
        if not is_complete:
            raise CommandError("Another process rebuilds the list now.")
        self.stdout.write("The list was complete." if was_complete else "The list was lost and has been rebuilt.")
