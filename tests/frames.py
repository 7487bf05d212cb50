"""Looking for secrets in the variables of the package's frames, as an error reporter sees them."""

import sys
from contextlib import contextmanager

from django.db import connection
from django.db.models import QuerySet

from tests.leaks import shreds


def frames_at_hand():
    """The frames of the package that are being run, from the inside to the outside."""
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith("oxijwt."):
            yield frame
        frame = frame.f_back


def variables(frame):
    """(function, name, representation) of each variable. A representation that raises shows nothing."""
    for name, value in frame.f_locals.items():
        if isinstance(value, QuerySet):  # its representation asks the database, and Sentry's does not
            continue
        try:
            shown = repr(value)
        except Exception:  # noqa: S112  reporters do the same
            continue
        yield frame.f_code.co_qualname, name, shown


class Seen(set):
    """Every variable that was seen, as (function, name, representation)."""

    def holding(self, *secrets):
        """Those that hold a secret, as (function, name)."""
        pieces = [shred for secret in secrets for shred in shreds(secret)]
        return sorted({(where, name) for where, name, shown in self if any(piece in shown for piece in pieces)})


@contextmanager
def watched():
    """Inside, the variables are looked at whenever the database is asked: there it could be down."""
    seen, looking = Seen(), []

    def look(execute, *statement):
        # The representation of a row may ask the database for its user: that statement is not the package's.
        if not looking:
            looking.append(True)
            for frame in frames_at_hand():
                seen.update(variables(frame))
            looking.clear()
        return execute(*statement)

    with connection.execute_wrapper(look):
        yield seen
