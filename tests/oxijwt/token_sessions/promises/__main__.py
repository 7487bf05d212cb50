"""Print the table that the tests hold: `python -m tests.oxijwt.token_sessions.promises`."""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.sites.sessions")
django.setup()

from .table import markdown  # noqa: E402  Django is set up first

sys.stdout.write(markdown() + "\n")
