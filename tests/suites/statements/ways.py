"""Does one thing twice, with kept statements and by the ORM alone, and describes what came of it."""

import re
import warnings
from contextlib import ExitStack, contextmanager
from typing import NamedTuple
from unittest.mock import patch

from django.db import connection, models, reset_queries, transaction
from django.test.utils import CaptureQueriesContext

from oxijwt.statements import kept, rows


class Outcome(NamedTuple):
    """What came of a deed. Two ways agree if all of it is equal."""

    result: object
    """What it returned, described, or the exception."""
    statements: list[str]
    after: object
    """What a look at the rows showed after it."""
    is_broken: bool
    """Whether the caller's transaction can't go on."""


@contextmanager
def by_the_orm():
    """Inside, no text is kept, and rows are saved by Django's `save`."""
    with ExitStack() as stack:
        stack.enter_context(patch.object(kept, "VENDORS", frozenset()))
        stack.enter_context(patch.object(rows, "saves_plainly", lambda _model: False))
        yield


def described(found):
    """A result with the types of all values. Objects of models by all that they hold."""
    if isinstance(found, models.Model):
        return described_object(found)
    if isinstance(found, tuple | list):
        return type(found), [described(each) for each in found]
    return type(found), found


def described_object(found):
    """Everything an object holds, with types; the objects that it refers to by their class and key."""
    state = found._state
    fields = {name: value for name, value in vars(found).items() if name != "_state"}
    values = {
        name: (type(value), value.pk if isinstance(value, models.Model) else value) for name, value in fields.items()
    }
    cache = {name: (type(value), getattr(value, "pk", None) is None) for name, value in state.fields_cache.items()}
    return type(found), values, state.db, state.adding, getattr(state, "fetch_mode", None), cache


def outcome(act, look=lambda: None):
    """The outcome of `act` in a savepoint that is rolled back. `look` reads the rows."""
    reset_queries()  # Django remembers 9000, and forgets the first ones
    with transaction.atomic():
        with CaptureQueriesContext(connection) as captured, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a naive datetime for a column with a time zone
            try:
                result = described(act())
            except Exception as error:
                result = type(error)
        is_broken, after = False, None
        try:
            after = look()
            connection.cursor().execute("SELECT 1")
        except Exception:
            is_broken = True
        transaction.set_rollback(True)
    statements = [re.sub("SAVEPOINT .*", "SAVEPOINT", str(query["sql"])) for query in captured.captured_queries]
    return Outcome(result, statements, after, is_broken)


def difference(act, look=lambda: None):
    """All outcomes if one differs, else None. The kept way is tried as its text is written, used, and copied."""
    with by_the_orm():
        orm = outcome(act, look)
    ours = [outcome(act, look) for _ in range(2)]
    vars(connection).pop("oxijwt_statements", None)  # as in a new connection
    ours.append(outcome(act, look))
    return None if ours == [orm] * 3 else (orm, ours)
