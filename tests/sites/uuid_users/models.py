"""Users as some projects have them."""

import uuid

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import UserManager
from django.db import models


class LimitedManager(UserManager):
    """A union can be neither annotated nor filtered: the session is read by a statement of its own."""

    joins = True

    def get_queryset(self):
        users = super().get_queryset()
        return users if self.joins else Unjoinable(users)


class Unjoinable:
    """A query set that only looks up."""

    def __init__(self, users):
        self._users = users

    def get(self, **lookups):
        return self._users.get(**lookups)


class UuidUser(AbstractBaseUser):
    """A user without AbstractUser's columns and without a manager called `objects`. The password may be NULL."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    email = models.EmailField(unique=True)
    password = models.CharField(max_length=128, null=True)  # noqa: DJ001  as social logins have it
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)

    people = LimitedManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    def __str__(self):
        return self.email


class PasswordlessUser(AbstractBaseUser):
    """A user model without the column `password`. It has no table."""

    password = None
    email = models.EmailField(unique=True)

    people = UserManager()
    USERNAME_FIELD = "email"

    class Meta:
        managed = False

    def __str__(self):
        return self.email
