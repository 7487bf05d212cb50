"""Counts SQL statements, and hand-overs to threads, in the server's process."""

import sys
from collections import Counter

from asgiref.sync import SyncToAsync
from django.db.backends.signals import connection_created

ORIGINAL = SyncToAsync.__call__
counts = Counter(statements=0, ours=0, djangos=0)


def count(execute, *statement):
    """Count a statement, and run it."""
    counts["statements"] += 1
    return execute(*statement)


def wrap(connection, **_named):
    """Count the statements of a connection that was just opened."""
    connection.execute_wrappers.append(count)


async def hand_over(self, *args, **kwargs):
    """Count a hand-over by the module of the coroutine that awaits it."""
    module = sys._getframe(1).f_globals["__name__"]
    counts["ours" if module.startswith("oxijwt.") else "djangos"] += 1
    return await ORIGINAL(self, *args, **kwargs)


def begin():
    """Count from now on."""
    connection_created.connect(wrap)
    SyncToAsync.__call__ = hand_over
