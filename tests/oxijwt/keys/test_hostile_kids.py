"""Hostile headers against rings of several keys: only a token whose `kid` names the key that signed it is taken.

Each case is sent under every signature, right ones and wrong ones, to every endpoint: 401, or 200 where the case lists
the signer. A new case is one more line.
"""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from django.conf import settings as site
from jwt import PyJWS

from oxijwt.keys import file as key_file
from tests.client import as_json, base64url, bearer, blacklist_rows, claims, make_user, post
from tests.issuer import published
from tests.key_material import SECRET, jwk, other_private_key, pkcs8, private_key, secret_jwk, spki

pytestmark = pytest.mark.django_db


class Signer(NamedTuple):
    """What signs a token, and the header that its tokens usually have."""

    algorithm: str
    kid: str | None = None
    key: object = None
    sends: bool = True

    def header(self):
        kid = {} if self.kid is None else {"kid": self.kid}
        return {"alg": self.algorithm, "typ": "JWT"} | kid

    def token(self, header, payload):
        signing_input = f"{base64url(as_json(header))}.{base64url(as_json(payload))}"
        return f"{signing_input}.{base64url(self._signature(signing_input.encode()))}"

    def _signature(self, signing_input):
        if self.key is None:
            return b""
        algorithm = PyJWS().get_algorithm_by_name(self.algorithm)
        # PyJWT refuses a PEM as a secret when it prepares one, not when it signs.
        prepared = self.key.encode() if isinstance(self.key, str) else algorithm.prepare_key(self.key)
        return algorithm.sign(signing_input, prepared)


SIGNERS = {
    "hs": Signer("HS256", "hs", SECRET),
    "es": Signer("ES256", "es", private_key("ES256")),
    "ed": Signer("EdDSA", "ed", private_key("EdDSA")),
    "legacy": Signer("HS256", None, site.SECRET_KEY),
    # Nobody's: each pretends to be one of ours.
    "a stranger": Signer("ES256", "es", other_private_key("ES256")),
    "the public key as a secret": Signer("HS256", "es", spki(private_key("ES256"))),
    "the public JWK as a secret": Signer("HS256", "ed", json.dumps(jwk("EdDSA", private_key("EdDSA").public_key()))),
    "an empty secret": Signer("HS256", "hs", ""),
    "nothing": Signer("HS256", "hs"),
}
OURS = frozenset({"hs", "es", "ed"})
ALL = OURS | {"legacy"}
SHOWN_LENGTH = 48


class Case(NamedTuple):
    """`change` makes another header (members, or bytes) of a signer's; `accepted` are the signers who may do that."""

    name: str
    change: object
    accepted: frozenset = frozenset()


def members(name, accepted=frozenset(), **changed):
    return Case(name, lambda header: header | changed, accepted)


def unread(name, **changed):
    """A member from which no key is ever taken."""
    return members(name, ALL, **changed)


def shown(value):
    text = ascii(value)
    return text if len(text) < SHOWN_LENGTH else f"{text[:8]}… of {len(text)}"


def kid(value):
    return members(f"kid {shown(value)}", kid=value)


def alg(value, *accepted):
    return members(f"alg {shown(value)}", frozenset(accepted), alg=value)


def raw_kid(text):
    """A `kid` as no serializer would write it."""
    return Case(f"kid {text[:40]}", lambda header: as_json(header | {"kid": 0}).replace(b'"kid":0', text.encode()))


def without_kid(header):
    return {name: value for name, value in header.items() if name != "kid"}


def escaped(header):
    return as_json(header).replace(b'"kid"', rb'"\u006bid"').replace(b'":"e', b'":"\\u0065')


def attackers_jwk():
    return published("es", other=True)


TEXTS = [
    *("", " ", "hs ", " hs", "HS", "hs\0", "hs\n", "h", "hss", "hs,es", "hs es", "*", "%", "0", "-1", "none", "null"),
    *("../../../../dev/null", "/proc/self/environ", "file:///etc/passwd", "http://169.254.169.254/latest/meta-data"),
    *("' OR '1'='1", "x' UNION SELECT 'k';--", "| id", "$(id)", "%00", "%s", "{0.__class__}", "{{7*7}}", "__class__"),
    *("\u202ehs", "\uff48\uff53", "hs\u0301", "\U0001f511", "\ud83d\ude00\x7f", "a" * 255, "a" * 256, "é" * 2_000),
    *("a" * 8_000, "\0" * 2_000, "a" * 20_000),
]
VALUES = [None, True, False, 0, 1, -1, 1.5, 10**400, [], ["hs"], {}, {"kid": "hs"}, [["hs"]], "deep"]
DEEP = [[]]
for _level in range(40):
    DEEP = [DEEP]

