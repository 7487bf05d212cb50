"""`manage.py demo_user`: make the demo's user, or change its password."""

import os

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Makes the user `demo`, or changes its password. The environment variable DEMO_PASSWORD holds the password."

    def handle(self, **_options: object) -> None:
        user, _ = get_user_model().objects.get_or_create(username="demo")
        user.set_password(os.environ["DEMO_PASSWORD"])
        user.save()
