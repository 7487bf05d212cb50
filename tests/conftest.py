"""The services that some tests need, and what is said about requests that fail.

A test that misses a service is skipped, and fails where CI=true.
"""

import logging
import os
import shutil
import socket
import sys
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import django
import pytest
from django.core import mail
from django.core.signals import got_request_exception
from django.db import connections
from django.template.defaultfilters import pprint
from django.utils.log import AdminEmailHandler
from django.views.debug import ExceptionReporter

from oxijwt.keys import guessable, jwk_set
from oxijwt.statements import kept
from tests.issuer import IssuerSite, OtherIssuers
from tests.leaks import everything_that_is_logged, texts_of
from tests.sites.settings import DATABASE, DATABASES_BY_NAME, REDIS_URL

REPOSITORY = Path(__file__).parents[1]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
VECTORS = Path(os.environ.get("OXIJWT_VECTORS", REPOSITORY.parent / "shared/vectors"))


def require_service(name: str) -> None:
    """Skip the calling test without `postgres`, `mariadb`, `redis`, `chromium` or `vectors`; fail it where CI=true."""
    missing = what_is_missing(name)
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"{missing}, which CI must have", pytrace=False)
    if missing:
        pytest.skip(missing)


def what_is_missing(name: str) -> str | None:
    """Why there is no such service, or None."""
    if name == "vectors":
        return None if VECTORS.is_dir() else "no test vectors (OXIJWT_VECTORS names their folder)"
    if name == "chromium":
        return None if CHROMIUM else "no Chromium in the PATH"
    host, port = _address(name)
    try:
        socket.create_connection((host, port), timeout=2).close()
    except OSError:
        return f"no {name} at {host}:{port}"
    return None


def _address(name: str) -> tuple[str, int]:
    if name == "redis":
        url = urlsplit(REDIS_URL)
        return url.hostname or "127.0.0.1", url.port or 6379
    database = DATABASES_BY_NAME[name]
    return str(database["HOST"]), int(str(database["PORT"]))


@pytest.fixture(scope="session", autouse=True)
def guessable_secrets_are_no_news() -> None:
    """Many tests sign with a short secret. The first of them would find a log line that it does not expect."""
    guessable._reporters[os.getpid()] = None


@pytest.fixture(autouse=True)
def no_text_is_kept_yet() -> None:
    """Each test sees when the ORM writes a text: neither the process nor a connection has one yet."""
    kept._of_database.clear()
    for connection in connections.all(initialized_only=True):
        vars(connection).pop("oxijwt_statements", None)


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder of test vectors that this project did not write."""
    require_service("vectors")
    return VECTORS


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """pytest-django calls this before it creates the test database: the moment to say that its server is missing."""
    if DATABASE != "sqlite":
        require_service(DATABASE)


@pytest.fixture
def mails(settings):
    """The reports that Django mails to ADMINS, with the HTML that the default configuration leaves out."""
    # Django 6.0 has addresses here, and 5.2 pairs of a name and an address.
    settings.ADMINS = ["admin@example.org"] if django.VERSION >= (6, 0) else [("admin", "admin@example.org")]
    handler, logger = AdminEmailHandler(include_html=True), logging.getLogger("django.request")
    logger.addHandler(handler)
    yield lambda: [text for sent in mail.outbox for text in (sent.subject, sent.body, *dict(sent.alternatives))]
    logger.removeHandler(handler)


@pytest.fixture
def reported(mails, caplog):
    """Everything that is said about the failing requests of a test: a function that returns texts."""
    caplog.set_level(logging.DEBUG)
    seen = []

    def keep(request, **_named):
        seen.extend(texts_of(sys.exc_info()[1]))
        frames = ExceptionReporter(request, *sys.exc_info()).get_traceback_frames()
        seen.extend(pprint(value) for frame in frames for _name, value in frame["vars"])

    got_request_exception.connect(keep)
    yield lambda: [*seen, *everything_that_is_logged(caplog), *mails()]
    got_request_exception.disconnect(keep)


@pytest.fixture
def issuer(settings):
    """An issuer on http, which DEBUG allows on the loopback."""
    settings.DEBUG = True
    with IssuerSite().serving() as site:
        yield site


@pytest.fixture
def issuer_clock(monkeypatch):
    """The JWK Set client's monotonic clock, to be set."""
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(jwk_set, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


@pytest.fixture
def other_issuers(settings):
    """Two issuers beside ourselves, which ISSUERS names."""
    settings.DEBUG = True
    with IssuerSite().serving() as one, IssuerSite().serving() as two:
        issuers = OtherIssuers([one, two])
        settings.SIMPLE_JWT = getattr(settings, "SIMPLE_JWT", {}) | {"ISSUERS": issuers.setting}
        yield issuers
