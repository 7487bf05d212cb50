"""Rows that are inserted or updated with a kept text: as `save` does it, with its signals."""

from datetime import UTC, datetime, timedelta
from unittest.mock import Mock

import pytest
from django.db import DatabaseError, IntegrityError, connection, connections, models, transaction
from django.db.models.functions import Now
from django.db.models.signals import post_save, pre_save
from django.db.models.sql.compiler import SQLInsertCompiler

from oxijwt.statements import kept, rows
from oxijwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from tests.client import login, make_user

pytestmark = pytest.mark.django_db

MOMENT = datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=UTC)


@pytest.fixture(autouse=True)
def ada():
    user = make_user()
    vars(connections["default"]).pop("oxijwt_statements", None)
    kept._of_database.clear()
    return user


def token(**changes):
    """An issued token that is not written."""
    return OutstandingToken(**{"jti": "1", "token": "text", "created_at": MOMENT, "expires_at": MOMENT} | changes)


@pytest.fixture
def writing(monkeypatch):
    """Counts the texts that the ORM writes."""
    counting = Mock(side_effect=rows.written)
    monkeypatch.setattr(rows, "written", counting)
    return counting


def test_the_orm_is_asked_once_for_each_set_of_nulls(ada, writing):
    for number in range(3):
        rows.insert(token(jti=f"{number}", user=ada), "default")
        rows.insert(token(jti=f"{number}-"), "default")
    assert writing.call_count == 2
    assert OutstandingToken.objects.count() == 6


def test_a_login_uses_a_kept_text(writing):
    for _ in range(3):
        assert login().status_code == 200
    assert writing.call_count == 1


def test_the_row_gets_its_key_and_is_not_new_any_more():
    for number in range(2):
        row = token(jti=f"{number}")
        assert row._state.adding
        rows.insert(row, "default")
        assert (row._state.adding, row._state.db) == (False, "default")
        assert OutstandingToken.objects.get(pk=row.pk).jti == f"{number}"


@pytest.mark.parametrize("is_kept", [True, False])
def test_signals_are_sent_as_save_sends_them(monkeypatch, is_kept):
    monkeypatch.setattr(rows, "saves_plainly", lambda _model: is_kept)
    seen = []

    def receive(signal, **named):
        seen.append((signal is post_save, named.pop("instance").pk is not None, sorted(named.items())))

    for signal in (pre_save, post_save):
        signal.connect(receive, sender=OutstandingToken)
    try:
        row = token()
        rows.insert(row, "default")
        rows.update_fields(row, "default", frozenset({"jti"}))
    finally:
        for signal in (pre_save, post_save):
            signal.disconnect(receive, sender=OutstandingToken)
    always = [("raw", False), ("sender", OutstandingToken)]
    names = frozenset({"jti"})
    assert seen == [
        (False, False, [*always, ("update_fields", None), ("using", "default")]),
        (True, True, [("created", True), *always, ("update_fields", None), ("using", "default")]),
        (False, True, [*always, ("update_fields", names), ("using", "default")]),
        (True, True, [("created", False), *always, ("update_fields", names), ("using", "default")]),
    ]


def test_what_a_receiver_changes_is_written():
    def change(instance, **_named):
        instance.token = "changed"

    pre_save.connect(change, sender=OutstandingToken)
    try:
        for number in range(2):
            rows.insert(token(jti=f"{number}"), "default")
    finally:
        pre_save.disconnect(change, sender=OutstandingToken)
    assert set(OutstandingToken.objects.values_list("token")) == {("changed",)}


def test_a_value_of_the_database_goes_to_the_orm(writing):
    rows.insert(token(jti="0"), "default")
    row = token(created_at=Now())
    rows.insert(row, "default")
    assert OutstandingToken.objects.get(jti="1").created_at != MOMENT
    row.expires_at = Now()
    rows.update_fields(row, "default", frozenset({"expires_at"}))
    assert OutstandingToken.objects.get(jti="1").expires_at != MOMENT
    assert writing.call_count == 1


def test_a_given_key_goes_to_the_orm(writing):
    rows.insert(token(id=77), "default")
    assert OutstandingToken.objects.get().pk == 77
    assert not writing.called


