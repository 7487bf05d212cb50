"""One GET for a JWK Set (RFC 7517 section 5), bounded in time and size, over urllib3 (`oxijwt[jwks]`).

Nothing is done on the way that was not asked for: no redirect, no cookie, no proxy of the environment, no decoding.
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
"""Seconds for everything together: the name, the connection, TLS, the headers and the body."""

SHORTEST_LIFESPAN, DEFAULT_LIFESPAN, LONGEST_LIFESPAN = 60.0, 300.0, 86_400.0
"""Seconds that a set is fresh at least, where the issuer says nothing, and at most."""

LONGEST_AGE = 2.0**31
"""What a larger number of seconds is taken for (RFC 9111 section 1.2.2)."""

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
    """An answer that is no JWK Set to be read. Its text tells nothing of the URL."""


class Fetched(NamedTuple):
    """The body of an answer, and for how many seconds it is fresh."""

    body: bytes
    lifespan: float = DEFAULT_LIFESPAN


def url_problem(url: object) -> str | None:
    """Why a set can't be fetched from there, or None. Nothing of the URL is in it."""
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or " " in url:
        return "is no URL in ASCII"
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  ValueError for what is no port
    except ValueError:
        return "is no URL"
    return _problem(parts)


def _problem(parts: SplitResult) -> str | None:
    if not parts.hostname:
        return "is no https URL with a host"
    if "@" in parts.netloc:
        return "has user information in it, which is never sent"
    if parts.scheme == "https" or (parts.scheme == "http" and settings.DEBUG and _is_loopback(parts.hostname)):
        return None
    return "is not https; http is for the loopback while DEBUG is on"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def has_library() -> bool:
    """Whether a urllib3 that is new enough is installed."""
    try:
        import urllib3  # noqa: PLC0415  an extra
    except ImportError:
        return False
    version: str = urllib3.__version__  # type: ignore[attr-defined]  # left out of __all__
    return int(version.partition(".")[0]) >= OLDEST_URLLIB3


def require_fetchable(url: object, setting: str) -> None:
    """Raise KeyConfigurationError, naming `setting`, where nothing can be fetched from a URL."""
    problem = url_problem(url)
    if problem is not None:
        raise KeyConfigurationError(f"{setting} {problem}")
    if not has_library():
        raise KeyConfigurationError(f"{setting} needs urllib3 2 or newer: pip install 'oxijwt[jwks]'")


def fetch_jwk_set(url: str, timeout: float = TIMEOUT) -> Fetched:
    """The answer behind an https or http URL, within `timeout` seconds once its host's name is known.

    Raises FetchError, and what urllib3, TLS and sockets raise.
    """
    deadline = time.monotonic() + timeout
    parts = urlsplit(url)
    with _unlogged(), closing(_connection(parts, timeout)) as connection:
        connection.connect()
        with _cut_off(connection, deadline):
            connection.request("GET", _target(parts), headers=HEADERS, preload_content=False, decode_content=False)
            with closing(connection.getresponse()) as response:
                fetched = _read(response)
    if time.monotonic() >= deadline:  # a body without a length looks whole where it was cut off
        raise TimeoutError
    return fetched


def _connection(parts: SplitResult, timeout: float) -> HTTPConnection:
    from urllib3.connection import HTTPConnection, HTTPSConnection  # noqa: PLC0415  an extra

    host = parts.hostname or ""
    if parts.scheme == "http":
        return HTTPConnection(host, parts.port or 80, timeout=timeout)
    # Python's defaults: the system's certificates, and TLS 1.2 at least.
    return HTTPSConnection(host, parts.port or 443, timeout=timeout, ssl_context=ssl.create_default_context())


def _target(parts: SplitResult) -> str:
    path = parts.path or "/"
    return f"{path}?{parts.query}" if parts.query else path


@contextmanager
def _cut_off(connection: HTTPConnection, deadline: float) -> Iterator[None]:
    """Shut the connection down at the deadline: its own time-out begins anew with every byte that comes."""
    # A handle of its own on the connection: nobody else closes it, so it is never another connection's.
    with socket.fromfd(connection.sock.fileno(), connection.sock.family, connection.sock.type) as handle:
        timer = threading.Timer(max(0.0, deadline - time.monotonic()), _shut_down, [handle])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()


def _shut_down(handle: socket.socket) -> None:
    with suppress(OSError):  # the other side was faster
        handle.shutdown(socket.SHUT_RDWR)


def _read(response: HTTPResponse) -> Fetched:
    if response.status != OK:
        raise FetchError(f"the answer is {response.status}")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise FetchError("the answer is compressed")
    return Fetched(_body(response), lifespan(response.headers))


def _body(response: HTTPResponse) -> bytes:
    body = b""
    # An answer that ends too early is an error of the read behind its last byte.
    while piece := response.read(MAX_BYTES + 1 - len(body), decode_content=False):
        body += piece
        if len(body) > MAX_BYTES:
            raise FetchError("the answer is longer than 1 MiB")
    return body


def lifespan(headers: Mapping[str, str]) -> float:
    """For how many seconds an answer is fresh (RFC 9111 section 4.2), within our bounds."""
    directives = _directives(headers.get("Cache-Control", ""))
    if "no-store" in directives or "no-cache" in directives:
        return SHORTEST_LIFESPAN
    if "max-age" not in directives:
        return DEFAULT_LIFESPAN
    rest = _seconds(directives["max-age"]) - _seconds(headers.get("Age", ""))
    return min(max(rest, SHORTEST_LIFESPAN), LONGEST_LIFESPAN)


def _directives(header: str) -> dict[str, str]:
    pairs = [part.strip().partition("=") for part in header.split(",")]
    return {name.strip().lower(): value.strip().strip('"') for name, _, value in reversed(pairs)}


def _seconds(text: str) -> float:
    text = text.strip()
    return min(float(text), LONGEST_AGE) if text.isascii() and text.isdecimal() else 0.0


@contextmanager
def _unlogged() -> Iterator[None]:
    token = _fetching.set(True)
    try:
        yield
    finally:
        _fetching.reset(token)


def _is_anothers(_record: logging.LogRecord) -> bool:
    return not _fetching.get()


# What urllib3 says of an odd answer names the whole URL, and its query may be secret. The client says that it failed.
for _name in ("urllib3.connection", "urllib3.response"):
    logging.getLogger(_name).addFilter(_is_anothers)
