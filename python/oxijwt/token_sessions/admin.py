"""Admin of sessions: staff can view and end them. "Delete" ends a session; a later flush deletes its row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth import get_permission_codename, get_user_model
from django.utils.translation import gettext_lazy as _

from oxijwt.records.users import users_database
from oxijwt.utils import aware_utcnow

from .ending import end
from .models import RevokeReason, TokenSession, has_users_elsewhere

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django_stubs_ext import StrOrPromise

    SessionAdminBase = admin.ModelAdmin[TokenSession]
else:  # at run time Django 5.2's class takes no type argument
    SessionAdminBase = admin.ModelAdmin


class LiveFilter(admin.SimpleListFilter):
    """Live sessions, and sessions that are over."""

    title = _("state")
    parameter_name = "live"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, StrOrPromise]]:
        return [("yes", _("live")), ("no", _("over"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[TokenSession]) -> QuerySet[TokenSession]:
        live = TokenSession.objects.live(aware_utcnow()).values("pk")
        if self.value() == "yes":
            return queryset.filter(pk__in=live)
        if self.value() == "no":
            return queryset.exclude(pk__in=live)
        return queryset


@admin.register(TokenSession)
class TokenSessionAdmin(SessionAdminBase):
    """Every session, newest first."""

    list_display = ("user", "user_agent", "ip_address", "created_at", "last_used_at", "state")
    list_filter = (LiveFilter, "revoke_reason", "created_at")
    search_fields = ("=id", "user__pk", "user_agent", "=ip_address")  # get_search_fields adds the user's name
    ordering = ("-created_at",)
    list_select_related = ("user",)
    actions = ("end_sessions",)

    @admin.display(description=_("last used at"), ordering="rotated_at")
    def last_used_at(self, session: TokenSession) -> datetime:
        """The time of the last refresh, or of the login before the first refresh."""
        return session.rotated_at or session.created_at

    @admin.display(description=_("state"))
    def state(self, session: TokenSession) -> StrOrPromise:
        """Live, expired, or the reason for which it was revoked."""
        if session.revoked_at is not None:
            return session.get_revoke_reason_display()
        ends = [end for end in (session.expires_at, session.absolute_expires_at) if end is not None]
        return _("live") if min(ends) > aware_utcnow() else _("expired")

    @admin.action(description=_("End the selected sessions"), permissions=["delete"])
    def end_sessions(self, request: HttpRequest, queryset: QuerySet[TokenSession]) -> None:
        """End the selected sessions, on all pages of the list."""
        self.delete_queryset(request, queryset)

    def delete_model(self, request: HttpRequest, obj: TokenSession) -> None:
        """End the session and keep its row, which records the end."""
        end(obj.pk, obj.user_id, RevokeReason.ADMIN)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[TokenSession]) -> None:
        """End the sessions, one by one."""
        for session in queryset.prefetch_related(None).iterator():
            self.delete_model(request, session)

    def get_queryset(self, request: HttpRequest) -> QuerySet[TokenSession]:
        sessions = super().get_queryset(request)
        return sessions.prefetch_related("user") if has_users_elsewhere() else sessions

    def get_list_select_related(self, request: HttpRequest) -> tuple[str, ...]:
        return () if has_users_elsewhere() else self.list_select_related

    def get_sortable_by(self, request: HttpRequest) -> tuple[Any, ...]:
        columns = tuple(super().get_sortable_by(request))
        return tuple(name for name in columns if name != "user") if has_users_elsewhere() else columns

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        if has_users_elsewhere():
            return self.search_fields
        return (*self.search_fields, f"user__{get_user_model().USERNAME_FIELD}")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[TokenSession], search_term: str
    ) -> tuple[QuerySet[TokenSession], bool]:
        """As Django's. Users in another database are found by their exact name."""
        found, has_duplicates = super().get_search_results(request, queryset, search_term)
        if search_term and has_users_elsewhere():
            users = get_user_model()
            named = users._base_manager.using(users_database()).filter(**{users.USERNAME_FIELD: search_term})
            found |= queryset.filter(user_id__in=list(named.values_list("pk", flat=True)))
        return found, has_duplicates

    def get_readonly_fields(self, request: HttpRequest, obj: TokenSession | None = None) -> list[str]:
        return [field.name for field in self.model._meta.fields if field.name != "auth_hash"]

    def get_fields(self, request: HttpRequest, obj: TokenSession | None = None) -> tuple[str, ...]:
        return tuple(self.get_readonly_fields(request, obj))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: TokenSession | None = None) -> bool:
        """Django's permission on sessions. Staff who may delete a user need no permission on the user's sessions."""
        if super().has_delete_permission(request, obj):
            return True
        return obj is not None and self.deletes_others(request) and self.may_delete_user(request, obj)

    def deletes_others(self, request: HttpRequest) -> bool:
        """Whether the request is to a page that deletes objects of another model: its delete page or its list."""
        name = getattr(request.resolver_match, "url_name", None) or ""
        is_ours = name.startswith(f"{self.opts.app_label}_{self.opts.model_name}_")
        return name.endswith(("_delete", "_changelist")) and not is_ours

    def may_delete_user(self, request: HttpRequest, session: TokenSession) -> bool:
        """Whether the admin permits to delete the session's user."""
        users = get_user_model()
        if self.admin_site.is_registered(users):
            return self.admin_site.get_model_admin(users).has_delete_permission(request, session.user)  # type: ignore[arg-type]  # any user model
        return request.user.has_perm(f"{users._meta.app_label}.{get_permission_codename('delete', users._meta)}")

    def has_change_permission(self, request: HttpRequest, obj: TokenSession | None = None) -> bool:
        return False
