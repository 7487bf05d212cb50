"""Admin of the two tables. Outstanding tokens are read-only, and no page shows the text of a token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from .models import BlacklistedToken, OutstandingToken

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.base_user import AbstractBaseUser
    from django.db.models import QuerySet
    from django.http import HttpRequest

    OutstandingBase = admin.ModelAdmin[OutstandingToken]
    BlacklistedBase = admin.ModelAdmin[BlacklistedToken]
else:  # at run time Django 5.2's class takes no type argument
    OutstandingBase = BlacklistedBase = admin.ModelAdmin

TOKEN_FIELDS = ("token",)
"""Fields that no page shows. They must not be read-only, since Django shows a read-only field that is excluded."""


@admin.register(OutstandingToken)
class OutstandingTokenAdmin(OutstandingBase):
    """Issued tokens, read-only."""

    list_display = ("jti", "user", "created_at", "expires_at")
    search_fields = ("user__id", "jti")
    ordering = ("user",)
    list_select_related = ("user",)
    exclude = TOKEN_FIELDS
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutstandingToken]:
        return super().get_queryset(request).select_related("user").defer("token")

    def get_readonly_fields(self, request: HttpRequest, obj: OutstandingToken | None = None) -> list[str]:
        return [field.name for field in self.model._meta.fields if field.name not in TOKEN_FIELDS]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: OutstandingToken | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: OutstandingToken | None = None) -> bool:
        return request.method in ("GET", "HEAD") and super().has_change_permission(request, obj)


@admin.register(BlacklistedToken)
class BlacklistedTokenAdmin(BlacklistedBase):
    """Blacklisted tokens. Deleting an entry makes its token valid again."""

    list_display = ("token_jti", "token_user", "token_created_at", "token_expires_at", "blacklisted_at")
    search_fields = ("token__user__id", "token__jti")
    ordering = ("token__user",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[BlacklistedToken]:
        return super().get_queryset(request).select_related("token__user").defer("token__token")

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
