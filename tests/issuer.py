"""Issuers for tests: a site on the loopback that does with a connection whatever a test says, and counts requests."""

import json
import socket
import ssl
import threading
import time
from contextlib import contextmanager, suppress
from secrets import token_hex

import jwt

from tests import key_material as material

SECRET = "the-secret-of-the-URL"


class IssuerSite:
    """`answer` is bytes to send, or a function of the connection. `url` has SECRET in its query."""

    def __init__(self, context=None):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._context = context
        self._threads = []
        self.stopped = threading.Event()
        self.requests = []
        self.answer = b""
        scheme = "http" if context is None else "https"
        # Ports are used again, and clients are kept by URL.
        path = f"{token_hex(4)}/jwks.json?key={SECRET}"
        self.url = f"{scheme}://localhost:{self._listener.getsockname()[1]}/{path}"

    def publish(self, *jwks, **headers):
        self.answer = response(json.dumps({"keys": jwks}).encode(), **headers)

    @contextmanager
    def serving(self):
        accepting = threading.Thread(target=self._accept)
        accepting.start()
        try:
            yield self
        finally:
            self.stopped.set()
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            for thread in [accepting, *self._threads]:
                thread.join()

    def _accept(self):
        while not self.stopped.is_set():
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection):
        # The client hangs up on what it doesn't like.
        with suppress(OSError), connection:
            connection.settimeout(5)
            if self._context is None:
                self._respond(connection)
            else:
                with self._context.wrap_socket(connection, server_side=True) as tls:
                    self._respond(tls)

    def _respond(self, connection):
        request = b""
        while b"\r\n\r\n" not in request:
            piece = connection.recv(65536)
            if not piece:
                return
            request += piece
        self.requests.append(request.decode())
        if isinstance(self.answer, bytes):
            connection.sendall(self.answer)
        else:
            self.answer(connection)

    def drip(self, connection, pieces):
        """Send pieces at intervals that no time-out of a single read notices, until the client has hung up."""
        for piece in pieces:
            connection.sendall(piece)
            if self.stopped.wait(0.03):
                return


def response(body, status="200 OK", **headers):
    """The bytes of an answer; `Cache_Control` names the header Cache-Control."""
    fields = {"Content_Type": "application/jwk-set+json", "Content_Length": str(len(body))} | headers
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in fields.items() if value is not None]
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode() + body


def published(kid, algorithm="ES256", *, other=False, **members):
    """A public JWK."""
    key = (material.other_private_key if other else material.private_key)(algorithm)
    jwk = material.jwk(algorithm, key.public_key()) | {"use": "sig", "alg": algorithm} | members
    return jwk if kid is None else jwk | {"kid": kid}


def signed(claims, kid=None, algorithm="ES256", *, other=False, **headers):
    """A token by the key that `published` publishes."""
    key = (material.other_private_key if other else material.private_key)(algorithm)
    named = {} if kid is None else {"kid": kid}
    # PyJWT's own layer of claims refuses some that are to be sent.
    return jwt.PyJWS().encode(json.dumps(claims).encode(), key, algorithm, headers=named | headers)


def tls_site(certificate):
    """An issuer on https with this PEM file of key and certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return IssuerSite(context)


HERE = "https://here.example"
"""The audience that the issuers' tokens are for."""

NAMES = ("https://a.example", "https://b.example")


class OtherIssuers:
    """Two issuers in ISSUERS: the first signs with the first ES256 key, the second with the second, both as `k`."""

    def __init__(self, sites):
        self.sites = dict(zip(NAMES, sites, strict=True))
        for name, site in self.sites.items():
            site.publish(published("k", other=name == NAMES[1]))
        self.setting = {
            name: {"jwk_url": site.url, "algorithms": ["ES256"], "audience": HERE} for name, site in self.sites.items()
        }

    def token(self, claims, name=NAMES[0], **options):
        """A token as the issuer of that name makes it, unless `claims` or `options` say otherwise."""
        good = {"iss": name, "aud": HERE, "exp": int(time.time()) + 300} | claims
        kept = {claim: value for claim, value in good.items() if value is not None}
        return signed(kept, options.pop("kid", "k"), **{"other": name == NAMES[1]} | options)
