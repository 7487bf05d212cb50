"""Statements whose text the ORM writes once for each database. Later only their values change.

So each is the ORM's statement: the SELECT of a row, perhaps with one that belongs to it, and the UPDATE of rows that
still have the values that were read. `rows` has the INSERT of a row.
"""

from __future__ import annotations

import uuid
from copy import copy
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, Self, TypeVar

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connections, transaction
from django.db.models import Model, QuerySet
from django.db.models.expressions import Col
from django.db.models.query import MAX_GET_RESULTS
from django.db.models.sql import UpdateQuery

from .plain import gets_plainly

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Hashable, Sequence

    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.backends.utils import CursorWrapper
    from django.db.models import Field, Lookup, Manager
    from django.db.models.sql import Query
    from django.db.models.sql.compiler import SQLCompiler

    Converters = list[tuple[int, list[Callable[..., Any]], Any]]
    """What turns a column's value into the field's: the column's position, functions, and the column."""
    Values = dict[str, Any]
    """Values by the names of fields."""

Row = TypeVar("Row", bound=Model)

VENDORS = frozenset({"postgresql", "mysql", "sqlite"})
"""The databases whose kept texts are tested. MariaDB is `mysql`."""
SQLITE = "django.db.backends.sqlite3.base"
"""The module of Django's cursor for SQLite."""
KNOWN_TEXTS = 256
"""How many converted texts a process remembers."""
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
class Parameters:
    """Parameters of a statement. Error reporters see none of them in variables: one may be a token."""

    values: list[Any] = field(repr=False)


def are_same(some: Sequence[Any], others: Sequence[Any]) -> bool:
    """Whether two lists of parameters are equal. psycopg wraps bytes in objects that equal none but themselves."""
    bare = [[getattr(value, "obj", value) for value in values] for values in (some, others)]
    return bare[0] == bare[1] and [*map(type, some)] == [*map(type, others)]


def execute(cursor: CursorWrapper, sql: str, parameters: Parameters) -> None:
    """As `cursor.execute`, so wrappers and logs see the statement.

    SQLite's cursor converts the placeholders of each text, which takes as long as the database needs (16 µs). This one
    remembers the result.
    """
    own: Any = getattr(cursor, "cursor", None)
    convert = getattr(type(own), "convert_query", None)
    if convert is not None and getattr(convert, "__globals__", {}).get("__name__") == SQLITE:
        own.convert_query = partial(converted, convert)
    cursor.execute(sql, parameters.values)


def converted(convert: Callable[..., str], sql: str, *, param_names: list[str] | None = None) -> str:
    """The text as Django's method converts it, which does not use its object. It is remembered."""
    # An execute_wrapper of a project may have other parameters, with names.
    return remembered(convert, sql) if param_names is None else convert(None, sql, param_names=param_names)


@lru_cache(KNOWN_TEXTS)
def remembered(convert: Callable[..., str], sql: str) -> str:
    """The text with SQLite's placeholders."""
    return convert(None, sql)


@dataclass
class Part:
    """The columns of one model in a row, and Django's functions that connect its object with the row's first one."""

    model: type[Model]
    names: list[str]
    """The attributes of the fields, in the order of the columns. A field that is deferred is missing."""
    columns: slice
    key: int
    """The position of the primary key."""
    local_setter: Any
    """Tells the first object of this one, or of None."""
    remote_setter: Any
    """Tells this object of the first one."""

    @classmethod
    def of(cls, info: dict[str, Any], columns: Sequence[Any]) -> Part | None:
        """The part that a compiler describes. None if a field belongs to a parent or to the model of a proxy."""
        model, positions = info["model"], list(info["select_fields"])
        fields = [columns[position].target for position in positions]
        own = all(field.model is model for field in fields) and not info.get("from_parent")
        if not own or positions != list(range(positions[0], positions[-1] + 1)):
            return None
        names = [field.attname for field in fields]
        place = slice(positions[0], positions[-1] + 1), positions[fields.index(model._meta.pk)]
        return cls(model, names, *place, info.get("local_setter"), info.get("remote_setter"))


