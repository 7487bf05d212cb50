"""The SELECT of a user with a session, whose text is kept: it answers as the ORM does."""

import uuid
from functools import wraps
from itertools import product
from unittest.mock import Mock

import pytest
from django.conf import settings
from django.contrib.auth.models import AbstractUser, User, UserManager
from django.db import (
    DataError,
    InterfaceError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    connection,
    connections,
    models,
)
from django.db.models.sql.compiler import SQLCompiler
from django.test.utils import isolate_apps, register_lookup

from oxijwt.exceptions import ServiceUnavailable
from oxijwt.records.blacklist import blacklist_entries, outstanding_tokens
from oxijwt.statements import kept, plain
from oxijwt.statements.plain import is_plain
from oxijwt.token_sessions import reading
from oxijwt.token_sessions.models import TokenSession
from tests.sites.settings import DATABASE

from .both_ways import VALUES, answer, difference, state
from .client import login, make_user

pytestmark = pytest.mark.django_db

FIELDS = ["id", "pk", "username", "email", "first_name", "is_active", "last_login", "date_joined"]
"""USER_ID_FIELDs. Several users share a first name, and `is_active` can't be kept."""
HAS_BLACKLIST = "oxijwt.token_blacklist" in settings.INSTALLED_APPS
IDS = [("issued", "ended")] if HAS_BLACKLIST else [()]
"""What is looked for in the blacklist by the same statement."""
KEPT = [name for name in FIELDS if name != "is_active"]


@pytest.fixture(autouse=True)
def ada():
    """A user with a session, another without one, and no kept text from an earlier test."""
    make_user("bob", first_name="ada")
    user = make_user(email="ada@example.org", first_name="ada", last_login="2026-03-04T05:06:07Z")
    login()
    user.refresh_from_db()
    if HAS_BLACKLIST:
        fields = {"jti": "ended", "token": "", "expires_at": user.date_joined}
        blacklist_entries().create(token=outstanding_tokens().create(**fields))
        outstanding_tokens().create(**fields | {"jti": "issued"})
    vars(connections["default"]).pop("oxijwt_statements", None)
    kept._of_database.clear()
    return user


@pytest.fixture
def session(ada):
    return TokenSession.objects.get()


@pytest.fixture
def use_tz(request, settings):
    settings.USE_TZ = request.param


@pytest.fixture
def joins(monkeypatch):
    """Counts the query sets that the ORM is asked to make."""
    counting = Mock(side_effect=reading.join)
    monkeypatch.setattr(reading, "join", counting)
    return counting


def differences(monkeypatch, ada, session, field):
    values = [*VALUES, getattr(ada, field), str(getattr(ada, field))]
    asked = list(product([session.pk, uuid.uuid4()], values, IDS))
    found = {repr(each): difference(monkeypatch, *each) for each in asked}
    assert len(found) >= 2 * len(VALUES) * len(IDS)
    return [both for both in found.values() if both is not None]


# The kept statement against the ORM


@pytest.mark.parametrize("use_tz", [True, False], indirect=True)
@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.usefixtures("use_tz")
def test_no_answer_differs(session, jwt_settings, monkeypatch, field):
    """Values, types, exceptions, statements with their text, and whether the caller's transaction can go on."""
    jwt_settings(USER_ID_FIELD=field)
    assert differences(monkeypatch, User.objects.get(username="ada"), session, field) == []


def without_the_joined_row(self, row, alias, make=kept.KeptGet.object):
    found = make(self, row, alias)
    vars(found).pop(reading.JOINED, None)
    return found


def without_converters(self, row, alias, make=kept.KeptGet.object):
    self.converters = []
    return make(self, row, alias)


def without_the_field(self, given, value, parameters=kept.KeptGet.parameters):
    return [*parameters(self, given, 1)[:-1], value]


def without_annotations(self, row, alias, make=kept.KeptGet.object):
    self.annotations = [(name, position - 1) for name, position in self.annotations]
    return make(self, row, alias)


CONTROLS = [
    ("object", without_the_joined_row),
    pytest.param(
        "object",
        without_converters,
        marks=pytest.mark.skipif(DATABASE == "postgres", reason="psycopg reads all types of these columns itself"),
    ),
    ("parameters", without_the_field),
    pytest.param(
        *("object", without_annotations),
        marks=pytest.mark.skipif(not HAS_BLACKLIST, reason="tests.sites.adoption has a blacklist"),
    ),
]


@pytest.mark.parametrize(("method", "broken"), CONTROLS)
def test_the_control_differs(ada, session, monkeypatch, method, broken):
    monkeypatch.setattr(kept.KeptGet, method, broken)
    assert differences(monkeypatch, ada, session, "pk")


@pytest.fixture
def is_kept(request, monkeypatch):
    if not request.param:
        monkeypatch.setattr(reading, "is_plain", lambda _manager: False)


