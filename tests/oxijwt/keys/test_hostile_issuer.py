"""The JWK Set client against issuers that lie, stall and break off, through the views: no 500, no hang, no leak."""

import datetime as dt
import gzip
import json
import logging
import os
import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from oxijwt.keys import jwk_set
from oxijwt.keys.fetch import DEFAULT_LIFESPAN, MAX_BYTES
from oxijwt.keys.jwk_set import JWKSetClient
from oxijwt.state import token_backend
from tests import key_material as material
from tests.client import bearer, claims, make_user, post
from tests.issuer import SECRET, IssuerSite, published, response, signed, tls_site
from tests.leaks import everything_that_is_logged, require_absence

pytestmark = pytest.mark.django_db

TIMEOUT = 0.2
"""The bound that a client has where it is tried."""

SLACK = 0.8
"""What a slow machine may add to a bound."""

INTERVAL = 10


class Service:
    """The site, which trusts one issuer, and a user of it."""

    def __init__(self, monkeypatch):
        self._monkeypatch = monkeypatch
        self.user = make_user()
        self.tokens = []

    def trust(self, url, **options):
        """Have the keys behind a URL verify; returns the client."""
        client = JWKSetClient(url, **options)
        self._monkeypatch.setattr(token_backend, "jwks_client", client)
        return client

    def token(self, kid="good", **options):
        token = signed(claims("access", user_id=str(self.user.pk)), kid, **options)
        self.tokens.append(token)
        return token


@pytest.fixture
def service(settings, monkeypatch, caplog):
    """Everything is logged; afterwards none of it has the URL's secret or a token in it."""
    settings.SIMPLE_JWT = {"ALGORITHM": "ES256"}
    caplog.set_level(logging.DEBUG)
    service = Service(monkeypatch)
    yield service
    logged = SimpleNamespace(records=caplog.get_records("call"))
    require_absence([SECRET, *service.tokens], *everything_that_is_logged(logged))


def statuses(token):
    """The answers of both authentication classes and of the verify endpoint."""
    answers = [bearer(token), bearer(token, "stateless"), post("token_verify", {"token": token})]
    return [answer.status_code for answer in answers]


TAKEN, REFUSED = [200] * 3, [401] * 3


def body(*jwks):
    return json.dumps({"keys": jwks}).encode()


def drips(site, *, head, rest):
    return lambda connection: site.drip(connection, [head, *rest])


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def ten_mebibytes(connection):
    connection.sendall(response(body(published("good")) + b" " * (10 << 20)))


def sent_without_end(site):
    def send(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + body(published("good")))
        while not site.stopped.is_set():
            connection.sendall(b" " * 65536)

    return send


def redirect_to(url):
    return lambda site: response(body(published("good")), "302 Found", Location=url)


GOOD = body(published("good"))
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n"

