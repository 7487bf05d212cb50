"""Inserts and updates rows, as `save` does. The ORM writes the text of each statement once for a connection."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from django.db import DatabaseError, connections, transaction
from django.db.models import Model
from django.db.models.signals import post_save, pre_save
from django.db.models.sql import InsertQuery
from django.db.models.sql.compiler import SQLInsertCompiler

from .kept import Parameters, are_same, execute, kept_text, update
from .plain import is_djangos, is_plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import Field

MODEL_METHODS = tuple(
    (name, getattr(Model, name))
    for name in ("save", "save_base", "_save_table", "_do_insert", "_prepare_related_fields_for_save")
)
COMPILER_METHODS = tuple((name, getattr(SQLInsertCompiler, name)) for name in ("as_sql", "execute_sql"))
WAS_PATCHED = not all(is_djangos(stock) for _name, stock in (*MODEL_METHODS, *COMPILER_METHODS))
"""Whether another package had replaced one of them before this module was imported."""


def saves_plainly(model: type[Model]) -> bool:
    """Whether nobody has replaced `save` or one of its steps, and it writes one table. Ask each time, as `is_plain`."""
    for name, stock in MODEL_METHODS:
        if getattr(model, name) is not stock:
            return False
    for name, stock in COMPILER_METHODS:
        if getattr(SQLInsertCompiler, name) is not stock:
            return False
    options: Any = model._meta
    if options.parents or options.proxy or options.select_on_save or options.order_with_respect_to:
        return False
    return not WAS_PATCHED and is_plain(model._base_manager)


def is_one_statement(model: type[Model]) -> bool:
    """Whether an INSERT of the model's objects is one statement and calls no code of a project."""
    listened = pre_save.has_listeners(model) or post_save.has_listeners(model)
    return not listened and saves_plainly(model)


def insert(row: Model, alias: str) -> None:
    """As `row.save(using=alias, force_insert=True)`, with its signals and exceptions."""
    if not saves_plainly(type(row)):
        row.save(using=alias, force_insert=True)
        return
    with saving(row, alias):
        if not is_inserted(row, alias):
            row._save_table(cls=type(row), force_insert=True, using=alias)  # type: ignore[attr-defined]  # Django's


def update_fields(row: Model, alias: str, names: frozenset[str]) -> None:
    """As `row.save(using=alias, update_fields=names)`, with its signals and exceptions. `names` must be valid."""
    if not saves_plainly(type(row)):
        row.save(using=alias, update_fields=names)
        return
    with saving(row, alias, names):
        values = changed_values(row, names)
        if values is None:
            row._save_table(cls=type(row), using=alias, update_fields=names)  # type: ignore[attr-defined]  # Django's
        elif not update(type(row)._base_manager, alias, {"pk": row.pk}, values):
            raise getattr(type(row), "NotUpdated", DatabaseError)("The row does not exist any more.")  # Django 6's name


@contextmanager
def saving(row: Model, alias: str, names: frozenset[str] | None = None) -> Iterator[None]:
    """Do around a row's statement the same as Django's `save`. With `names` it is an UPDATE, else an INSERT."""
    named: dict[str, Any] = {"sender": type(row), "instance": row, "raw": False, "using": alias, "update_fields": names}
    row._prepare_related_fields_for_save(operation_name="save")  # type: ignore[attr-defined]  # Django's
    pre_save.send(**named)
    with transaction.mark_for_rollback_on_error(using=alias):
        yield
    row._state.db, row._state.adding = alias, False
    post_save.send(created=names is None, **named)


def changed_values(row: Model, names: frozenset[str]) -> dict[str, Any] | None:
    """The values to write, by column. None if the row has no key, or if the database must compute one of them."""
    fields = [field for field in row._meta.concrete_fields if field.name in names]
    values = {field.attname: field.pre_save(row, False) for field in fields}
    if row.pk is None or any(hasattr(value, "resolve_expression") for value in values.values()):
        return None
    return values


@dataclass
class KeptInsert:
    """A text. It is the same for each connection to a database."""

    sql: str
    returned: list[Field[Any, Any]]
    """The primary key, if the database chooses it. Else empty."""

    def on(self, connection: BaseDatabaseWrapper | None) -> Self:
        """See KeptStatement."""
        return self


def is_inserted(row: Model, alias: str) -> bool:
    """Insert the row with a kept text. False if nothing was written."""
    connection, model, options = connections[alias], type(row), row._meta
    has_key = row.pk is not None
    if has_key == (options.pk is options.auto_field):
        return False
    fields = [field for field in options.local_concrete_fields if has_key or field is not options.auto_field]
    parameters = prepared(row, fields, connection)
    if parameters is None:
        return False
    nulls = tuple(at for at, parameter in enumerate(parameters.values) if parameter is None)
    kept = kept_text(connection, model, ("insert", nulls), partial(written, row, fields, parameters, alias))
    if kept is not None:
        run(kept, parameters, row, connection)
    return kept is not None


def prepared(row: Model, fields: list[Field[Any, Any]], connection: BaseDatabaseWrapper) -> Parameters | None:
    """The parameters for the values of a row. None if the database must compute one of them."""
    parameters = Parameters([])
    for field in fields:
        value = field.pre_save(row, True)
        if hasattr(value, "resolve_expression"):
            return None
        parameters.values.append(field.get_db_prep_save(value, connection))
    return parameters


def written(row: Model, fields: list[Field[Any, Any]], parameters: Parameters, alias: str) -> KeptInsert | None:
    """The text as the ORM writes it, or None if it can't be kept."""
    query, options = InsertQuery(type(row)), row._meta
    query.insert_values(fields, [row], raw=True)  # `prepared` has called `pre_save`
    compiler: Any = query.get_compiler(using=alias)
    compiler.returning_fields = [] if row.pk is not None else list(options.db_returning_fields)
    ((sql, values),) = compiler.as_sql()
    columns = [field.get_col(options.db_table) for field in compiler.returning_fields]
    if not are_same(values, parameters.values) or len(columns) > 1 or compiler.get_converters(columns):
        return None
    return KeptInsert(sql, compiler.returning_fields)


def run(kept: KeptInsert, parameters: Parameters, row: Model, connection: BaseDatabaseWrapper) -> None:
    """Run the statement, and set the key that the database has chosen."""
    with connection.cursor() as cursor:
        execute(cursor, kept.sql, parameters)
        for field in kept.returned:
            if connection.features.can_return_columns_from_insert:
                key = cursor.fetchall()[0][0]
            else:
                key = connection.ops.last_insert_id(cursor, row._meta.db_table, str(field.column))
            setattr(row, field.attname, key)