@dataclass
class KeptGet(Generic[Row]):
    """A text, and what makes parameters for it and objects of its rows. It belongs to one connection."""

    sql: str
    compiler: SQLCompiler
    lookup: type[Lookup[Any]]
    lhs: Col
    """The column that is looked up."""
    placeholder: str
    before: list[Any]
    """The parameters before those of the value."""
    slots: list[int]
    """Which of them change."""
    converters: Converters
    parts: list[Part]
    """The first one is the model's own."""
    annotations: list[tuple[str, int]]
    """Names of attributes, with the positions of their columns."""

    def on(self, connection: BaseDatabaseWrapper | None) -> Self:
        """See KeptStatement. Converters are methods of a connection."""
        compiler = on_connection(self.compiler, connection)
        return replace(self, compiler=compiler, converters=converters_of(compiler) if connection else [])

    def parameters(self, given: Sequence[Any], value: object) -> list[Any] | None:
        """The parameters for a value, and those `given` for `slots`. None if Django would write another text for it.

        Raises what the field raises for a value that it can't hold, and EmptyResultSet if no row can have it. An
        integer out of range never reaches the database, where it would break the caller's transaction.
        """
        lookup = self.lookup(self.lhs, value)
        placeholder, values = lookup.process_rhs(self.compiler, self.compiler.connection)
        if lookup.rhs is None or placeholder != self.placeholder:
            return None
        parameters = [*self.before, *values]
        for slot, parameter in zip(self.slots, given, strict=True):
            parameters[slot] = parameter
        return parameters

    def rows(self, parameters: list[Any]) -> list[tuple[Any, ...]]:
        """Run the statement. A cursor of the connection shows it to wrappers, logs and captured queries."""
        with self.compiler.connection.cursor() as cursor:
            execute(cursor, self.sql, Parameters(parameters))
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows

    def object(self, row: Sequence[Any], alias: str) -> Row:
        """The object of a row with what is joined to it, as a query set makes it."""
        connection, values = self.compiler.connection, list(row)
        for position, functions, column in self.converters:
            for convert in functions:
                values[position] = convert(values[position], column, connection)
        own, *others = self.parts
        found: Any = own.model.from_db(alias, own.names, values[own.columns])
        for part in others:
            is_missing = values[part.key] is None
            joined = None if is_missing else part.model.from_db(alias, part.names, values[part.columns])
            part.local_setter(found, joined)
            if joined is not None:
                part.remote_setter(joined, found)
        for name, position in self.annotations:
            setattr(found, name, values[position])
        whole: Row = found
        return whole


@dataclass
class Getting(Generic[Row]):
    """A query set whose statement is kept: what `find_user` needs of it. Use it with a plain manager only."""

    model: type[Row]
    alias: str
    """The database."""
    query_set: Callable[[], QuerySet[Row]]
    """Makes the same query set of the ORM."""
    kind: Hashable = "get"
    """Tells this text from others of the same model."""

    def get(self, **lookup: Any) -> Row:
        """As `get` of the query set, with the same exceptions, for one field and its value."""
        try:
            prepared = self.prepared(lookup)
        except EmptyResultSet:
            raise self.model.DoesNotExist from None  # type: ignore[attr-defined]  # Django adds it
        if prepared is None:
            return self.query_set().get(**lookup)
        kept, parameters = prepared
        rows = kept.rows(parameters)
        if not rows:
            raise self.model.DoesNotExist  # type: ignore[attr-defined]  # likewise
        if len(rows) > 1:
            raise self.model.MultipleObjectsReturned  # type: ignore[attr-defined]  # likewise
        return kept.object(rows[0], self.alias)

    aget: ClassVar[Callable[..., Coroutine[Any, Any, Any]]] = QuerySet.aget
    """As `get`, for async code. Django's own: it calls `get` in the thread that has the connections."""

    def prepared(self, lookup: Values) -> tuple[KeptGet[Row], list[Any]] | None:
        """The statement and its parameters. The first call on a connection writes the text. None: ask the ORM.

        Raises as `KeptGet.parameters`.
        """
        ((name, value),) = lookup.items()
        if type(value) not in VALUE_TYPES:
            return None
        connection = connections[self.alias]
        given = self.given(connection)
        write = partial(self.written, lookup, given)
        kept = kept_text(connection, self.model, (self.kind, name, len(given)), write)
        parameters = None if kept is None else kept.parameters(given, value)
        return None if kept is None or parameters is None else (kept, parameters)

    def given(self, connection: BaseDatabaseWrapper) -> list[Any]:
        """The parameters that change apart from the value, in their order."""
        return []

    def limited(self, lookup: Values) -> QuerySet[Row]:
        """The query set whose statement is kept."""
        return self.query_set().filter(**lookup).order_by()[:MAX_GET_RESULTS]

    def written(self, lookup: Values, given: list[Any]) -> KeptGet[Row] | None:
        """The text as the ORM writes it, or None if it can't be kept."""
        (value,) = lookup.values()
        return written_get(self.limited(lookup).query, self.alias, value, given)


def getting(manager: Manager[Row]) -> Getting[Row] | Manager[Row]:
    """The object whose `get` to call: a kept statement if the manager is plain, else the manager itself."""
    return Getting(manager.model, manager.db, manager.get_queryset) if gets_plainly(manager) else manager


@dataclass
class Joining(Getting[Row]):
    """As `Getting`, for a query set that joins one row. Its condition may ask for ids before."""

    joined: type[Model] = Model
    """The model of the joined row."""
    key: object = None
    """The primary key of the joined row."""
    ids: tuple[str, ...] = ()
    """Texts that a column before the joined ones looks for."""

    def given(self, connection: BaseDatabaseWrapper) -> list[Any]:
        """The ids, and the primary key of the joined row."""
        return [*self.ids, self.joined._meta.pk.get_db_prep_value(self.key, connection)]


