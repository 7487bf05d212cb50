"""Making and dropping the databases of the measurements, and choosing the one that the views work on."""

from contextlib import contextmanager

from django.conf import settings
from django.db import connections

from .process import run


class Router:
    """Sends every query to the database chosen last."""

    chosen = "default"

    def db_for_read(self, _model, **_hints):
        return Router.chosen

    db_for_write = db_for_read


@contextmanager
def working_on(alias):
    """Have models and views use the database of this alias."""
    before, Router.chosen = Router.chosen, alias
    try:
        yield
    finally:
        Router.chosen = before


@contextmanager
def databases(*aliases):
    """Empty databases, dropped at the end."""
    for alias in aliases:
        drop(alias)
        execute("default", f'CREATE DATABASE "{name(alias)}"')
    try:
        yield
    finally:
        for alias in aliases:
            drop(alias)


@contextmanager
def copy(original, alias):
    """A copy of a database, dropped at the end."""
    drop(alias)
    connections[original].close()
    execute("default", f'CREATE DATABASE "{name(alias)}" TEMPLATE "{name(original)}"')
    try:
        yield
    finally:
        drop(alias)


def drop(alias):
    connections[alias].close()
    execute("default", f'DROP DATABASE IF EXISTS "{name(alias)}" WITH (FORCE)')


def migrate(app, *aliases):
    """Create an app's tables, and those that they refer to."""
    for alias in aliases:
        run(app, name(alias), "migrate")


def name(alias):
    return settings.DATABASES[alias]["NAME"]


def execute(alias, statement, parameters=None):
    """Run one statement in autocommit."""
    with connections[alias].cursor() as cursor:
        cursor.execute(statement, parameters)


def fetch(alias, query, parameters=None):
    """The first row of a query's answer."""
    with connections[alias].cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchone()
