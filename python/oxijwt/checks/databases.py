"""The check of `check --database`: tokens that were logged out, if the app that reads their table was removed."""

from collections.abc import Iterable, Sequence

from django.core.checks import CheckMessage, Error
from django.db import connections

from oxijwt.records import has_blacklist
from oxijwt.utils import aware_utcnow

TABLES = {"token_blacklist_blacklistedtoken", "token_blacklist_outstandingtoken"}

COUNT = (
    "SELECT COUNT(*) FROM token_blacklist_blacklistedtoken"
    " INNER JOIN token_blacklist_outstandingtoken"
    " ON token_blacklist_blacklistedtoken.token_id = token_blacklist_outstandingtoken.id"
    " WHERE token_blacklist_outstandingtoken.expires_at > %s"
)
"""SQL, since the app with the models is not installed."""


def abandoned_blacklist(databases: Sequence[str]) -> Iterable[CheckMessage]:
    """A finding for each of these databases with blacklisted tokens, if no app reads them."""
    for alias in () if has_blacklist() else databases:
        count = refused_tokens(alias)
        if count:
            yield Error(
                f"The database '{alias}' has {count} blacklisted tokens that have not expired, but token_blacklist is"
                " not installed: they are accepted again.",
                hint="Install 'oxijwt.token_blacklist' until they have expired.",
                id="oxijwt.E040",
            )


def refused_tokens(alias: str) -> int:
    """How many tokens are blacklisted and not expired; 0 without the tables."""
    connection = connections[alias]
    with connection.cursor() as cursor:
        if not TABLES.issubset(connection.introspection.table_names(cursor)):
            return 0
        cursor.execute(COUNT, [connection.ops.adapt_datetimefield_value(aware_utcnow())])
        return int(cursor.fetchone()[0])
