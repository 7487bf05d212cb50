"""simplejwt's two tables: all issued refresh and sliding tokens, and those of them that are refused from now on."""

from django.apps import apps
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

# Without this app the models are abstract, since this module can still be imported. They must not become models of the
# parent app `oxijwt`.
IS_INSTALLED = getattr(apps.get_containing_app_config(__name__), "name", None) == __name__.rpartition(".")[0]


class OutstandingToken(models.Model):
    """An issued refresh or sliding token. `flushexpiredtokens` deletes the row after the token has expired."""

    id = models.BigAutoField(primary_key=True, serialize=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)
    jti = models.CharField(unique=True, max_length=255)
    token = models.TextField()
    created_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = _("Outstanding Token")
        verbose_name_plural = _("Outstanding Tokens")
        ordering = ("user",)
        abstract = not IS_INSTALLED

    def __str__(self) -> str:
        return _("Token for %(user)s (%(jti)s)") % {"user": self.user, "jti": self.jti}


class BlacklistedToken(models.Model):
    """An outstanding token that is refused from now on. The token is unique, so one of several racing INSERTs wins."""

    id = models.BigAutoField(primary_key=True, serialize=False)
    token = models.OneToOneField(OutstandingToken, on_delete=models.CASCADE)
    blacklisted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("Blacklisted Token")
        verbose_name_plural = _("Blacklisted Tokens")
        abstract = not IS_INSTALLED

    def __str__(self) -> str:
        return _("Blacklisted token for %(user)s") % {"user": self.token.user}
