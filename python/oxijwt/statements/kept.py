"""Statements whose text the ORM writes once for each database. Later only their values change.

So each is the ORM's statement: the SELECT of a row with one row that belongs to it, and the UPDATE of a row that still
has the values that were read.
"""

from __future__ import annotations

import uuid
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, Self, TypeVar

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connections, transaction
from django.db.models import Model, QuerySet
from django.db.models.expressions import Col
from django.db.models.query import MAX_GET_RESULTS
from django.db.models.sql import UpdateQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Hashable, Sequence

    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import Field, Lookup
    from django.db.models.sql.compiler import SQLCompiler

    Converters = list[tuple[int, list[Callable[..., Any]], Any]]
    """What turns a column's value into the field's: the column's position, functions, and the column."""
    Values = dict[str, Any]
    """Values by the names of fields."""

Row = TypeVar("Row", bound=Model)

VENDORS = frozenset({"postgresql", "mysql", "sqlite"})
"""The databases whose kept texts are tested. MariaDB is `mysql`."""
VALUE_TYPES = frozenset({int, str, uuid.UUID})
"""Types of values that are looked up with a kept text. For others, as None or True, Django may write another text."""


_of_database: dict[Hashable, tuple[object, object, str, Any]] = {}
"""Texts that belong to no connection, each with the settings, fields and table for which it was written."""


class KeptStatement(Protocol):
    """A text that belongs to one connection."""

    def on(self, connection: BaseDatabaseWrapper | None) -> Self:
        """A copy for another connection to the same database. The one for None is only copied again."""


Text = TypeVar("Text", bound=KeptStatement)


def kept_text(
    connection: BaseDatabaseWrapper, model: type[Model], key: Hashable, write: Callable[[], Text | None]
) -> Text | None:
    """The text that `write` returned for a key. It is written again if the model's fields or its table are others now.

    A key holds for one model and one value of USE_TZ, because converters differ with USE_TZ. None for other databases.
    """
    if connection.vendor not in VENDORS:
        return None
    texts: dict[Hashable, tuple[object, str | None, Any]] = vars(connection).setdefault("oxijwt_statements", {})
    options, whole = model._meta, (model, key, settings.USE_TZ)
    fields, table, kept = texts.get(whole, (None, None, None))
    if fields is not options.concrete_fields or table != options.db_table:
        kept = text_of_database(connection, model, whole, write)
        texts[whole] = options.concrete_fields, options.db_table, kept
    text: Text | None = kept
    return text


def text_of_database(
    connection: BaseDatabaseWrapper, model: type[Model], whole: Hashable, write: Callable[[], Text | None]
) -> Text | None:
    """As `kept_text`, for a connection that has no text yet: under ASGI each request has a new connection."""
    now = connection.settings_dict, model._meta.concrete_fields, model._meta.db_table
    *then, kept = _of_database.get((connection.alias, whole), (None, None, None, None))
    if then[0] is now[0] and then[1] is now[1] and then[2] == now[2]:
        copied: Text | None = None if kept is None else kept.on(connection)
        return copied
    written = write()
    _of_database[connection.alias, whole] = (*now, None if written is None else written.on(None))
    return written


