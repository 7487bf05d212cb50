"""The JWK Set client: which URLs it asks, what of an answer counts, how long that is kept, and who waits for whom."""

import json
import logging
import os
import re
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.client import BadStatusLine
from pathlib import Path
from typing import Any

import jwt
import pytest

from oxijwt.backends import TokenBackend
from oxijwt.exceptions import KeyConfigurationError, TokenBackendError
from oxijwt.keys import fetch, jwk_set
from oxijwt.keys.fetch import DEFAULT_LIFESPAN, MAX_BYTES, Fetched, FetchError, fetch_jwk_set, lifespan, url_problem
from oxijwt.keys.jwk_set import STALE_LIMIT, JWKSetClient, JWKSetError
from tests import key_material as material
from tests.issuer import SECRET, published, response
from tests.issuer import signed as signed_by
from tests.key_material import ASYMMETRIC
from tests.oxijwt.keys.test_material import assert_says_no_key, without

URL = f"https://issuer.example/jwks?key={SECRET}"
CLAIMS = {"token_type": "access", "jti": "1"}
INTERVAL = 10


def signed(kid: Any = None, algorithm: str = "ES256", other: bool = False) -> str:
    return signed_by(CLAIMS, kid, algorithm, other=other)


def others(algorithm: str, kid: str, **members: Any) -> dict[str, Any]:
    """A second key, which need not say its algorithm or use."""
    return material.jwk(algorithm, material.other_private_key(algorithm).public_key()) | {"kid": kid} | members


def plain(algorithm: str, kid: str | None = None) -> dict[str, Any]:
    """The first key, likewise."""
    jwk = material.jwk(algorithm, material.private_key(algorithm).public_key())
    return jwk if kid is None else jwk | {"kid": kid}


class Issuer:
    """What one answers, without a network, and how often it was asked."""

    def __init__(self, *jwks: Any, lifespan: float = DEFAULT_LIFESPAN) -> None:
        self.fetches = 0
        self.lifespan = lifespan
        self.answer: bytes | Exception = b""
        self.publish(*jwks)

    def publish(self, *jwks: Any) -> None:
        self.answer = json.dumps({"keys": jwks}).encode()

    def fetch(self, _url: str, _timeout: float) -> Fetched:
        self.fetches += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return Fetched(self.answer, self.lifespan)

    def client(self, timeout: float = 5) -> JWKSetClient:
        return JWKSetClient(URL, fetch=self.fetch, timeout=timeout)


def landed(client: JWKSetClient) -> None:
    """Wait for the fetch in flight."""
    fetch = client._by_process[os.getpid()].in_flight
    assert fetch is None or fetch.landed.wait(5)


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "oxijwt"]


# Which URLs are asked.

GOOD_URLS = [
    "https://issuer.example/jwks.json",
    "https://issuer.example",
    "https://issuer.example:8443/a?b=c#d",
    "HTTPS://ISSUER.EXAMPLE/",
    "https://[::1]/",
    "https://169.254.169.254/",
]
LOOPBACK_URLS = ["http://127.0.0.1/", "http://127.1.2.3:8000/jwks", "http://[::1]:8000/", "http://localhost/"]
BAD_URLS = [
    "http://issuer.example/",
    "http://128.0.0.1/",
    "http://10.0.0.1/",
    "http://0.0.0.0/",
    "http://localhost.issuer.example/",
    "http://127.0.0.1.issuer.example/",
    "http://127.0.0.1@issuer.example/",
    "http://[::2]/",
    "file:///etc/passwd",
    "FILE:///etc/passwd",
    "ftp://localhost/",
    "data:,{}",
    "//issuer.example/",
    "issuer.example/jwks",
    "https://",
    "https:///jwks",
    "https://:443/",
    "https://name:password@issuer.example/",
    "https://name@issuer.example/",
    "https://issuer.example:port/",
    "https://issuer.example:99999/",
    "https://[::1/",
    "https://issuer.example/a b",
    "https://issuer.example/\r\nHost: other",
    "https://\u0131ssuer.example/",
    " https://issuer.example/",
    "",
    None,
    7,
    b"https://issuer.example/",
    ["https://issuer.example/"],
]


@pytest.mark.parametrize("url", GOOD_URLS)
@pytest.mark.parametrize("debug", [False, True])
def test_https_is_asked(settings: Any, url: str, debug: bool) -> None:
    settings.DEBUG = debug
    assert url_problem(url) is None


