"""Hostile tokens: each spoils one thing of a good one. The signature is right unless the case is about it.

A new case is one more line. A place may take a token only where the case lists it with a reason, and a listed place
that refuses it fails the test as well.
"""

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Callable, Mapping
from functools import cache
from itertools import product
from typing import Any, NamedTuple

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from django.conf import settings

from tests.client import HS256_HEADER, MISSING, as_json, base64url, forge

from .places import BY_ACCESS, BY_COOKIE, ENDING, at, everywhere

LONGEST_TOKEN = 16_384
DEEP = 33
NOW = int(time.time())
JSON_MEMBERS = ("protected", "payload", "signature")

NO_FIELD = 400
"""What DRF's CharField answers before a token is looked at."""

VERIFY_ONLY = "takes tokens of any type"
NO_USER_READ = "looks at no user"
NOBODYS_LOGOUT = "a user who is gone can still log out"
OWN_SESSION_ONLY = "whatever its time, id and generation, a refresh token ends its own session, and nothing else"
PERIOD_UNREAD = "only a sliding refresh reads it"
ONE_KEY = "kid only selects among our keys, and there is one"
KEY_UNREAD = "no key is ever taken from a header: our own key made this signature"
TRIMMED = "DRF's CharField trims blanks"
UNQUOTED = "Django takes the quotes off a cookie"
NO_SESSION_READ = "reads no session"


class Token(NamedTuple):
    """A way to spoil a good token.

    `accepted_at`: the places that take it, with the reason. `in_body`: the status where a body carries it.
    `configured`: settings of SIMPLE_JWT that it needs. `codes`: the `code` in a refusal, if it matters which.
    `refused_at`: the one place that refuses a right token.
    """

    name: str
    make: Callable[[Any], str]
    accepted_at: Mapping[str, str] = {}
    in_body: int = 401
    configured: Callable[[], Mapping[str, Any]] = dict
    codes: frozenset[str] = frozenset()
    in_sessions_only: bool = False
    refused_at: str = ""


def text(name, spoil, **options):
    """The text of a good token, spoilt."""
    return Token(name, lambda good: spoil(good.token), **options)


def parts(name, edit, **options):
    """The header, payload and signature of a good token, put together otherwise."""
    return Token(name, lambda good: edit(*good.token.split(".")), **options)


def header(name, value, accepted_at=None):
    """Another header: a value that becomes JSON, or bytes."""
    return Token(f"header: {name}", lambda good: forge(good.payload, value), accepted_at or {})


def member(name, accepted_at=None, **members):
    """The usual header with more members."""
    return header(name, HS256_HEADER | members, accepted_at)


def payload(name, value):
    """Another payload: a value that becomes JSON, or bytes."""
    return Token(f"payload: {name}", lambda good: forge(value))


def claim(name, changes, raw="", accepted_at=None):
    """Claims changed (MISSING takes one out, a callable is given the good token), or written as no serializer would."""
    return Token(name, lambda good: forge(_changed(good, changes, raw)), accepted_at or {})


def _changed(good, changes, raw):
    made = {name: value(good) if callable(value) else value for name, value in changes.items()}
    claims = {name: value for name, value in (good.payload | made).items() if value is not MISSING}
    return as_json(claims)[:-1] + f",{raw}}}".encode() if raw else as_json(claims)


def from_now(seconds):
    """A time counted from the token's own, in seconds."""
    return lambda good: good.payload["iat"] + seconds


# Text that is no compact serialization, or not ours

FORMS = [
    text("a word", lambda _token: "garbage"),
    text("a dot", lambda _token: "."),
    text("two dots", lambda _token: ".."),
    text("three dots", lambda _token: "..."),
    parts("one dot", lambda header, payload, _signature: f"{header}.{payload}"),
    text("four parts", lambda token: f"{token}.e30"),
    text("five parts", lambda token: f"{token}.e30.e30"),
    text("a dot at the end", lambda token: f"{token}."),
    text("a dot at the start", lambda token: f".{token}"),
    text("two tokens", lambda token: f"{token}.{token}"),
    text("two tokens and a comma", lambda token: f"{token},{token}"),
    text("a JWE of nothing", lambda _token: "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..YQ.YQ.YQ"),
    parts("no signature", lambda header, payload, _signature: f"{header}.{payload}."),
    parts("no payload", lambda header, _payload, signature: f"{header}..{signature}"),
    parts("no header", lambda _header, payload, signature: f".{payload}.{signature}"),
    parts("header twice", lambda header, _payload, signature: f"{header}.{header}.{signature}"),
    parts("parts the other way round", lambda header, payload, signature: f"{signature}.{payload}.{header}"),
    parts("payload first", lambda header, payload, signature: f"{payload}.{header}.{signature}"),
    text("cut signature", lambda token: token[:-2]),
    text("cut by one letter", lambda token: token[:-1]),
    parts("half a signature", lambda header, payload, signature: f"{header}.{payload}.{signature[:22]}"),
    parts("a byte of signature", lambda header, payload, _signature: f"{header}.{payload}.AA"),
    parts("a letter of signature", lambda header, payload, _signature: f"{header}.{payload}.A"),
    parts("signature of zeros", lambda header, payload, _signature: f"{header}.{payload}.{'A' * 43}"),
    parts("signature twice", lambda header, payload, signature: f"{header}.{payload}.{signature}{signature}"),
    text("longer signature", lambda token: token + "AAAA"),
    text("padded signature", lambda token: token + "="),
    text("padding escaped", lambda token: token + "%3D"),
    parts("padded parts", lambda *parts: ".".join(part + "=" * (-len(part) % 4) for part in parts)),
    parts("padded header", lambda header, payload, signature: f"{header}====.{payload}.{signature}"),
    text("stray bits", lambda token: token[:-1] + chr(ord(token[-1]) + 1)),
    parts("no base64", lambda header, payload, signature: f"{header}.{payload}.{signature[:-1]}!"),
    parts("header no base64", lambda header, payload, signature: f"{header[:-1]}!.{payload}.{signature}"),
    parts("payload no base64", lambda header, payload, signature: f"{header}.{payload[:-1]}!.{signature}"),
    parts("standard alphabet", lambda header, payload, _signature: f"{header}.{payload}.{'+/' * 21}A"),
    parts("blank within", lambda header, payload, signature: f"{header}.{payload[:9]}\x85{payload[9:]}.{signature}"),
    parts(
        "line break in base64",
        lambda header, payload, signature: f"{header}.{payload[:76]}\x0b{payload[76:]}.{signature}",
    ),
    parts("another payload", lambda header, _payload, signature: f"{header}.e30.{signature}"),
    parts(
        "payload of one claim more", lambda header, payload, signature: f"{header}.{_with_admin(payload)}.{signature}"
    ),
    parts("another header", lambda _header, payload, signature: f"{base64url(b'{}')}.{payload}.{signature}"),
    parts("header with a blank", lambda header, payload, signature: f"{base64url(b' ')}{header}.{payload}.{signature}"),
    parts("parts in base64 twice", lambda *parts: ".".join(base64url(part.encode()) for part in parts)),
    parts("parts as JSON", lambda header, payload, signature: f"{_plain(header)}.{_plain(payload)}.{signature}"),
    parts("signature in hexadecimal", lambda header, payload, signature: f"{header}.{payload}.{_hex(signature)}"),
    text("lower case", lambda token: token.lower()),
    text("upper case", lambda token: token.upper()),
    text("backwards", lambda token: token[::-1]),
    text("percent-encoded dots", lambda token: token.replace(".", "%2E")),
    text("quoted", lambda token: f'"{token}"', accepted_at=at(UNQUOTED, *BY_COOKIE)),
    text("in angle brackets", lambda token: f"<{token}>"),
    text("bytes literal", lambda token: f"b'{token}'"),
    text("as a form field", lambda token: f"access_token={token}"),
    text("Bearer before it", lambda token: f"Bearer {token}"),
    parts("flattened JSON serialization", lambda *parts: json.dumps(dict(zip(JSON_MEMBERS, parts, strict=True)))),
    parts("the same without blanks", lambda *parts: as_json(dict(zip(JSON_MEMBERS, parts, strict=True))).decode()),
    parts("general JSON serialization", lambda *parts: as_json(_general(*parts)).decode()),
    text("JSON array of it", lambda token: as_json([token]).decode()),
    text("20 KB of nothing", lambda _token: "a" * 20_000),
    text("20 KB of dots", lambda _token: "." * 20_000),
    text("a token and 20 KB more", lambda token: token + "A" * 20_000),
    text("a megabyte", lambda _token: "a" * 2**20),
    text("a number", lambda _token: "1" * 400),
    text("none", lambda _token: "None"),
    text("null", lambda _token: "null"),
    text("undefined", lambda _token: "undefined"),
    text("a template", lambda _token: "{{7*7}}${7*7}%s%n"),
    text("SQL", lambda _token: "' OR 1=1 --"),
    text("markup", lambda _token: "<script>alert(1)</script>"),
    text("non-ASCII letters", lambda token: token + "é"),
    text("letters outside Latin-1", lambda token: token + "名"),
    text("a dot of another script", lambda token: token.replace(".", "。")),
    text("fullwidth letters", lambda token: "".join(chr(ord(letter) + 0xFEE0) for letter in token)),
    text("zero-width space", lambda token: token.replace(".", "\u200b.", 1)),
    text("byte order mark", lambda token: "\ufeff" + token),
    text("right to left", lambda token: "\u202e" + token),
    text("soft hyphen", lambda token: token + "\xad"),
    text("empty", lambda _token: "", in_body=NO_FIELD),
    text("blank", lambda _token: " \t\n", in_body=NO_FIELD),
    text("NUL", lambda _token: "\0", in_body=NO_FIELD),
    text("NUL at the end", lambda token: token + "\0", in_body=NO_FIELD),
    text("NUL at the start", lambda token: "\0" + token, in_body=NO_FIELD),
    text("NUL within", lambda token: token.replace(".", ".\0", 1), in_body=NO_FIELD),
    text("lone surrogate", lambda token: token + "\ud800", in_body=NO_FIELD),
    text("blank within it", lambda token: token.replace(".", " .", 1)),
    text("line break within it", lambda token: token.replace(".", ".\n", 1)),
    text("escape character", lambda token: token + "\x1b[31m"),
]


