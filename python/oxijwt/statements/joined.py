"""The SELECT of a row and of one row that belongs to it, in one statement whose text is kept.

The ORM writes the text once for each connection. So it is the ORM's text, and only the two values change.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import Model
from django.db.models.expressions import Col
from django.db.models.query import MAX_GET_RESULTS

from .plain import is_djangos

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.db.models import Field, Lookup, QuerySet
    from django.db.models.sql.compiler import SQLCompiler

    Converters = list[tuple[int, list[Callable[..., Any]], Any]]
    """What turns a column's value into the field's: the column's position, functions, and the column."""
    Texts = dict[tuple[type[Model], str, bool], tuple[object, str | None, "Kept[Any] | None"]]
    """A connection's texts by model, field and USE_TZ, each with the fields and the table that it was written for."""

Row = TypeVar("Row", bound=Model)

VALUE_TYPES = frozenset({int, str, uuid.UUID})
"""Types of values that are looked up with a kept text. For others, as None or True, Django may write another text."""
VENDORS = frozenset({"postgresql", "mysql", "sqlite"})
"""The databases whose kept texts are tested. MariaDB is `mysql`."""


@dataclass
class Kept(Generic[Row]):
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
        """The objects of a row, as a query set makes them. The second is None if there is no joined row."""
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
    """Where the joined object is put; without a joined row there is no such attribute, as in Django."""
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

    def kept(self, name: str, value: object) -> Kept[Row] | None:
        """The text for a field, written if the connection has none yet. None: ask the ORM.

        Converters differ with USE_TZ, and code may add a field to a model later. Raises as `Kept.parameters`.
        """
        connection = connections[self.alias]
        if type(value) not in VALUE_TYPES or connection.vendor not in VENDORS:
            return None
        texts: Texts = vars(connection).setdefault("oxijwt_statements", {})
        options, key = self.model._meta, (self.model, name, settings.USE_TZ)
        fields, table, kept = texts.get(key, (None, None, None))
        if fields is not options.concrete_fields or table != options.db_table:
            kept = self.written({name: value})
            texts[key] = options.concrete_fields, options.db_table, kept
        return kept

    def written(self, lookup: dict[str, Any]) -> Kept[Row] | None:
        """The text as the ORM writes it, or None if it can't be kept."""
        query = self.query_set().filter(**lookup).order_by()[:MAX_GET_RESULTS].query
        compiler = query.get_compiler(self.alias)
        sql, parameters = compiler.as_sql()
        columns = [column for column, *_ in compiler.select]
        conditions: list[Any] = query.where.children
        if not is_selection(columns, self.model, self.joined) or not is_simple(*conditions):
            return None
        condition, converters = conditions[0], compiler.get_converters(columns)
        kept = Kept(
            *(sql, self.model, self.joined, compiler, type(condition), condition.lhs),
            placeholder=condition.process_rhs(compiler, compiler.connection)[0],
            converters=[(at, *both) for at, both in converters.items()],
            names=names_of(self.model),
            joined_names=names_of(self.joined),
        )
        return kept if kept.parameters(self.key, *lookup.values()) == list(parameters) else None


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

    A boolean column stands alone or behind NOT, and a relation looks for the value in the other model.
    """
    lhs = getattr(conditions[0], "lhs", None)
    if len(conditions) > 1 or not isinstance(lhs, Col) or lhs.target.is_relation or lhs.conditional:
        return False
    return conditions[0].lookup_name == "exact" and is_djangos(type(conditions[0]).process_rhs)
