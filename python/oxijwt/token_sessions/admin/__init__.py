"""Admin of sessions: staff can view and end them. A project adds TokenSessionsUserAdminMixin to its admin of users."""

from __future__ import annotations

from .sessions import TokenSessionAdmin
from .users import TokenSessionsUserAdminMixin

__all__ = ["TokenSessionAdmin", "TokenSessionsUserAdminMixin"]