CASES = [
    Case("untouched", dict, ALL),
    Case("escaped", escaped, ALL),
    Case("no kid", without_kid, frozenset({"legacy"})),
    *map(kid, TEXTS),
    *(kid(DEEP if value == "deep" else value) for value in VALUES),
    raw_kid(r'"kid":"\ud800"'),
    raw_kid('"kid":1e400'),
    raw_kid('"kid":NaN'),
    raw_kid('"kid":hs'),
    raw_kid('"kid":"hs","kid":"es"'),
    raw_kid('"kid":"es","\\u006bid":"es"'),
    Case("a neighbour's kid", lambda header: header | {"kid": {"hs": "es", "es": "ed"}.get(header.get("kid"), "hs")}),
    Case("kid in capitals", lambda header: without_kid(header) | {"KID": "hs"}, frozenset({"legacy"})),
    *map(alg, ["none", "None", "nOnE", "", "hs256", "HS256 ", "HS384", "HS512", "RS256", "PS256", "ES384", "ES256K"]),
    *map(alg, ["dir", "A" * 5_000, None, [], {}, 0, ["HS256"], True]),
    alg("HS256", "hs", "legacy"),
    alg("ES256", "es"),
    alg("EdDSA", "ed"),
    alg("Ed25519", "ed"),  # its other name (RFC 9864)
    unread("jku", jku="https://attacker.example/jwks.json"),
    unread("jku of a file", jku="file:///etc/passwd"),
    unread("jku of the metadata service", jku="http://169.254.169.254/"),
    unread("jku that is none", jku=[None]),
    unread("x5u", x5u="https://attacker.example/cert.pem"),
    unread("x5u of an object", x5u={}),
    unread("jwk of an attacker", jwk=attackers_jwk()),
    unread("jwk of a secret", jwk=secret_jwk("the attacker's" * 4)),
    unread("jwk that is none", jwk="jwk"),
    unread("x5c", x5c=[base64.b64encode(b"certificate").decode()]),
    unread("x5t", x5t="AAAA", **{"x5t#S256": "AAAA"}),
    unread("unknown members", cty="JWT", x={"y": [1]}),
    members("crit kid", crit=["kid"]),
    members("crit empty", crit=[]),
    members("b64 false", b64=False, crit=["b64"]),
    members("zip", zip="DEF"),
    members("enc", enc="A128GCM"),
    Case("no object", lambda _header: b'["HS256"]'),
    Case("no JSON", lambda _header: b"\xff\xfe"),
    Case("empty", lambda _header: b""),
    Case("two objects", lambda header: as_json(header) * 2),
]


KEYS = [
    {"kid": "hs", "algorithm": "HS256", "signing_key": SECRET},
    {"kid": "es", "algorithm": "ES256", "signing_key": pkcs8(private_key("ES256"))},
    {"kid": "ed", "algorithm": "EdDSA", "signing_key": pkcs8(private_key("EdDSA"))},
]


def in_settings(_directory):
    return {"KEYS": KEYS}


def beside_the_legacy_key(_directory):
    return {"KEYS": KEYS, "LEGACY_KEY_UNTIL": datetime.now(UTC) + timedelta(hours=1)}


def in_a_file(directory):
    jwks = [
        secret_jwk() | {"kid": "hs", "alg": "HS256"},
        jwk("ES256", private_key("ES256")) | {"kid": "es", "alg": "ES256"},
        jwk("EdDSA", private_key("EdDSA")) | {"kid": "ed", "alg": "EdDSA"},
    ]
    path = directory / "keys.json"
    path.touch(0o600)
    path.write_text(json.dumps({"keys": jwks}))
    return {"KEY_FILE": path}


RINGS = (in_settings, beside_the_legacy_key, in_a_file)


@pytest.fixture
def user():
    return make_user()


@pytest.fixture(params=RINGS, ids=lambda ring: ring.__name__)
def ring(request, settings, tmp_path):
    settings.SIMPLE_JWT = request.param(tmp_path)
    return request.param


ENDPOINTS = {
    "whoami": lambda access, _refresh: bearer(access),
    "stateless": lambda access, _refresh: bearer(access, "stateless"),
    "verify": lambda access, _refresh: post("token_verify", {"token": access}),
    "refresh": lambda _access, refresh: post("token_refresh", {"refresh": refresh}),
    "blacklist": lambda _access, refresh: post("token_blacklist", {"refresh": refresh}),
}


def answers(tokens):
    """The status of each endpoint, with the `code` of a refusal."""
    responses = {name: send(*tokens) for name, send in ENDPOINTS.items()}
    return {name: (answer.status_code, answer.json().get("code")) for name, answer in responses.items()}


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_header_is_taken_from_who_may_write_it(ring, user, case):
    taken = case.accepted if ring is beside_the_legacy_key else case.accepted - {"legacy"}
    for name, signer in SIGNERS.items():
        header = case.change(signer.header())
        tokens = [signer.token(header, claims(kind, user_id=str(user.pk))) for kind in ("access", "refresh")]
        rows = blacklist_rows()
        expected = (200, None) if name in taken else (401, "token_not_valid")
        assert answers(tokens) == dict.fromkeys(ENDPOINTS, expected), name
        assert (blacklist_rows() != rows) == (name in taken), name


def test_unknown_kids_read_the_file_not_once_more(settings, tmp_path, user, monkeypatch):
    settings.SIMPLE_JWT = in_a_file(tmp_path)
    by, contents = SIGNERS["es"], claims("access", user_id=str(user.pk))
    good = by.token(by.header(), contents)
    assert bearer(good).status_code == 200
    reads = []
    really = key_file.read_content
    monkeypatch.setattr(key_file, "read_content", lambda path: reads.append(path) or really(path))
    for number in range(200):
        assert bearer(by.token(by.header() | {"kid": f"random {number}"}, contents)).status_code == 401
    assert reads == []
    assert bearer(good).status_code == 200
    # The count counts: another file is read, once.
    path = settings.SIMPLE_JWT["KEY_FILE"]
    path.write_text(path.read_text() + "\n")
    for number in range(200):
        assert bearer(by.token(by.header() | {"kid": f"random {number}"}, contents)).status_code == 401
    assert reads == [path]
