"""Users with a UUID as key, other kinds of fields to look them up by, and Django's own manager under another name."""

import uuid

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models


class PlainUser(AbstractBaseUser):
    """A user whose id claim may come from any of these fields."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    email = models.EmailField(unique=True)
    number = models.BigIntegerField(unique=True, null=True)
    code = models.UUIDField(unique=True, null=True)
    balance = models.DecimalField(max_digits=8, decimal_places=2, null=True)
    born = models.DateField(null=True)
    is_active = models.BooleanField(default=True)

    people = models.Manager()
    USERNAME_FIELD = "email"

    def __str__(self):
        return self.email
