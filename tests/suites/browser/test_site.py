"""What the demo site answers, without a browser."""

import os
import shutil
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tools import demo

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


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """The demo site in a checkout of its own, without keys, and a folder for temporary files."""
    site = tmp_path / "checkout/demo"
    shutil.copytree(demo.SITE, site, ignore=shutil.ignore_patterns("keys", "secret_key", "*.sqlite3"))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(demo, "SITE", site)
    monkeypatch.setattr(demo.tempfile, "tempdir", str(tmp_path / "temporary"))
    return site


@pytest.mark.parametrize(
    ("mode", "folder"), [(0o755, "checkout/demo/keys"), (0o775, f"temporary/oxijwt-demo-{os.getuid()}")]
)
def test_where_the_key_is_made(checkout, tmp_path, mode, folder):
    """oxijwt refuses a key file in a folder that others may write, and a checkout may be in one."""
    checkout.parent.chmod(mode)
    environment = demo.site_environment({name: value for name, value in os.environ.items() if name != "DEMO_KEY_FILE"})
    assert Path(environment["DEMO_KEY_FILE"]) == tmp_path / folder / "jwt.json"
    assert Path(environment["DEMO_KEY_FILE"]).stat().st_mode & 0o777 == 0o600


def test_a_second_start_keeps_the_key(checkout):
    first = Path(demo.site_environment(os.environ)["DEMO_KEY_FILE"]).read_text()
    assert Path(demo.site_environment(os.environ)["DEMO_KEY_FILE"]).read_text() == first