ANSWERS = {
    "nothing": lambda site: b"",
    "HTML": lambda site: response(b"<!doctype html><title>Sign in</title>", Content_Type="text/html"),
    "another protocol": lambda site: b"SSH-2.0-OpenSSH_9.9\r\n",
    "10 MiB": lambda site: ten_mebibytes,
    "no end": sent_without_end,
    "a byte over the bound": lambda site: response(GOOD + b" " * (MAX_BYTES + 1 - len(GOOD))),
    "headers that drip": lambda site: drips(site, head=HEAD, rest=[b"X-%d: 1\r\n" % n for n in range(1000)]),
    "one header that drips": lambda site: drips(site, head=HEAD + b"X: ", rest=[b"x"] * 1000),
    "a status line that drips": lambda site: drips(site, head=b"HTTP/1.1 ", rest=[b"2"] * 1000),
    "continue without end": lambda site: drips(site, head=b"", rest=[b"HTTP/1.1 100 Continue\r\n\r\n"] * 1000),
    "a body that drips": lambda site: drips(site, head=HEAD + b"\r\n" + GOOD, rest=[b" "] * 1000),
    "a body without length that drips": lambda site: drips(
        site, head=b"HTTP/1.1 200 OK\r\n\r\n" + GOOD, rest=[b" "] * 1000
    ),
    "chunks that drip": lambda site: drips(
        site, head=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", rest=[b"1\r\n \r\n"] * 1000
    ),
    "silence": lambda site: lambda connection: site.stopped.wait(2),
    "a redirect to a file": redirect_to("file:///etc/passwd"),
    "a redirect to metadata": redirect_to("http://169.254.169.254/latest/meta-data/"),
    "a redirect to itself": lambda site: response(GOOD, "307 Temporary Redirect", Location=site.url),
    "a permanent redirect": lambda site: response(GOOD, "308 Permanent Redirect", Location=site.url),
    "not modified": lambda site: response(b"", "304 Not Modified"),
    "no content": lambda site: response(b"", "204 No Content", Content_Length=None),
    "partial content": lambda site: response(GOOD, "206 Partial Content"),
    "not found": lambda site: response(GOOD, "404 Not Found"),
    "a failure": lambda site: response(GOOD, "503 Service Unavailable"),
    "a gzip bomb": lambda site: response(gzip.compress(GOOD + b" " * (20 << 20)), Content_Encoding="gzip"),
    "honest gzip": lambda site: response(gzip.compress(GOOD), Content_Encoding="gzip"),
    "plain text that is called gzip": lambda site: response(GOOD, Content_Encoding="gzip"),
    "gzip as a transfer coding": lambda site: response(
        gzip.compress(GOOD), Transfer_Encoding="gzip, chunked", Content_Length=None
    ),
    "a length too great": lambda site: response(GOOD, Content_Length=str(len(GOOD) + 1)),
    "a length too small": lambda site: response(GOOD, Content_Length=str(len(GOOD) - 1)),
    "two lengths": lambda site: response(GOOD, Content_Length=f"{len(GOOD)}, 7"),
    "a chunk cut short": lambda site: response(b"fff\r\n" + GOOD, Transfer_Encoding="chunked", Content_Length=None),
    "chunks of no size": lambda site: response(b"what\r\n" + GOOD, Transfer_Encoding="chunked", Content_Length=None),
    "a line that is no header": lambda site: response(GOOD + b" " * MAX_BYTES, X="1\r\nno header at all"),
    "headers without end": lambda site: b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 5000 + b"\r\n" + GOOD,
    "a huge header": lambda site: b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n" + GOOD,
    "a reset": lambda site: reset,
    "deep arrays": lambda site: response(b'{"keys":' + b"[" * 500_000),
    "deep objects": lambda site: response(b'{"keys":[' + b'{"a":' * 100_000),
    "keys twice": lambda site: response(b'{"keys":[],' + GOOD[1:]),
    "2000 keys": lambda site: response(body(*[published("good")] * 2000)),
    "no text": lambda site: response(b"\xff\xfe\x00"),
}
"""What a good set is followed by, or what there is at first: function of the site to an answer."""


@pytest.mark.parametrize("what", ANSWERS)
def test_without_a_good_set_a_hostile_answer_is_a_401_within_the_bound(issuer, service, what, caplog):
    issuer.answer = ANSWERS[what](issuer)
    service.trust(issuer.url, timeout=TIMEOUT)
    token = service.token()
    begun = time.monotonic()
    assert statuses(token) == REFUSED
    assert time.monotonic() - begun < TIMEOUT + SLACK
    assert len(issuer.requests) == 1
    assert sum(record.levelname == "ERROR" for record in caplog.records) == 1


@pytest.mark.parametrize("what", ANSWERS)
def test_after_a_good_set_a_hostile_answer_changes_nothing(issuer, service, issuer_clock, what, caplog):
    issuer.publish(published("good"))
    client = service.trust(issuer.url)
    token, unknown = service.token(), service.token("unknown")
    assert statuses(token) == TAKEN
    issuer_clock.now += DEFAULT_LIFESPAN
    issuer.answer, client._timeout = ANSWERS[what](issuer), TIMEOUT
    begun = time.monotonic()
    assert statuses(token) == TAKEN
    assert time.monotonic() - begun < TIMEOUT + SLACK
    assert statuses(unknown) == REFUSED
    assert len(issuer.requests) == 2
    landed(client)
    issuer.publish(published("good"))
    client._timeout = 5
    issuer_clock.now += INTERVAL
    # Nobody waits while the issuer is known to be down.
    assert statuses(token) == TAKEN
    landed(client)
    assert len(issuer.requests) == 3
    told = [record.getMessage() for record in caplog.records if record.name == "oxijwt"]
    assert len(told) == 2
    assert "the last good one stays in use" in told[0]
    assert "can be fetched again" in told[1]


