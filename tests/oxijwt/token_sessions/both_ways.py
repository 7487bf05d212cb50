"""Reads a user with a session twice, by the kept statement and by the ORM, and describes both answers."""

import uuid
import warnings
from datetime import datetime, timezone
from decimal import Decimal

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from oxijwt.token_sessions import reading

VALUES = [
    *(0, 1, 2, -1, 2**15, 2**31 - 1, 2**31, -(2**31) - 1, 2**63 - 1, 2**63, -(2**63) - 1, 10**40),
    *("0", "1", " 1", "+1", "01", "1.0", "1_0", "\uff11", "9" * 30, "9" * 5000, "NaN", "None", "true", "", " "),
    *("ada", "Ada", "ada ", "ada\0", "\ud800", "e\u0301", "%s", "%%", "' OR 1=1 --", "a" * 300, "ada@example.org"),
    *("2026-03-04", "2026-03-04 05:06:07", "2026-03-04T05:06:07Z", "2026-13-04", "0" * 32),
    *(None, True, False, 1.0, 1.5, [], [1], {}, {"a": 1}, b"ada", Decimal(1), uuid.UUID(int=1)),
    datetime(2026, 3, 4, tzinfo=timezone.utc),  # noqa: UP017
]
"""What a `user_id` claim can be, and more."""


def state(found):
    """Everything an object holds, with types; the objects that it refers to by their class."""
    fields = {name: value for name, value in vars(found).items() if name not in {"_state", reading.JOINED}}
    held = found._state
    cache = {name: (type(value), value.pk) for name, value in held.fields_cache.items()}
    joined = type(getattr(found, reading.JOINED, None))
    typed = {name: (type(value), value) for name, value in fields.items()}
    return type(found), typed, held.db, held.adding, getattr(held, "fetch_mode", None), cache, joined


def answer(sid, value, ids=()):
    """What `find_with_user` finds or raises, and the statements that it runs."""
    with CaptureQueriesContext(connection) as captured, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a naive datetime for a column with a time zone
        try:
            user, session = reading.find_with_user(sid, value, ids)
        except Exception as error:
            outcome = type(error)
        else:
            outcome = tuple(None if found is None else state(found) for found in (user, session))
            assert session is None or session.user is user
    return outcome, [query["sql"] for query in captured.captured_queries]


def protected(*asked):
    """`answer` in a savepoint, and whether the transaction can go on after it."""
    with transaction.atomic():
        given = answer(*asked)
        broken = False
        try:
            connection.cursor().execute("SELECT 1")
        except Exception:
            broken = True
            transaction.set_rollback(True)
    return *given, broken


def difference(monkeypatch, *asked):
    """Both answers if they differ, else None. The kept one is asked twice: its text is written and then used."""
    with monkeypatch.context() as patched:
        patched.setattr(reading, "is_plain", lambda _manager: False)
        orm = protected(*asked)
    kept = [protected(*asked) for _ in range(2)]
    return None if kept == [orm, orm] else (orm, kept)