@dataclass
class GettingFirst(Getting[Row]):
    """As `Getting`, for the first row of an ordered query set."""

    kind: Hashable = "first"

    def first(self, **lookup: Any) -> Row | None:
        """As `filter(…).first()` of the query set, for one field and its value."""
        try:
            prepared = self.prepared(lookup)
        except EmptyResultSet:
            return None
        if prepared is None:
            return self.query_set().filter(**lookup).first()
        kept, parameters = prepared
        rows = kept.rows(parameters)
        return kept.object(rows[0], self.alias) if rows else None

    def limited(self, lookup: Values) -> QuerySet[Row]:
        """The query set whose statement is kept."""
        return self.query_set().filter(**lookup)[:1]


def written_get(query: Query, alias: str, value: object, given: list[Any]) -> KeptGet[Any] | None:
    """The text as the ORM writes it, or None if it can't be kept. The condition on the value must come last."""
    compiler = query.get_compiler(alias)
    sql, written = compiler.as_sql()
    columns = [column for column, *_ in compiler.select]
    conditions: list[Any] = query.where.children
    parts = parts_of(compiler.klass_info, columns)  # as ModelIterable does
    if parts is None or not is_simple(*conditions):
        return None
    condition, parameters = conditions[0], list(written)
    placeholder, values = condition.process_rhs(compiler, compiler.connection)
    before = parameters[: len(parameters) - len(values)]
    kept: KeptGet[Any] = KeptGet(
        *(sql, compiler, type(condition), condition.lhs, placeholder, before, slots_of(given, before)),
        converters=converters_of(compiler),
        parts=parts,
        annotations=list(compiler.annotation_col_map.items()),
    )
    is_whole = len(kept.slots) == len(given) and are_same(kept.parameters(given, value) or [], parameters)
    return kept if is_whole else None


def on_connection(compiler: SQLCompiler, connection: BaseDatabaseWrapper | None) -> SQLCompiler:
    """A copy of a compiler that has written its text, for another connection, or for None."""
    copied = copy(compiler)
    copied.connection = connection  # type: ignore[assignment]  # None is never used
    return copied


def converters_of(compiler: SQLCompiler) -> Converters:
    """The converters of the columns that a compiler has selected."""
    columns = [column for column, *_ in compiler.select]
    return [(at, *both) for at, both in compiler.get_converters(columns).items()]


def slots_of(given: list[Any], parameters: list[Any]) -> list[int]:
    """The positions of parameters, which come in the same order. Fewer if one is missing."""
    slots: list[int] = []
    for wanted in given:
        later = range(slots[-1] + 1 if slots else 0, len(parameters))
        slots += [at for at in later if parameters[at] == wanted][:1]
    return slots


def parts_of(info: dict[str, Any], columns: Sequence[Any]) -> list[Part] | None:
    """The models that a compiler reads, its own first. None unless each reads only its own columns, side by side."""
    others = info.get("related_klass_infos", [])
    parts = [Part.of(each, columns) for each in (info, *others)]
    if any(each.get("related_klass_infos") for each in others):
        return None
    return None if None in parts else [part for part in parts if part is not None]


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


def update(manager: Manager[Any], alias: str, where: Values, values: Values) -> int:
    """As `manager.using(alias).filter(**where).update(**values)` of a plain manager. Returns how many rows it changed.

    `values` has names of columns. None in `where` means NULL.
    """
    with transaction.mark_for_rollback_on_error(using=alias):
        try:
            return run_update(manager, alias, where, values)
        except EmptyResultSet:  # an integer that the column can't hold
            return 0


def run_update(manager: Manager[Any], alias: str, where: Values, values: Values) -> int:
    """As `update`, but raises EmptyResultSet if no row can have the values."""
    nulls = [name for part in (where, values) for name, value in part.items() if value is None]
    key, connection = ("update", *where, *values, "null", *nulls), connections[alias]
    kept = kept_text(connection, manager.model, key, partial(written_update, manager, alias, where, values))
    if kept is None:
        return manager.using(alias).filter(**where).update(**values)
    parameters = kept.parameters(values, where)
    with connection.cursor() as cursor:
        execute(cursor, kept.sql, Parameters(parameters))
        changed: int = cursor.rowcount
    return changed


def written_update(manager: Manager[Any], alias: str, where: Values, values: Values) -> KeptUpdate | None:
    """The text as the ORM writes it, or None if it can't be kept."""
    query: Any = manager.using(alias).filter(**where).query.chain(UpdateQuery)
    query.add_update_values(values)
    compiler = query.get_compiler(alias)
    sql, parameters = compiler.as_sql()
    children: list[Any] = query.where.children
    named = zip(sorted(where), children, strict=True)  # Django sorts the conditions
    conditions = [(name, type(child), child.lhs) for name, child in named if where[name] is not None]
    fields: list[Any] = [manager.model._meta.get_field(name) for name in values]
    # Django 5 writes NULL into the text, Django 6 has None as a parameter.
    for placed in (fields, [each for each in fields if values[each.attname] is not None]):
        kept = KeptUpdate(sql, compiler, placed, conditions)
        if are_same(kept.parameters(values, where), parameters):
            return kept
    return None
