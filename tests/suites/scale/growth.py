"""What a login and its refreshes leave in the table: rows, bytes, and heap-only updates."""

from time import monotonic, sleep

from django.db import connections

from oxijwt.token_sessions.models import TokenSession

from .client import LIVE, log_in, refresh, token_of
from .databases import fetch
from .report import Figure, at_least, at_most

TABLE = TokenSession._meta.db_table
REFRESHES_OF_ONE = 1000
SPREAD = 20_000
DENSE = 5000
TODAY = "rotated_at >= date_trunc('day', now())"
MOVES_ITS_DAY = f"NOT {TODAY} AND expires_at < absolute_expires_at - interval '1 day'"


def rows_added(alias):
    """Refreshing one session again and again."""
    token = log_in(alias, "user1")
    before = count(alias)
    for _ in range(REFRESHES_OF_ONE):
        token, _seconds = refresh(alias, token)
    return at_most(f"rows added by {REFRESHES_OF_ONE} refreshes of one session", count(alias) - before, 0)


def bytes_per_login(alias):
    """Table and indexes, divided by the rows; and whether the rows are like those that the views write."""
    rows = count(alias)
    (total,) = fetch(alias, "SELECT pg_total_relation_size(%s)", [TABLE])
    yield at_most(f"bytes a login with indexes, {rows} rows", total / rows, 360, " B")
    yield Figure("… of these", ", ".join(f"{what} {size / rows:.0f} B" for what, size in parts(alias)))
    yield as_views_write_it(alias)


def as_views_write_it(alias):
    refresh(alias, log_in(alias, "user2"))
    width = "SELECT pg_column_size(session.*) FROM {} AS session ORDER BY {} LIMIT 1"
    (made,) = fetch(alias, width.format(TABLE, "created_at"))
    (written,) = fetch(alias, width.format(TABLE, "created_at DESC"))
    what = "bytes of a row as measured, and as the login and refresh views write it"
    return Figure(what, f"{made} B, {written} B", "equal", made == written)


def parts(alias):
    yield "table", fetch(alias, "SELECT pg_relation_size(%s)", [TABLE])[0]
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT indexrelid::regclass::text, pg_relation_size(indexrelid) FROM pg_index"
            " WHERE indrelid = %s::regclass ORDER BY 2 DESC",
            [TABLE],
        )
        yield from ((index.removeprefix(TABLE + "_"), size) for index, size in cursor.fetchall())


def heap_only(alias, rows):
    """Shares of heap-only updates, nothing being vacuumed meanwhile."""
    spread = sessions(alias, f"{LIVE} AND {TODAY} ORDER BY random()", min(SPREAD, rows // 10))
    yield at_least(f"heap-only, {len(spread)} refreshes all over the table", hot_share(alias, spread), 95, " %")
    dense = sessions(alias, f"{LIVE} AND {TODAY} ORDER BY created_at", min(DENSE, rows // 10))
    what = f"heap-only, {len(dense)} neighbours refreshed thrice"
    yield at_least(what, hot_share(alias, dense, times=3), 95, " %")
    later = sessions(alias, f"{LIVE} AND {MOVES_ITS_DAY} ORDER BY random()", min(DENSE, rows // 100))
    yield Figure(f"heap-only, first refresh on another day ({len(later)})", f"{hot_share(alias, later):.3g} %")


def hot_share(alias, found, times=1):
    before = updates(alias)
    tokens = [token_of(session) for session in found]
    for _ in range(times):
        tokens = [refresh(alias, token)[0] for token in tokens]
    made, heap_only = (
        after - earlier for after, earlier in zip(settled(alias, before, found, times), before, strict=True)
    )
    return 100 * heap_only / made


def settled(alias, before, found, times):
    # A backend reports what it did when it closes, and the report may take a moment.
    connections[alias].close()
    deadline = monotonic() + 20
    while updates(alias)[0] < before[0] + times * len(found) and monotonic() < deadline:
        sleep(0.2)
    return updates(alias)


def updates(alias):
    query = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = %s"
    return fetch(alias, query, [TABLE])


def sessions(alias, condition, limit):
    query = f"SELECT * FROM {TABLE} WHERE {condition} LIMIT {limit}"  # noqa: S608  our own text
    return list(TokenSession.objects.using(alias).raw(query))


def count(alias):
    return fetch(alias, f"SELECT count(*) FROM {TABLE}")[0]  # noqa: S608  our own text
