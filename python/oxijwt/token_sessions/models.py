"""One row per login. It holds no token and no secret: nobody can authenticate with the content of the database."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any, ClassVar

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ObjectDoesNotExist
from django.db import models, router
from django.db.models.fields.related_descriptors import ForwardManyToOneDescriptor
from django.db.models.functions import Cast, Replace, Substr

from oxijwt.locale import gettext_lazy as _

TYPE_CHECKING = False  # not typing's, which simplejwt's suite sets to True at run time
if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime, timedelta

    from django.contrib.auth.base_user import AbstractBaseUser
    from django.db.models import Model, QuerySet
    from django.db.models.deletion import Collector
    from django_stubs_ext import StrPromise

    Descriptor = ForwardManyToOneDescriptor["UserKey"]
else:
    Descriptor = ForwardManyToOneDescriptor  # at run time it takes no parameter

USER_AGENT_LENGTH = 255
MARKER_DAY = date.max
"""`flush_after` of a marker: no day, since ADOPT_UNTIL can move."""


class RevokeReason(models.IntegerChoices):
    """Why a session was ended before it expired."""

    LOGOUT = 1, _("logout")
    LOGOUT_OTHERS = 2, _("logout from another session")
    LOGOUT_GLOBAL = 3, _("logout everywhere")
    REUSE = 4, _("a spent refresh token came back")
    ADMIN = 5, _("ended by an administrator")
    LIMIT = 6, _("too many sessions")
    REVOKED = 7, _("revoked by the application")
    MARKER = 8, _("marks that older tokens are not adopted")
    DEACTIVATED = 9, _("the user was deactivated")


def has_users_elsewhere() -> bool:
    """Whether the project's routers write users and sessions into different databases."""
    return router.db_for_write(get_user_model()) != router.db_for_write(TokenSession)


def delete_with_user(collector: Collector, field: UserKey, sessions: TokenSessionQuerySet, using: str) -> None:
    """Delete the sessions with their user, as CASCADE does, unless they are in another database.

    `deactivation.after_delete` deletes those.
    """
    if not has_users_elsewhere():
        models.CASCADE(collector, field, sessions, using)


delete_with_user.lazy_sub_objs = True  # type: ignore[attr-defined]  # Django's: call it without a query first


class UserOfSession(Descriptor):
    """The attribute `user` of a session. Django's reads users from the session's database, if no router says more."""

    def get_queryset(self, **hints: Model) -> QuerySet[AbstractBaseUser]:
        """Users, in their own database."""
        users = super().get_queryset(**hints)
        return users.using(router.db_for_write(users.model)) if has_users_elsewhere() else users


class UserKey(models.ForeignKey["AbstractBaseUser", "AbstractBaseUser"]):
    """A foreign key to the user, who may be in another database. Then no constraint checks it."""

    forward_related_accessor_class: type[UserOfSession] = UserOfSession

    @property
    def db_constraint(self) -> bool:
        """Whether the table gets a constraint."""
        return not has_users_elsewhere()

    @db_constraint.setter
    def db_constraint(self, value: bool) -> None:
        """Ignored. Django's constructor sets it."""


