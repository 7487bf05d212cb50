"""Admin of the two tables. Outstanding tokens are read-only, and no page shows the text of a token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db.models import Q

from oxijwt.locale import gettext_lazy as _
from oxijwt.records.pages import RowAdmin
from oxijwt.records.users import ids_of_users

from .models import BlacklistedToken, OutstandingToken

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.base_user import AbstractBaseUser
    from django.db.models import QuerySet
    from django.http import HttpRequest

TOKEN_FIELDS = ("token",)
"""Fields that no page shows. They must not be read-only, since Django shows a read-only field that is excluded."""
SEARCHED = _("The beginning of a user name or email address, or an exact id")
MOST_USERS = 1000
"""A search finds the tokens of so many users."""


def found_by(text: str, token: str = "") -> Q:
    """Which rows a search finds: the `jti`, and the tokens of users by key or by the beginning of a name.

    `token` is the path from the model to the outstanding token.
    """
    return Q((f"{token}jti", text)) | Q((f"{token}user__in", ids_of_users(text, MOST_USERS)))


@admin.register(OutstandingToken)
class OutstandingTokenAdmin(RowAdmin[OutstandingToken]):
    """Issued tokens, read-only."""

    list_display = ("jti", "user", "created_at", "expires_at")
    search_fields = ("jti",)  # any: `get_search_results` does not use it, but Django shows a search box only with it
    search_help_text = SEARCHED
    show_full_result_count = False
    ordering = ("user",)
    list_select_related = ("user",)
    exclude = hidden = TOKEN_FIELDS
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutstandingToken]:
        return super().get_queryset(request).select_related("user").defer("token")

    def found_by(self, request: HttpRequest, text: str) -> Q:
        return found_by(text)

    def get_readonly_fields(self, request: HttpRequest, obj: OutstandingToken | None = None) -> list[str]:
        return [field.name for field in self.model._meta.fields if field.name not in TOKEN_FIELDS]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: OutstandingToken | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: OutstandingToken | None = None) -> bool:
        return False


@admin.register(BlacklistedToken)
class BlacklistedTokenAdmin(RowAdmin[BlacklistedToken]):
    """Blacklisted tokens. Deleting an entry makes its token valid again."""

    list_display = ("token_jti", "token_user", "token_created_at", "token_expires_at", "blacklisted_at")
    search_fields = ("token__jti",)  # likewise
    search_help_text = SEARCHED
    show_full_result_count = False
    ordering = ("token__user",)
    raw_id_fields = ("token",)  # a list of all tokens to choose from would read the whole table

    def get_queryset(self, request: HttpRequest) -> QuerySet[BlacklistedToken]:
        return super().get_queryset(request).select_related("token__user").defer("token__token")

    def found_by(self, request: HttpRequest, text: str) -> Q:
        return found_by(text, "token__")

    @admin.display(description=_("jti"), ordering="token__jti")
    def token_jti(self, obj: BlacklistedToken) -> str:
        return obj.token.jti

    @admin.display(description=_("user"), ordering="token__user")
    def token_user(self, obj: BlacklistedToken) -> AbstractBaseUser | None:
        return obj.token.user

    @admin.display(description=_("created at"), ordering="token__created_at")
    def token_created_at(self, obj: BlacklistedToken) -> datetime | None:
        return obj.token.created_at

    @admin.display(description=_("expires at"), ordering="token__expires_at")
    def token_expires_at(self, obj: BlacklistedToken) -> datetime:
        return obj.token.expires_at
