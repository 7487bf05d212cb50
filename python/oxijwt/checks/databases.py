"""The checks of `check --database`, which look into the tables."""

from collections.abc import Iterable, Sequence

from django.apps import apps
from django.core.checks import CheckMessage, Error
from django.db import connections, router

from oxijwt.records import has_blacklist, session_app
from oxijwt.records.users import users_database
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


def key_to_users(databases: Sequence[str]) -> Iterable[CheckMessage]:
    """A finding if users are in another database, and the table of sessions has a constraint on them."""
    if session_app() is None:
        return
    model = apps.get_model("token_sessions", "TokenSession")
    alias, users = router.db_for_write(model), users_database()
    if alias in databases and alias != users and has_constraint(alias, model._meta.db_table, "user_id"):
        yield Error(
            f"Users are written to the database '{users}', but in '{alias}' the table of sessions has a foreign key"
            " constraint on users: no login succeeds.",
            hint=f"Drop the constraint on {model._meta.db_table}.user_id, or write both into one database.",
            id="oxijwt.E060",
        )


def has_constraint(alias: str, table: str, column: str) -> bool:
    """Whether a column of this table has a foreign key constraint; False without the table."""
    connection = connections[alias]
    with connection.cursor() as cursor:
        if table not in connection.introspection.table_names(cursor):
            return False
        constraints = connection.introspection.get_constraints(cursor, table).values()
    return any(found["foreign_key"] and found["columns"] == [column] for found in constraints)