@dataclass
class KeptGet(Generic[Row]):
    """A text, and what makes parameters for it and objects of its rows. It belongs to one connection."""

    sql: str
    model: type[Row]
    joined: type[Model]
    compiler: SQLCompiler
    lookup: type[Lookup[Any]]
    lhs: Col
    """The column that is looked up."""
    placeholder: str
    converters: Converters
    names: list[str]
    """The model's fields, in the order of the columns."""
    joined_names: list[str]
    """Those of the joined model, which come next."""

    def on(self, connection: BaseDatabaseWrapper | None) -> Self:
        """See KeptStatement. Converters are methods of a connection."""
        compiler = on_connection(self.compiler, connection)
        return replace(self, compiler=compiler, converters=converters_of(compiler) if connection else [])

    def parameters(self, key: object, value: object) -> list[Any] | None:
        """The parameters for two values, or None if Django would write another text for them.

        Raises what the field raises for a value that it can't hold, and EmptyResultSet if no row can have it. An
        integer out of range never reaches the database, where it would break the caller's transaction.
        """
        connection, lookup = self.compiler.connection, self.lookup(self.lhs, value)
        placeholder, values = lookup.process_rhs(self.compiler, connection)
        if lookup.rhs is None or placeholder != self.placeholder:
            return None
        return [self.joined._meta.pk.get_db_prep_value(key, connection), *values]

    def rows(self, parameters: list[Any]) -> list[tuple[Any, ...]]:
        """Run the statement. A cursor of the connection shows it to wrappers, logs and captured queries."""
        with self.compiler.connection.cursor() as cursor:
            cursor.execute(self.sql, parameters)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows

    def objects(self, row: Sequence[Any], alias: str) -> tuple[Row, Model | None]:
        """The objects of a row, as a query set makes them. The second is None if the statement found no row to join."""
        connection, values = self.compiler.connection, list(row)
        for position, functions, column in self.converters:
            for convert in functions:
                values[position] = convert(values[position], column, connection)
        width = len(self.names)
        found = self.model.from_db(alias, self.names, values[:width])
        if values[width + self.joined_names.index(self.joined._meta.pk.attname)] is None:
            return found, None
        return found, self.joined.from_db(alias, self.joined_names, values[width:])


@dataclass
class Joining(Generic[Row]):
    """What `find_user` needs of a query set that joins one row: `get`. Use it with a plain manager only."""

    model: type[Row]
    joined: type[Model]
    alias: str
    """The database."""
    attribute: str
    """The attribute that gets the joined object. As in Django, it is missing if no row was joined."""
    key: object
    """The primary key of the joined row."""
    query_set: Callable[[], QuerySet[Row]]
    """Makes the same query set of the ORM."""

    def get(self, **lookup: Any) -> Row:
        """As `get` of the query set, with the same exceptions, for one field and its value."""
        ((name, value),) = lookup.items()
        try:
            kept = self.kept(name, value)
            parameters = None if kept is None else kept.parameters(self.key, value)
        except EmptyResultSet:
            raise self.model.DoesNotExist from None  # type: ignore[attr-defined]  # Django adds it
        if kept is None or parameters is None:
            return self.query_set().get(**lookup)
        rows = kept.rows(parameters)
        if not rows:
            raise self.model.DoesNotExist  # type: ignore[attr-defined]  # likewise
        if len(rows) > 1:
            raise self.model.MultipleObjectsReturned  # type: ignore[attr-defined]  # likewise
        found, joined = kept.objects(rows[0], self.alias)
        if joined is not None:
            setattr(found, self.attribute, joined)
        return found

    aget: ClassVar[Callable[..., Coroutine[Any, Any, Any]]] = QuerySet.aget
    """As `get`, for async code. Django's own: it calls `get` in the thread that has the connections."""

    def kept(self, name: str, value: object) -> KeptGet[Row] | None:
        """The text for a field, written if the connection has none yet. None: ask the ORM.

        Raises as `KeptGet.parameters`.
        """
        if type(value) not in VALUE_TYPES:
            return None
        return kept_text(connections[self.alias], self.model, name, partial(self.written, {name: value}))

    def written(self, lookup: dict[str, Any]) -> KeptGet[Row] | None:
        """The text as the ORM writes it, or None if it can't be kept."""
        query = self.query_set().filter(**lookup).order_by()[:MAX_GET_RESULTS].query
        compiler = query.get_compiler(self.alias)
        sql, parameters = compiler.as_sql()
        columns = [column for column, *_ in compiler.select]
        conditions: list[Any] = query.where.children
        if not is_selection(columns, self.model, self.joined) or not is_simple(*conditions):
            return None
        condition = conditions[0]
        kept = KeptGet(
            *(sql, self.model, self.joined, compiler, type(condition), condition.lhs),
            placeholder=condition.process_rhs(compiler, compiler.connection)[0],
            converters=converters_of(compiler),
            names=names_of(self.model),
            joined_names=names_of(self.joined),
        )
        return kept if kept.parameters(self.key, *lookup.values()) == list(parameters) else None


def on_connection(compiler: SQLCompiler, connection: BaseDatabaseWrapper | None) -> SQLCompiler:
    """A copy of a compiler that has written its text, for another connection, or for None."""
    copied = copy(compiler)
    copied.connection = connection  # type: ignore[assignment]  # None is never used
    return copied


