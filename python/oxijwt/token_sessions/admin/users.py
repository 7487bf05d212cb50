"""What a project's admin of users can show about their sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode

from oxijwt.locale import gettext_lazy as _
from oxijwt.token_sessions.models import TokenSession

from .acts import AT_ONCE, END_ALL, end_all_of, may_end
from .lists import USER_PARAMETER

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django.utils.safestring import SafeString

    UserAdminBase = admin.ModelAdmin[AbstractBaseUser]
else:
    UserAdminBase = object

THEIRS = _("Sessions of this user")
LIST_LINK, LINKS = "token_sessions_list", "token_sessions_links"
"""The fields of which the user's page gets one: the second if the request may end sessions."""


def address_of(view: str, site: admin.AdminSite, *arguments: str) -> str:
    """The path of one of the pages of sessions in this admin site."""
    options = TokenSession._meta
    name = f"admin:{options.app_label}_{options.model_name}_{view}"
    return reverse(name, args=arguments, current_app=site.name)


def list_of(user: AbstractBaseUser, site: admin.AdminSite) -> str:
    """The path of the list of a user's sessions."""
    return f"{address_of('changelist', site)}?{urlencode({USER_PARAMETER: user.pk})}"


def user_address(user: AbstractBaseUser, request: HttpRequest, site: admin.AdminSite) -> str | None:
    """The path of the user's page in this admin site; None if the site has none, or the request may not see it."""
    model: type[AbstractBaseUser] = get_user_model()
    if not site.is_registered(model) or not site.get_model_admin(model).has_view_permission(request, user):
        return None
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
    return reverse(name, args=[quote(user.pk)], current_app=site.name)


class TokenSessionsUserAdminMixin(UserAdminBase):
    """For a project's ModelAdmin of users: links to the user's sessions, and an action that ends them.

    `class UserAdmin(TokenSessionsUserAdminMixin, django.contrib.auth.admin.UserAdmin)`
    """

    def __init__(self, model: type[AbstractBaseUser], admin_site: admin.AdminSite) -> None:
        super().__init__(model, admin_site)
        if self.actions is not None:
            # Not in `get_actions`: Django 6.1 calls it with one argument more than older versions.
            self.actions = (*self.actions, "end_token_sessions")

    @admin.display(description=_("Token Sessions"))
    def token_sessions_list(self, user: AbstractBaseUser) -> SafeString:
        """A link to the list of the user's sessions."""
        return format_html('<a href="{}">{}</a>', list_of(user, self.admin_site), THEIRS)

    @admin.display(description=_("Token Sessions"))
    def token_sessions_links(self, user: AbstractBaseUser) -> SafeString:
        """This link, and one to the page that ends all of them."""
        address = address_of("end_all", self.admin_site, quote(user.pk))
        end = format_html('<a href="{}">{}</a>', address, END_ALL)
        return format_html("{} · {}", self.token_sessions_list(user), end)

    def shows_sessions(self, request: HttpRequest) -> bool:
        """Whether this admin site has a list of sessions that the request's user may see."""
        if not self.admin_site.is_registered(TokenSession):
            return False
        return self.admin_site.get_model_admin(TokenSession).has_view_permission(request)

    def has_end_token_sessions_permission(self, request: HttpRequest) -> bool:
        """Whether the action `end_token_sessions` is offered."""
        return self.shows_sessions(request) and may_end(request)

    def get_fieldsets(self, request: HttpRequest, obj: AbstractBaseUser | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or not self.shows_sessions(request):
            return fieldsets
        return (*fieldsets, (None, {"fields": (LINKS if may_end(request) else LIST_LINK,)}))

    def get_readonly_fields(self, request: HttpRequest, obj: AbstractBaseUser | None = None) -> tuple[str, ...]:
        return (*cast("tuple[str, ...]", super().get_readonly_fields(request, obj)), LIST_LINK, LINKS)

    @admin.action(description=_("End all sessions of the selected users"), permissions=["end_token_sessions"])
    def end_token_sessions(self, request: HttpRequest, queryset: QuerySet[AbstractBaseUser]) -> None:
        """End all sessions of the selected users."""
        end_all_of(self, request, queryset.iterator(AT_ONCE))
