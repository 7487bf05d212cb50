"""Making requests fail, and looking for tokens, keys and passwords in everything that is said about them."""

import logging
import traceback
from contextlib import nullcontext

from django.db import connection

FAULT = "made to fail"


def fail(*_arguments, **_named):
    """Fails, and has its arguments in the traceback as any function that fails."""
    raise RuntimeError(FAULT)


def break_down(monkeypatch, fault):
    """A context in which a function, named by its path, or statements of a kind ("INSERT") fail."""
    if fault.isupper():
        return connection.execute_wrapper(_failing(fault))
    monkeypatch.setattr(fault, fail)
    return nullcontext()


def _failing(kind):
    def execute_or_fail(execute, sql, parameters, many, context):
        if sql.startswith(kind):
            fail(parameters)
        return execute(sql, parameters, many, context)

    return execute_or_fail


def shreds(secret):
    """Pieces of a secret that would give it away; a PEM's armour and short strings are no secret."""
    text = secret.decode() if isinstance(secret, bytes) else secret
    lines = [line for line in text.splitlines() if line and not line.startswith("-----")]
    return [line[:24] for line in lines] + [line[-24:] for line in lines]


def require_absence(secrets, *texts):
    for secret in secrets:
        for shred in shreds(secret):
            for text in texts:
                assert shred not in text


def texts_of(error):
    """Everything that an error and all errors behind it, shown or suppressed, have to say."""
    texts = traceback.format_exception(error)
    seen = set()
    waiting = [error]
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        texts += [str(current), repr(current), repr(current.args), repr(vars(current))]
        waiting += [current.__cause__, current.__context__]
    return texts


def everything_that_is_logged(caplog):
    formatter = logging.Formatter("%(name)s %(message)s")
    texts = [formatter.format(record) for record in caplog.records]
    return texts + [repr(record.args) for record in caplog.records]