def _with_admin(payload):
    return base64url(as_json(json.loads(_plain(payload)) | {"is_staff": True}))


def _plain(part):
    return base64.urlsafe_b64decode(part + "==").decode()


def _hex(part):
    return base64.urlsafe_b64decode(part + "==").hex()


def _general(protected, payload, signature):
    return {"payload": payload, "signatures": [{"protected": protected, "signature": signature}]}


# Headers under a right signature

HEADERS = [
    header("alg none", {"alg": "none"}),
    header("alg None", {"alg": "None"}),
    header("alg NONE", {"alg": "NONE"}),
    header("alg nOnE", {"alg": "nOnE", "typ": "JWT"}),
    header("alg with NUL", {"alg": "HS256\0"}),
    header("empty alg", {"alg": ""}),
    header("lower-case alg", {"alg": "hs256"}),
    header("alg with a blank", {"alg": "HS256 "}),
    header("HS384", {"alg": "HS384"}),
    header("HS512", {"alg": "HS512"}),
    header("RS256", {"alg": "RS256"}),
    header("ES256", {"alg": "ES256"}),
    header("EdDSA", {"alg": "EdDSA"}),
    header("unknown alg", {"alg": "HS1"}),
    header("alg by its URI", {"alg": "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"}),
    header("encryption's alg", {"alg": "dir"}),
    header("long alg", {"alg": "HS256" * 1_000}),
    header("no alg", {"typ": "JWT"}),
    header("ALG", {"ALG": "HS256"}),
    header("alg null", {"alg": None}),
    header("alg integer", {"alg": 256}),
    header("alg true", {"alg": True}),
    header("alg array", {"alg": ["HS256"]}),
    header("alg object", {"alg": {"HS256": 1}}),
    header("two algs", b'{"alg":"HS256","alg":"none"}'),
    header("two algs, none first", b'{"alg":"none","alg":"HS256"}'),
    header("two equal algs", b'{"alg":"HS256","alg":"HS256"}'),
    header("two algs, one escaped", rb'{"alg":"HS256","\u0061lg":"none"}'),
    header("two typs", b'{"alg":"HS256","typ":"JWT","typ":"JWT"}'),
    header("two members inside another", b'{"alg":"HS256","x":{"a":1,"a":1}}'),
    member("crit", crit=["exp"]),
    member("crit of nothing", crit=[]),
    member("crit null", crit=None),
    member("crit text", crit="exp"),
    member("crit of an unknown name", crit=["x"], x=1),
    member("crit of alg", crit=["alg"]),
    member("unencoded payload", b64=False, crit=["b64"]),
    member("b64 alone", b64=False),
    member("b64 true", b64=True),
    member("compressed", zip="DEF"),
    member("compression null", zip=None),
    member("encrypted", enc="A256GCM"),
    member("encryption null", enc=None),
    member("typ of a JWE", typ="JWE"),
    member("typ of a JOSE object", typ="JOSE"),
    member("typ of an id token", typ="id+jwt"),
    member("typ of a logout token", typ="logout+jwt"),
    member("typ of a security event", typ="secevent+jwt"),
    member("typ of DPoP", typ="dpop+jwt"),
    member("typ empty", typ=""),
    member("typ blank", typ=" "),
    member("typ with a blank", typ="JWT "),
    member("typ JWT with a parameter", typ="JWT;charset=utf-8"),
    member("typ of another tree", typ="text/jwt"),
    member("typ application twice", typ="application/application/jwt"),
    member("typ application alone", typ="application/"),
    member("typ NUL", typ="JWT\0"),
    member("typ fullwidth", typ="ＪＷＴ"),
    member("typ null", typ=None),
    member("typ integer", typ=1),
    member("typ true", typ=True),
    member("typ array", typ=["JWT"]),
    member("typ object", typ={"JWT": 1}),
    header("array", ["HS256"]),
    header("string", "HS256"),
    header("null", None),
    header("true", True),
    header("number", 256),
    header("empty object", {}),
    header("no JSON", b"{alg:HS256}"),
    header("nothing", b""),
    header("blank", b" "),
    header("single quotes", b"{'alg':'HS256'}"),
    header("a comma too many", b'{"alg":"HS256",}'),
    header("a comment", b'{"alg":"HS256"/* */}'),
    header("more after it", b'{"alg":"HS256"}{}'),
    header("byte order mark", b'\xef\xbb\xbf{"alg":"HS256"}'),
    header("invalid UTF-8", b'{"alg":"HS256","x":"\xff"}'),
    header("UTF-16", '{"alg":"HS256"}'.encode("utf-16")),
    header("UTF-32", '{"alg":"HS256"}'.encode("utf-32")),
    header("lone surrogate", b'{"alg":"HS256","x":"\\ud800"}'),
    header("NUL", b'{"alg":"HS256"}\0'),
    header("NaN", b'{"alg":"HS256","x":NaN}'),
    header("float too large", b'{"alg":"HS256","x":1e400}'),
    header("deep", b'{"alg":"HS256","x":' + b"[" * DEEP + b"]" * DEEP + b"}"),
    header("very deep", b'{"alg":"HS256","x":' + b"[" * 10_000),
    header("12 KB of members", {"alg": "HS256"} | {f"x{number}": number for number in range(1_200)}),
    member("kid", everywhere(ONE_KEY), kid="1"),
    member("kid empty", everywhere(ONE_KEY), kid=""),
    member("kid a path", everywhere(ONE_KEY), kid="../../../../../../dev/null"),
    member("kid SQL", everywhere(ONE_KEY), kid="x' UNION SELECT 'secret'; --"),
    member("kid a command", everywhere(ONE_KEY), kid="$(id)|id;`id`"),
    member("kid a URL", everywhere(ONE_KEY), kid="http://127.0.0.1/key"),
    member("kid NUL", everywhere(ONE_KEY), kid="\0"),
    member("kid null", kid=None),
    member("kid integer", kid=1),
    member("kid float", kid=1.5),
    member("kid true", kid=True),
    member("kid array", kid=["1"]),
    member("kid object", kid={"1": 1}),
    member("jwk beside our signature", everywhere(KEY_UNREAD), jwk={"kty": "oct", "k": "YQ"}),
    member("jku beside our signature", everywhere(KEY_UNREAD), jku="http://127.0.0.1:1/jwks"),
    member("x5u beside our signature", everywhere(KEY_UNREAD), x5u="http://127.0.0.1:1/x5u"),
    member("x5c beside our signature", everywhere(KEY_UNREAD), x5c=["AAAA"]),
]

