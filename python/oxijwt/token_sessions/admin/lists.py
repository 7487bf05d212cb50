"""The list of sessions: its filters, and a count that stays cheap in a table of millions of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.contrib import admin
from django.core.paginator import Paginator
from django.db import connections
from django.db.models import Q
from django.utils.functional import cached_property

from oxijwt.locale import gettext_lazy as _
from oxijwt.records.pages import RowChangeList
from oxijwt.records.users import find_by_key
from oxijwt.token_sessions.models import TokenSession
from oxijwt.utils import aware_utcnow

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django_stubs_ext import StrOrPromise

    SessionPaginatorBase = Paginator[TokenSession]
else:  # at run time Django 5.2's class takes no type argument
    SessionPaginatorBase = Paginator

MOST_LISTED = 10_000
"""The list has no more rows, and an action changes no more of them."""
USER_PARAMETER = "user"
"""The query parameter that narrows the list to a user, by the user's key."""


class StateFilter(admin.SimpleListFilter):
    """Live, expired and ended sessions, by the session's own row."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, StrOrPromise]]:
        return [("live", _("live")), ("expired", _("expired")), ("ended", _("ended"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[TokenSession]) -> QuerySet[TokenSession]:
        now = aware_utcnow()
        match self.value():
            case "live":
                return queryset & TokenSession.objects.live(now)
            case "expired":
                return queryset.filter(Q(expires_at__lte=now) | Q(absolute_expires_at__lte=now), revoked_at=None)
            case "ended":
                return queryset.filter(revoked_at__isnull=False)
        return queryset


class UserFilter(admin.SimpleListFilter):
    """The sessions of one user, if the address names one. It can be cleared here."""

    title = _("user")
    parameter_name = USER_PARAMETER

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, StrOrPromise]]:
        user = find_by_key(self.value() or "")
        return [] if user is None else [(str(user.pk), str(user))]

    def has_output(self) -> bool:
        return self.value() is not None

    def queryset(self, request: HttpRequest, queryset: QuerySet[TokenSession]) -> QuerySet[TokenSession]:
        if self.value() is None:
            return queryset
        return queryset.filter(user_id__in=[key for key, _name in self.lookup_choices])


class ReasonFilter(admin.ChoicesFieldListFilter):
    """The sessions that were revoked for a reason. The index of `revoked_at` finds them."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[TokenSession]) -> QuerySet[TokenSession] | None:
        revoked = queryset.filter(revoked_at__isnull=False) if self.used_parameters else queryset
        return super().queryset(request, revoked)


class SessionPaginator(SessionPaginatorBase):
    """Pages of the first MOST_LISTED rows. No query counts more rows."""

    @cached_property
    def counted(self) -> int:
        """How many rows there are, up to one more than are listed."""
        rows = cast("QuerySet[TokenSession]", self.object_list)
        return rows.order_by()[: MOST_LISTED + 1].count()

    @property
    def count(self) -> int:
        return min(self.counted, MOST_LISTED)

    @property
    def has_more(self) -> bool:
        """Whether there are rows that are not listed."""
        return self.counted > MOST_LISTED


class SessionChangeList(RowChangeList):
    """The list. The bar of dates needs a query that reads each row, so it is hidden if there are more rows than listed.

    It is hidden too on MariaDB without time zone tables, which can't group by dates.
    """

    paginator: SessionPaginator

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        # Not a join, which would be made for all rows before they are sorted.
        self.result_list = cast("QuerySet[TokenSession]", self.result_list).prefetch_related("user")
        if self.paginator.has_more or not connections[self.queryset.db].features.has_zoneinfo_database:
            self.date_hierarchy = None
