"""Staff look for sessions and end them, at a desk and on a telephone. Users have no field `id` on this site."""

import re

import pytest
from playwright.sync_api import expect

from .person import DESK, PHONE
from .staff import AGENTS, NAMES, PASSWORD, TOKEN, staff_site
from .test_looks import OVERFLOW, SCREENSHOTS

SESSIONS, USERS = "token_sessions/tokensession/", "staff/member/"
RIGHT_EDGE = "(element) => element.getBoundingClientRect().right"

# Where each text between two possible ends of a line begins: its line, and its place in the line.
PLACES_OF_PARTS = """(element) => {
    const place = (node) => {
        const range = document.createRange();
        range.selectNode(node);
        const { top, left } = range.getBoundingClientRect();
        return [Math.round(top), left];
    };
    return [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map(place);
}"""


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    with staff_site(tmp_path_factory.mktemp("staff")) as port:
        yield f"http://127.0.0.1:{port}/admin/"


@pytest.fixture(scope="module")
def page(chromium, origin):
    """A page of somebody who is logged in to the admin."""
    with chromium.new_context(viewport=DESK) as context:
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.goto(origin)
        page.get_by_label("Username").fill("root")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("heading", name="Site administration")).to_be_visible()
        yield page


def visit(page, address):
    """Open a page, and return its answer's status."""
    return page.goto(address).status


def picture(page, name):
    page.screenshot(path=SCREENSHOTS / f"admin-{name}-{page.viewport_size['width']}.png", full_page=True)


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_list(page, origin, size):
    page.set_viewport_size(size)
    visit(page, origin + SESSIONS)
    picture(page, "list")
    assert page.locator("#result_list tbody tr").count() == len(AGENTS)
    assert page.evaluate(OVERFLOW) == 0
    assert page.locator("#result_list .field-state").first.inner_text() == "live"
    # The list scrolls sideways in a box of its own.
    seen = page.locator("#changelist .results").evaluate(RIGHT_EDGE)
    assert seen <= size["width"]
    for column in ("state", "user_name", "device", "address", "last_used", "created")[: 2 if size == PHONE else 6]:
        assert page.locator(f"#result_list .field-{column}").first.evaluate(RIGHT_EDGE) <= seen, column
    devices = page.locator("#result_list .field-device").all_inner_texts()
    assert {"Firefox on Windows", "Mobile Safari on iOS", "Chrome Mobile on Android", "curl"} <= {*devices}


@pytest.fixture
def in_language(page):
    """Have the page in another language."""
    yield lambda code: page.set_extra_http_headers({"Accept-Language": code})
    page.set_extra_http_headers({})


@pytest.mark.parametrize("code", ["de", "tr", "nl", "fr", "el", "ro", "ar", "he"])
def test_the_list_in_other_languages(page, origin, in_language, code):
    """Long headers pushed the last column out of the window. Right-to-left pages mixed up the parts of addresses."""
    in_language(code)
    page.set_viewport_size(DESK)
    visit(page, origin + SESSIONS)
    picture(page, f"list-{code}")
    assert page.locator("html").get_attribute("lang") == code
    assert page.locator("#changelist .results").evaluate("(box) => box.scrollWidth - box.clientWidth") == 0
    address = page.locator("#result_list .field-address", has_text="2001:").first
    parts = address.locator("bdi").evaluate(PLACES_OF_PARTS)
    assert parts == sorted(parts)


def test_the_questions_in_the_dark(page, origin):
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(PHONE)
    for name, address in {
        "dark-list": SESSIONS,
        "dark-end-all": f"{SESSIONS}user/2/end/",
        "dark-nothing": f"{SESSIONS}?q=nobody",
        "dark-outstanding": "token_blacklist/outstandingtoken/1/change/",
    }.items():
        assert visit(page, origin + address) == 200
        picture(page, name)
        assert page.evaluate(OVERFLOW) == 0
    page.emulate_media(color_scheme="light")


def first_live(page, origin):
    """Open the page of the newest live session of Ada."""
    visit(page, f"{origin}{SESSIONS}?q=ada&state=live")
    page.locator("#result_list .field-state a").first.click()
    expect(page.get_by_role("heading", name="Session of ada")).to_be_visible()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_page_of_a_session_and_its_button(page, origin, size):
    page.set_viewport_size(size)
    first_live(page, origin)
    picture(page, "session")
    assert page.evaluate(OVERFLOW) == 0
    button = page.get_by_role("button", name="End this session")
    assert button.evaluate(RIGHT_EDGE) < size["width"]
    button.click()
    expect(page.get_by_text("Ended sessions: 1.")).to_be_visible()
    expect(button).to_have_count(0)
    assert page.locator(".field-state .readonly").inner_text() == "ended by an administrator"
    picture(page, "ended")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_from_a_user_to_the_end_of_all_sessions(page, origin, size):
    page.set_viewport_size(size)
    name = "emmy" if size == DESK else "hedy"
    visit(page, f"{origin}{USERS}?q={name}")
    page.locator("#result_list a", has_text=name).first.click()
    picture(page, "user")
    page.get_by_role("link", name="Sessions of this user", exact=True).click()
    picture(page, "sessions-of-user")
    assert {*page.locator("#result_list .field-user_name").all_inner_texts()} == {name}
    page.get_by_role("link", name="End all sessions of this user").click()
    picture(page, "end-all")
    assert page.evaluate(OVERFLOW) == 0
    page.get_by_role("button", name="End all sessions of this user").click()
    expect(page.get_by_text(re.compile(r"Ended sessions: \d\."))).to_be_visible()
    assert "live" not in page.locator("#result_list .field-state").all_inner_texts()


@pytest.mark.parametrize("model", ["outstandingtoken", "blacklistedtoken"])
@pytest.mark.parametrize("query", ["", "?q=ada", "?q=2", f"?q={1:032x}", "?q=nobody", "?o=2"])
def test_the_lists_of_the_blacklist(page, origin, model, query):
    """The search named the key `id`: an error for users whose key has another name."""
    assert visit(page, f"{origin}token_blacklist/{model}/{query}") == 200
    assert TOKEN not in page.content()
    rows = page.locator("#result_list tbody tr").count()
    assert rows == {"": len(NAMES), "?o=2": len(NAMES), "?q=nobody": 0}.get(query, 1)
    if not query:
        picture(page, model)