NO_REFRESH_TOKEN = at("an access token, and where any type will do", "verify…", "session verify…", *BY_ACCESS)

ACCESS_TYPS = [
    member("typ of an access token", NO_REFRESH_TOKEN, typ="at+jwt"),
    member("typ of an access token, upper case", NO_REFRESH_TOKEN, typ="AT+JWT"),
    member("typ of an access token, in full", NO_REFRESH_TOKEN, typ="application/at+jwt"),
    member("typ of an access token, in full upper case", NO_REFRESH_TOKEN, typ="APPLICATION/AT+JWT"),
    member("typ of an access token, in mixed case", NO_REFRESH_TOKEN, typ="Application/At+Jwt"),
    Token(
        "header: typ of an access token, and expired",
        lambda good: forge(good.payload | {"exp": 1}, HS256_HEADER | {"typ": "at+jwt"}),
    ),
]


# Signatures of somebody else's key, and keys brought along


def attacker(name, members=None, key="attacker's key, which is long enough for HS256", alg="HS256"):
    """A token under an HMAC that the attacker chose, with header members that point to its key."""
    digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[alg]

    def make(good):
        return _jws(
            {"alg": alg, "typ": "JWT"} | (members or {}),
            good.payload,
            lambda data: hmac.digest(key.encode(), data, digest),
        )

    return Token(f"signature: {name}", make)


def _jws(header, payload, sign):
    signing_input = f"{base64url(as_json(header))}.{base64url(as_json(payload))}"
    return f"{signing_input}.{base64url(sign(signing_input.encode()))}"


ATTACKERS_KEY = "attacker's key, which is long enough for HS256"
ATTACKERS_OCT = {"kty": "oct", "k": base64url(ATTACKERS_KEY.encode())}

SIGNATURES = [
    Token("alg none, unsigned", lambda good: _jws({"alg": "none"}, good.payload, lambda data: b"")),
    text("alg none, unsigned and empty", lambda _token: f"{base64url(as_json({'alg': 'none'}))}.e30."),
    Token("alg None, unsigned", lambda good: _jws({"alg": "None", "typ": "JWT"}, good.payload, lambda data: b"")),
    Token("HS256, unsigned", lambda good: _jws(HS256_HEADER, good.payload, lambda data: b"")),
    attacker("of an empty key", key=""),
    attacker("of NULs", key="\0" * 32),
    attacker("of the word secret", key="secret"),
    attacker("of another key"),
    Token("signature: HS512 of our key", lambda good: _ours(good, "HS512", hashlib.sha512)),
    Token("signature: HS384 of our key", lambda good: _ours(good, "HS384", hashlib.sha384)),
    Token("signature: SHA-512 under HS256", lambda good: _ours(good, "HS256", hashlib.sha512)),
    Token("signature: SHA-256 of key and text", lambda good: _jws(HS256_HEADER, good.payload, _concatenated)),
    attacker("jwk of the key", {"jwk": ATTACKERS_OCT}),
    attacker("jwk of the key, with kid", {"jwk": ATTACKERS_OCT | {"kid": "1"}, "kid": "1"}),
    attacker("jwk as text", {"jwk": json.dumps(ATTACKERS_OCT)}),
    attacker("jwks of the key", {"jwks": {"keys": [ATTACKERS_OCT]}}),
    attacker("jku", {"jku": "http://127.0.0.1:1/jwks.json", "kid": "1"}),
    attacker("jku a file", {"jku": "file:///dev/null"}),
    attacker("jku data", {"jku": "data:application/json," + json.dumps({"keys": [ATTACKERS_OCT]})}),
    attacker("x5u", {"x5u": "http://127.0.0.1:1/cert.pem"}),
    attacker("x5c", {"x5c": [base64.b64encode(ATTACKERS_KEY.encode()).decode()]}),
    attacker("x5t", {"x5t": base64url(hashlib.sha1(ATTACKERS_KEY.encode(), usedforsecurity=False).digest())}),
    attacker("kid is the key", {"kid": ATTACKERS_KEY}),
    attacker("kid /dev/null, empty key", {"kid": "../../../../../../../dev/null"}, key=""),
    attacker("kid SQL that selects the key", {"kid": f"x' UNION SELECT '{ATTACKERS_KEY}"}),
    attacker("kid null, empty key", {"kid": None}, key=""),
]


def _ours(good, alg, digest):
    key = settings.SECRET_KEY.encode()
    return _jws({"alg": alg, "typ": "JWT"}, good.payload, lambda data: hmac.digest(key, data, digest))


def _concatenated(data):
    return hashlib.sha256(settings.SECRET_KEY.encode() + data).digest()


# The same on a site that signs with a key pair


@cache
def rsa_key(owner):
    """An RSA key for each name."""
    return rsa.generate_private_key(65537, 2048)


@cache
def ec_key(owner):
    """A P-256 key for each name."""
    return ec.generate_private_key(ec.SECP256R1())


def pem(key):
    """The public key as PEM."""
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def der(key):
    """The public key as DER."""
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _private(key):
    encoding = serialization.Encoding.PEM
    return key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


def _with_pair(algorithm, key):
    return {"ALGORITHM": algorithm, "SIGNING_KEY": _private(key), "VERIFYING_KEY": pem(key).decode()}


def under_rsa():
    """Settings of a site that signs with RS256."""
    return _with_pair("RS256", rsa_key("ours"))


def under_ec():
    """Settings of a site that signs with ES256."""
    return _with_pair("ES256", ec_key("ours"))