@pytest.mark.skipif(not HAS_BLACKLIST, reason="tests.sites.adoption has a blacklist")
@pytest.mark.parametrize(
    ("ids", "expected"), [((), None), (("ended",), True), (("issued", "ended"), True), (("issued", "unknown"), False)]
)
@pytest.mark.parametrize("is_kept", [True, False], indirect=True)
@pytest.mark.usefixtures("is_kept")
def test_the_answer_of_the_blacklist_is_taken_once(ada, session, ids, expected):
    user, _session = reading.find_with_user(session.pk, ada.pk, ids)
    assert [reading.blacklisted(user) for _ in range(2)] == [expected, None]
    assert reading.LISTED not in vars(user)


def test_a_user_without_a_session_has_no_attribute_for_it(ada):
    user, session = reading.find_with_user(uuid.uuid4(), ada.pk)
    assert (user, session, hasattr(user, reading.JOINED)) == (ada, None, False)


def test_signals_and_from_db_of_a_project_are_called(ada, session, monkeypatch):
    calls = []
    make = User.from_db.__func__

    def from_db(cls, *args, **kwargs):
        calls.append("from_db")
        return make(cls, *args, **kwargs)

    def receive(instance, **_named):
        calls.append(type(instance))

    models.signals.post_init.connect(receive, weak=False)
    try:
        monkeypatch.setattr(User, "from_db", classmethod(from_db))
        reading.find_with_user(session.pk, ada.pk)
        written = calls[:]
        reading.find_with_user(session.pk, ada.pk)
    finally:
        models.signals.post_init.disconnect(receive)
    assert calls == 2 * written == 2 * ["from_db", User, TokenSession]


# When the text is written


@pytest.mark.parametrize("field", KEPT)
def test_the_orm_is_asked_once(ada, session, jwt_settings, joins, field):
    jwt_settings(USER_ID_FIELD=field)
    for _ in range(3):
        answer(session.pk, str(getattr(ada, field)))
    assert joins.call_count == 1


def test_a_boolean_column_is_not_kept(ada, session, jwt_settings, joins):
    jwt_settings(USER_ID_FIELD="is_active")
    for expected in (2, 3, 4):  # the first time it is tried
        answer(session.pk, "1")
        assert joins.call_count == expected


class InCapitals(models.lookups.Exact):
    """A project's own."""

    def as_sql(self, compiler, connection):
        sql, parameters = super().as_sql(compiler, connection)
        return sql.replace("=", "LIKE") if "%" in str(self.rhs) else sql, parameters


def test_a_lookup_of_a_project_is_not_kept(ada, session, jwt_settings, joins, monkeypatch):
    jwt_settings(USER_ID_FIELD="username")
    with register_lookup(models.CharField, InCapitals):
        assert [difference(monkeypatch, session.pk, value) for value in ("ada", "a%", "ada")] == [None] * 3
        joins.reset_mock()
        assert reading.find_with_user(session.pk, "ada") == (ada, session)
    assert joins.call_count == 1


def test_a_value_that_the_field_turns_into_null(session, jwt_settings, monkeypatch):
    """Django writes IS NULL for it."""
    monkeypatch.setattr(User._meta.get_field("email"), "get_prep_value", lambda value: value or None)
    jwt_settings(USER_ID_FIELD="email")
    values = ["ada@example.org", "", "ada@example.org", ""]
    assert [difference(monkeypatch, session.pk, value) for value in values] == [None] * 4


@pytest.mark.parametrize("value", [None, b"1", [1]])
def test_other_types_go_to_the_orm(session, joins, value):
    for _ in range(2):
        answer(session.pk, value)
    assert joins.call_count == 2
    assert "oxijwt_statements" not in vars(connections["default"])


@pytest.fixture(params=["USE_TZ", "USER_ID_FIELD", "fields", "table"])
def change(request, settings, monkeypatch):
    """Changes what a text depends on."""
    return {
        "USE_TZ": lambda: setattr(settings, "USE_TZ", False),
        "USER_ID_FIELD": lambda: setattr(settings, "SIMPLE_JWT", {"USER_ID_FIELD": "username"}),
        "fields": User._meta._expire_cache,
        "table": lambda: monkeypatch.setattr(User._meta, "db_table", "elsewhere"),
    }[request.param]


def test_a_change_writes_another_text(ada, session, joins, change):
    reading.find_with_user(session.pk, ada.pk)
    change()
    answer(session.pk, ada.pk)
    assert joins.call_count == 2


def test_a_new_connection_has_no_text(ada, session):
    reading.find_with_user(session.pk, ada.pk)
    assert vars(connections["default"])["oxijwt_statements"]
    assert "oxijwt_statements" not in vars(connections["default"].copy())


