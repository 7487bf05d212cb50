"""The charset of a body: five are read, others are refused by every view before anything is decoded."""

import json
import time
from encodings.aliases import aliases
from urllib.parse import urlencode
from uuid import UUID

import pytest
from django.test import Client

from tests.oxijwt.token_sessions.client import PASSWORD, login, make_user

pytestmark = pytest.mark.django_db

FORM = "application/x-www-form-urlencoded"
ACCEPTED = [
    "utf-8", "UTF8", "utf_8", '"utf-8"', "utf-16", "UTF-16LE", "utf-16-be", "utf-32", "utf-32le", "UTF-32BE",
    "ascii", "us-ascii", "latin-1", "latin1", "ISO-8859-1", "iso8859-1", "l1",
]  # fmt: skip
READ = {"utf_8", "utf_16", "utf_16_be", "utf_16_le", "utf_32", "utf_32_be", "utf_32_le", "ascii", "latin_1"}
REFUSED = [
    *sorted(set(aliases.values()) - READ),
    "punycode", "idna", "utf-7", "utf-8-sig", "undefined", "unicode_escape", "raw_unicode_escape", "palmos",
    "nonsense", "../../x", "", "x" * 1000,
]  # fmt: skip
VIEWS = {
    name: ("post", f"/api/token/{path}")
    for name, path in {
        "login": "", "refresh": "refresh/", "verify": "verify/", "blacklist": "blacklist/", "sliding": "sliding/",
        "sliding refresh": "sliding/refresh/", "logout": "logout/",
    }.items()
} | {"list": ("get", "/api/token/sessions/"), "delete": ("delete", f"/api/token/sessions/{UUID(int=1)}/")}  # fmt: skip
BODIES = {
    "JSON": ("application/json", json.dumps({"password": "ü" * 100}).encode()),
    "form": (FORM, b"password=%C3%BC"),
    "multipart": (
        "multipart/form-data; boundary=b",
        b'--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n\xc3\xbc\r\n--b--\r\n',
    ),
}


def send(view, content, content_type):
    method, path = VIEWS[view]
    client = Client(raise_request_exception=False)
    return client.generic(method.upper(), path, content, content_type=content_type)


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("view", VIEWS)
def test_another_charset_is_415(view, body):
    """Django takes each of Python's codecs for a charset: `idna` was a 500, `zlib` decompressed."""
    content_type, content = BODIES[body]
    for charset in REFUSED:
        response = send(view, content, f"{content_type}; charset={charset}")
        assert response.status_code == 415, charset
        assert response.headers["Content-Type"] == "application/json"
        assert "charset" in response.json()["detail"]
        assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_is_decoded_before_the_charset_is_refused(view):
    """Python's punycode is quadratic: 800 kB took 38 s of CPU, for everybody who asked."""
    content = b"a" * 2_000_000
    began = time.process_time()
    for content_type in ("application/json", FORM):
        assert send(view, content, f"{content_type}; charset=punycode").status_code == 415
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("charset", ACCEPTED)
def test_these_charsets_are_read(charset):
    make_user()
    credentials = {"username": "ada", "password": PASSWORD}
    content = json.dumps(credentials).encode(charset.strip('"'))
    assert send("login", content, f"application/json; charset={charset}").status_code == 200


@pytest.mark.parametrize("charset", ["utf-8", "ascii", "latin-1"])
def test_forms_are_read_in_these_charsets(charset):
    make_user()
    credentials = urlencode({"username": "ada", "password": PASSWORD}).encode()
    assert send("login", credentials, f"{FORM}; charset={charset}").status_code == 200


@pytest.mark.parametrize("charset", ACCEPTED)
@pytest.mark.parametrize("body", BODIES)
def test_bytes_that_are_none_of_the_charset_are_no_server_error(body, charset):
    content_type, _content = BODIES[body]
    for content in (b"\xff\xfe\xff", b"password=\xff", b'{"password": "\xed\xa0\x80"}', BODIES[body][1]):
        assert send("login", content, f"{content_type}; charset={charset}").status_code in {400, 401}


@pytest.mark.parametrize(
    "charset", [name for name in ACCEPTED if name.lower().strip('"').startswith(("utf-16", "utf-32"))]
)
@pytest.mark.parametrize("view", VIEWS)
def test_a_multipart_body_in_utf_16_or_utf_32_is_400(view, charset):
    """Django replaces wrong bytes there one by one: 140 ms for 2 MB."""
    content_type, content = BODIES["multipart"]
    response = send(view, content, f"{content_type}; charset={charset}")
    assert response.status_code == 400
    assert "multipart" in response.json()["detail"]


def test_a_request_without_body_may_name_a_charset_that_is_read():
    make_user()
    tokens = login()
    client = Client(HTTP_AUTHORIZATION=f"Bearer {tokens['access']}")
    for charset, status in {"utf-8": 200, "punycode": 415}.items():
        assert (
            client.get("/api/token/sessions/", CONTENT_TYPE=f"application/json; charset={charset}").status_code
            == status
        )