def confused(name, secret, alg="HS256"):
    """The oldest JWT attack: the verifier's public key used as an HMAC secret."""

    def make(good):
        return _jws({"alg": alg, "typ": "JWT"}, good.payload, lambda data: hmac.digest(secret(), data, hashlib.sha256))

    return Token(f"RS256: {name}", make, configured=under_rsa)


def by_rsa(name, owner="attacker", members=None, alg="RS256", sign=None):
    """A token that an RSA key signed, with header members that point to it."""

    def make(good):
        more = members(rsa_key(owner)) if members else {}
        sign_with = sign or (lambda key, data: key.sign(data, padding.PKCS1v15(), hashes.SHA256()))
        return _jws({"alg": alg, "typ": "JWT"} | more, good.payload, lambda data: sign_with(rsa_key(owner), data))

    return Token(f"RS256: {name}", make, configured=under_rsa)


def by_ec(name, sign, accepted_at=None):
    """A token whose ES256 signature is made of the right r and s."""

    def make(good):
        def signature(data):
            right = ec_key("ours").sign(data, ec.ECDSA(hashes.SHA256()))
            return sign(right, *decode_dss_signature(right))

        return _jws({"alg": "ES256", "typ": "JWT"}, good.payload, signature)

    return Token(f"ES256: {name}", make, accepted_at or {}, configured=under_ec)


def _rs(r, s):
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _rsa_jwk(key):
    numbers = key.public_key().public_numbers()
    return {"kty": "RSA", "e": "AQAB", "n": base64url(numbers.n.to_bytes(256, "big"))}


def _pss(key, data):
    return key.sign(data, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())


P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

KEY_PAIRS = [
    confused("HMAC over the public key", lambda: pem(rsa_key("ours"))),
    confused("HMAC over it, stripped", lambda: pem(rsa_key("ours")).strip()),
    confused("HMAC over its DER", lambda: der(rsa_key("ours"))),
    confused("HMAC over its JWK", lambda: as_json(_rsa_jwk(rsa_key("ours")))),
    confused("HMAC over it under RS256", lambda: pem(rsa_key("ours")), alg="RS256"),
    confused("HMAC over it, stripped, under RS256", lambda: pem(rsa_key("ours")).strip(), alg="RS256"),
    confused("HMAC of the Django secret", settings.SECRET_KEY.encode),
    by_rsa("another key"),
    by_rsa("another key, jwk", members=lambda key: {"jwk": _rsa_jwk(key)}),
    by_rsa("another key, jwk with kid", members=lambda key: {"jwk": _rsa_jwk(key) | {"kid": "1"}, "kid": "1"}),
    by_rsa("another key, jku", members=lambda key: {"jku": "http://127.0.0.1:1/jwks.json", "kid": "1"}),
    by_rsa("another key, x5u", members=lambda key: {"x5u": "http://127.0.0.1:1/cert.pem"}),
    by_rsa("another key, x5c", members=lambda key: {"x5c": [base64.b64encode(der(key)).decode()]}),
    by_rsa("alg none", "ours", alg="none"),
    by_rsa("alg RS512 over SHA-256", "ours", alg="RS512"),
    by_rsa("alg PS256 of our key", "ours", alg="PS256", sign=_pss),
    by_rsa("a PSS signature under RS256", "ours", sign=_pss),
    by_rsa("signature of zeros", "ours", sign=lambda key, data: bytes(256)),
    by_rsa("signature of one", "ours", sign=lambda key, data: bytes(255) + b"\x01"),
    by_rsa("signature too long", "ours", sign=lambda key, data: bytes(257)),
    by_rsa("no signature", "ours", sign=lambda key, data: b""),
    by_ec("zeros", lambda right, r, s: bytes(64)),
    by_ec("r zero", lambda right, r, s: _rs(0, s)),
    by_ec("s zero", lambda right, r, s: _rs(r, 0)),
    by_ec("the order", lambda right, r, s: _rs(P256_ORDER, P256_ORDER)),
    by_ec("r and s changed about", lambda right, r, s: _rs(s, r)),
    by_ec("r and the order", lambda right, r, s: _rs(r + P256_ORDER if r + P256_ORDER < 2**256 else r, s - 1)),
    by_ec("DER", lambda right, r, s: right),
    by_ec("a byte more", lambda right, r, s: _rs(r, s) + b"\0"),
    by_ec("no signature", lambda right, r, s: b""),
    by_ec(
        "the other s",
        lambda right, r, s: _rs(r, P256_ORDER - s),
        everywhere("ECDSA takes s and n-s alike (RFC 7518 section 3.4); nothing is known by its signature"),
    ),
]


# Payloads under a right signature

PAYLOADS = [
    payload("array", []),
    payload("array of claims", [["exp", 9e9]]),
    payload("array of objects", [{"exp": 9999999999}]),
    payload("string", "claims"),
    payload("number", 1),
    payload("null", None),
    payload("true", True),
    payload("empty object", {}),
    payload("nothing", b""),
    payload("blank", b" "),
    payload("no JSON", b"{exp:9e9}"),
    payload("single quotes", b"{'exp':9e9}"),
    payload("cut", b'{"exp":9e9'),
    payload("more after it", b'{"exp":9999999999}{}'),
    payload("byte order mark", b'\xef\xbb\xbf{"exp":9999999999}'),
    payload("UTF-16", '{"exp":9999999999}'.encode("utf-16")),
    payload("UTF-32", '{"exp":9999999999}'.encode("utf-32")),
    payload("invalid UTF-8", b'{"exp":9e9,"x":"\xff"}'),
    payload("overlong UTF-8", b'{"exp":9e9,"x":"\xc0\x80"}'),
    payload("surrogates in UTF-8", b'{"exp":9e9,"x":"\xed\xa0\x80"}'),
    payload("beyond Unicode", b'{"exp":9e9,"x":"\xf4\x90\x80\x80"}'),
    payload("NUL after it", b'{"exp":9999999999}\0'),
    payload("very deep", b"[" * 10_000),
    payload("very deep object", b'{"a":' * 2_000),
    payload("compressed", b"x\x9c\xabV*I\xad(Q\xb2\x02\x00\x0b\x9b\x02\xac"),
    payload("CBOR", b"\xa1\x04\x1b\x00\x00\x00\x02T\x0b\xe3\xff"),
    payload("a form", b"exp=9999999999&user_id=1"),
    payload("a token", b"eyJhbGciOiJub25lIn0.e30."),
]


# Registered claims

ENDS_OWN = at(OWN_SESSION_ONLY, "session logout local", "session blacklist")

