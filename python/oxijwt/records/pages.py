"""Values in an address, a form and a search, for the admin pages of both apps."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import BadRequest, ValidationError
from django.db import DataError
from django.db.models import Model
from django.db.models.constants import LOOKUP_SEP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import Q, QuerySet
    from django.http import HttpRequest, HttpResponse

Row = TypeVar("Row", bound=Model)

if TYPE_CHECKING:
    RowAdminBase = admin.ModelAdmin
else:  # at run time Django 5.2's class takes no type argument

    class RowAdminBase(admin.ModelAdmin, Generic[Row]):
        """Django's class."""


UNUSABLE = (OverflowError, AttributeError, TypeError, ValueError, DataError)
"""Exceptions of Django and the databases when a query runs with a value that no column of this type can have."""


class RowChangeList(ChangeList):
    """A list that answers an unusable value in its address as Django answers an unknown filter: with the whole list."""

    @contextmanager
    def refusing_values(self) -> Iterator[None]:
        """Inside, a query runs. Raises IncorrectLookupParameters if a value of the address is unusable."""
        try:
            yield
        except UNUSABLE as error:
            if not self.filter_params:
                raise
            raise IncorrectLookupParameters from error

    def get_filters(self, request: HttpRequest) -> Any:
        with self.refusing_values():
            return super().get_filters(request)

    def get_results(self, request: HttpRequest) -> None:
        with self.refusing_values():
            super().get_results(request)


class RowAdmin(RowAdminBase[Row]):
    """An admin of rows with a column that staff must not learn, and that are searched by exact ids and users."""

    hidden: tuple[str, ...] = ()
    """Columns that no page shows. No address may filter by them: enough filters would tell the whole value."""

    def found_by(self, request: HttpRequest, text: str) -> Q:
        """Which rows a search for this text finds."""
        raise NotImplementedError

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Row], search_term: str
    ) -> tuple[QuerySet[Row], bool]:
        text = search_term.replace("\x00", "").strip()  # PostgreSQL refuses this character
        return (queryset.filter(self.found_by(request, text)) if text else queryset), False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        if lookup.partition(LOOKUP_SEP)[0] in self.hidden:
            return False
        return super().lookup_allowed(lookup, value, request)  # type: ignore[arg-type]  # Django's own default

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return RowChangeList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        try:
            for key in request.POST.getlist(ACTION_CHECKBOX_NAME):
                self.opts.pk.to_python(key)
        except ValidationError as error:  # Django raises it too, when the action runs
            raise BadRequest("A selected row has another kind of key.") from error
        return super().changelist_view(request, extra_context)