def test_another_vendor_goes_to_the_orm(ada, session, joins, monkeypatch):
    monkeypatch.setattr(kept, "VENDORS", frozenset())
    assert [reading.find_with_user(session.pk, ada.pk)[0] for _ in range(2)] == [ada, ada]
    assert joins.call_count == 2


def test_an_id_out_of_range_runs_no_statement(session, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert reading.find_with_user(session.pk, 10**40) == (None, None)


# What sees the statement


def test_wrappers_see_it(ada, session):
    seen = []

    def wrapper(execute, sql, params, many, context):
        seen.append((sql, list(params)))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        for _ in range(2):
            reading.find_with_user(session.pk, ada.pk)
    assert len(seen) == 2
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OperationalError("down"), ServiceUnavailable),
        (InterfaceError("closed"), ServiceUnavailable),
        (ProgrammingError("no table"), ProgrammingError),
        (DataError("unfit"), (None, None)),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("is_kept", [True, False], indirect=True)
@pytest.mark.usefixtures("is_kept")
def test_errors_are_answered_as_before(ada, session, error, expected):
    reading.find_with_user(session.pk, ada.pk)

    def fail(*_args):
        raise error

    with connection.execute_wrapper(fail):
        if isinstance(expected, tuple):
            assert reading.find_with_user(session.pk, ada.pk) == expected
        else:
            with pytest.raises(expected):
                reading.find_with_user(session.pk, ada.pk)


# What a project has put in between


class Caching(UserManager):
    def get_queryset(self):
        return super().get_queryset()


class Elsewhere(UserManager):
    def using(self, alias):
        return super().using(alias)


class OwnQuerySet(models.QuerySet):
    pass


def manager(kind):
    made = kind()
    made.model = User
    return made


@pytest.mark.parametrize("kind", [models.Manager, UserManager, type("Finders", (UserManager,), {"find": Mock()})])
def test_plain_managers(kind):
    assert is_plain(manager(kind))


@pytest.mark.parametrize("kind", [Caching, Elsewhere, OwnQuerySet.as_manager, UserManager.from_queryset(OwnQuerySet)])
def test_managers_with_something_in_between(kind):
    assert not is_plain(manager(kind))


PATCHED = [
    *((owner, name) for owner, name, _ in plain.STOCK),
    *((models.QuerySet, name) for name, _ in plain.OF_QUERY_SET),
]


@pytest.mark.parametrize(("owner", "name"), PATCHED)
def test_a_later_patch_is_noticed(monkeypatch, owner, name):
    monkeypatch.setattr(owner, name, lambda *_args, **_kwargs: None)
    assert not is_plain(User._default_manager)


@pytest.mark.parametrize("owner", [models.Manager, UserManager, None])
@pytest.mark.parametrize("name", ["get_queryset", "using"])
def test_a_patched_manager_is_noticed(monkeypatch, owner, name):
    """A class of it, or the object itself."""
    monkeypatch.setattr(owner or User._default_manager, name, lambda *_args: None)
    assert not is_plain(User._default_manager)


def test_a_patch_before_the_import_is_noticed(monkeypatch):
    monkeypatch.setattr(plain, "WAS_PATCHED", True)
    assert not is_plain(User._default_manager)


def test_a_wrapper_is_not_djangos():
    @wraps(SQLCompiler.execute_sql)
    def profiled(*args, **kwargs):
        raise NotSupportedError

    assert not plain.is_djangos(profiled)
    assert plain.is_djangos(SQLCompiler.execute_sql)


def test_a_patched_get_is_called(ada, session, monkeypatch):
    get, calls = models.QuerySet.get, []

    def cached(self, *args, **kwargs):
        calls.append(kwargs)
        return get(self, *args, **kwargs)

    reading.find_with_user(session.pk, ada.pk)
    monkeypatch.setattr(models.QuerySet, "get", cached)
    reading.find_with_user(session.pk, ada.pk)
    assert calls == [{"id": ada.pk}]


@isolate_apps("tests.oxijwt")
def test_parents_and_proxies_are_not_kept():
    class Proxy(User):
        class Meta:
            proxy = True
            app_label = "oxijwt_tests"

    class Child(User):
        class Meta:
            app_label = "oxijwt_tests"

    class Own(AbstractUser):
        groups = user_permissions = None

        class Meta:
            app_label = "oxijwt_tests"

    def is_kept(model):
        compiler = model._base_manager.all().query.get_compiler("default")
        compiler.as_sql()
        return kept.parts_of(compiler.klass_info, [column for column, *_ in compiler.select]) is not None

    assert [is_kept(model) for model in (User, Own, Proxy, Child)] == [True, True, False, False]


def test_state_tells_a_type_from_another(ada):
    other = User(pk=ada.pk)
    other.__dict__.update({**vars(ada), "username": bytes(ada.username, "ascii")})
    assert state(other) != state(ada)