@pytest.mark.parametrize("url", LOOPBACK_URLS)
def test_http_is_for_the_loopback_while_debug_is_on(settings: Any, url: str) -> None:
    settings.DEBUG = False
    assert url_problem(url) is not None
    settings.DEBUG = True
    assert url_problem(url) is None


@pytest.mark.parametrize("url", BAD_URLS, ids=ascii)
@pytest.mark.parametrize("debug", [False, True])
def test_nothing_else_is_asked(settings: Any, url: Any, debug: bool) -> None:
    settings.DEBUG = debug
    assert url_problem(url) is not None


@pytest.mark.parametrize("url", [url for url in BAD_URLS if url and isinstance(url, str)], ids=ascii)
def test_a_bad_url_is_a_mistake_in_the_settings_and_not_quoted(url: str) -> None:
    backend = TokenBackend("ES256", jwk_url=f"{url}?{SECRET}")
    for _ in range(2):
        with pytest.raises(KeyConfigurationError, match=r"^SIMPLE_JWT\['JWK_URL'\] must ") as caught:
            backend.decode(signed())
        assert not re.search(f"{SECRET}|password|name|issuer", str(caught.value))


def test_a_file_is_not_read(tmp_path: Path, settings: Any) -> None:
    settings.DEBUG = True
    document = tmp_path / "jwks.json"
    document.write_text(json.dumps({"keys": [published("one")]}))
    with pytest.raises(KeyConfigurationError):
        TokenBackend("ES256", jwk_url=document.as_uri()).decode(signed("one"))


def test_without_urllib3_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = TokenBackend("ES256", jwk_url=URL)
    for missing in (lambda patch: patch.setitem(sys.modules, "urllib3", None), old_urllib3):
        with monkeypatch.context() as patch:
            missing(patch)
            with pytest.raises(KeyConfigurationError, match=r"pip install 'oxijwt\[jwks\]'"):
                backend.decode(signed())


