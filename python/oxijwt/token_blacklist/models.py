"""simplejwt's two tables: all issued refresh and sliding tokens, and those of them that are refused from now on."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.apps import apps
from django.conf import settings
from django.db import models

from oxijwt.locale import gettext_lazy as _

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.base_user import AbstractBaseUser
    from django_stubs_ext import StrPromise

# Without this app the models are abstract, since this module can still be imported. They must not become models of the
# parent app `oxijwt`.
IS_INSTALLED = getattr(apps.get_containing_app_config(__name__), "name", None) == __name__.rpartition(".")[0]


class OutstandingToken(models.Model):
    """An issued refresh or sliding token. `flushexpiredtokens` deletes the row after the token has expired."""

    id: models.BigAutoField[int, int] = models.BigAutoField(primary_key=True, serialize=False)
    user: models.ForeignKey[AbstractBaseUser | None, AbstractBaseUser | None] = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True
    )
    jti: models.CharField[str, str] = models.CharField(unique=True, max_length=255)
    token: models.TextField[str, str] = models.TextField()
    created_at: models.DateTimeField[datetime | None, datetime | None] = models.DateTimeField(null=True, blank=True)
    expires_at: models.DateTimeField[datetime, datetime] = models.DateTimeField()

    class Meta:
        verbose_name: ClassVar[StrPromise] = _("Outstanding Token")
        verbose_name_plural: ClassVar[StrPromise] = _("Outstanding Tokens")
        ordering: ClassVar[tuple[str, ...]] = ("user",)
        abstract: ClassVar[bool] = not IS_INSTALLED

    def __str__(self) -> str:
        return _("Token for %(user)s (%(jti)s)") % {"user": self.user, "jti": self.jti}


class BlacklistedToken(models.Model):
    """An outstanding token that is refused from now on. The token is unique, so one of several racing INSERTs wins."""

    id: models.BigAutoField[int, int] = models.BigAutoField(primary_key=True, serialize=False)
    token: models.OneToOneField[OutstandingToken, OutstandingToken] = models.OneToOneField(
        OutstandingToken, on_delete=models.CASCADE
    )
    blacklisted_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name: ClassVar[StrPromise] = _("Blacklisted Token")
        verbose_name_plural: ClassVar[StrPromise] = _("Blacklisted Tokens")
        abstract: ClassVar[bool] = not IS_INSTALLED

    def __str__(self) -> str:
        return _("Blacklisted token for %(user)s") % {"user": self.token.user}
