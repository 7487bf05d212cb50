"""One row per login. It holds no token and no secret: the database's contents alone authenticate nobody."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Collection

USER_AGENT_LENGTH = 255


class RevokeReason(models.IntegerChoices):
    """Why a session was ended before its time."""

    LOGOUT = 1, _("logout")
    LOGOUT_OTHERS = 2, _("logout from another session")
    LOGOUT_GLOBAL = 3, _("logout everywhere")
    REUSE = 4, _("a spent refresh token came back")
    ADMIN = 5, _("ended by an administrator")
    LIMIT = 6, _("too many sessions")
    REVOKED = 7, _("revoked by the application")
    MARKER = 8, _("marks that older tokens are not adopted")


class TokenSessionQuerySet(models.QuerySet["TokenSession"]):
    """Sessions as lists of them are asked for."""

    def live(self, now: Any) -> TokenSessionQuerySet:
        """Those that are neither revoked nor past an end at `now`, a datetime."""
        unended = models.Q(absolute_expires_at__isnull=True) | models.Q(absolute_expires_at__gt=now)
        return self.filter(unended, revoked_at__isnull=True, expires_at__gt=now)


class TokenSessionManager(models.Manager["TokenSession"]):
    """`TokenSession.objects`."""

    def get_queryset(self) -> TokenSessionQuerySet:
        return TokenSessionQuerySet(self.model, using=self._db)

    def live(self, now: Any) -> TokenSessionQuerySet:
        """Sessions that are neither revoked nor past an end at `now`, a datetime."""
        return self.get_queryset().live(now)

    def revoke_for_user(
        self, user: Any, except_: Collection[Any] = (), reason: RevokeReason = RevokeReason.REVOKED
    ) -> int:
        """End every session of a user but those whose ids are in `except_`; returns how many ended.

        Tokens recorded by the blacklist app are blacklisted too.
        """
        app: Any = apps.get_app_config("token_sessions")
        ended: int = app.revoke_for_user(user, except_=except_, reason=reason)
        return ended


class TokenSession(models.Model):
    """One login and all tokens that descend from it. `id` is the `sid` claim.

    Widest columns first and only `flush_after` indexed beside the keys: a refresh is then a heap-only update on
    PostgreSQL, and a row small.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(_("created at"))
    rotated_at = models.DateTimeField(_("last used at"), null=True)
    expires_at = models.DateTimeField(_("expires at"))
    absolute_expires_at = models.DateTimeField(_("ends at the latest"), null=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="token_sessions", verbose_name=_("user")
    )
    generation = models.PositiveIntegerField(_("generation"), default=0)
    flush_after = models.DateField(_("flush after"), db_index=True)
    revoke_reason = models.PositiveSmallIntegerField(_("revoke reason"), choices=RevokeReason.choices, null=True)
    auth_hash = models.BinaryField(max_length=32, editable=False)
    ip_address = models.GenericIPAddressField(_("IP address"), null=True)
    user_agent = models.CharField(_("user agent"), max_length=USER_AGENT_LENGTH, blank=True)

    objects = TokenSessionManager()

    class Meta:
        verbose_name = _("Token Session")
        verbose_name_plural = _("Token Sessions")

    def __str__(self) -> str:
        return _("Session of %(user)s") % {"user": self.user}
