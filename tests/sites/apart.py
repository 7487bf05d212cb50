"""Django settings of the session tests with users and sessions in different databases."""

import tempfile
from pathlib import Path

from tests.sites.sessions import *  # noqa: F403
from tests.sites.settings import DATABASE, DATABASE_NAME, DATABASES_BY_NAME

OTHER_NAME = f"{DATABASE_NAME}_sessions"
OTHER = DATABASES_BY_NAME[DATABASE] | {"NAME": OTHER_NAME}
if DATABASE == "sqlite":
    FILE = str(Path(tempfile.gettempdir()) / f"test_{OTHER_NAME}.sqlite3")
    OTHER |= {"NAME": FILE, "TEST": {"NAME": FILE}, "OPTIONS": {"init_command": "PRAGMA journal_mode=wal;"}}
DATABASES = {"default": DATABASES_BY_NAME[DATABASE], "sessions": OTHER}
DATABASE_ROUTERS = ["tests.sites.routers.SessionsApart"]