CLAIMS = [
    claim("exp missing", {"exp": MISSING}, accepted_at=ENDS_OWN),
    claim("exp null", {"exp": None}),
    claim("exp string", {"exp": "9999999999"}),
    claim("exp date", {"exp": "2999-01-01T00:00:00Z"}),
    claim("exp empty string", {"exp": ""}),
    claim("exp true", {"exp": True}),
    claim("exp false", {"exp": False}),
    claim("exp array", {"exp": [9999999999]}),
    claim("exp object", {"exp": {"seconds": 9999999999}}),
    claim("exp now", {"exp": from_now(0)}, accepted_at=ENDS_OWN),
    claim("exp just past", {"exp": from_now(-0.5)}, accepted_at=ENDS_OWN),
    claim("exp zero", {"exp": 0}, accepted_at=ENDS_OWN),
    claim("exp negative", {"exp": -1}, accepted_at=ENDS_OWN),
    claim("exp minus zero", {"exp": -0.0}, accepted_at=ENDS_OWN),
    claim("exp before year 1", {"exp": -(10**12)}),
    claim("exp in milliseconds", {"exp": from_now(10**15)}),
    claim("exp after year 9999", {"exp": 253402300800}),
    claim("exp 2**63", {"exp": 2**63}),
    claim("exp 10**30", {"exp": 10**30}),
    claim("exp 10**400", {"exp": 10**400}),
    claim("exp 1e300", {"exp": 1e300}),
    claim("exp 1e400", {"exp": MISSING}, '"exp": 1e400'),
    claim("exp -1e400", {"exp": MISSING}, '"exp": -1e400'),
    claim("exp 1e-400", {"exp": MISSING}, '"exp": 1e-400', accepted_at=ENDS_OWN),
    claim("exp NaN", {"exp": float("nan")}),
    claim("exp Infinity", {"exp": float("inf")}),
    claim("exp -Infinity", {"exp": float("-inf")}),
    claim("exp of 5000 digits", {"exp": MISSING}, f'"exp": {"9" * 5000}'),
    claim("exp hexadecimal", {"exp": MISSING}, '"exp": 0xfffffffff'),
    claim("exp leading zero", {"exp": MISSING}, '"exp": 09999999999'),
    claim("exp leading plus", {"exp": MISSING}, '"exp": +9999999999'),
    claim("exp ending in a point", {"exp": MISSING}, '"exp": 9999999999.'),
    claim("exp with a thousands sign", {"exp": MISSING}, '"exp": 9_999_999_999'),
    claim("exp in fullwidth digits", {"exp": MISSING}, '"exp": ９９９９９９９９９９'),
    claim("exp twice", {}, '"exp": 9999999999'),
    claim("exp twice, once escaped", {}, r'"\u0065xp": 9999999999'),
    claim("EXP", {"exp": MISSING, "EXP": 9999999999}, accepted_at=ENDS_OWN),
    claim("exp with a blank", {"exp": MISSING, "exp ": 9999999999}, accepted_at=ENDS_OWN),
    claim("nbf ahead", {"nbf": from_now(3600)}, accepted_at=ENDS_OWN),
    claim("nbf just ahead", {"nbf": from_now(30)}, accepted_at=ENDS_OWN),
    claim("nbf string", {"nbf": "1"}),
    claim("nbf null", {"nbf": None}),
    claim("nbf true", {"nbf": True}),
    claim("nbf array", {"nbf": [1]}),
    claim("nbf object", {"nbf": {}}),
    claim("nbf huge", {"nbf": 10**30}),
    claim("nbf very negative", {"nbf": -(10**30)}),
    claim("nbf NaN", {"nbf": float("nan")}),
    claim("nbf twice", {"nbf": 1}, '"nbf": 1'),
    claim("iat ahead", {"iat": from_now(3600)}, accepted_at=ENDS_OWN),
    claim("iat just too far ahead", {"iat": from_now(90)}, accepted_at=ENDS_OWN),
    claim("iat string", {"iat": "1"}),
    claim("iat null", {"iat": None}),
    claim("iat true", {"iat": True}),
    claim("iat array", {"iat": [1]}),
    claim("iat object", {"iat": {}}),
    claim("iat huge", {"iat": 10**30}),
    claim("iat very negative", {"iat": -(10**30)}),
    claim("iat Infinity", {"iat": float("inf")}),
    claim("iat twice", {}, '"iat": 1'),
    claim("iss integer", {"iss": 1}),
    claim("iss null", {"iss": None}),
    claim("iss true", {"iss": True}),
    claim("iss array", {"iss": ["a"]}),
    claim("iss object", {"iss": {}}),
    claim("iss twice", {"iss": "a"}, '"iss": "b"'),
    claim("aud integer", {"aud": 1}),
    claim("aud null", {"aud": None}),
    claim("aud true", {"aud": True}),
    claim("aud object", {"aud": {}}),
    claim("aud array of integers", {"aud": [1]}),
    claim("aud array of text and null", {"aud": ["a", None]}),
    claim("aud array of arrays", {"aud": [["a"]]}),
    claim("sub array", {"sub": ["1"]}),
    claim("sub object", {"sub": {}}),
    claim("sub null", {"sub": None}),
    claim("sub true", {"sub": True}),
    claim("sub float", {"sub": 1.5}),
    claim("user_id twice", {}, '"user_id": "1"'),
    claim("user_id twice, once escaped", {}, r'"user\u005fid": "1"'),
    claim("token_type twice", {}, '"token_type": "access"'),
    claim("lone high surrogate", {}, r'"x": "\ud800"'),
    claim("lone low surrogate", {}, r'"x": "\udc00"'),
    claim("reversed surrogates", {}, r'"x": "\udc00\ud800"'),
    claim("surrogate in a name", {}, r'"\ud800": 1'),
    claim("surrogate user_id", {"user_id": MISSING}, r'"user_id": "\ud800"'),
    claim("surrogate jti", {"jti": MISSING}, r'"jti": "\udfff"'),
    claim("surrogate token_type", {"token_type": MISSING}, r'"token_type": "\udbff"'),
    claim("control character", {}, '"x": "\x01"'),
    claim("unknown escape", {}, r'"x": "\x41"'),
    claim("NaN elsewhere", {}, '"x": NaN'),
    claim("Infinity elsewhere", {}, '"x": Infinity'),
    claim("1e400 elsewhere", {}, '"x": [1e400]'),
    claim("integer of 5000 digits", {}, f'"x": {"1" * 5000}'),
    claim("a comma too many", {}, '"x": 1,'),
    claim("a comment", {}, '"x": 1 /* y */'),
    claim("a name without quotes", {}, "x: 1"),
    claim("a name that is a number", {}, "1: 1"),
    claim("True of Python", {}, '"x": True'),
    claim("two names inside another", {}, '"x": {"a": 1, "a": 2}'),
    claim("too deep", {}, f'"x": {"[" * DEEP}{"]" * DEEP}'),
    claim("too deep objects", {}, f'"x": {"{" + chr(34) + "a" + chr(34) + ":"}' * DEEP + "1" + "}" * DEEP),
    claim("20 KB of text", {"x": "a" * 20_000}),
    claim("20 KB of names", {f"x{number}": number for number in range(2_000)}),
]

JTIS = [
    claim("jti missing", {"jti": MISSING}, accepted_at=ENDS_OWN),
    claim("jti null", {"jti": None}),
    claim("jti integer", {"jti": 1}),
    claim("jti float", {"jti": 1.5}),
    claim("jti true", {"jti": True}),
    claim("jti array", {"jti": ["a"]}),
    claim("jti object", {"jti": {"a": 1}}),
    claim("jti empty", {"jti": ""}),
    claim("jti NUL", {"jti": "\0"}),
    claim("jti NUL within", {"jti": "a\0b"}),
    claim("jti one letter too long", {"jti": "a" * 256}),
    claim("jti of 256 wide letters", {"jti": "😀" * 256}),
    claim("jti very long", {"jti": "a" * 5_000}),
    claim("jti line break", {"jti": "a\nb"}),
    claim("jti line break at the end", {"jti": "a\n"}),
    claim("jti tabulator", {"jti": "a\tb"}),
    claim("jti escape character", {"jti": "\x1b[31m"}),
    claim("jti DEL", {"jti": "a\x7f"}),
    claim("jti C1 control", {"jti": "a\x85b"}),
    claim("jti twice", {}, '"jti": "a"'),
    claim("JTI", {"jti": MISSING, "JTI": "a"}, accepted_at=ENDS_OWN),
]

