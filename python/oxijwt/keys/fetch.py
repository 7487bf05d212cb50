"""One GET for a JWK Set (RFC 7517 section 5), limited in time and size, with urllib3 (`oxijwt[jwks]`).

The request follows no redirect, sends no cookie, uses no proxy from the environment and decodes no answer.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import ssl
import threading
import time
from contextlib import closing, contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from oxijwt.exceptions import KeyConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from urllib3 import HTTPResponse
    from urllib3.connection import HTTPConnection

MAX_BYTES = 1 << 20
TIMEOUT = 5.0
"""Seconds for the whole request: the host's name, the connection, TLS, the headers and the body."""

SHORTEST_LIFESPAN, DEFAULT_LIFESPAN, LONGEST_LIFESPAN = 60.0, 300.0, 86_400.0
"""Seconds that a set stays fresh: at least, if the answer gives no time, and at most."""

LONGEST_AGE = 2.0**31
"""Seconds. A larger number in a header counts as this one (RFC 9111 section 1.2.2)."""

OLDEST_URLLIB3 = 2

HEADERS = {
    "Accept": "application/jwk-set+json, application/json",
    "Accept-Encoding": "identity",
    "Connection": "close",
    "User-Agent": "oxijwt",
}
OK = 200

_fetching: ContextVar[bool] = ContextVar("oxijwt_fetching", default=False)


class FetchError(Exception):
    """The answer can't be used as a JWK Set. The message contains no part of the URL."""


class Fetched(NamedTuple):
    """The body of an answer, and the seconds that it stays fresh."""

    body: bytes
    lifespan: float = DEFAULT_LIFESPAN


def url_problem(url: object) -> str | None:
    """Why no JWK Set can be fetched from a URL, without any part of the URL; None if one can be fetched."""
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or " " in url:
        return "must be a URL in printable ASCII"
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  ValueError for an invalid port
    except ValueError:
        return "must be a valid URL"
    if not parts.hostname:
        return "must be an https URL with a host"
    if "@" in parts.netloc:
        return "must not contain user information: it is never sent"
    may_be_http = settings.DEBUG and is_loopback(parts.hostname)
    if parts.scheme == "https" or (parts.scheme == "http" and may_be_http):
        return None
    return "must be an https URL; only loopback addresses may use http, and only in DEBUG"


def is_loopback(host: str) -> bool:
    """Whether a host is `localhost` or a loopback address (127.0.0.0/8, ::1)."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def has_library() -> bool:
    """Whether urllib3 is installed, in version 2 or newer."""
    try:
        import urllib3  # noqa: PLC0415  an extra
    except ImportError:
        return False
    version: str = urllib3.__version__  # type: ignore[attr-defined]  # missing in its __all__
    return int(version.partition(".")[0]) >= OLDEST_URLLIB3


def require_fetchable(url: object, setting: str) -> None:
    """Raise KeyConfigurationError with the name of the setting if nothing can be fetched from the URL."""
    problem = url_problem(url)
    if problem is not None:
        raise KeyConfigurationError(f"{setting} {problem}")
    if not has_library():
        raise KeyConfigurationError(f"{setting} needs urllib3 2 or newer: pip install 'oxijwt[jwks]'")


def fetch_jwk_set(url: str, timeout: float = TIMEOUT) -> Fetched:
    """GET an https or http URL. `timeout` is in seconds, and does not include the look-up of the host's name.

    Raises FetchError, and the exceptions of urllib3, TLS and sockets.
    """
    deadline = time.monotonic() + timeout
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with without_library_logs(), closing(connection_to(parts, timeout)) as connection:
        connection.connect()
        with shut_down_at(deadline, connection):
            connection.request("GET", target, headers=HEADERS, preload_content=False, decode_content=False)
            with closing(connection.getresponse()) as response:
                fetched = read_answer(response)
    if time.monotonic() >= deadline:  # a body without a Content-Length looks complete after the shutdown
        raise TimeoutError
    return fetched


def connection_to(parts: SplitResult, timeout: float) -> HTTPConnection:
    """A connection to the URL's host that is not open yet. `timeout` is in seconds, for each step."""
    from urllib3.connection import HTTPConnection, HTTPSConnection  # noqa: PLC0415  an extra

    host = parts.hostname or ""
    if parts.scheme == "http":
        return HTTPConnection(host, parts.port or 80, timeout=timeout)
    # Python's default context: the system's certificates, and TLS 1.2 or newer.
    return HTTPSConnection(host, parts.port or 443, timeout=timeout, ssl_context=ssl.create_default_context())


@contextmanager
def shut_down_at(deadline: float, connection: HTTPConnection) -> Iterator[None]:
    """Shut the connection down at the deadline, since its own timeout starts again with every received byte.

    `deadline` is a time of `time.monotonic()`.
    """

    def shut_down() -> None:
        with suppress(OSError):  # the peer has closed the connection already
            handle.shutdown(socket.SHUT_RDWR)

    # Our own duplicate of the descriptor: urllib3 can't close it, so the number can't become another connection's.
    with socket.fromfd(connection.sock.fileno(), connection.sock.family, connection.sock.type) as handle:
        timer = threading.Timer(max(0.0, deadline - time.monotonic()), shut_down)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()


def read_answer(response: HTTPResponse) -> Fetched:
    """The answer's body and lifespan. Raises FetchError for a status other than 200, a coding, or more than 1 MiB."""
    if response.status != OK:
        raise FetchError(f"the answer has status {response.status}")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise FetchError("the answer is compressed")
    body = b""
    # If the answer ends too early, the read after its last byte raises.
    while piece := response.read(MAX_BYTES + 1 - len(body), decode_content=False):
        body += piece
        if len(body) > MAX_BYTES:
            raise FetchError("the answer is longer than 1 MiB")
    return Fetched(body, lifespan(response.headers))


def lifespan(headers: Mapping[str, str]) -> float:
    """The seconds that an answer stays fresh (RFC 9111 section 4.2), within our bounds."""
    directives = cache_directives(headers.get("Cache-Control", ""))
    if "no-store" in directives or "no-cache" in directives:
        return SHORTEST_LIFESPAN
    if "max-age" not in directives:
        return DEFAULT_LIFESPAN
    rest = delta_seconds(directives["max-age"]) - delta_seconds(headers.get("Age", ""))
    return min(max(rest, SHORTEST_LIFESPAN), LONGEST_LIFESPAN)


def cache_directives(header: str) -> dict[str, str]:
    """The directives of a Cache-Control header by name; if one is repeated, the first (RFC 9111 section 4.2.1)."""
    pairs = [part.strip().partition("=") for part in header.split(",")]
    return {name.strip().lower(): value.strip().strip('"') for name, _, value in reversed(pairs)}


def delta_seconds(text: str) -> float:
    """The seconds in a header's value (RFC 9111 section 1.2.2); 0 for any other text."""
    text = text.strip()
    return min(float(text), LONGEST_AGE) if text.isascii() and text.isdecimal() else 0.0


@contextmanager
def without_library_logs() -> Iterator[None]:
    """Drop what urllib3 logs about this fetch: it may log the whole URL, whose query may contain a secret.

    The JWK Set client logs that the fetch failed.
    """
    token = _fetching.set(True)
    try:
        yield
    finally:
        _fetching.reset(token)


for _name in ("urllib3.connection", "urllib3.response"):
    logging.getLogger(_name).addFilter(lambda _record: not _fetching.get())
