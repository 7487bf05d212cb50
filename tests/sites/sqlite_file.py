"""Django settings of the session tests with SQLite in a file. With a write-ahead log two connections can use it."""

import tempfile
from pathlib import Path

from tests.sites.sessions import *  # noqa: F403
from tests.sites.settings import DATABASE_NAME

FILE = str(Path(tempfile.gettempdir()) / f"test_{DATABASE_NAME}.sqlite3")
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": FILE,
        "TEST": {"NAME": FILE},
        "OPTIONS": {"init_command": "PRAGMA journal_mode=wal;"},
    }
}
