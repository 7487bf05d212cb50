"""The page of django-ninja: log in, paste the token under Authorize, and call a protected operation."""

import json
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import expect

from .described import served
from .person import REFUSED


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """(origin, password of ada) of the site, as it is served."""
    with served("described_site.ninja", tmp_path_factory.mktemp("ninja")) as found:
        yield found


@pytest.fixture
def page(chromium, site):
    """The page, with one operation opened. It has no errors and asks no other host."""
    faults = []
    with chromium.new_context() as context:
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "console", lambda said: said.type == "error" and not REFUSED.search(said.text) and faults.append(said.text)
        )
        page.on("request", lambda sent: sent.url.startswith((site[0], "data:")) or faults.append(sent.url))
        page.goto(f"{site[0]}/api/docs")
        operation = page.locator("#operations-own-name")
        operation.locator(".opblock-summary-control").click()
        operation.get_by_role("button", name="Try it out").click()
        yield page
        assert faults == []


def login(origin, password):
    """The access token of a new login."""
    body = json.dumps({"username": "ada", "password": password}).encode()
    with urlopen(Request(f"{origin}/token/", body, {"Content-Type": "application/json"})) as answer:  # noqa: S310  our own site
        return json.load(answer)["access"]


def execute(page):
    """Send the operation's request. Returns the status and the body of the answer."""
    with page.expect_response(lambda response: response.url.endswith("/api/name/")) as caught:
        page.get_by_role("button", name="Execute").click()
    return caught.value.status, caught.value.json()


def test_the_authorize_button(page, site):
    status, body = execute(page)
    assert (status, body["code"]) == (401, "not_authenticated")

    page.locator(".scheme-container").get_by_role("button", name="Authorize").click()
    dialog = page.locator(".dialog-ux .auth-container")
    expect(dialog).to_contain_text("JWTAuth (http, Bearer)")
    dialog.locator("input").fill(login(*site))
    dialog.get_by_role("button", name="Apply credentials").click()
    dialog.get_by_role("button", name="Close").click()
    assert execute(page) == (200, {"name": "ada"})
