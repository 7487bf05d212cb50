"""Makes the demo's user, or gives it a new password."""

import os

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Makes the user `demo` with the password in DEMO_PASSWORD."

    def handle(self, **_options: object) -> None:
        user, _ = get_user_model().objects.get_or_create(username="demo")
        user.set_password(os.environ["DEMO_PASSWORD"])
        user.save()
