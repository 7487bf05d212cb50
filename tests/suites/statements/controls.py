"""The kept way, broken: its outcomes must differ."""

from contextlib import ExitStack, contextmanager
from unittest.mock import patch

from oxijwt.statements import kept, rows


def with_another_type(self, row, alias, make=kept.KeptGet.object):
    """The key of a row that was found becomes a text."""
    found = make(self, row, alias)
    found.pk = f"{found.pk} "
    return found


def with_another_condition(self, values, where, parameters=kept.KeptUpdate.parameters):
    """The last column is compared with NULL, which no value equals."""
    return [*parameters(self, values, where)[:-1], None]


def without_the_last_value(text, parameters, row, connection, run=rows.run):
    """The last column gets NULL."""
    return run(text, kept.Parameters([*parameters.values[:-1], None]), row, connection)


@contextmanager
def broken():
    """Inside, kept statements do something else."""
    with ExitStack() as stack:
        stack.enter_context(patch.object(kept.KeptGet, "object", with_another_type))
        stack.enter_context(patch.object(kept.KeptUpdate, "parameters", with_another_condition))
        stack.enter_context(patch.object(rows, "run", without_the_last_value))
        yield
