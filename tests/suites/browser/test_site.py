"""What the demo site answers, without a browser."""

from contextlib import closing
from http.client import HTTPConnection

import pytest

PAGE_FILES = [
    "app.js",
    "cookie.js",
    "elements.js",
    "icon.svg",
    "index.html",
    "login.js",
    "requests.js",
    "style.css",
    "tokens.js",
]
A_BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture
def get(site):
    """Send a GET. Returns status, headers and body."""

    def send(path, **headers):
        with closing(HTTPConnection("127.0.0.1", site.port, timeout=10)) as connection:
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            return response.status, response.headers, response.read().decode()

    return send


def test_a_browser_gets_the_page(get):
    status, headers, body = get("/", Accept=A_BROWSER)
    assert (status, headers["Content-Type"], headers["Vary"]) == (200, "text/html", "Accept")
    assert "<h1>oxijwt demo</h1>" in body


@pytest.mark.parametrize("headers", [{}, {"Accept": "*/*"}, {"Accept": "application/json"}])
def test_other_clients_get_the_urls(get, headers):
    status, answered, body = get("/", **headers)
    assert (status, answered["Content-Type"]) == (200, "application/json")
    assert "/api/token/refresh/" in body


@pytest.mark.parametrize("path", ["/", "/api/hello/", "/nowhere", *(f"/page/{name}" for name in PAGE_FILES)])
def test_each_answer_has_the_policy(get, path):
    _status, headers, _body = get(path, Accept=A_BROWSER)
    policy = headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "style-src 'self'", "base-uri 'none'"} <= {*policy}
    assert {"connect-src 'self'", "form-action 'none'", "frame-ancestors 'none'"} <= {*policy}
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("name", PAGE_FILES)
def test_the_files_of_the_page_are_served(get, name):
    assert get(f"/page/{name}")[0] == 200


@pytest.mark.parametrize("name", ["../settings.py", "..%2Fsettings.py", "%2e%2e/settings.py", "", "..", "nowhere.js"])
def test_nothing_else_is_served(get, name):
    assert get(f"/page/{name}")[0] in {400, 404}


def test_the_key_rotates_for_users_only(get, site):
    with closing(HTTPConnection("127.0.0.1", site.port, timeout=10)) as connection:
        connection.request("POST", "/api/rotate-key/")
        assert connection.getresponse().status == 401
    assert get("/api/rotate-key/")[0] == 401
