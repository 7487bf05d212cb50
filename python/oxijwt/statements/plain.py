"""Whether a manager reads its table exactly as Django does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Manager, QuerySet
from django.db.models.sql.compiler import SQLCompiler, SQLUpdateCompiler

if TYPE_CHECKING:
    from django.db.models import Model

    Stock = tuple[type, str, object]
    """A class, the name of a method, and the method as it was when this module was imported."""

MANAGER_GET_QUERYSET = Manager.get_queryset
MANAGER_USING = Manager.using
MANAGER_GET = Manager.get

QUERY_SET_METHODS = (
    *("__init__", "_chain", "_clone", "_fetch_all"),
    *("annotate", "defer", "filter", "first", "get", "order_by", "select_related", "update", "using"),
)
COMPILER_METHODS = ("as_sql", "execute_sql")
STOCK: tuple[Stock, ...] = (
    (SQLCompiler, "results_iter", SQLCompiler.results_iter),
    *((kind, name, getattr(kind, name)) for kind in (SQLCompiler, SQLUpdateCompiler) for name in COMPILER_METHODS),
)
OF_QUERY_SET = tuple((name, getattr(QuerySet, name)) for name in QUERY_SET_METHODS)
"""What the ORM would call, and the methods of a query set. Caches and profilers replace these methods."""


def is_djangos(function: object) -> bool:
    """Whether Django's own code is in a function. A wrapper has the name of what it wraps, but not its globals."""
    return str(getattr(function, "__globals__", {}).get("__name__")).startswith("django.db.")


WAS_PATCHED = not all(
    map(
        is_djangos,
        (MANAGER_GET_QUERYSET, MANAGER_USING, MANAGER_GET, *(stock for *_, stock in (*STOCK, *OF_QUERY_SET))),
    )
)
"""Whether another package had replaced one of them before this module was imported."""


def is_plain(manager: Manager[Model], query_sets: type[QuerySet[Model]] = QuerySet) -> bool:
    """Whether neither the manager nor its query set has anything of a project's in the way of a `get` or `update`.

    `query_sets` is the class that the manager's query sets must have. UserManager is plain: it only adds methods. Ask
    each time, so that a later patch is noticed.
    """
    kind: Any = type(manager)
    own = vars(manager)
    if WAS_PATCHED or kind._queryset_class is not query_sets or "get_queryset" in own or "using" in own:
        return False
    if kind.get_queryset is not MANAGER_GET_QUERYSET or kind.using is not MANAGER_USING:
        return False
    for name, stock in OF_QUERY_SET:
        if getattr(query_sets, name) is not stock:
            return False
    for owner, name, stock in STOCK:  # noqa: SIM110  `all` takes twice as long
        if getattr(owner, name) is not stock:
            return False
    return True


def gets_plainly(manager: Manager[Model]) -> bool:
    """As `is_plain`, and whether nobody has replaced the manager's own `get`."""
    return type(manager).get is MANAGER_GET and "get" not in vars(manager) and is_plain(manager)
