"""The demo site, Chromium, and a page whose console and policy violations are kept."""

import secrets
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from playwright.sync_api import sync_playwright

from tests.conftest import CHROMIUM, require_service
from tools.demo import served

from .person import PHONE, Person

FLAGS = [
    "--no-sandbox",  # for root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # Chromium asks its vendor for nothing: tests may run on a closed network.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True)
class Site:
    """The demo site, as it is served."""

    port: int
    password: str

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture(scope="package")
def site():
    """The demo site on a new database."""
    password = secrets.token_urlsafe(9)
    with served(password) as port:
        yield Site(port, password)


# Playwright runs an event loop in this thread. Django refuses queries there, so it ends with this package.
@pytest.fixture(scope="package")
def chromium():
    require_service("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def visit(chromium, site):
    """Somebody with the page open on a telephone, who is not logged in. At the end the page must have had no error."""
    with chromium.new_context(viewport=PHONE, reduced_motion="reduce") as context:
        somebody = Person(context.new_page(), site)
        somebody.open()
        yield somebody
        somebody.leave()
        assert somebody.errors == []


@pytest.fixture
def person(chromium, site):
    with visit(chromium, site) as somebody:
        yield somebody


@pytest.fixture(scope="module")
def patient_person(chromium, site):
    """Somebody who goes on through all tests of a module."""
    with visit(chromium, site) as somebody:
        yield somebody