def landed(client):
    """Wait for the fetch in flight."""
    fetch = client._by_process[os.getpid()].in_flight
    assert fetch is None or fetch.landed.wait(5)


ODD_KEYS = {
    "a wrong use": lambda: published("odd", other=True, use="enc"),
    "a private key": lambda: material.jwk("ES256", material.other_private_key("ES256")) | {"kid": "odd"},
    "a secret": lambda: material.secret_jwk() | {"kid": "odd"},
    "another algorithm": lambda: published("odd", "ES384", other=True),
    "another curve": lambda: published("odd", other=True, crv="P-384"),
    "no object": lambda: "odd",
    "a deep one": lambda: published("odd", other=True, x5c=nested(100)),
}


def nested(levels):
    value = []
    for _level in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("what", ODD_KEYS)
def test_an_odd_key_takes_the_others_not_with_it(issuer, service, what, caplog):
    issuer.publish(published("good"), ODD_KEYS[what]())
    service.trust(issuer.url)
    assert statuses(service.token()) == TAKEN
    assert statuses(service.token("odd", other=True)) == REFUSED
    [told] = [record.getMessage() for record in caplog.records if record.name == "oxijwt"]
    assert "skipped key 2" in told


def test_of_two_keys_with_one_kid_neither_is_used(issuer, service):
    issuer.publish(published("twice"), published("twice", other=True), published("good"))
    service.trust(issuer.url)
    assert statuses(service.token("twice")) == statuses(service.token("twice", other=True)) == REFUSED
    assert statuses(service.token()) == TAKEN


def test_as_many_keys_as_are_read(issuer, service):
    issuer.publish(*[published(f"{number}", other=True) for number in range(1023)], published("good"))
    service.trust(issuer.url)
    assert statuses(service.token()) == TAKEN


def test_a_hundred_random_kids_cost_one_fetch_at_most(issuer, service, issuer_clock):
    issuer.publish(published("good"))
    service.trust(issuer.url)
    assert bearer(service.token()).status_code == 200
    issuer_clock.now += INTERVAL
    answers = {bearer(service.token(f"random-{number}")).status_code for number in range(100)}
    assert answers == {401}
    assert len(issuer.requests) == 2
    assert bearer(service.token()).status_code == 200


def test_twenty_threads_at_once_cost_one_fetch(issuer, service):
    def answer(connection):
        time.sleep(0.1)
        connection.sendall(response(GOOD))

    issuer.answer = answer
    service.trust(issuer.url)
    token = service.token()
    at_once = threading.Barrier(20)

    def verify(_number):
        at_once.wait()
        return token_backend.decode(token)["user_id"]

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(verify, range(20))) == {str(service.user.pk)}
    assert len(issuer.requests) == 1


def test_an_issuer_that_is_down_for_an_hour(issuer, service, issuer_clock, caplog):
    issuer.publish(published("good"))
    client = service.trust(issuer.url)
    token = service.token()
    assert statuses(token) == TAKEN
    issuer.answer = reset
    for _minute in range(60):
        issuer_clock.now += 60
        assert bearer(token).status_code == 200
        landed(client)
    # Fresh for five minutes, and then asked for once a minute.
    assert len(issuer.requests) == 1 + 56
    assert len([record for record in caplog.records if record.name == "oxijwt"]) == 1
    issuer_clock.now += jwk_set.STALE_LIMIT
    assert statuses(token) == REFUSED


