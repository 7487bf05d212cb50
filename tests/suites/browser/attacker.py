"""Somebody else's site: any page on it, and a form or a script that sends a request to the demo."""

from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

SAME_SITE, CROSS_SITE = "127.0.0.1", "localhost"
"""The hosts of the attacker. The demo is on 127.0.0.1 with another port: the same site and another origin."""

SEND_FORM = """([url, fields]) => {
    const form = Object.assign(document.createElement("form"), {method: "post", action: url});
    for (const [name, value] of Object.entries(fields)) {
        form.append(Object.assign(document.createElement("input"), {name, value}));
    }
    document.body.append(form);
    form.submit();
}"""

# Without CORS a script can't read the answer, but the request is sent. JSON would need a preflight.
FETCH = """([url, fields]) => fetch(url, {
    method: "POST", mode: "no-cors", credentials: "include", body: new URLSearchParams(fields),
}).catch(() => null)"""

FETCH_JSON = """([url, fields]) => fetch(url, {
    method: "POST", credentials: "include", body: JSON.stringify(fields),
    headers: {"Content-Type": "application/json", "X-CSRFToken": "x".repeat(32)},
}).then(() => "sent", () => "refused by the browser")"""


class Page(BaseHTTPRequestHandler):
    """An empty page at each path."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Another site</title><link rel=icon href='data:,'>")

    def log_message(self, *_arguments):
        """Nothing is printed."""


@contextmanager
def another_site():
    """Serve the site, and return its port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()
