"""Texts whose placeholders are converted once, for SQLite."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.backends.utils import CursorWrapper

from oxijwt.statements import kept
from oxijwt.statements.kept import getting
from tests.client import make_user

pytestmark = pytest.mark.django_db

ON_SQLITE = pytest.mark.skipif(connection.vendor != "sqlite", reason="others convert no placeholders")


class Converting:
    """A cursor like SQLite's, of a project."""

    def convert_query(self, query, *, param_names=None):  # noqa: ARG002  as Django's
        return f"{query} of {self.name}"

    def execute(self, sql, params):
        self.executed = self.convert_query(sql), params


@pytest.fixture
def ada():
    kept.remembered.cache_clear()
    return make_user()


@ON_SQLITE
def test_a_text_is_converted_once(ada):
    for _ in range(3):
        assert getting(User.objects).get(pk=ada.pk) == ada
    assert kept.remembered.cache_info()[:2] == (2, 1)


@ON_SQLITE
def test_what_a_wrapper_changes_is_converted(ada):
    def wrapper(execute, sql, params, many, context):
        return execute(f"{sql} -- 100%%", params, many, context)

    def named(execute, sql, params, many, context):
        return execute(sql.replace("%s", "%(id)s"), {"id": params[0]}, many, context)

    for change in (wrapper, named):
        with connection.execute_wrapper(change):
            assert getting(User.objects).get(pk=ada.pk) == ada
    assert getting(User.objects).get(pk=ada.pk) == ada


@ON_SQLITE
@pytest.mark.parametrize("sql", ["SELECT %s", "SELECT '%%s', %s", "SELECT 1"])
def test_the_result_is_djangos(ada, sql):
    with connection.cursor() as cursor:
        own = cursor.cursor
        assert kept.converted(type(own).convert_query, sql) == own.convert_query(sql)


def test_a_projects_own_conversion_is_called(ada):
    own = Converting()
    own.name = "a project"
    kept.execute(CursorWrapper(own, connection), "SELECT 1", kept.Parameters([1]))
    assert own.executed == ("SELECT 1 of a project", [1])


def test_a_cursor_of_another_kind_is_used_as_it_is(ada):
    class Bare:
        def execute(self, *given):
            self.given = given

    bare = Bare()
    kept.execute(bare, "SELECT 1", kept.Parameters([]))
    assert bare.given == ("SELECT 1", [])
