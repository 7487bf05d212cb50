"""Users whose key has another name."""

from django.contrib.auth.models import AbstractUser
from django.db import models


class Member(AbstractUser):
    """A user with a member's number as key."""

    number = models.BigAutoField(primary_key=True)