# An untyped token is read whatever type it says, so long as it says one
ANY_TYPE = at(VERIFY_ONLY, "verify…", "session verify…")

TOKEN_TYPES = [
    claim("token_type missing", {"token_type": MISSING}, accepted_at=ANY_TYPE),
    claim("token_type empty", {"token_type": ""}, accepted_at=ANY_TYPE),
    claim("token_type another", {"token_type": "untyped"}, accepted_at=ANY_TYPE),
    claim(
        "token_type upper case", {"token_type": lambda good: good.payload["token_type"].upper()}, accepted_at=ANY_TYPE
    ),
    claim(
        "token_type with a blank", {"token_type": lambda good: good.payload["token_type"] + " "}, accepted_at=ANY_TYPE
    ),
    claim("token_type with NUL", {"token_type": lambda good: good.payload["token_type"] + "\0"}, accepted_at=ANY_TYPE),
    claim("token_type all of them", {"token_type": "access refresh sliding"}, accepted_at=ANY_TYPE),
    claim("token_type fullwidth", {"token_type": "ａｃｃｅｓｓ"}, accepted_at=ANY_TYPE),
    claim("token_type long", {"token_type": "access" * 1_000}, accepted_at=ANY_TYPE),
    claim("TOKEN_TYPE", {"token_type": MISSING, "TOKEN_TYPE": "access"}, accepted_at=ANY_TYPE),
    claim("token_type null", {"token_type": None}),
    claim("token_type true", {"token_type": True}),
    claim("token_type integer", {"token_type": 1}),
    claim("token_type float", {"token_type": 1.5}),
    claim("token_type array", {"token_type": ["access", "refresh", "sliding"]}),
    claim("token_type array of the right one", {"token_type": lambda good: [good.payload["token_type"]]}),
    claim("token_type object", {"token_type": {"access": 1, "refresh": 1, "sliding": 1}}),
]


# The user's id: whoever holds the key chose it, but only text and integers name a user, and exactly


def user_id(name, make, accepted_at=None):
    """Another user id, made of the right one's text."""
    return claim(f"user_id {name}", {"user_id": lambda good: make(good.own_id)}, accepted_at=accepted_at)


def no_user_id(name, make):
    """A user id that is no text and no integer: nowhere taken."""
    return user_id(name, make)._replace(codes=frozenset({"token_not_valid"}))


def nobody(name, make):
    """Text or an integer that names nobody: taken only where no user is looked for."""
    return user_id(name, make, NOBODY)._replace(codes=frozenset({"user_not_found", "no_active_account"}))


def _number(own_id):
    """The integer that a database field may read from an id."""
    try:
        return int(own_id)
    except ValueError:
        return _uuid(own_id).int


def _uuid(own_id):
    try:
        return uuid.UUID(own_id)
    except ValueError:
        return uuid.UUID(int=1)


NOBODY = at(NO_USER_READ, "stateless", "session stateless…", "verify…") | at(
    NOBODYS_LOGOUT, "blacklist", "logout without session"
)

USER_IDS = [
    no_user_id("null", lambda own: None),
    no_user_id("true", lambda own: True),
    no_user_id("false", lambda own: False),
    no_user_id("float of the id", lambda own: float(_number(own))),
    no_user_id("float near the id", lambda own: _number(own) + 0.5),
    no_user_id("1e300", lambda own: 1e300),
    no_user_id("array of the id", lambda own: [own]),
    no_user_id("empty array", lambda own: []),
    no_user_id("object", lambda own: {"pk": own}),
    no_user_id("empty object", lambda own: {}),
    no_user_id("lookup", lambda own: {"id__gte": own}),
    no_user_id("nested", lambda own: {"a": [{"b": [own]}]}),
    nobody("empty", lambda own: ""),
    nobody("blank", lambda own: " "),
    nobody("zero", lambda own: 0),
    nobody("negative", lambda own: -_number(own)),
    nobody("a number", lambda own: 5),
    nobody("2**31", lambda own: 2**31),
    nobody("2**63", lambda own: 2**63),
    nobody("2**70", lambda own: 2**70),
    nobody("-2**63 - 1", lambda own: -(2**63) - 1),
    nobody("2**127", lambda own: 2**127),
    nobody("2**128", lambda own: 2**128),
    nobody("10**400", lambda own: 10**400),
    nobody("text of 10**400", lambda own: str(10**400)),
    nobody("text of 5000 digits", lambda own: "1" * 5_000),
    nobody("text of a float", lambda own: f"{own}.0"),
    nobody("text of 1e0", lambda own: "1e0"),
    nobody("text of true", lambda own: "True"),
    nobody("text of None", lambda own: "None"),
    nobody("text of infinity", lambda own: "Infinity"),
    nobody("text of NaN", lambda own: "NaN"),
    nobody("another", lambda own: "999999"),
    nobody("a letter", lambda own: "x"),
    nobody("text of zero", lambda own: "0"),
    nobody("a blank before", lambda own: f" {own}"),
    nobody("a blank after", lambda own: f"{own} "),
    nobody("a line break after", lambda own: f"{own}\n"),
    nobody("a tabulator before", lambda own: f"\t{own}"),
    nobody("a no-break space before", lambda own: f"\xa0{own}"),
    nobody("a byte order mark before", lambda own: f"\ufeff{own}"),
    nobody("a plus before", lambda own: f"+{own}"),
    nobody("a minus before", lambda own: f"-{own}"),
    nobody("a zero before", lambda own: f"0{own}"),
    nobody("a zero and an underscore before", lambda own: f"0_{own}"),
    nobody("digits parted", lambda own: f"{own[:1]}_0{own[1:]}"),
    nobody("hexadecimal", lambda own: hex(_number(own))),
    nobody("binary", lambda own: bin(_number(own))),
    nobody("fullwidth", lambda own: "".join(chr(ord(letter) + 0xFEE0) for letter in own)),
    nobody("Arabic digits", lambda own: _digits(own, 0x0660)),
    nobody("mathematical digits", lambda own: _digits(own, 0x1D7CE)),
    nobody("quotes", lambda own: f"'{own}'"),
    nobody("words", lambda own: f"{own} OR 1=1"),
    nobody("a statement", lambda own: f"{own}'; DROP TABLE auth_user; --"),
    nobody("wildcard", lambda own: "%"),
    nobody("one letter's wildcard", lambda own: "_" * len(own)),
    nobody("list in text", lambda own: f"{own},{own}"),
    nobody("JSON in text", lambda own: json.dumps({"pk": own})),
    nobody("format", lambda own: "%(user)s{0}"),
    nobody("NUL", lambda own: "\0"),
    nobody("NUL after the id", lambda own: f"{own}\0"),
    nobody("NUL before the id", lambda own: f"\0{own}"),
    nobody("long", lambda own: "é" * 2_000),
    nobody("emoji", lambda own: "😀"),
    nobody("upper case", lambda own: _unlike(own.upper(), own)),
    nobody("first letter of another case", lambda own: _unlike(own.swapcase()[:1] + own[1:], own)),
    nobody("an accent", lambda own: _unlike(own.replace("a", "á"), own)),
    nobody("without hyphens", lambda own: _uuid(own).hex),
    nobody("in braces", lambda own: f"{{{own}}}"),
    nobody("URN", lambda own: f"urn:uuid:{_uuid(own)}"),
    nobody("hyphens elsewhere", lambda own: "-".join(_uuid(own).hex)),
    nobody("integer of a UUID", lambda own: _uuid(own).int if _is_uuid(own) else 3),
    nobody("integer of another's UUID", lambda own: 1 if _is_uuid(own) else 4),
    nobody("nil UUID", lambda own: str(uuid.UUID(int=0))),
    nobody("UUID of all ones", lambda own: str(uuid.UUID(int=2**128 - 1))),
    nobody("unknown UUID", lambda own: "00000000-0000-4000-8000-000000000000"),
    nobody("cut", lambda own: own[:-1] + "?"),
    nobody("a path", lambda own: f"../{own}"),
    claim(
        "user_id missing",
        {"user_id": MISSING},
        accepted_at=at("a service's token names nobody, and gets no session", "refresh", "sliding refresh", "adoption")
        | at(NO_USER_READ, "verify…")
        | at(NOBODYS_LOGOUT, "blacklist"),
    ),
    claim(
        "user_id under another name",
        {"user_id": MISSING, "USER_ID": "1", "id": "1"},
        accepted_at=at("a service's token names nobody, and gets no session", "refresh", "sliding refresh", "adoption")
        | at(NO_USER_READ, "verify…")
        | at(NOBODYS_LOGOUT, "blacklist"),
    ),
]


