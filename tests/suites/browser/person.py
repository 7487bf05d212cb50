"""What a person does on the page, and reads there."""

import re
from contextlib import suppress

from playwright.sync_api import TimeoutError as NotInTime
from playwright.sync_api import expect

SAYS = "(text) => document.getElementById('status').textContent.includes(text)"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}
REFUSED = re.compile(r"the server responded with a status of 4\d\d")
"""Chromium writes a line like this for each answer 4xx. Many of these tests cause some."""

# Tells the test of each violation, also of one that happens while the page loads.
WATCH_POLICY = """document.addEventListener(
    "securitypolicyviolation",
    (event) => console.error(`policy violation: ${event.violatedDirective} ${event.blockedURI}`),
);"""


class Person:
    """Somebody with the page open. `errors` has what the console said, and errors of the page."""

    def __init__(self, page, site):
        self.page = page
        self.site = site
        self.errors = []
        self.exchanges = []
        page.set_default_timeout(10_000)
        page.add_init_script(WATCH_POLICY)
        page.on("console", self.hear)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("response", self.keep)

    def hear(self, message):
        if message.type in {"error", "warning"} and not REFUSED.search(message.text):
            self.errors.append(message.text)

    def keep(self, response):
        path = response.url.removeprefix(self.site.origin)
        exchange = f"{response.request.method} {path} {response.status}"
        # The page loads the list of sessions by itself, and it may come late.
        if path.startswith("/api/") and not exchange.startswith("GET /api/token/sessions/"):
            self.exchanges.append(exchange)

    def open(self, fragment=""):
        self.page.goto(f"{self.site.origin}/{fragment}")

    def choose(self, mode):
        """Choose header or cookie mode."""
        self.page.locator(f"#mode [value={mode}]").check()

    def be_logged_in(self, mode):
        """Go on in this mode, with the login of an earlier test if it is still open."""
        self.choose(mode)
        if self.button("Log in").is_visible():
            self.log_in()

    def log_in(self):
        self.page.get_by_label("Password", exact=True).fill(self.site.password)
        self.press("Log in")
        self.reads("You are logged in")
        expect(self.button("End this session")).to_be_visible()

    def leave(self):
        """End all sessions, so that the next person's list is short. Without a login there may be some left."""
        access = self.page.locator("#access-raw").text_content()
        self.page.request.post(
            f"{self.site.origin}/api/token/logout/",
            headers={"Authorization": f"Bearer {access}"},
            data={"scope": "global"},
        )

    def press(self, name):
        """Press a button, and forget the requests and the status so far: the next status is the button's."""
        self.exchanges.clear()
        self.page.evaluate("document.getElementById('status').replaceChildren()")
        self.button(name).click()

    def button(self, name):
        return self.page.get_by_role("button", name=name, exact=True)

    def reads(self, text):
        """Wait until the status says so."""
        # It looks at each frame. `expect` alone looks again after half a second, and there are many of these waits.
        with suppress(NotInTime):
            self.page.wait_for_function(SAYS, arg=text)
        expect(self.page.get_by_role("status")).to_contain_text(text)

    def value(self, name, of="access-claims"):
        """The value of a claim, or of a member of the header."""
        entry = self.page.locator(f"#{of} .entry").filter(has=self.page.get_by_text(name, exact=True))
        return entry.locator(".value").inner_text()
