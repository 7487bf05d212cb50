"""A database that forgets: copies of the sessions, made once a second, and the way back to one of them."""

import time
from dataclasses import dataclass

from django.db import connection, transaction

COPIES = "rolling_copies"
TABLE = "token_sessions_tokensession"


@dataclass(frozen=True)
class Forgotten:
    """What the database has forgotten: how many refreshes, the logins, and the ended sessions that live again."""

    refreshes: int
    logins: frozenset[str]
    ends: frozenset[str]


class Copies:
    """Copies of the sessions' rows in a table of their own."""

    def __init__(self):
        self._taken = []
        execute(f"DROP TABLE IF EXISTS {COPIES}")
        execute(f"CREATE TABLE {COPIES} AS SELECT 0 AS taken, * FROM {TABLE} WHERE false")

    def take(self):
        """Copy all rows: one statement, so that it sees one snapshot."""
        self._taken.append(time.monotonic())
        execute(f"INSERT INTO {COPIES} SELECT %s, * FROM {TABLE}", [len(self._taken) - 1])

    def forget(self, seconds):
        """Restore the newest copy that is at least so old, in one transaction. Returns what is Forgotten."""
        until = time.monotonic() - seconds
        taken = max(number for number, at in enumerate(self._taken) if at <= until)
        pairs = f"FROM {TABLE} now LEFT JOIN {COPIES} was ON was.id = now.id AND was.taken = {taken}"
        lost = Forgotten(
            query(f"SELECT sum(now.generation - was.generation) {pairs}")[0][0] or 0,
            ids(f"SELECT now.id {pairs} WHERE was.id IS NULL"),
            ids(f"SELECT now.id {pairs} WHERE was.id = now.id AND now.revoked_at IS DISTINCT FROM was.revoked_at"),
        )
        columns = ", ".join(name for (name,) in query(COLUMNS))
        with transaction.atomic():
            execute(f"DELETE FROM {TABLE}")
            execute(f"INSERT INTO {TABLE} ({columns}) SELECT {columns} FROM {COPIES} WHERE taken = {taken}")
        return lost


COLUMNS = f"SELECT quote_ident(column_name) FROM information_schema.columns WHERE table_name = '{TABLE}'"
OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


def cut_connections():
    """End every other connection to the database, as a fail-over does."""
    query(f"SELECT pg_terminate_backend(pid) {OTHERS}")


def ids(sql):
    """The first column as texts."""
    return frozenset(str(row[0]) for row in query(sql))


def query(sql):
    """The rows of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def execute(sql, parameters=None):
    """Run a statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
