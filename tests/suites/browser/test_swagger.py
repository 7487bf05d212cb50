"""Swagger UI with the schema of a project: log in, paste the token under Authorize, and call protected endpoints."""

import json
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from .described import served
from .person import REFUSED


@pytest.fixture(scope="module")
def described_site(tmp_path_factory):
    """(origin, password of ada) of described_site, as it is served."""
    with served("described_site.settings", tmp_path_factory.mktemp("swagger")) as found:
        yield found


class Reader:
    """Somebody who reads the API's documentation. `faults` has errors of the page, and requests to other hosts."""

    def __init__(self, page, origin):
        self.page, self.faults = page, []
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", self.hear)
        page.on("request", lambda request: None if request.url.startswith((origin, "data:")) else self.left(request))
        page.goto(f"{origin}/swagger/")

    def hear(self, message):
        if message.type == "error" and not REFUSED.search(message.text):
            self.faults.append(message.text)

    def left(self, request):
        self.faults.append(request.url)

    def open(self, tag, operation):
        """Open an operation, and let its parameters be edited."""
        block = self.page.locator(f"#operations-{tag}-{operation}")
        block.locator(".opblock-summary-control").click()
        block.get_by_role("button", name="Try it out").click()
        return block

    def execute(self, block, body=None):
        """Send an operation's request. Returns the status and the body of the answer."""
        if body is not None:
            block.locator("textarea").fill(json.dumps(body))
        with self.page.expect_response(lambda response: response.request.resource_type == "fetch") as caught:
            block.get_by_role("button", name="Execute").click()
        self.response = caught.value
        return self.response.status, self.response.json() if self.response.body() else None

    @contextmanager
    def scheme(self, name):
        """A security scheme in the dialog of the button Authorize."""
        self.page.locator(".scheme-container").get_by_role("button", name="Authorize").click()
        scheme = self.page.locator(".dialog-ux .auth-container").filter(has_text=name)
        yield scheme
        scheme.get_by_role("button", name="Close").click()

    def authorize(self, token, name="jwtAuth"):
        with self.scheme(name) as scheme:
            scheme.locator("input").fill(token)
            scheme.get_by_role("button", name="Apply credentials").click()

    def forget(self, name="jwtAuth"):
        with self.scheme(name) as scheme:
            scheme.get_by_role("button", name="Remove authorization").click()


@pytest.fixture
def reader(chromium, described_site):
    with chromium.new_context() as context:
        somebody = Reader(context.new_page(), described_site[0])
        yield somebody
        assert somebody.faults == []


def test_the_authorize_button(reader, described_site):
    name = reader.open("own", "name_retrieve")
    assert reader.execute(name)[0] == 401

    login = reader.open("token", "token_create")
    status, tokens = reader.execute(login, {"username": "ada", "password": described_site[1]})
    assert (status, {*tokens}) == (200, {"access", "refresh"})
    reader.authorize(tokens["access"])
    assert reader.execute(name) == (200, {"name": "ada"})

    reader.forget()
    assert reader.execute(name)[0] == 401

    reader.authorize(tokens["access"])
    assert reader.execute(reader.open("token", "token_logout_create"), {"scope": "local"}) == (204, None)
    status, answer = reader.execute(name)
    assert (status, answer["code"]) == (401, "session_revoked")


def test_cookies(reader, described_site):
    """The browser sends the cookies. The reader pastes the CSRF token: that of the first answer, then the login's."""
    login, refresh = (reader.open("session", f"session_{name}") for name in ("create", "refresh_create"))
    credentials = {"username": "ada", "password": described_site[1]}
    status, answer = reader.execute(login, credentials)
    assert (status, answer["code"]) == (403, "csrf_failed")

    status, answer = reader.execute(reader.open("session", "session_csrf_retrieve"))
    reader.authorize(answer["csrf_token"], "csrfToken")
    status, answer = reader.execute(login, credentials)
    assert (status, {*answer}) == (200, {"access"})

    new = reader.response.headers["x-csrftoken"]
    assert reader.execute(refresh, {})[0] == 403
    reader.forget("csrfToken")
    reader.authorize(new, "csrfToken")
    assert reader.execute(refresh, {})[0] == 200
    assert reader.execute(reader.open("session", "session_logout_create"), {}) == (204, None)
    assert reader.execute(refresh, {})[0] == 401


def test_summaries_are_shown(reader):
    """What a reader of the API sees first."""
    summary = reader.page.locator("#operations-token-token_logout_create .opblock-summary-description")
    expect(summary).to_have_text("Log out")
