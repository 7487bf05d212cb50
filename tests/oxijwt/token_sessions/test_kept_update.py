"""The UPDATE of a rotation, whose text is kept: it writes what the ORM writes."""

import uuid
from datetime import date, datetime, timedelta, timezone
from itertools import product
from unittest.mock import Mock

import pytest
from django.db import DataError, InterfaceError, OperationalError, connection, connections, models, transaction
from django.test.utils import CaptureQueriesContext

from oxijwt.statements import kept
from oxijwt.statements.plain import is_plain
from oxijwt.token_sessions import refresh
from oxijwt.token_sessions.models import TokenSession, TokenSessionManager, TokenSessionQuerySet

from .client import claims, login, make_user, refreshed
from .client import refresh as answered

pytestmark = pytest.mark.django_db

MOMENT = datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=timezone.utc)  # noqa: UP017
VALUES = {
    "generation": [1, 2**31 - 1, 2**40, -1],
    "rotated_at": [MOMENT],
    "expires_at": [MOMENT + timedelta(days=1)],
    "flush_after": [date(2026, 5, 4)],
    "ip_address": [None, "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"],
    "user_agent": ["", "Mozilla/5.0 (%s)", "é\u2028", "nul\0", "a" * 300],
    "auth_hash": [b"", b"\0\xff%s" * 8],
}
READ = {"generation": [3, 4], "rotated_at": [None, MOMENT, MOMENT + timedelta(seconds=1)], "revoked_at": [None]}
ROWS = [{"rotated_at": None}, {"rotated_at": MOMENT}, {"rotated_at": MOMENT, "revoked_at": MOMENT}]


@pytest.fixture(params=[True, False], ids=["USE_TZ", "naive"])
def moment(request, settings):
    """Makes a datetime as the site has them."""
    settings.USE_TZ = request.param
    return lambda value: value.replace(tzinfo=None) if isinstance(value, datetime) and not request.param else value


@pytest.fixture(autouse=True)
def tokens():
    vars(connections["default"]).pop("oxijwt_statements", None)
    kept._of_database.clear()
    make_user()
    return login()


def chosen(table, moment):
    """Every combination of a value for each name."""
    return [dict(zip(table, map(moment, values), strict=True)) for values in product(*table.values())]


def by_the_orm(manager, alias, where, values):
    return manager.using(alias).filter(**where).update(**values)


def outcome(write, row, where, values):
    """What a write returns or raises, the statement's text, the row after it, and whether the transaction can go on."""
    with transaction.atomic():
        TokenSession.objects.update(**{"generation": 3, "revoked_at": None} | row)
        with CaptureQueriesContext(connection) as captured:
            try:
                result = write(TokenSession.objects, "default", where, values)
            except Exception as error:
                result = type(error)
        try:
            found = [(type(value), value) for value in TokenSession.objects.values_list().get()]
        except Exception as error:
            found = type(error)
        transaction.set_rollback(True)
    return result, [query["sql"] for query in captured.captured_queries], found


def differences(moment, write=kept.update):
    session = TokenSession.objects.get()
    cases = [
        *((row, read, {"user_agent": "other"}) for row in chosen_rows(moment) for read in chosen(READ, moment)),
        *(({"rotated_at": None}, {"generation": 3, "rotated_at": None}, values) for values in chosen(VALUES, moment)),
        ({"rotated_at": None}, {"generation": 2**70}, {"generation": 4}),
        ({"rotated_at": None}, {"pk": uuid.uuid4()}, {"generation": 4}),
    ]
    found = [
        (outcome(by_the_orm, *case), outcome(write, *case))
        for row, read, values in cases
        for case in [(row, {"pk": session.pk} | read, values)]
    ]
    assert len(found) == 18 + 160 + 2
    return [both for both in found if both[0] != both[1]]


def chosen_rows(moment):
    return [{name: moment(value) for name, value in row.items()} for row in ROWS]


def test_no_row_differs(moment):
    """Values, types, exceptions, texts, and rows changed."""
    assert differences(moment) == []


def test_the_control_differs(moment):
    def another(manager, alias, where, values):
        return kept.update(manager, alias, {**where, "generation": 3}, values)

    assert differences(moment, another)


def test_the_control_of_another_text_differs(moment):
    assert differences(
        moment,
        lambda manager, _alias, where, values: by_the_orm(manager, "default", where | {"is_login": True}, values),
    )


def test_a_rotation_is_written_once_by_the_orm(clock, monkeypatch):
    writing = Mock(side_effect=kept.written_update)
    monkeypatch.setattr(kept, "written_update", writing)
    tokens = login()
    TokenSession.objects.exclude(pk=claims(tokens["access"])["sid"]).delete()
    for _ in range(4):
        clock.tick(60)
        tokens = refreshed(tokens["refresh"])
    assert writing.call_count == 2  # the first rotation compares `rotated_at` with NULL
    assert TokenSession.objects.get().generation == 4


def test_another_vendor_goes_to_the_orm(tokens, monkeypatch):
    monkeypatch.setattr("oxijwt.statements.kept.VENDORS", frozenset())
    refreshed(tokens["refresh"])
    assert TokenSession.objects.get().generation == 1


@pytest.mark.parametrize("error", [OperationalError("down"), InterfaceError("closed")])
@pytest.mark.parametrize("changed", [True, False])
def test_errors_are_503_as_before(tokens, monkeypatch, error, changed):
    monkeypatch.setattr(refresh, "is_plain", lambda *_args: changed)

    def fail(execute, sql, params, many, context):
        if sql.startswith("UPDATE"):
            raise error
        return execute(sql, params, many, context)

    with connection.execute_wrapper(fail):
        assert answered(tokens["refresh"]).status_code == 503


def test_an_error_marks_the_transaction_for_rollback():
    """As `update` of a query set."""

    def fail(*_args):
        raise DataError

    with transaction.atomic():
        with connection.execute_wrapper(fail), pytest.raises(DataError):
            kept.update(TokenSession.objects, "default", {"generation": 0}, {"generation": 1})
        assert transaction.get_rollback()
        transaction.set_rollback(False)


@pytest.mark.parametrize("name", ["update", "filter", "using"])
@pytest.mark.parametrize("owner", [TokenSessionQuerySet, models.QuerySet])
def test_a_patch_is_called(tokens, monkeypatch, owner, name):
    stock, calls = getattr(owner, name), []

    def patched(self, *args, **kwargs):
        calls.append(name)
        return stock(self, *args, **kwargs)

    monkeypatch.setattr(owner, name, patched)
    assert not is_plain(TokenSession.objects, TokenSessionQuerySet)
    refreshed(tokens["refresh"])
    assert calls


def test_our_own_manager_is_plain():
    assert is_plain(TokenSession.objects, TokenSessionQuerySet)
    assert not is_plain(TokenSession.objects)


def test_a_patched_manager_is_noticed(monkeypatch):
    monkeypatch.setattr(TokenSessionManager, "get_queryset", lambda *_args: None)
    assert not is_plain(TokenSession.objects, TokenSessionQuerySet)


def test_the_insert_of_a_session_is_kept():
    """psycopg wraps bytes in objects that are equal to none but themselves."""
    login()
    inserts = [
        text
        for (_alias, (model, key, _aware)), (*_, text) in kept._of_database.items()
        if model is TokenSession and key[0] == "insert"
    ]
    assert inserts
    assert None not in inserts