def old_urllib3(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("urllib3.__version__", "1.26.20")


# What one request asks for, and what of an answer counts.


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_the_key_named_by_kid_verifies(issuer: Any, algorithm: str) -> None:
    issuer.publish(
        published("one", algorithm), {"kty": "oct", "k": "AAAA", "kid": "oct"}, published("two", algorithm, other=True)
    )
    backend = TokenBackend(algorithm, jwk_url=issuer.url)
    assert backend.decode(signed("one", algorithm)) == CLAIMS
    assert backend.decode(signed("two", algorithm, other=True)) == CLAIMS
    assert backend.decode(signed("one", algorithm).encode()) == CLAIMS
    for kid, other in (("two", False), ("one", True), ("oct", False), ("three", False), (None, False)):
        with pytest.raises(TokenBackendError, match=r"^Token is invalid$"):
            backend.decode(signed(kid, algorithm, other))
    assert len(issuer.requests) == 1


def test_the_request(issuer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No cookie, no compression, no proxy of the environment, and the connection is not kept."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/")
    hung_up = threading.Event()

    def answer(connection: Any) -> None:
        connection.sendall(response(b'{"keys":[]}', Connection="keep-alive", Set_Cookie="a=b"))
        if connection.recv(1) == b"":
            hung_up.set()

    issuer.answer = answer
    for _ in range(2):
        assert fetch_jwk_set(issuer.url) == Fetched(b'{"keys":[]}', DEFAULT_LIFESPAN)
        assert hung_up.wait(5)
    [line, *headers] = issuer.requests[1].split("\r\n")
    assert line == f"GET /{issuer.url.split('/', 3)[3]} HTTP/1.1"
    names = {header.partition(":")[0].lower() for header in headers if header}
    assert names == {"host", "accept", "accept-encoding", "connection", "user-agent"}
    assert "Accept-Encoding: identity" in headers


def test_an_address_in_brackets(settings: Any) -> None:
    settings.DEBUG = True
    with pytest.raises(Exception, match="::1") as caught:
        fetch_jwk_set("http://[::1]:1/")
    assert type(caught.value).__name__ == "NewConnectionError"


def test_a_set_has_a_greatest_size(issuer: Any) -> None:
    body = json.dumps({"keys": [published("one")]}).encode()
    greatest = body + b" " * (MAX_BYTES - len(body))
    issuer.answer = response(greatest)
    assert JWKSetClient(issuer.url).verifying_key("ES256", "one").algorithm == "ES256"
    issuer.answer = response(greatest + b" ")
    with pytest.raises(FetchError, match="longer than 1 MiB"):
        fetch_jwk_set(issuer.url)
    with pytest.raises(JWKSetError):
        JWKSetClient(issuer.url).verifying_key("ES256", "one")


@pytest.mark.parametrize(
    "headers",
    [
        {"Transfer_Encoding": "chunked", "Content_Length": None},
        {"Content_Length": None},
        {"Content_Type": "text/plain"},
        {"Content_Encoding": "identity"},
        {"Connection": "close"},
    ],
    ids=str,
)
def test_an_honest_answer_of_any_form_is_read(issuer: Any, headers: dict[str, Any]) -> None:
    body = json.dumps({"keys": [published("one")]}).encode()
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    issuer.answer = response(chunked if "Transfer_Encoding" in headers else body, **headers)
    assert JWKSetClient(issuer.url).verifying_key("ES256", "one")


def test_nothing_that_urllib3_logs_of_a_fetch_is_kept(issuer: Any, caplog: pytest.LogCaptureFixture) -> None:
    """It logs the whole URL where headers are malformed."""
    caplog.set_level(logging.DEBUG)
    issuer.answer = response(b'{"keys":[]}', X="1\r\nno header at all")
    fetch_jwk_set(issuer.url)
    assert SECRET not in caplog.text
    logging.getLogger("urllib3.connection").warning("somebody else's")
    assert "somebody else's" in caplog.text


def test_urllib3_would_have_logged_the_url(
    issuer: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gate seen open: without it the test above proves nothing."""
    monkeypatch.setattr(logging.getLogger("urllib3.connection"), "filters", [])
    issuer.answer = response(b'{"keys":[]}', X="1\r\nno header at all")
    fetch_jwk_set(issuer.url)
    assert SECRET in caplog.text


def test_a_token_without_kid_needs_a_set_of_one_key(issuer: Any) -> None:
    for kid in ("one", None):
        issuer.publish(published(kid))
        assert TokenBackend("ES256", jwk_url=issuer.url).decode(signed()) == CLAIMS


def test_the_header_must_name_the_backends_algorithm_all_the_same(issuer: Any) -> None:
    issuer.publish(published("one"))
    backend = TokenBackend("RS256", jwk_url=issuer.url)
    with pytest.raises(TokenBackendError):
        backend.decode(signed("one"))
    # The public key as an HMAC secret: the classic confusion.
    forged = jwt.PyJWS().encode(json.dumps(CLAIMS).encode(), material.SECRET, "HS256", headers={"kid": "one"})
    with pytest.raises(TokenBackendError):
        backend.decode(forged)


def test_hmac_never_asks_the_url() -> None:
    backend = TokenBackend("HS256", material.SECRET, jwk_url="http://issuer.example/")
    assert backend.decode(backend.encode(CLAIMS)) == CLAIMS


def test_a_site_that_does_not_answer_is_a_refusal(settings: Any) -> None:
    settings.DEBUG = True
    with pytest.raises(TokenBackendError, match=r"^Token is invalid$"):
        TokenBackend("ES256", jwk_url="http://127.0.0.1:1/jwks.json").decode(signed("one"))


@pytest.mark.parametrize("token", ["", "a.b.c", None, b"\xff"], ids=ascii)
def test_what_is_no_token_asks_no_site(issuer: Any, token: Any) -> None:
    with pytest.raises(TokenBackendError, match=r"^Token is invalid$"):
        TokenBackend("ES256", jwk_url=issuer.url).decode(token)
    assert issuer.requests == []


@pytest.mark.parametrize("kid", [7, ["one"], {"a": 1}, None, True], ids=ascii)
def test_a_kid_that_is_no_text_is_refused(issuer: Any, kid: Any) -> None:
    issuer.publish(published("one"), published("two", other=True))
    header = json.dumps({"alg": "ES256", "kid": kid}).encode()
    token = b".".join(jwt.utils.base64url_encode(part) for part in (header, b"{}", b"x" * 64))
    with pytest.raises(TokenBackendError):
        TokenBackend("ES256", jwk_url=issuer.url).decode(token)


# Keys of a set, each for itself.


def test_keys_are_prepared_once_for_each_algorithm(issuer_clock: Any) -> None:
    issuer = Issuer(plain("RS256", "one"), plain("ES256", "two"))
    client = issuer.client()
    first = client.verifying_key("RS256", "one")
    assert client.verifying_key("RS256", "one") is first
    assert client.verifying_key("PS256", "one").algorithm == "PS256"
    assert client.verifying_key("ES256", "two").algorithm == "ES256"
    assert client.verifying_key("RS256", "one", ["RS256", "ES256"]).algorithm == "RS256"
    assert issuer.fetches == 1
    issuer_clock.now += DEFAULT_LIFESPAN
    assert client.verifying_key("RS256", "one") is first
    assert issuer.fetches == 2
    issuer.publish(plain("RS256", "one"))
    issuer_clock.now += DEFAULT_LIFESPAN
    assert client.verifying_key("RS256", "one") is not first


def test_one_kid_may_be_two_keys_of_different_kinds() -> None:
    client = Issuer(plain("RS256", "one"), plain("ES256", "one")).client()
    for algorithms in ([], ["RS256", "ES256"]):
        assert client.verifying_key("RS256", "one", algorithms).algorithm == "RS256"
        assert client.verifying_key("ES256", "one", algorithms).algorithm == "ES256"


def test_a_token_without_kid_needs_a_sole_key_that_fits() -> None:
    assert Issuer(plain("RS256", "one"), plain("ES256")).client().verifying_key("ES256", None, ["RS256", "ES256"])
    for two in (others("ES256", "two"), without(others("ES256", "two"), "kid")):
        with pytest.raises(JWKSetError):
            Issuer(plain("ES256"), two).client().verifying_key("ES256", None)


ODD_KEYS: dict[str, tuple[Callable[[], Any], str]] = {
    "a secret": (lambda: material.secret_jwk() | {"kid": "odd"}, "2 'odd': .*symmetric"),
    "for encryption": (lambda: others("RS256", "odd", use="enc"), "2 'odd': .*use"),
    "for signing": (lambda: others("RS256", "odd", key_ops=["sign"]), "2 'odd': .*key_ops"),
    "an unknown kty": (lambda: {"kty": "AKP", "kid": "odd"}, "2 'odd': .*kty"),
    "an unknown crv": (lambda: others("EdDSA", "odd", crv="Ed448"), "2 'odd': .*curve"),
    "another alg": (lambda: others("RS256", "odd", alg="RS384"), "2 'odd': .*configured algorithms"),
    "an alg of encryption": (lambda: others("RS256", "odd", alg="RSA-OAEP"), "2 'odd': .*alg"),
    "another kind": (lambda: others("ES256", "odd"), "2 'odd': .*configured algorithms"),
    "1024 bits": (lambda: material.jwk("RS256", material.rsa_key(1024).public_key()), "2: .*2048 bits"),
    "ROCA": (lambda: material.jwk("RS256", material.roca_key().public_key()), "2: .*ROCA"),
    "a private key": (lambda: material.jwk("RS256", material.other_private_key("RS256")), "2: .*private"),
    "half a key": (lambda: without(others("RS256", "odd"), "n"), "2 'odd': .*missing"),
    "a kid that is no text": (lambda: others("RS256", "odd") | {"kid": 7}, "2: .*mistyped"),
    "no object": (lambda: ["RSA"], "2: .*JSON object"),
    "a kid with escapes": (
        lambda: others("RS256", "odd\n\x1b[31m" + "k" * 100, use="enc"),
        r"2 'odd\?\?\[31mk+\.\.\.': ",
    ),
}


@pytest.mark.parametrize("what", ODD_KEYS)
def test_an_odd_key_is_skipped_and_logged_and_the_rest_verifies(what: str, caplog: pytest.LogCaptureFixture) -> None:
    make, reason = ODD_KEYS[what]
    odd = make()
    client = Issuer(plain("RS256", "good"), odd).client()
    assert client.verifying_key("RS256", "good").algorithm == "RS256"
    with pytest.raises(JWKSetError):
        client.verifying_key("RS256", "odd")
    [record] = caplog.records
    assert (record.name, record.levelname) == ("oxijwt", "WARNING")
    message = record.getMessage()
    assert re.search(rf"^JWK Set of issuer\.example, for RS256: skipped key {reason}", message)
    assert SECRET not in message
    assert message.isprintable()
    assert_says_no_key(ValueError(message), without(odd, "kid") if isinstance(odd, dict) else odd)


def test_keys_that_cannot_be_told_apart_are_both_skipped(caplog: pytest.LogCaptureFixture) -> None:
    client = Issuer(plain("ES256", "one"), others("ES256", "one"), others("ES256", "two")).client()
    assert client.verifying_key("ES256", "two")
    with pytest.raises(JWKSetError):
        client.verifying_key("ES256", "one")
    assert len(caplog.records) == 2


def test_skipped_keys_are_logged_when_they_change(caplog: pytest.LogCaptureFixture, issuer_clock: Any) -> None:
    issuer = Issuer()
    client = issuer.client()
    fine, odd, odder = plain("ES256", "fine"), others("ES256", "odd", use="enc"), {"kty": "AKP"}
    told = []
    for jwks in ([fine], [fine, odd], [fine, odd], [fine, odd, odder], [fine], [fine, odd]):
        issuer.publish(*jwks)
        issuer_clock.now += DEFAULT_LIFESPAN
        caplog.clear()
        for _ in range(3):
            client.verifying_key("ES256", "fine")
        told.append(len(caplog.records))
    assert issuer.fetches == len(told)
    assert told == [0, 1, 0, 2, 0, 1]


HOSTILE_ANSWERS: dict[str, Callable[[], bytes | Exception]] = {
    "HTML": lambda: b"<!doctype html><title>Sign in</title>",
    "deep arrays": lambda: b'{"keys":' + b"[" * 500_000,
    "deep arrays that end": lambda: b'{"keys":[' + b"[" * 100_000 + b"]" * 100_000 + b"]}",
    "deep objects": lambda: b'{"keys":[' + b'{"a":' * 100_000,
    "100,000 keys": lambda: b'{"keys":[' + b"{}," * 100_000 + b"{}]}",
    "100,000 numbers": lambda: json.dumps({"keys": [0] * 100_000}).encode(),
    "a huge number": lambda: b'{"keys":[{"kty":"RSA","n":' + b"9" * 1_000_000 + b"}]}",
    "a huge exponent": lambda: b'{"keys":1e999999999}',
    "a huge string": lambda: b'{"keys":"' + b"k" * 1_000_000 + b'"}',
    "a huge set": lambda: b'{"keys":[]}' + b" " * (1 << 20),
    "two lists of keys": lambda: b'{"keys":[],"keys":[]}',
    "UTF-16": lambda: '{"keys":[]}'.encode("utf-16"),
    "no text": lambda: b'{"keys":["\xff"]}',
    "a broken answer": lambda: BadStatusLine("SSH-2.0"),
    "a time-out": lambda: TimeoutError("timed out"),
}


@pytest.mark.parametrize("what", HOSTILE_ANSWERS)
def test_a_hostile_answer_is_a_refusal_in_bounded_time(what: str, caplog: pytest.LogCaptureFixture) -> None:
    issuer = Issuer()
    issuer.answer = HOSTILE_ANSWERS[what]()
    client = issuer.client()
    begun = time.perf_counter()
    for _ in range(3):
        with pytest.raises(JWKSetError):
            client.verifying_key("RS256", "one")
    assert time.perf_counter() - begun < 1
    assert issuer.fetches == 1
    [record] = caplog.records
    assert record.levelname == "ERROR"
    assert re.search(
        r"^JWK Set of issuer\.example can't be fetched \(.+\), and there is no older one$", record.getMessage()
    )
    assert SECRET not in caplog.text


# How long a set is kept.

LIFESPANS = [
    ({}, 300),
    ({"Cache-Control": "max-age=120"}, 120),
    ({"Cache-Control": "public, MAX-AGE = 120 , must-revalidate"}, 120),
    ({"Cache-Control": 'max-age="120"'}, 120),
    ({"Cache-Control": "max-age=120", "Age": "30"}, 90),
    ({"Cache-Control": "max-age=120", "Age": "what"}, 120),
    ({"Cache-Control": "max-age=120", "Age": "9" * 400}, 60),
    ({"Cache-Control": "max-age=0"}, 60),
    ({"Cache-Control": "max-age=59"}, 60),
    ({"Cache-Control": "max-age=-1"}, 60),
    ({"Cache-Control": "max-age=1e9"}, 60),
    ({"Cache-Control": "max-age=\u0661\u0662\u0660"}, 60),
    ({"Cache-Control": "max-age"}, 60),
    ({"Cache-Control": "max-age=86400"}, 86_400),
    ({"Cache-Control": "max-age=86401"}, 86_400),
    ({"Cache-Control": "max-age=" + "9" * 5000, "Age": "9" * 5000}, 60),
    ({"Cache-Control": "max-age=" + "9" * 5000}, 86_400),
    ({"Cache-Control": "max-age=120, max-age=3600"}, 120),
    ({"Cache-Control": "no-store"}, 60),
    ({"Cache-Control": "max-age=3600, no-cache"}, 60),
    ({"Cache-Control": "No-Store, max-age=3600"}, 60),
    ({"Cache-Control": "s-maxage=3600"}, 300),
    ({"Cache-Control": ",,=,;"}, 300),
    ({"Expires": "Thu, 01 Jan 2099 00:00:00 GMT"}, 300),
]


@pytest.mark.parametrize(("headers", "seconds"), LIFESPANS, ids=lambda value: str(value)[:60])
def test_the_issuer_says_how_long_a_set_is_fresh(headers: dict[str, str], seconds: float) -> None:
    assert lifespan(headers) == seconds


def test_its_headers_arrive(issuer: Any) -> None:
    issuer.publish(published("one"), Cache_Control="max-age=1234")
    assert fetch_jwk_set(issuer.url).lifespan == 1234


@pytest.mark.parametrize("seconds", [60, 300, 86_400])
def test_a_set_is_kept_for_its_lifespan_and_no_longer(issuer_clock: Any, seconds: float) -> None:
    issuer = Issuer(published("one"), lifespan=seconds)
    client = issuer.client()
    client.verifying_key("ES256", "one")
    issuer.publish(published("two"))
    issuer_clock.now += seconds - 1
    client.verifying_key("ES256", "one")
    assert issuer.fetches == 1
    issuer_clock.now += 1
    with pytest.raises(JWKSetError):
        client.verifying_key("ES256", "one")
    assert issuer.fetches == 2


def test_a_set_of_no_keys_is_an_answer(issuer_clock: Any) -> None:
    """An issuer that withdraws all its keys is believed."""
    issuer = Issuer(published("one"))
    client = issuer.client()
    client.verifying_key("ES256", "one")
    issuer.publish()
    issuer_clock.now += DEFAULT_LIFESPAN
    with pytest.raises(JWKSetError):
        client.verifying_key("ES256", "one")


def test_an_unknown_kid_asks_again_once_in_an_interval(issuer_clock: Any) -> None:
    issuer = Issuer(published("one"))
    client = issuer.client()
    client.verifying_key("ES256", "one")
    issuer.publish(published("one"), published("two", other=True))
    issuer_clock.now += INTERVAL - 1
    for kid in ("two", "three", "two"):
        with pytest.raises(JWKSetError):
            client.verifying_key("ES256", kid)
    assert issuer.fetches == 1
    issuer_clock.now += 1
    assert client.verifying_key("ES256", "two")
    assert issuer.fetches == 2
    for number in range(100):
        with pytest.raises(JWKSetError):
            client.verifying_key("ES256", f"{number}")
    assert client.verifying_key("ES256", "one")
    assert issuer.fetches == 2


def test_the_interval_begins_when_an_attempt_ends(issuer_clock: Any) -> None:
    """An issuer that hangs must not have somebody waiting all the time."""

    def hang(_url: str, _timeout: float) -> Fetched:
        fetches.append(issuer_clock.now)
        issuer_clock.now += 4  # less than the waiting caller waits for
        raise TimeoutError

    fetches: list[float] = []
    client = JWKSetClient(URL, fetch=hang)
    for seconds, times in ((0, 1), (INTERVAL - 1, 1), (1, 2)):
        issuer_clock.now += seconds
        with pytest.raises(JWKSetError):
            client.verifying_key("ES256", "one")
        assert len(fetches) == times


def test_the_interval_is_a_setting(settings: Any, issuer_clock: Any) -> None:
    settings.SIMPLE_JWT = {"JWK_REFETCH_INTERVAL": timedelta(hours=1)}
    issuer = Issuer(published("one"))
    client = issuer.client()
    for seconds, fetches in ((0, 1), (DEFAULT_LIFESPAN - 1, 1), (1, 2), (DEFAULT_LIFESPAN - 1, 2)):
        issuer_clock.now += seconds
        with pytest.raises(JWKSetError):
            client.verifying_key("ES256", "two")
        # It keeps no set fresh beyond its time.
        assert issuer.fetches == fetches
    settings.SIMPLE_JWT = {"JWK_REFETCH_INTERVAL": timedelta(seconds=1)}
    with pytest.raises(JWKSetError):
        client.verifying_key("ES256", "two")
    assert issuer.fetches == 3
    settings.SIMPLE_JWT = {"JWK_REFETCH_INTERVAL": 10}
    with pytest.raises(KeyConfigurationError, match=r"^SIMPLE_JWT\['JWK_REFETCH_INTERVAL'\]"):
        client.verifying_key("ES256", "two")


def test_the_last_good_set_serves_while_the_issuer_is_down(issuer_clock: Any, caplog: pytest.LogCaptureFixture) -> None:
    issuer = Issuer(published("one"))
    client = issuer.client()
    first = client.verifying_key("ES256", "one")
    good, issuer.answer = issuer.answer, OSError(f"no route to {URL}")
    issuer_clock.now += DEFAULT_LIFESPAN
    for attempts in (1, 2, 3):
        for _ in range(3):
            assert client.verifying_key("ES256", "one") is first
            landed(client)
        with pytest.raises(JWKSetError):
            client.verifying_key("ES256", "two")
        assert issuer.fetches == 1 + attempts
        issuer_clock.now += INTERVAL
    assert messages(caplog) == ["JWK Set of issuer.example can't be fetched (OSError): the last good one stays in use"]
    issuer.answer = good
    assert client.verifying_key("ES256", "one") is first
    landed(client)
    assert messages(caplog)[1:] == ["JWK Set of issuer.example can be fetched again"]
    issuer.answer = OSError("again")
    issuer_clock.now += DEFAULT_LIFESPAN
    client.verifying_key("ES256", "one")
    assert len(messages(caplog)) == 3


def test_a_stale_set_serves_until_the_limit(issuer_clock: Any) -> None:
    issuer = Issuer(published("one"), lifespan=60)
    client = issuer.client()
    client.verifying_key("ES256", "one")
    issuer.answer = OSError("down")
    issuer_clock.now += 60 + STALE_LIMIT - 1
    assert client.verifying_key("ES256", "one")
    issuer_clock.now += 1
    with pytest.raises(JWKSetError):
        client.verifying_key("ES256", "one")


def test_a_failing_issuer_is_not_asked_for_every_token(issuer_clock: Any) -> None:
    """Each token waited for the issuer's time-out once more while it was down."""
    issuer = Issuer()
    issuer.answer = OSError("down")
    client = issuer.client()
    for fetches in (1, 2, 3):
        for _ in range(3):
            with pytest.raises(JWKSetError):
                client.verifying_key("ES256", "kid")
        assert issuer.fetches == fetches
        issuer_clock.now += INTERVAL


# Who waits for whom.


class SlowIssuer(Issuer):
    """Answers when it is told to."""

    def __init__(self, *jwks: Any) -> None:
        super().__init__(*jwks)
        self.asked, self.may_answer = threading.Event(), threading.Event()

    def fetch(self, url: str, timeout: float) -> Fetched:
        self.asked.set()
        assert self.may_answer.wait(10)
        return super().fetch(url, timeout)


def test_threads_that_need_the_first_set_share_one_fetch() -> None:
    issuer = SlowIssuer(published("one"))
    client = issuer.client()
    with ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(client.verifying_key, "ES256", "one") for _ in range(20)]
        assert issuer.asked.wait(5)
        assert not any(key.done() for key in waiting)
        issuer.may_answer.set()
        assert len({id(key.result(5)) for key in waiting}) == 1
    assert issuer.fetches == 1


def test_who_finds_a_key_in_the_last_good_set_does_not_wait_for_another_threads_fetch(issuer_clock: Any) -> None:
    issuer = SlowIssuer(published("one"))
    issuer.may_answer.set()
    client = issuer.client()
    client.verifying_key("ES256", "one")
    issuer.may_answer.clear()
    issuer.asked.clear()
    issuer.publish(published("one"), published("two", other=True))
    issuer_clock.now += DEFAULT_LIFESPAN
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(client.verifying_key, "ES256", "one")
        assert issuer.asked.wait(5)
        assert client.verifying_key("ES256", "one")
        needy = pool.submit(client.verifying_key, "ES256", "two")
        assert client.verifying_key("ES256", "one")
        assert not first.done()
        assert not needy.done()
        issuer.may_answer.set()
        assert first.result(5)
        assert needy.result(5)
    assert issuer.fetches == 2


def test_nobody_waits_longer_than_the_bound_nor_starts_a_second_fetch() -> None:
    """Whatever hangs: a name server gives no bound that a thread could set."""
    issuer = SlowIssuer(published("one"))
    client = issuer.client(timeout=0.2)
    for bound in (0.2, 0):
        begun = time.monotonic()
        with pytest.raises(JWKSetError):
            client.verifying_key("ES256", "one")
        assert bound <= time.monotonic() - begun < bound + 0.5
    issuer.may_answer.set()
    landed(client)
    assert client.verifying_key("ES256", "one")
    assert issuer.fetches == 1


def test_nobody_waits_while_the_issuer_is_known_to_be_down(issuer_clock: Any, caplog: pytest.LogCaptureFixture) -> None:
    issuer = SlowIssuer(published("one"))
    issuer.may_answer.set()
    client = issuer.client(timeout=0.2)
    client.verifying_key("ES256", "one")
    issuer.may_answer.clear()
    issuer_clock.now += DEFAULT_LIFESPAN
    assert client.verifying_key("ES256", "one")  # waits in vain
    assert len(messages(caplog)) == 1
    issuer.answer = OSError("down")
    issuer.may_answer.set()
    landed(client)
    issuer.may_answer.clear()
    issuer_clock.now += INTERVAL
    begun = time.monotonic()
    assert client.verifying_key("ES256", "one")
    assert time.monotonic() - begun < 0.1
    issuer.may_answer.set()
    landed(client)
    assert issuer.fetches == 3
    assert len(messages(caplog)) == 1


def test_without_a_thread_to_spare_it_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, issuer_clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    issuer = Issuer(published("one"))
    client = issuer.client()
    with monkeypatch.context() as patch:
        patch.setattr(jwk_set.threading.Thread, "start", refuse)
        with pytest.raises(JWKSetError):
            client.verifying_key("ES256", "one")
    assert len(messages(caplog)) == 1
    issuer_clock.now += INTERVAL
    assert client.verifying_key("ES256", "one")


def refuse(_thread: Any) -> None:
    raise RuntimeError("can't start new thread")


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_fork_while_a_fetch_is_in_flight_leaves_nobody_waiting() -> None:
    """The child has neither the thread that fetches nor anybody who would give the lock back."""
    issuer = SlowIssuer(published("one"))
    client = issuer.client()
    with ThreadPoolExecutor(1) as pool:
        needy = pool.submit(client.verifying_key, "ES256", "one")
        assert issuer.asked.wait(5)
        lock = client._by_process[os.getpid()].lock
        with lock:
            child = os.fork()
        if child == 0:
            issuer.may_answer = threading.Event()
            issuer.may_answer.set()
            found = client.verifying_key("ES256", "one").algorithm == "ES256"
            os._exit(0 if found and issuer.fetches == 1 else 1)
        _pid, status = os.waitpid(child, 0)
        issuer.may_answer.set()
        assert needy.result(5)
    assert status == 0


def test_a_url_has_one_client_whoever_asks_first() -> None:
    name = "SIMPLE_JWT['JWK_URL']"
    with ThreadPoolExecutor(20) as pool:
        clients = set(pool.map(lambda _: jwk_set.client_of(URL, name), range(100)))
    assert len(clients) == 1
    assert jwk_set.client_of(f"{URL}&more", name) not in clients
    assert jwk_set.client_of(URL, "SIMPLE_JWT['ISSUERS']") not in clients
    with pytest.raises(KeyConfigurationError):
        jwk_set.client_of(["a list"], name)  # type: ignore[arg-type]


def test_bounds() -> None:
    assert fetch.TIMEOUT == 5
    assert fetch.MAX_BYTES == 1 << 20
    assert STALE_LIMIT == 24 * 60 * 60
