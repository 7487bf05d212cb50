"""The project's admin of users, which shows their sessions."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from oxijwt.token_sessions.admin import TokenSessionsUserAdminMixin

from .models import Member


@admin.register(Member)
class MemberAdmin(TokenSessionsUserAdminMixin, UserAdmin):
    """Members, with links to their sessions."""
