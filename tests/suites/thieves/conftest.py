"""The thieves need a site with sessions, and SQLite's speed."""

from django.conf import settings

from tests.sites.settings import DATABASE

if DATABASE != "sqlite" or settings.SETTINGS_MODULE != "tests.sites.sessions":
    collect_ignore_glob = ["test_*.py"]