def _digits(own_id, zero):
    """The id in the digits of another script; where it has none, text that names nobody."""
    return (
        "".join(chr(zero + int(letter)) if letter.isdecimal() else letter for letter in f"{own_id}1")[: len(own_id)]
        if any(letter.isdecimal() for letter in own_id)
        else chr(zero)
    )


def _unlike(changed, own_id):
    """The changed id, or one that names nobody where the change changes nothing."""
    return changed if changed != own_id else f"{own_id}ß"


def _is_uuid(own_id):
    return str(_uuid(own_id)) == own_id


# The same claims under names that the settings choose


def renamed(setting, claim_name, name, make, accepted_at=None):
    """A claim under another name; `make` is given what the right one would be."""
    usual = {"JTI_CLAIM": "jti", "USER_ID_CLAIM": "user_id", "TOKEN_TYPE_CLAIM": "token_type"}[setting]

    def changes(good):
        return good.payload | {claim_name: make(good.payload[usual])}

    return Token(
        f"{claim_name} as {setting} {name}",
        lambda good: forge({name: value for name, value in changes(good).items() if name != usual}),
        accepted_at or {},
        configured=lambda: {setting: claim_name},
    )


def renamed_jti(name, value):
    """An id in a claim that the core does not know, and so does not look at where `exp` does not count either."""
    return renamed("JTI_CLAIM", "id", name, lambda right: value, ENDS_OWN)


def renamed_user_id(name, make, accepted_at=None):
    """A user id in `sub`, which the core knows."""
    return renamed("USER_ID_CLAIM", "sub", name, make, accepted_at)


def renamed_token_type(name, make):
    """A token type in another claim."""
    return renamed("TOKEN_TYPE_CLAIM", "type", name, make)


RENAMED = [
    renamed_jti("null", None),
    renamed_jti("integer", 1),
    renamed_jti("array", ["a"]),
    renamed_jti("empty", ""),
    renamed_jti("NUL", "\0"),
    renamed_jti("NUL within", "a\0b"),
    renamed_jti("line feed", "a\n"),
    renamed_jti("DEL", "a\x7f"),
    renamed_jti("C1 control", "\x9f"),
    renamed_jti("one letter too long", "a" * 256),
    renamed_jti("one emoji too long", "😀" * 256),
    renamed_jti("very long", "a" * 5_000),
    renamed_user_id("true", lambda own: True),
    renamed_user_id("float", lambda own: 1.0),
    renamed_user_id("null", lambda own: None),
    renamed_user_id("array", lambda own: [own]),
    renamed_user_id("object", lambda own: {"pk": own}),
    renamed_user_id("a blank before", lambda own: f" {own}", NOBODY),
    renamed_user_id("upper case", lambda own: _unlike(own.upper(), own), NOBODY),
    renamed_token_type("null", lambda right: None),
    renamed_token_type("array", lambda right: [right]),
    renamed_token_type("true", lambda right: True),
]


# A sliding refresh reads a second time


def refresh_exp(name, value):
    """A sliding token whose refresh period is odd; to every other place this is a claim like any."""
    accepted_at = everywhere(PERIOD_UNREAD, but=("sliding refresh", "session sliding refresh"))
    return claim(f"refresh_exp {name}", {"refresh_exp": value}, accepted_at=accepted_at)


REFRESH_EXPS = [
    refresh_exp("missing", MISSING),
    refresh_exp("null", None),
    refresh_exp("string", "9999999999"),
    refresh_exp("true", True),
    refresh_exp("false", False),
    refresh_exp("array", [9999999999]),
    refresh_exp("object", {}),
    refresh_exp("now", from_now(0)),
    refresh_exp("past", NOW - 1),
    refresh_exp("zero", 0),
    refresh_exp("negative", -1),
    refresh_exp("before year 1", -(10**12)),
    refresh_exp("after year 9999", 253402300800),
    refresh_exp("10**30", 10**30),
    refresh_exp("10**400", 10**400),
    refresh_exp("1e300", 1e300),
    refresh_exp("-1e300", -1e300),
]


# The claims of sessions


def sid(name, make, accepted_at=None):
    """Another session id, made of the good token and its session's id."""
    changes = {"sid": lambda good: make(good, good.sids["own"])}
    unread = at(NO_SESSION_READ, "session stateless")
    return claim(f"sid {name}", changes, accepted_at=unread | (accepted_at or {}))._replace(
        in_sessions_only=True, codes=frozenset({"token_not_valid"})
    )


def ended(name, make, accepted_at):
    """The id of a session that is not, or no longer, the user's."""
    return sid(name, lambda good, own: make(good.sids), accepted_at)._replace(
        codes=frozenset({"session_revoked", "token_not_valid"})
    )


def gen(name, value, accepted_at=None):
    """Another generation of a refresh token; other tokens have none, and it is not read there."""
    unread = (
        at("sliding tokens have no generation, and their refresh reads none", "session sliding refresh")
        | at("without sid it is no claim of ours", "adoption", "logout without session")
        | at(
            "a node without sessions copies it into tokens whose type is proven",
            *BY_ACCESS,
            "session verify access",
            "session verify sliding",
        )
    )
    return claim(f"gen {name}", {"gen": value}, accepted_at=unread | (accepted_at or {}))._replace(
        in_sessions_only=True
    )


FORGOTTEN = at(
    "its signature proves a refresh that the database has forgotten",
    "session refresh",
    "session verify…",
    "session logout others",
    "session logout global",
)
NOT_DENIED = at("not on the denylist", "session stateless, denylist")

