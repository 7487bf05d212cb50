"""The admin's pages of sessions. No page can change or delete a row: what staff can do is end a session."""

from __future__ import annotations

import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.utils import flatten_fieldsets, quote, unquote
from django.contrib.auth import get_permission_codename, get_user_model
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.text import capfirst

from oxijwt.exceptions import SESSION_MESSAGES
from oxijwt.locale import gettext_lazy as _
from oxijwt.records.pages import RowAdmin
from oxijwt.records.users import find_by_key, ids_of_users
from oxijwt.token_sessions.models import TokenSession
from oxijwt.token_sessions.reading import refusal_of

from .acts import END_ALL, can_end, end_all_of, end_each, may_end, unexpired, users_of
from .device import describe
from .lists import (
    MOST_LISTED,
    USER_PARAMETER,
    ReasonFilter,
    SessionChangeList,
    SessionPaginator,
    StateFilter,
    UserFilter,
)
from .texts import WIDE, apart, breakable, header, written
from .users import THEIRS, address_of, list_of, user_address

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse
    from django.urls import URLPattern
    from django.utils.safestring import SafeString
    from django_stubs_ext import StrOrPromise

MORE = _("There are more sessions than the list has. Search or filter to find others.")
MOST_USERS = 1000
"""A search shows the sessions of so many users."""
TIMES = ("created_at", "last_used_at", "expires_at", "absolute_expires_at", "revoked_at")