def converters_of(compiler: SQLCompiler) -> Converters:
    """The converters of the columns that a compiler has selected."""
    columns = [column for column, *_ in compiler.select]
    return [(at, *both) for at, both in compiler.get_converters(columns).items()]


def names_of(model: type[Model]) -> list[str]:
    """The attributes of a model's fields, in the order in which Django reads them."""
    return [field.attname for field in model._meta.concrete_fields]


def is_selection(columns: Sequence[Any], *models: type[Model]) -> bool:
    """Whether a statement reads all fields of the models and nothing else. None may be a parent's or a proxy's."""
    fields: list[Field[Any, Any]] = [field for model in models for field in model._meta.concrete_fields]
    own = all(field.model is model for model in models for field in model._meta.concrete_fields)
    return own and [getattr(column, "target", None) for column in columns] == fields


def is_simple(*conditions: Any) -> bool:
    """Whether there is one condition, which compares a column with a value in the same words for each value.

    On some databases a boolean column stands alone or behind NOT. A relation looks for the value in the other model. A
    project's own lookup may write another text for each value.
    """
    lhs = getattr(conditions[0], "lhs", None)
    if len(conditions) > 1 or not isinstance(lhs, Col) or lhs.target.is_relation or lhs.conditional:
        return False
    return type(conditions[0]).__module__.startswith("django.db.") and conditions[0].lookup_name == "exact"


@dataclass
class KeptUpdate:
    """A text, and what makes parameters for it. It belongs to one connection."""

    sql: str
    compiler: SQLCompiler
    fields: list[Field[Any, Any]]
    """The fields that get a value, in the order of the placeholders."""
    conditions: list[tuple[str, type[Lookup[Any]], Col]]
    """The columns that are compared, in their order: each with its name and Django's lookup."""

    def on(self, connection: BaseDatabaseWrapper | None) -> Self:
        """See KeptStatement."""
        return replace(self, compiler=on_connection(self.compiler, connection))

    def parameters(self, values: Values, where: Values) -> list[Any]:
        """The parameters for two sets of values. Raises EmptyResultSet if no row can have them."""
        connection = self.compiler.connection
        parameters = [field.get_db_prep_save(values[field.attname], connection) for field in self.fields]
        for name, lookup, lhs in self.conditions:
            parameters += lookup(lhs, where[name]).process_rhs(self.compiler, connection)[1]
        return parameters


def update(rows: QuerySet[Model], where: Values, values: Values) -> int:
    """As `rows.filter(**where).update(**values)` of plain rows without a filter. Returns how many rows it changed.

    `values` has names of columns. None in `where` means NULL.
    """
    connection = connections[rows.db]
    nulls = [name for part in (where, values) for name, value in part.items() if value is None]
    key = ("update", *where, *values, "null", *nulls)
    try:
        kept = kept_text(connection, rows.model, key, partial(written_update, rows, where, values))
        parameters = None if kept is None else kept.parameters(values, where)
    except EmptyResultSet:  # an integer that the column can't hold
        return 0
    if kept is None or parameters is None:
        return rows.filter(**where).update(**values)
    with transaction.mark_for_rollback_on_error(using=rows.db), connection.cursor() as cursor:
        cursor.execute(kept.sql, parameters)
        changed: int = cursor.rowcount
    return changed


def written_update(rows: QuerySet[Model], where: Values, values: Values) -> KeptUpdate | None:
    """The text as the ORM writes it, or None if it can't be kept."""
    query: Any = rows.filter(**where).query.chain(UpdateQuery)
    query.add_update_values(values)
    compiler = query.get_compiler(rows.db)
    sql, parameters = compiler.as_sql()
    children: list[Any] = query.where.children
    named_fields: list[tuple[str, Any]] = [(name, rows.model._meta.get_field(name)) for name in values]
    named = zip(sorted(where), children, strict=True)  # Django sorts the conditions
    kept = KeptUpdate(
        sql,
        compiler,
        [field for name, field in named_fields if values[name] is not None],
        [(name, type(child), child.lhs) for name, child in named if where[name] is not None],
    )
    return kept if kept.parameters(values, where) == list(parameters) else None