def test_rotated_keys(issuer, service, issuer_clock):
    issuer.publish(published("old"))
    service.trust(issuer.url)
    old, new = service.token("old"), service.token("new", other=True)
    assert statuses(old) == TAKEN
    issuer_clock.now += INTERVAL
    issuer.publish(published("old"), published("new", other=True))
    assert statuses(new) == statuses(old) == TAKEN
    issuer.publish(published("new", other=True))
    issuer_clock.now += DEFAULT_LIFESPAN
    assert statuses(new) == TAKEN
    assert statuses(old) == REFUSED
    assert len(issuer.requests) == 3


# TLS


# What Python 3.13 asks of a certificate that signs.
KEY_USAGE = x509.KeyUsage(
    digital_signature=True,
    key_cert_sign=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A PEM file with a key and a certificate for localhost, signed by itself."""
    key = material.private_key("ES256")
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(tz=dt.UTC)
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(KEY_USAGE, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    path.write_bytes(material.pkcs8(key).encode() + built.public_bytes(Encoding.PEM))
    return path


@pytest.fixture
def tls_issuer(certificate):
    with tls_site(certificate).serving() as site:
        site.publish(published("good"))
        yield site


def test_a_certificate_that_the_system_trusts(tls_issuer, service, certificate, monkeypatch):
    """The gate seen open: what OpenSSL takes for the system's store."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    service.trust(tls_issuer.url)
    assert statuses(service.token()) == TAKEN


def test_a_certificate_that_nobody_trusts(tls_issuer, service, caplog):
    service.trust(tls_issuer.url)
    assert statuses(service.token()) == REFUSED
    assert tls_issuer.requests == []
    assert "SSL" in caplog.text


def test_a_certificate_for_another_host(tls_issuer, service, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    service.trust(tls_issuer.url.replace("localhost", "127.0.0.1"))
    assert statuses(service.token()) == REFUSED
    assert tls_issuer.requests == []


@pytest.mark.parametrize(
    "what", ["a body that drips", "headers that drip", "silence", "a body without length that drips"]
)
def test_what_drips_over_tls_is_cut_off(tls_issuer, service, certificate, monkeypatch, what):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    tls_issuer.answer = ANSWERS[what](tls_issuer)
    client = service.trust(tls_issuer.url, timeout=2 * TIMEOUT)
    begun = time.monotonic()
    assert statuses(service.token()) == REFUSED
    assert time.monotonic() - begun < 2 * TIMEOUT + SLACK
    landed(client)
    assert len(tls_issuer.requests) == 1


class SlowHandshake(IssuerSite):
    """Sends the beginning of a TLS record, a byte at a time."""

    def _serve(self, connection):
        with connection:
            try:
                self.drip(connection, [b"\x16", b"\x03", b"\x03", b"\x40", b"\x00", *[b"\x02"] * 1000])
            except OSError:
                return


def test_tls_that_drips(service):
    with SlowHandshake(object()).serving() as site:
        client = service.trust(site.url, timeout=TIMEOUT)
        begun = time.monotonic()
        assert statuses(service.token()) == REFUSED
        assert time.monotonic() - begun < TIMEOUT + SLACK
        landed(client)


def test_a_connection_that_hangs(service):
    """A full backlog: nobody ever accepts."""
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as listener,
        socket.socket() as filler,
        socket.socket() as more,
    ):
        for taken in (filler, more):
            taken.setblocking(False)
            taken.connect_ex(listener.getsockname())
        service.trust(f"https://127.0.0.1:{listener.getsockname()[1]}/?{SECRET}", timeout=TIMEOUT)
        begun = time.monotonic()
        assert statuses(service.token()) == REFUSED
        assert time.monotonic() - begun < TIMEOUT + SLACK


def test_a_name_that_nobody_resolves_in_time(service, monkeypatch):
    answered = threading.Event()

    def hang(*_arguments, **_named):
        answered.wait(5)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    client = service.trust(f"https://issuer.example/?{SECRET}", timeout=TIMEOUT)
    begun = time.monotonic()
    assert statuses(service.token()) == REFUSED
    assert time.monotonic() - begun < TIMEOUT + SLACK
    answered.set()
    landed(client)