def test_an_unsaved_user_is_refused():
    with pytest.raises(ValueError, match="unsaved"):
        rows.insert(token(user=type(make_user("bob"))()), "default")


def test_a_failure_breaks_the_callers_transaction_as_with_save():
    rows.insert(token(), "default")
    with transaction.atomic():
        with pytest.raises(IntegrityError):
            rows.insert(token(), "default")
        assert transaction.get_rollback()
        transaction.set_rollback(True)


def test_the_update_of_a_row_that_is_gone_fails_as_with_save(django_assert_num_queries):
    row = token()
    rows.insert(row, "default")
    OutstandingToken.objects.all().delete()
    with transaction.atomic():
        with django_assert_num_queries(1), pytest.raises(DatabaseError) as kept_error:
            rows.update_fields(row, "default", frozenset({"jti"}))
        transaction.set_rollback(True)
    with transaction.atomic():
        with pytest.raises(DatabaseError) as error:
            row.save(update_fields=["jti"])
        transaction.set_rollback(True)
    assert type(kept_error.value) is type(error.value)


def test_another_vendor_goes_to_the_orm(monkeypatch):
    monkeypatch.setattr(kept, "VENDORS", frozenset())
    row = token()
    rows.insert(row, "default")
    row.token = "other"
    rows.update_fields(row, "default", frozenset({"token"}))
    assert OutstandingToken.objects.get(pk=row.pk).token == "other"


def test_wrappers_see_the_insert():
    seen = []

    def wrapper(execute, sql, params, many, context):
        seen.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        for number in range(2):
            rows.insert(token(jti=f"{number}"), "default")
    assert len(seen) == 2
    assert seen[0] == seen[1]


@pytest.mark.skipif(connection.vendor == "postgresql", reason="PostgreSQL always has RETURNING")
def test_a_database_without_returning_tells_the_key(monkeypatch):
    """MySQL."""
    monkeypatch.setattr(type(connection.features), "can_return_columns_from_insert", False)
    for number in range(2):
        row = token(jti=f"{number}")
        rows.insert(row, "default")
        assert OutstandingToken.objects.get(jti=f"{number}").pk == row.pk


# What a project has put in between

PATCHED = [*((OutstandingToken, name) for name, _ in rows.MODEL_METHODS), (models.Model, "save")]


@pytest.mark.parametrize(("owner", "name"), PATCHED)
def test_a_patched_model_is_noticed(monkeypatch, owner, name):
    assert rows.saves_plainly(OutstandingToken)
    stock, calls = getattr(owner, name), []

    def patched(self, *args, **kwargs):
        calls.append(name)
        return stock(self, *args, **kwargs)

    monkeypatch.setattr(owner, name, patched)
    assert not rows.saves_plainly(OutstandingToken)
    rows.insert(token(), "default")
    row = OutstandingToken.objects.get()
    rows.update_fields(row, "default", frozenset({"jti"}))
    assert calls


@pytest.mark.parametrize("name", [name for name, _ in rows.COMPILER_METHODS])
def test_a_patched_compiler_is_noticed(monkeypatch, name):
    monkeypatch.setattr(SQLInsertCompiler, name, lambda *_args, **_kwargs: None)
    assert not rows.saves_plainly(OutstandingToken)


def test_a_patch_before_the_import_is_noticed(monkeypatch):
    monkeypatch.setattr(rows, "WAS_PATCHED", True)
    assert not rows.saves_plainly(OutstandingToken)


@pytest.mark.parametrize(
    ("option", "value"),
    [("parents", {1: 2}), ("proxy", True), ("select_on_save", True), ("order_with_respect_to", "user")],
)
def test_models_that_save_writes_in_another_way_are_not_kept(monkeypatch, option, value):
    monkeypatch.setattr(BlacklistedToken._meta, option, value)
    assert not rows.saves_plainly(BlacklistedToken)


def test_the_time_of_an_entry_is_that_of_its_insert():
    issued = token()
    rows.insert(issued, "default")
    entry = BlacklistedToken(token=issued)
    rows.insert(entry, "default")
    assert datetime.now(tz=UTC) - BlacklistedToken.objects.get().blacklisted_at < timedelta(minutes=1)
    assert BlacklistedToken.objects.get().blacklisted_at == entry.blacklisted_at
