"""`manage.py flushexpiredtokens`: deletes expired tokens, in batches, in constant memory."""

from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand
from django.db import router, transaction

from oxijwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from oxijwt.utils import aware_utcnow

BATCH_SIZE = 1000


class Command(BaseCommand):
    help = "Flushes any expired tokens in the outstanding token list"

    def handle(self, *args: Any, **options: Any) -> None:
        database = router.db_for_write(OutstandingToken)
        for ids in _expired_batches(database):
            with transaction.atomic(using=database):
                BlacklistedToken.objects.using(database).filter(token_id__in=ids).delete()
                OutstandingToken.objects.using(database).filter(pk__in=ids).delete()


def _expired_batches(database: str) -> Iterator[list[int]]:
    # expires_at has no index in simplejwt's table: walking the primary key reads every row once, not once a batch.
    expired = OutstandingToken.objects.using(database).filter(expires_at__lte=aware_utcnow()).order_by("pk")
    last = 0
    while ids := list(expired.filter(pk__gt=last).values_list("pk", flat=True)[:BATCH_SIZE]):
        yield ids
        last = ids[-1]