class TokenSessionQuerySet(models.QuerySet["TokenSession"]):
    """Query sets of `TokenSession.objects`."""

    def of(self, user: AbstractBaseUser) -> TokenSessionQuerySet:
        """The sessions of one user."""
        return self.filter(models.Q(user=user))

    def live(self, now: datetime) -> TokenSessionQuerySet:
        """The sessions that are neither revoked nor expired at `now`."""
        unended = models.Q(absolute_expires_at__isnull=True) | models.Q(absolute_expires_at__gt=now)
        return self.filter(unended, revoked_at__isnull=True, expires_at__gt=now)

    def without_markers(self) -> TokenSessionQuerySet:
        """The rows that are logins."""
        return self.exclude(revoke_reason=RevokeReason.MARKER)

    def undated_markers(self) -> TokenSessionQuerySet:
        """The markers that stay until ADOPT_UNTIL has passed. The index of `flush_after` finds them."""
        return self.filter(flush_after=MARKER_DAY, revoke_reason=RevokeReason.MARKER)

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete the rows, as Django does, except those that keep an old token from being adopted now or later.

        Those are ended and stay until `flushexpiredtokens`. They do not count in the result.
        """
        if self.query.is_sliced or self.query.combinator or self._fields is not None:  # type: ignore[attr-defined]  # Django's
            return super().delete()  # which raises
        app: Any = apps.get_app_config("token_sessions")  # apps.py
        if not app.may_adopt_later():
            app.owe_deleted(self)
            return super().delete()
        # Ids that follow from a token or a user are UUIDs of version 5, those of other sessions of version 4.
        digits = Replace(Cast("pk", models.CharField()), models.Value("-"), models.Value(""))
        rows = self.alias(id_version=Substr(digits, 13, 1))
        bars_adoption = models.Q(id_version="5") | models.Q(revoke_reason=RevokeReason.MARKER)
        for session in rows.filter(bars_adoption, revoked_at__isnull=True):
            app.end_session(session)
        rows = rows.exclude(bars_adoption)
        app.owe_deleted(rows)
        return super(TokenSessionQuerySet, rows).delete()

    delete.alters_data = True  # type: ignore[attr-defined]  # as Django's
    delete.queryset_only = True  # type: ignore[attr-defined]


if TYPE_CHECKING:

    class TokenSessionBaseManager(models.Manager["TokenSession"]):
        """What `from_queryset` makes. Without mypy's plugin, a type checker can't see that."""

        def get_queryset(self) -> TokenSessionQuerySet: ...
        def all(self) -> TokenSessionQuerySet: ...
        def using(self, alias: str | None) -> TokenSessionQuerySet: ...
        def filter(self, *args: object, **kwargs: object) -> TokenSessionQuerySet: ...
        def exclude(self, *args: object, **kwargs: object) -> TokenSessionQuerySet: ...
        def of(self, user: AbstractBaseUser) -> TokenSessionQuerySet: ...
        def live(self, now: datetime) -> TokenSessionQuerySet: ...
        def without_markers(self) -> TokenSessionQuerySet: ...
        def undated_markers(self) -> TokenSessionQuerySet: ...

else:
    TokenSessionBaseManager = models.Manager.from_queryset(TokenSessionQuerySet)


class TokenSessionManager(TokenSessionBaseManager):
    """`TokenSession.objects`."""

    def revoke_for_user(
        self,
        user: AbstractBaseUser,
        except_: Collection[uuid.UUID] = (),
        reason: RevokeReason = RevokeReason.REVOKED,
    ) -> int:
        """End a user's sessions, except those whose ids are in `except_`. Returns how many it ended.

        Tokens that the blacklist app recorded are blacklisted too.
        """
        app = apps.get_app_config("token_sessions")
        ended: int = app.revoke_for_user(user, except_=except_, reason=reason)  # type: ignore[attr-defined]  # apps.py
        return ended


class TokenSession(models.Model):
    """One login and all tokens that descend from it, or one access token without a login. `id` is the `sid` claim.

    `scope` is what a refresh has narrowed the session's tokens to, as a text of names; None if no refresh has.
    `idle_lifetime` is None if the session lives without a refresh for the lifetime of its refresh token's class.
    The widest columns come first, so that a row is small. No column that a refresh changes has an index, except
    `flush_after`, which it changes rarely: so a refresh is a heap-only update on PostgreSQL.
    """

    id: models.UUIDField[uuid.UUID, uuid.UUID] = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(_("created at"))
    rotated_at: models.DateTimeField[datetime | None, datetime | None] = models.DateTimeField(
        _("last used at"), null=True
    )
    expires_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(_("expires at"))
    absolute_expires_at: models.DateTimeField[datetime | None, datetime | None] = models.DateTimeField(
        _("ends at the latest"), null=True
    )
    revoked_at: models.DateTimeField[datetime | None, datetime | None] = models.DateTimeField(
        _("revoked at"), null=True, db_index=True
    )
    user_id: Any
    user: UserKey = UserKey(
        settings.AUTH_USER_MODEL, on_delete=delete_with_user, related_name="token_sessions", verbose_name=_("user")
    )
    generation: models.PositiveIntegerField[int, int] = models.PositiveIntegerField(_("generation"), default=0)
    flush_after: models.DateField[date, date] = models.DateField(_("flush after"), db_index=True)
    idle_lifetime: models.DurationField[timedelta | None, timedelta | None] = models.DurationField(
        _("lives without a refresh for"), null=True
    )
    revoke_reason: models.PositiveSmallIntegerField[int | None, int | None] = models.PositiveSmallIntegerField(
        _("revoke reason"), choices=RevokeReason.choices, null=True
    )
    is_login: models.BooleanField[bool, bool] = models.BooleanField(_("is a login"), default=True)
    auth_hash: models.BinaryField[bytes | memoryview, bytes | memoryview] = models.BinaryField(
        max_length=32, editable=False
    )
    ip_address: models.GenericIPAddressField[str | None, str | None] = models.GenericIPAddressField(
        _("IP address"), null=True
    )
    user_agent: models.CharField[str, str] = models.CharField(_("user agent"), max_length=USER_AGENT_LENGTH, blank=True)
    scope: models.TextField[str | None, str | None] = models.TextField(_("scope"), null=True)  # noqa: DJ001  an empty scope allows nothing, none allows all

    objects: ClassVar[TokenSessionManager] = TokenSessionManager()

    class Meta:
        verbose_name: ClassVar[StrPromise] = _("Token Session")
        verbose_name_plural: ClassVar[StrPromise] = _("Token Sessions")
        app_label = "token_sessions"  # without this app, the model would belong to the parent app `oxijwt`

    def __str__(self) -> str:
        try:
            user: object = self.user
        except ObjectDoesNotExist:  # in another database no foreign key keeps the user
            user = self.user_id
        return _("Session of %(user)s") % {"user": user}

    def set_user(self, user: AbstractBaseUser) -> None:
        """Set `user`, who may be in another database: then assigning the attribute raises ValueError."""
        self.user_id = user.pk
        self._meta.get_field("user").set_cached_value(self, user)  # type: ignore[union-attr]  # it is a foreign key

    def delete(self, using: str | None = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        """As `delete` of a query set: the row stays if it keeps an old token from being adopted."""
        return TokenSession.objects.using(using or self._state.db).filter(pk=self.pk).delete()


class OwedPublication(models.Model):
    """The end of a session that is not in REVOCATION_CACHE yet, or whose row is deleted. `sid` is the session's id.

    It must not be a foreign key, since a deleted user's sessions are deleted too. After `until` all access tokens have
    expired.
    """

    sid: models.UUIDField[uuid.UUID, uuid.UUID] = models.UUIDField(_("session"), primary_key=True)
    until: models.DateTimeField[datetime, datetime] = models.DateTimeField(_("matters until"), db_index=True)
    is_deleted: models.BooleanField[bool, bool] = models.BooleanField(_("the session's row is deleted"), default=False)
    is_published: models.BooleanField[bool, bool] = models.BooleanField(_("is published"), default=False)

    class Meta:
        verbose_name: ClassVar[StrPromise] = _("Owed Publication")
        verbose_name_plural: ClassVar[StrPromise] = _("Owed Publications")
        app_label = "token_sessions"  # likewise

    def __str__(self) -> str:
        return str(self.sid)