@admin.register(TokenSession)
class TokenSessionAdmin(RowAdmin[TokenSession]):
    """Sessions, newest first."""

    hidden = ("auth_hash",)
    list_display = ("state", "user_name", "device", "address", "last_used", "created")
    list_filter = (StateFilter, UserFilter, ("revoke_reason", ReasonFilter), "created_at")
    list_per_page = 50
    list_select_related = ()  # SessionChangeList prefetches the users
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = SessionPaginator
    date_hierarchy = "created_at"
    ordering = ("-created_at",)
    sortable_by = ()  # another order than the newest first would read and sort all rows
    search_fields = ("pk",)  # any: `get_search_results` does not use it, but Django shows a search box only with it
    search_help_text = _("The beginning of a user name or email address, or an exact id")
    actions = ("end_sessions", "end_all_sessions")
    change_list_template = "token_sessions/admin/list.html"
    change_form_template = "token_sessions/admin/session.html"
    fieldsets = (
        (None, {"fields": ("state", "user", "is_login")}),
        (capfirst(_("device")), {"fields": ("device", "agent", "address")}),
        (capfirst(_("session")), {"fields": ("id", *TIMES, "generation", "scope", "idle_lifetime", "flush_after")}),
    )

    @admin.display(description=_("state"))
    def state(self, session: TokenSession) -> StrOrPromise:
        """Live, or why the session has ended or is refused."""
        if session.revoked_at is not None:
            return session.get_revoke_reason_display()
        code = refusal_of(session)
        return {None: _("live"), "session_expired": _("expired")}.get(code) or SESSION_MESSAGES[str(code)]

    @admin.display(description=_("user"))
    def user_name(self, session: TokenSession) -> SafeString:
        return apart(str(session.user))

    @admin.display(description=_("device"))
    def device(self, session: TokenSession) -> str:
        return breakable(describe(session.user_agent)) or self.get_empty_value_display()

    @admin.display(description=_("user agent"))
    def agent(self, session: TokenSession) -> str:
        return apart(session.user_agent, WIDE) or self.get_empty_value_display()

    @admin.display(description=_("IP address"))
    def address(self, session: TokenSession) -> str:
        return apart(session.ip_address or "") or self.get_empty_value_display()

    @admin.display(description=header(_("last used at")))
    def last_used(self, session: TokenSession) -> str:
        """The time of the last refresh, or of the login before the first refresh."""
        return written(session.rotated_at or session.created_at)

    @admin.display(description=header(_("created at")))
    def created(self, session: TokenSession) -> str:
        return written(session.created_at)

    @admin.display(description=_("last used at"))
    def last_used_at(self, session: TokenSession) -> str:
        """The same as `last_used`, as the page of a session has room for."""
        return written(session.rotated_at or session.created_at, "DATETIME_FORMAT")

    @admin.action(description=_("End the selected sessions"), permissions=["end"])
    def end_sessions(self, request: HttpRequest, queryset: QuerySet[TokenSession]) -> None:
        """End the selected sessions, on all pages of the list."""
        end_each(self, request, queryset.prefetch_related("user")[:MOST_LISTED].iterator(chunk_size=100))

    @admin.action(description=_("End all sessions of the selected users"), permissions=["end"])
    def end_all_sessions(self, request: HttpRequest, queryset: QuerySet[TokenSession]) -> None:
        """End all sessions of the users of the selected ones."""
        end_all_of(self, request, users_of(queryset[:MOST_LISTED]))

    def get_urls(self) -> list[URLPattern]:
        prefix = f"{self.opts.app_label}_{self.opts.model_name}"
        one, all_of = self.admin_site.admin_view(self.end_view), self.admin_site.admin_view(self.end_all_view)
        return [
            path("user/<path:user_id>/end/", all_of, name=f"{prefix}_end_all"),
            path("<path:object_id>/end/", one, name=f"{prefix}_end"),
            *super().get_urls(),
        ]

    def end_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """End the session, by POST only. Staff who must log in first come back with a GET, which shows its page."""
        self.refuse_unless_may_end(request)
        if request.method != "POST":
            return HttpResponseRedirect(address_of("change", self.admin_site, object_id))
        session = self.get_object(request, unquote(object_id))
        if session is None:
            raise Http404
        end_each(self, request, [session])
        return HttpResponseRedirect(address_of("change", self.admin_site, quote(session.pk)))

    def end_all_view(self, request: HttpRequest, user_id: str) -> HttpResponse:
        """Ask whether to end all sessions of a user, and end them by POST."""
        self.refuse_unless_may_end(request)
        user = find_by_key(unquote(user_id))
        if user is None:
            raise Http404
        back = list_of(user, self.admin_site)
        if request.method == "POST":
            end_all_of(self, request, [user])
            return HttpResponseRedirect(back)
        context = self.admin_site.each_context(request) | {
            "title": END_ALL,
            "subtitle": str(user),
            "count": unexpired(user).count(),
            "back": back,
            "back_text": THEIRS,
            "opts": self.opts,
        }
        return TemplateResponse(request, "token_sessions/admin/end_all.html", context)

    def refuse_unless_may_end(self, request: HttpRequest) -> None:
        """Raise PermissionDenied unless the request's user may see sessions and end them."""
        if not (self.has_view_permission(request) and self.has_end_permission(request)):
            raise PermissionDenied

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        user = find_by_key(request.GET[USER_PARAMETER]) if USER_PARAMETER in request.GET else None
        more: dict[str, Any] = {"more": MORE, "end_all_text": END_ALL}
        if user is not None:
            may = self.has_end_permission(request)
            more["sessions_user"] = user
            more["user_address"] = user_address(user, request, self.admin_site)
            more["end_all_address"] = address_of("end_all", self.admin_site, quote(user.pk)) if may else None
        return super().changelist_view(request, more | (extra_context or {}))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *arguments: Any, **named: Any
    ) -> HttpResponse:
        session = context["original"]
        if self.has_end_permission(request) and can_end(session):
            context["end_address"] = address_of("end", self.admin_site, quote(session.pk))
            context["end_text"] = _("End this session")
        return super().render_change_form(request, context, *arguments, **named)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[SessionChangeList]:
        return SessionChangeList

    def found_by(self, request: HttpRequest, text: str) -> Q:
        """The session with this id, and the sessions of the users that are found: no search reads all sessions."""
        users = ids_of_users(text, MOST_USERS + 1)
        if len(users) > MOST_USERS:
            self.message_user(request, MORE, messages.WARNING)
        found = Q(user_id__in=users[:MOST_USERS])
        with suppress(ValueError):
            found |= Q(pk=uuid.UUID(text))
        return found

    def get_readonly_fields(self, request: HttpRequest, obj: TokenSession | None = None) -> list[str]:
        return [*flatten_fieldsets(self.fieldsets), "user_name"]

    def get_fieldsets(self, request: HttpRequest, obj: TokenSession | None = None) -> Any:
        """The same for all, but Django links the field `user` to the user's page, which not all staff may see."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.may_see_user(request, obj):
            return fieldsets
        shown = {"user": "user_name"}
        return [
            (name, options | {"fields": [shown.get(str(field), field) for field in options["fields"]]})
            for name, options in fieldsets
        ]

    def may_see_user(self, request: HttpRequest, session: TokenSession) -> bool:
        """Whether this admin site has a page of the session's user that the request may see."""
        try:
            return user_address(session.user, request, self.admin_site) is not None
        except ObjectDoesNotExist:  # in another database no foreign key keeps the user
            return False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: TokenSession | None = None) -> bool:
        return False

    def has_end_permission(self, request: HttpRequest) -> bool:
        """Whether the request's user may end sessions."""
        return may_end(request)

    def has_delete_permission(self, request: HttpRequest, obj: TokenSession | None = None) -> bool:
        """Never on the pages of sessions: they end a session, and its row stays.

        Django asks also when it deletes a user. Staff who may delete a user need no permission on the user's sessions.
        """
        if self.url_name(request).startswith(f"{self.opts.app_label}_{self.opts.model_name}_"):
            return False
        if super().has_delete_permission(request, obj):
            return True
        deletes = self.url_name(request).endswith(("_delete", "_changelist"))
        return obj is not None and deletes and self.may_delete_user(request, obj)

    def url_name(self, request: HttpRequest) -> str:
        """The name of the page's URL; empty outside of a page."""
        return getattr(request.resolver_match, "url_name", None) or ""

    def may_delete_user(self, request: HttpRequest, session: TokenSession) -> bool:
        """Whether the admin permits to delete the session's user."""
        users = get_user_model()
        if self.admin_site.is_registered(users):
            return self.admin_site.get_model_admin(users).has_delete_permission(request, session.user)  # type: ignore[arg-type]  # any user model
        return request.user.has_perm(f"{users._meta.app_label}.{get_permission_codename('delete', users._meta)}")