SESSION_CLAIMS = [
    sid("true", lambda good, own: True),
    sid("false", lambda good, own: False),
    sid("null", lambda good, own: None),
    sid("zero", lambda good, own: 0),
    sid("a number", lambda good, own: 5),
    sid("negative", lambda good, own: -1),
    sid("huge", lambda good, own: 2**70),
    sid("its own integer", lambda good, own: uuid.UUID(own).int),
    sid("just too big", lambda good, own: 2**31),
    sid("a float", lambda good, own: 1.5),
    sid("a whole float", lambda good, own: 0.0),
    sid("empty text", lambda good, own: ""),
    sid("blank", lambda good, own: " "),
    sid("text", lambda good, own: "x"),
    sid("NUL", lambda good, own: "\0"),
    sid("NUL after it", lambda good, own: f"{own}\0"),
    sid("digits", lambda good, own: "0"),
    sid("a list", lambda good, own: []),
    sid("a list of one", lambda good, own: [0]),
    sid("in a list", lambda good, own: [own]),
    sid("an object", lambda good, own: {}),
    sid("an object of one", lambda good, own: {"a": 0}),
    sid("upper case", lambda good, own: own.upper()),
    sid("braces", lambda good, own: f"{{{own}}}"),
    sid("no hyphens", lambda good, own: own.replace("-", "")),
    sid("hyphens elsewhere", lambda good, own: "-".join(own.replace("-", ""))),
    sid("URN", lambda good, own: f"urn:uuid:{own}"),
    sid("spaces", lambda good, own: f" {own} "),
    sid("line break after", lambda good, own: f"{own}\n"),
    sid("fullwidth", lambda good, own: "".join(chr(ord(letter) + 0xFEE0) for letter in own)),
    sid("cut", lambda good, own: own[:-1]),
    sid("one digit more", lambda good, own: f"{own}0"),
    sid("a statement", lambda good, own: f"{own}' OR 1=1 --"),
    sid("long", lambda good, own: own * 200),
    ended("unknown", lambda sids: sids["unknown"], NOT_DENIED),
    ended("nil", lambda sids: str(uuid.UUID(int=0)), NOT_DENIED),
    ended("of another user", lambda sids: sids["grace's"], NOT_DENIED),
    ended(
        "of a revoked session",
        lambda sids: sids["revoked"],
        at("it is over already", "session logout local", "session blacklist"),
    ),
    claim("sid twice", {}, '"sid": "x"')._replace(in_sessions_only=True),
    gen("null", None),
    gen("true", True),
    gen("false", False),
    gen("negative", -1),
    gen("one ahead", 1, ENDS_OWN | FORGOTTEN),
    gen("far ahead", 5, ENDS_OWN | FORGOTTEN),
    gen("2**31 - 1", 2**31 - 1, ENDS_OWN),
    gen("2**31", 2**31),
    gen("2**32", 2**32),
    gen("2**63", 2**63),
    gen("2**70", 2**70),
    gen("10**400", 10**400),
    gen("a float", 1.5),
    gen("a whole float", 0.0),
    gen("minus zero", -0.0),
    gen("1e300", 1e300),
    gen("empty text", ""),
    gen("text", "x"),
    gen("digits", "0"),
    gen("NUL", "\0"),
    gen("a list", []),
    gen("a list of one", [0]),
    gen("an object", {}),
    gen("an object of one", {"a": 0}),
]


# What a token becomes when it is signed again may be too long to be read

SIZES = [
    claim(
        "grows when it is signed again",
        {},
        f'"x": [{",".join(["1e15"] * 2_200)}]',
        at(
            "is not signed again",
            "verify…",
            "session verify…",
            *BY_ACCESS,
            *ENDING,
            "blacklist",
            "logout without session",
        ),
    ),
    *(
        Token(f"{over} over the longest", lambda good, over=over: sized(good, LONGEST_TOKEN + over))
        for over in (1, 2, 3, 4, 100, 10_000)
    ),
]


def sized(good, size):
    """A token of exactly `size` bytes, with a `jti` shorter than a new one will be."""
    short = good.payload | {"jti": "a", "padding": ""}
    for more, fewer in product(range(4), range(-3, 4)):
        header = HS256_HEADER | {"x": "a" * more}
        padding = (size - len(forge(short, header))) * 3 // 4 - fewer
        token = forge(short | {"padding": "a" * padding}, header)
        if len(token) == size:
            return token
    raise ValueError(size)


def _integer_where_it_is_one(own_id):
    return int(own_id) if own_id.isdecimal() else own_id


RIGHT_TOKENS = [
    claim("unknown claims", {}, '"x": {"y": [1, 2.5, null, true, "z"]}'),
    claim("surrogate pair", {}, r'"x": "\ud83d\ude00"'),
    claim("huge integer", {}, f'"x": {10**400}'),
    claim("as deep as may be", {}, f'"x": {"[" * 30}{"]" * 30}'),
    claim("integer sub", {"sub": 7}),
    claim("array aud while AUDIENCE is unset", {"aud": ["a", "b"]}),
    claim("float nbf", {"nbf": from_now(-1.5)}),
    claim("nbf now", {"nbf": from_now(0)}),
    claim("iat a little ahead", {"iat": from_now(30)}),
    # The list there forgets a session before this token expires.
    claim("last exp of all", {"exp": 253402300799})._replace(refused_at="session stateless, denylist"),
    claim("float exp", {"exp": from_now(99.5)}),
    claim("long jti", {"jti": "é" * 255}),
    claim("jti of quotes", {"jti": "'\"; --"}),
    claim("jti of emoji", {"jti": "😀" * 255}),
    claim("jti of one letter", {"jti": "a"}),
    claim("jti blank", {"jti": " "}),
    claim("jti with a no-break space", {"jti": "a\xa0b"}),
    claim("jti of no width", {"jti": "\u200b"}),
    renamed_jti("of one letter", "a"),
    renamed_jti("long", "é" * 255),
    renamed_jti("of emoji", "😀" * 255),
    renamed_jti("of quotes", "'\"; --"),
    renamed_jti("blank", " "),
    renamed_jti("with a no-break space", "a\xa0b"),
    renamed_jti("of no width", "\u200b"),
    renamed_user_id("as usual", lambda own: own),
    renamed_token_type("as usual", lambda right: right),
    header("no typ", {"alg": "HS256"}),
    header("typ in lower case", {"alg": "HS256", "typ": "jwt"}),
    header("typ in full", {"alg": "HS256", "typ": "application/jwt"}),
    header("typ in full upper case", {"alg": "HS256", "typ": "APPLICATION/JWT"}),
    header("typ first", {"typ": "JWT", "alg": "HS256"}),
    header("blanks", b' { "alg" : "HS256" } '),
    header("escapes", rb'{"\u0061lg":"HS\u003256"}'),
    header("unknown members", HS256_HEADER | {"x": [1], "cty": "JWT"}),
    text("untouched", lambda token: token),
    Token("RS256", by_rsa("", "ours").make, configured=under_rsa),
    Token("ES256", by_ec("", lambda right, r, s: _rs(r, s)).make, configured=under_ec),
    claim("user id as an integer", {"user_id": lambda good: _integer_where_it_is_one(good.own_id)}),
    claim("refresh_exp in a while", {"refresh_exp": from_now(3600)}),
    claim("float refresh_exp", {"refresh_exp": from_now(3600.5)}),
    claim("last refresh_exp of all", {"refresh_exp": 253402300799}),
]
"""Unusual or not, these are taken everywhere: what is refused above is refused for what was spoilt."""


HOSTILE_TOKENS = [
    *FORMS,
    *HEADERS,
    *ACCESS_TYPS,
    *SIZES,
    *SIGNATURES,
    *KEY_PAIRS,
    *PAYLOADS,
    *CLAIMS,
    *JTIS,
    *TOKEN_TYPES,
    *USER_IDS,
    *RENAMED,
    *REFRESH_EXPS,
    *SESSION_CLAIMS,
]
