"""Malformed tokens, headers and bodies at every endpoint: 400 or 401, nothing accepted, nothing written.

The tables hold one case a line; all of them go to every place that takes a token. A new case is one more line.
"""

import base64
import json
import time
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client
from django.urls import reverse

from tests.site import (
    ENDPOINT_FIELDS,
    HS256_HEADER,
    MISSING,
    PASSWORD,
    as_json,
    base64url,
    bearer,
    blacklist_rows,
    claims,
    forge,
    get,
    make_user,
    post,
)

pytestmark = pytest.mark.django_db

ROTATING = {"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True}
LONGEST_TOKEN = 16_384
DEEP = 33


class Place(NamedTuple):
    """Somewhere that takes a token, and the type of the tokens it takes."""

    name: str
    token_type: str

    def send(self, token):
        if self.name in ENDPOINT_FIELDS:
            return post(self.name, {ENDPOINT_FIELDS[self.name]: token})
        return bearer(token, self.name)


PLACES = [
    Place("whoami", "access"),
    Place("stateless", "access"),
    Place("token_refresh", "refresh"),
    Place("token_blacklist", "refresh"),
    Place("token_refresh_sliding", "sliding"),
    Place("token_verify", "access"),
]
everywhere = pytest.mark.parametrize("place", PLACES, ids=[place.name for place in PLACES])
everywhere_but_verify = pytest.mark.parametrize("place", PLACES[:-1], ids=[place.name for place in PLACES[:-1]])


def table(*cases):
    """One parametrized test for each row, named by the row's first column."""
    return pytest.mark.parametrize("case", [case[1:] for case in cases], ids=[case[0] for case in cases])


@pytest.fixture(autouse=True)
def strictest_settings(settings):
    """Every gate that asks the database is shut, so that all of them are reached."""
    settings.SIMPLE_JWT = ROTATING


@pytest.fixture
def user():
    return make_user()


def require_refusal(answer, before, statuses=(401,)):
    assert answer.status_code in statuses, answer.content
    assert answer.headers["Content-Type"] == "application/json"
    assert not {"access", "refresh", "token", "user"} & set(answer.json()) or answer.status_code == 400
    assert blacklist_rows() == before


def good(kind, user, /, **changes):
    return claims(kind, **({"user_id": str(user.pk)} | changes))


def with_raw_members(payload, raw):
    """The JSON of a payload with members appended that no serializer would write."""
    return as_json(payload)[:-1] + f",{raw}}}".encode() if raw else as_json(payload)


@everywhere
def test_the_token_that_the_cases_spoil_is_accepted(user, place):
    assert place.send(forge(good(place.token_type, user))).status_code == 200


@everywhere
@table(
    ["unknown claims", '"x": {"y": [1, 2.5, null, true, "z"]}'],
    ["surrogate pair", r'"x": "\ud83d\ude00"'],
    ["huge integer", f'"x": {10**400}'],
    ["as deep as may be", f'"x": {"[" * 30}{"]" * 30}'],
    ["integer sub", '"sub": 7'],
    ["array aud while AUDIENCE is unset", '"aud": ["a", "b"]'],
    ["float nbf", f'"nbf": {time.time() - 1}'],
)
def test_unusual_but_right_tokens_are_accepted(user, place, case):
    [raw] = case
    assert place.send(forge(with_raw_members(good(place.token_type, user), raw))).status_code == 200


# Tokens that are no compact serialization, or not ours


def spoilt(edit):
    """A case made of a good token's three parts."""
    return lambda token: edit(*token.split("."))


JSON_MEMBERS = ("protected", "payload", "signature")


@everywhere
@table(
    ["a word", lambda _token: "garbage"],
    ["a dot", lambda _token: "."],
    ["two dots", lambda _token: ".."],
    ["one dot", spoilt(lambda header, payload, _signature: f"{header}.{payload}")],
    ["four parts", lambda token: f"{token}.e30"],
    ["five parts", lambda token: f"{token}.e30.e30"],
    ["no signature", spoilt(lambda header, payload, _signature: f"{header}.{payload}.")],
    ["no payload", spoilt(lambda header, _payload, signature: f"{header}..{signature}")],
    ["no header", spoilt(lambda _header, payload, signature: f".{payload}.{signature}")],
    ["cut signature", lambda token: token[:-2]],
    ["longer signature", lambda token: token + "AAAA"],
    ["padded signature", lambda token: token + "="],
    ["padded parts", spoilt(lambda *parts: ".".join(part + "=" * (-len(part) % 4) for part in parts))],
    ["stray bits", lambda token: token[:-1] + chr(ord(token[-1]) + 1)],
    ["no base64", spoilt(lambda header, payload, signature: f"{header}.{payload}.{signature[:-1]}!")],
    ["payload no base64", spoilt(lambda header, payload, signature: f"{header}.{payload[:-1]}!.{signature}")],
    ["standard alphabet", spoilt(lambda header, payload, _signature: f"{header}.{payload}.{'+/' * 21}A")],
    ["another payload", spoilt(lambda header, _payload, signature: f"{header}.e30.{signature}")],
    ["quoted", lambda token: f'"{token}"'],
    ["bytes literal", lambda token: f"b'{token}'"],
    ["JSON serialization", spoilt(lambda *parts: json.dumps(dict(zip(JSON_MEMBERS, parts, strict=True))))],
    ["20 KB of nothing", lambda _token: "a" * 20_000],
    ["20 KB of dots", lambda _token: "." * 20_000],
    ["a token and 20 KB more", lambda token: token + "A" * 20_000],
    ["a number", lambda _token: "1" * 400],
    ["non-ASCII letters", lambda token: token + "é"],
    ["letters outside Latin-1", lambda token: token + "名"],
    ["a dot of another script", lambda token: token.replace(".", "。")],
    ["fullwidth letters", lambda token: "".join(chr(ord(letter) + 0xFEE0) for letter in token)],
    ["alg none, unsigned", lambda _token: f"{base64url(as_json({'alg': 'none'}))}.e30."],
)
def test_text_that_is_no_token_of_ours(user, place, case):
    [spoil] = case
    token = spoil(forge(good(place.token_type, user)))
    before = blacklist_rows()
    require_refusal(place.send(token), before)


@pytest.mark.parametrize("place", PLACES[2:], ids=[place.name for place in PLACES[2:]])
@table(
    ["empty", lambda _token: ""],
    ["blank", lambda _token: " \t\n"],
    ["NUL", lambda _token: "\0"],
    ["NUL at the end", lambda token: token + "\0"],
    ["NUL within", lambda token: token.replace(".", ".\0", 1)],
    ["lone surrogate", lambda token: token + "\ud800"],
)
def test_text_that_no_field_takes(user, place, case):
    """DRF's CharField answers before a token is looked at."""
    [spoil] = case
    token = spoil(forge(good(place.token_type, user)))
    before = blacklist_rows()
    require_refusal(place.send(token), before, statuses=(400,))


@everywhere
@pytest.mark.parametrize("key", ["", "another key that is long enough for HS256"])
def test_signature_of_another_key(user, place, key):
    before = blacklist_rows()
    require_refusal(place.send(forge(good(place.token_type, user), key=key)), before)


# Headers under a right signature


@everywhere
@table(
    ["none", {"alg": "none"}],
    ["None", {"alg": "None"}],
    ["NONE", {"alg": "NONE"}],
    ["empty alg", {"alg": ""}],
    ["lower-case alg", {"alg": "hs256"}],
    ["alg with a blank", {"alg": "HS256 "}],
    ["HS512", {"alg": "HS512"}],
    ["RS256", {"alg": "RS256"}],
    ["unknown alg", {"alg": "HS1"}],
    ["no alg", {"typ": "JWT"}],
    ["alg null", {"alg": None}],
    ["alg integer", {"alg": 256}],
    ["alg array", {"alg": ["HS256"]}],
    ["alg object", {"alg": {"HS256": 1}}],
    ["two algs", b'{"alg":"HS256","alg":"none"}'],
    ["two equal algs", b'{"alg":"HS256","alg":"HS256"}'],
    ["crit", HS256_HEADER | {"crit": ["exp"]}],
    ["crit of nothing", HS256_HEADER | {"crit": []}],
    ["unencoded payload", HS256_HEADER | {"b64": False, "crit": ["b64"]}],
    ["compressed", HS256_HEADER | {"zip": "DEF"}],
    ["encrypted", HS256_HEADER | {"enc": "A256GCM"}],
    ["array", ["HS256"]],
    ["string", "HS256"],
    ["null", None],
    ["number", 256],
    ["empty object", {}],
    ["no JSON", b"{alg:HS256}"],
    ["nothing", b""],
    ["single quotes", b"{'alg':'HS256'}"],
    ["more after it", b'{"alg":"HS256"}{}'],
    ["byte order mark", b'\xef\xbb\xbf{"alg":"HS256"}'],
    ["invalid UTF-8", b'{"alg":"HS256","x":"\xff"}'],
    ["UTF-16", '{"alg":"HS256"}'.encode("utf-16")],
    ["lone surrogate", b'{"alg":"HS256","x":"\\ud800"}'],
    ["NUL", b'{"alg":"HS256"}\0'],
    ["NaN", b'{"alg":"HS256","x":NaN}'],
    ["deep", b'{"alg":"HS256","x":' + b"[" * DEEP + b"]" * DEEP + b"}"],
    ["very deep", b'{"alg":"HS256","x":' + b"[" * 10_000],
)
def test_header_that_is_not_served(user, place, case):
    [header] = case
    before = blacklist_rows()
    require_refusal(place.send(forge(good(place.token_type, user), header)), before)


@everywhere
def test_hmac_over_a_public_key_is_no_signature_of_its_pair(user, place, settings, rsa_pair):
    """The oldest JWT attack: the verifier's public key used as an HMAC secret."""
    private, public = rsa_pair
    settings.SIMPLE_JWT = ROTATING | {"ALGORITHM": "RS256", "SIGNING_KEY": private, "VERIFYING_KEY": public}
    before = blacklist_rows()
    for key in (public, public.strip()):
        require_refusal(place.send(forge(good(place.token_type, user), key=key)), before)
        require_refusal(place.send(forge(good(place.token_type, user), {"alg": "RS256"}, key=key)), before)


@pytest.fixture(scope="module")
def rsa_pair():
    key = rsa.generate_private_key(65537, 2048)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


@everywhere
@table(
    ["another type", "JWE"],
    ["empty", ""],
    ["prefix alone", "application/"],
    ["prefix twice", "application/application/JWT"],
    ["blank after it", "JWT "],
    ["fullwidth", "\uff2a\uff37\uff34"],
    ["null", None],
    ["true", True],
    ["integer", 1],
    ["array", ["JWT"]],
    ["object", {"JWT": 1}],
)
def test_typ_that_is_not_served(user, place, case):
    [typ] = case
    before = blacklist_rows()
    require_refusal(place.send(forge(good(place.token_type, user), {"alg": "HS256", "typ": typ})), before)


@everywhere
@pytest.mark.parametrize("typ", ["jwt", "application/jwt", "APPLICATION/JWT"])
def test_typ_that_is_served(user, place, typ):
    assert place.send(forge(good(place.token_type, user), {"alg": "HS256", "typ": typ})).status_code == 200


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"])
def test_access_token_of_rfc_9068_is_for_access_only(user, typ):
    header = {"alg": "HS256", "typ": typ}
    before = blacklist_rows()
    for place in PLACES:
        answer = place.send(forge(good(place.token_type, user), header))
        if place.token_type == "access":
            assert answer.status_code == 200
        else:
            require_refusal(answer, before)
            assert answer.json()["detail"] == "Token has wrong type"


# Payloads under a right signature


@everywhere
@table(
    ["array", []],
    ["array of claims", [["exp", 9e9]]],
    ["string", "claims"],
    ["number", 1],
    ["null", None],
    ["true", True],
    ["empty object", {}],
    ["nothing", b""],
    ["no JSON", b"{exp:9e9}"],
    ["cut", b'{"exp":9e9'],
    ["invalid UTF-8", b'{"exp":9e9,"x":"\xff"}'],
    ["overlong UTF-8", b'{"exp":9e9,"x":"\xc0\x80"}'],
    ["very deep", b"[" * 10_000],
    ["very deep object", b'{"a":' * 2_000],
)
def test_payload_that_is_no_set_of_claims(place, case):
    [payload] = case
    before = blacklist_rows()
    require_refusal(place.send(forge(payload)), before)


NOW = int(time.time())


@everywhere
@table(
    ["exp missing", {"exp": MISSING}],
    ["exp null", {"exp": None}],
    ["exp string", {"exp": "9999999999"}],
    ["exp empty string", {"exp": ""}],
    ["exp true", {"exp": True}],
    ["exp false", {"exp": False}],
    ["exp array", {"exp": [9999999999]}],
    ["exp object", {"exp": {"seconds": 9999999999}}],
    ["exp now", {"exp": NOW}],
    ["exp zero", {"exp": 0}],
    ["exp negative", {"exp": -1}],
    ["exp minus zero", {"exp": -0.0}],
    ["exp before year 1", {"exp": -(10**12)}],
    ["exp after year 9999", {"exp": 253402300800}],
    ["exp 10**30", {"exp": 10**30}],
    ["exp 10**400", {"exp": 10**400}],
    ["exp 1e300", {"exp": 1e300}],
    ["exp 1e400", {"exp": MISSING}, '"exp": 1e400'],
    ["exp -1e400", {"exp": MISSING}, '"exp": -1e400'],
    ["exp NaN", {"exp": float("nan")}],
    ["exp Infinity", {"exp": float("inf")}],
    ["exp -Infinity", {"exp": float("-inf")}],
    ["exp of 5000 digits", {"exp": MISSING}, f'"exp": {"9" * 5000}'],
    ["exp hexadecimal", {"exp": MISSING}, '"exp": 0xfffffffff'],
    ["exp leading zero", {"exp": MISSING}, '"exp": 09999999999'],
    ["exp leading plus", {"exp": MISSING}, '"exp": +9999999999'],
    ["exp twice", {}, '"exp": 9999999999'],
    ["exp twice, once escaped", {}, r'"\u0065xp": 9999999999'],
    ["EXP", {"exp": MISSING, "EXP": 9999999999}],
    ["nbf ahead", {"nbf": NOW + 3600}],
    ["nbf string", {"nbf": "1"}],
    ["nbf null", {"nbf": None}],
    ["nbf true", {"nbf": True}],
    ["iat ahead", {"iat": NOW + 3600}],
    ["iat string", {"iat": "1"}],
    ["iat null", {"iat": None}],
    ["iat huge", {"iat": 10**30}],
    ["iss integer", {"iss": 1}],
    ["iss array", {"iss": ["a"]}],
    ["aud integer", {"aud": 1}],
    ["aud object", {"aud": {}}],
    ["aud array of integers", {"aud": [1]}],
    ["sub array", {"sub": ["1"]}],
    ["sub true", {"sub": True}],
    ["sub float", {"sub": 1.5}],
    ["jti missing", {"jti": MISSING}],
    ["jti null", {"jti": None}],
    ["jti integer", {"jti": 1}],
    ["jti true", {"jti": True}],
    ["jti array", {"jti": ["a"]}],
    ["jti object", {"jti": {"a": 1}}],
    ["user_id twice", {}, '"user_id": "1"'],
    ["lone high surrogate", {}, r'"x": "\ud800"'],
    ["lone low surrogate", {}, r'"x": "\udc00"'],
    ["reversed surrogates", {}, r'"x": "\udc00\ud800"'],
    ["surrogate in a name", {}, r'"\ud800": 1'],
    ["surrogate user_id", {"user_id": MISSING}, r'"user_id": "\ud800"'],
    ["surrogate jti", {"jti": MISSING}, r'"jti": "\udfff"'],
    ["surrogate token_type", {"token_type": MISSING}, r'"token_type": "\udbff"'],
    ["control character", {}, '"x": "\x01"'],
    ["NaN elsewhere", {}, '"x": NaN'],
    ["1e400 elsewhere", {}, '"x": [1e400]'],
    ["integer of 5000 digits", {}, f'"x": {"1" * 5000}'],
    ["a comma too many", {}, '"x": 1,'],
    ["a comment", {}, '"x": 1 /* y */'],
    ["too deep", {}, f'"x": {"[" * DEEP}{"]" * DEEP}'],
    ["too deep objects", {}, f'"x": {"{" + chr(34) + "a" + chr(34) + ":"}' * DEEP + "1" + "}" * DEEP],
    ["20 KB of text", {"x": "a" * 20_000}],
    ["20 KB of names", {f"x{number}": number for number in range(2_000)}],
)
def test_claims_that_no_place_takes(user, place, case):
    changes, raw = [*case, ""][:2]
    before = blacklist_rows()
    require_refusal(place.send(forge(with_raw_members(good(place.token_type, user, **changes), raw))), before)


@everywhere_but_verify
@table(
    ["missing", MISSING],
    ["null", None],
    ["empty", ""],
    ["another", "untyped"],
    ["upper case", "ACCESS REFRESH SLIDING"],
    ["array", ["access", "refresh", "sliding"]],
    ["object", {"access": 1, "refresh": 1, "sliding": 1}],
    ["true", True],
    ["integer", 1],
    ["NUL", "access\0"],
)
def test_token_type_that_is_no_type_of_ours(user, place, case):
    [token_type] = case
    before = blacklist_rows()
    require_refusal(place.send(forge(good(place.token_type, user, token_type=token_type))), before)


@everywhere
@pytest.mark.parametrize("claim", ["jti", "id"])
@table(
    ["empty", ""],
    ["NUL", "\0"],
    ["NUL within", "a\0b"],
    ["line feed", "a\n"],
    ["DEL", "a\x7f"],
    ["C1 control", "\x9f"],
    ["one letter too long", "a" * 256],
    ["one emoji too long", "😀" * 256],
    ["very long", "a" * 5_000],
)
def test_jti_that_no_row_can_hold(user, place, claim, case, settings):
    """PostgreSQL takes no NUL, and a `jti` has 255 letters at most."""
    settings.SIMPLE_JWT = ROTATING | {"JTI_CLAIM": claim}
    [jti] = case
    before = blacklist_rows()
    require_refusal(place.send(forge(good(place.token_type, user, **{claim: jti}))), before)


@everywhere
@pytest.mark.parametrize("claim", ["jti", "id"])
@table(
    ["one letter", "a"],
    ["as long as may be", "é" * 255],
    ["quotes", "'\"; --"],
    ["emoji", "😀" * 255],
    ["blank", " "],
    ["no-break space", "a\xa0b"],
    ["zero-width", "\u200b"],
)
def test_jti_that_a_row_can_hold(user, place, claim, case, settings):
    settings.SIMPLE_JWT = ROTATING | {"JTI_CLAIM": claim}
    [jti] = case
    assert place.send(forge(good(place.token_type, user, **{claim: jti}))).status_code == 200


def sized(token_type, user, size):
    """A token of exactly `size` characters, or one or two less, with a `jti` shorter than a new one will be."""
    payload = good(token_type, user, jti="a", padding="")
    payload["padding"] = "a" * ((size - len(forge(payload))) * 3 // 4)
    return forge(payload)


@everywhere
@pytest.mark.parametrize("missing", [0, 20, 38, 39, 40, 41, 100, 1000])
def test_token_near_the_longest(user, place, missing):
    """What is made of it may be longer than what may be read: refused, not a server error."""
    token = sized(place.token_type, user, LONGEST_TOKEN - missing)
    before = blacklist_rows()
    answer = place.send(token)
    if answer.status_code != 200:
        require_refusal(answer, before)
    if missing == 1000:
        assert answer.status_code == 200


@everywhere
def test_token_that_grows_when_it_is_signed_again(user, place):
    """1e15 is written as 1000000000000000.0."""
    numbers = f'"x": [{",".join(["1e15"] * 2_200)}]'
    before = blacklist_rows()
    answer = place.send(forge(with_raw_members(good(place.token_type, user), numbers)))
    if place.name in {"whoami", "stateless", "token_verify"}:
        assert answer.status_code == 200
    else:
        require_refusal(answer, before)


# The user's id: whoever holds the key chose it, but only text and integers name a user


OF_ANOTHER_TYPE = table(
    ["null", lambda _pk: None],
    ["true", lambda _pk: True],
    ["false", lambda _pk: False],
    ["float of the id", float],
    ["float near the id", lambda pk: pk + 0.5],
    ["1e300", lambda _pk: 1e300],
    ["array of the id", lambda pk: [pk]],
    ["empty array", lambda _pk: []],
    ["object", lambda pk: {"pk": pk}],
    ["lookup", lambda pk: {"id__gte": pk}],
    ["nested", lambda pk: {"a": [{"b": [pk]}]}],
)
NO_USER_IDS = table(
    ["empty", lambda _pk: ""],
    ["blank", lambda _pk: " "],
    ["zero", lambda _pk: 0],
    ["negative", lambda pk: -pk],
    ["2**63", lambda _pk: 2**63],
    ["-2**63 - 1", lambda _pk: -(2**63) - 1],
    ["10**400", lambda _pk: 10**400],
    ["text of 10**400", lambda _pk: str(10**400)],
    ["text of 5000 digits", lambda _pk: "1" * 5_000],
    ["text of a float", lambda pk: f"{pk}.0"],
    ["text of infinity", lambda _pk: "Infinity"],
    ["words", lambda _pk: "1 OR 1=1"],
    ["NUL", lambda _pk: "\0"],
    ["NUL after the id", lambda pk: f"{pk}\0"],
    ["long", lambda _pk: "é" * 2_000],
)
USER_ID_FIELDS = pytest.mark.parametrize("field", ["id", "username"])


@pytest.fixture
def first_user():
    """The user with id 1, whom `true` would name."""
    return make_user(pk=1)


@OF_ANOTHER_TYPE
@everywhere
def test_user_id_that_is_neither_text_nor_integer(first_user, place, case):
    [make] = case
    before = blacklist_rows()
    require_refusal(place.send(forge(good(place.token_type, first_user, user_id=make(first_user.pk)))), before)


@NO_USER_IDS
@USER_ID_FIELDS
@pytest.mark.parametrize("place", [PLACES[0], PLACES[2], PLACES[4]], ids=["whoami", "pair", "sliding"])
def test_user_id_that_names_nobody(first_user, settings, place, field, case):
    [make] = case
    settings.SIMPLE_JWT = ROTATING | {"USER_ID_FIELD": field}
    before = blacklist_rows()
    require_refusal(place.send(forge(good(place.token_type, first_user, user_id=make(first_user.pk)))), before)


@NO_USER_IDS
@USER_ID_FIELDS
def test_user_id_that_names_nobody_can_still_log_out(first_user, settings, field, case):
    [make] = case
    settings.SIMPLE_JWT = ROTATING | {"USER_ID_FIELD": field}
    token = forge(good("refresh", first_user, user_id=make(first_user.pk)))
    assert post("token_blacklist", {"refresh": token}).status_code == 200
    [[row], [_entry]] = blacklist_rows()
    assert row["user_id"] is None
    assert post("token_blacklist", {"refresh": token}).status_code == 401


@NO_USER_IDS
def test_user_id_of_nobody_is_the_stateless_users(first_user, case):
    [make] = case
    user_id = make(first_user.pk)
    answer = bearer(forge(good("access", first_user, user_id=user_id)), "stateless")
    assert (answer.status_code, answer.json()) == (200, {"user": user_id})


@pytest.mark.parametrize("make", [int, str], ids=["integer", "text"])
def test_integer_and_text_name_a_user(user, make):
    token = forge(good("access", user, user_id=make(user.pk)))
    assert bearer(token).json() == {"user": user.pk}


# Sliding refresh reads a second time


@table(
    ["missing", MISSING],
    ["null", None],
    ["string", "9999999999"],
    ["true", True],
    ["false", False],
    ["array", [9999999999]],
    ["object", {}],
    ["past", NOW - 1],
    ["zero", 0],
    ["negative", -1],
    ["before year 1", -(10**12)],
    ["after year 9999", 253402300800],
    ["10**30", 10**30],
    ["10**400", 10**400],
    ["1e300", 1e300],
    ["-1e300", -1e300],
)
def test_refresh_exp_that_is_no_time_to_come(user, case):
    [refresh_exp] = case
    before = blacklist_rows()
    token = forge(good("sliding", user, refresh_exp=refresh_exp))
    require_refusal(post("token_refresh_sliding", {"token": token}), before)


@pytest.mark.parametrize("refresh_exp", [NOW + 3600, NOW + 3600.5, 253402300799])
def test_refresh_exp_that_is_a_time_to_come(user, refresh_exp):
    token = forge(good("sliding", user, refresh_exp=refresh_exp))
    assert post("token_refresh_sliding", {"token": token}).status_code == 200


# Authorization headers


@pytest.mark.parametrize("name", ["whoami", "stateless"])
@table(
    ["scheme alone", "Bearer"],
    ["blanks only", "   "],
    ["three parts", "Bearer {token} more"],
    ["two tokens", "Bearer {token} {token}"],
    ["token alone", "{token}"],
    ["token first", "{token} Bearer"],
    ["no blank", "Bearer{token}"],
    ["colon", "Bearer: {token}"],
    ["equals", "Bearer={token}"],
    ["comma", "Bearer {token}, Bearer {token}"],
    ["quoted", 'Bearer "{token}"'],
    ["other scheme", "Basic {token}"],
    ["scheme cut", "Beare {token}"],
    ["scheme twice", "Bearer Bearer {token}"],
    ["NUL", "Bearer {token}\0"],
    ["NUL scheme", "Bearer\0 {token}"],
    ["Latin-1", "Bearer {token}ÿ"],
    ["Latin-1 scheme", "Béarer {token}"],
    ["outside Latin-1", "Bearer 名"],
    ["outside Latin-1 only", "名"],
    ["lone surrogate", "Bearer \ud800"],
    ["no-break space", "Bearer\xa0{token}"],
    ["20 KB", "Bearer " + "a" * 20_000],
    ["20 KB of parts", "Bearer" + " a" * 10_000],
    ["20 KB scheme", "B" * 20_000 + " {token}"],
)
def test_authorization_header_that_is_refused(user, name, case):
    [header] = case
    before = blacklist_rows()
    token = forge(good("access", user))
    require_refusal(get(header.replace("{token}", token), name), before)


@pytest.mark.parametrize("name", ["whoami", "stateless"])
@pytest.mark.parametrize("header", ["Bearer {token}", "  Bearer   {token}  ", "Bearer\t{token}", "bearer {token}"])
def test_authorization_header_that_is_taken(user, name, header):
    assert get(header.replace("{token}", forge(good("access", user))), name).status_code == 200


# Bodies


def body(name, content, content_type="application/json"):
    return Client().generic("POST", reverse(name), content, content_type=content_type)


ENDPOINTS = pytest.mark.parametrize("name", [*ENDPOINT_FIELDS, "token_obtain_pair", "token_obtain_sliding"])


@ENDPOINTS
@table(
    ["nothing", b""],
    ["null", b"null"],
    ["array", b"[]"],
    ["array of tokens", b'["a.b.c"]'],
    ["string", b'"a.b.c"'],
    ["number", b"1"],
    ["true", b"true"],
    ["empty object", b"{}"],
    ["no JSON", b"refresh=a.b.c"],
    ["cut", b'{"refresh": "a'],
    ["single quotes", b"{'refresh': 'a'}"],
    ["invalid UTF-8", b'{"refresh": "\xff"}'],
    ["invalid UTF-8 only", b"\xff\xfe\xfd"],
    ["UTF-16", '{"refresh": "a"}'.encode("utf-16")],
    ["byte order mark", b'\xef\xbb\xbf{"refresh": "a"}'],
    ["NUL", b'{"refresh": "a"}\0'],
    ["NaN", b'{"refresh": NaN}'],
    ["integer of 5000 digits", b'{"refresh": ' + b"1" * 5_000 + b"}"],
    ["more after it", b"{}{}"],
    ["form sent as JSON", b"token=a&refresh=a&username=a&password=a"],
)
def test_body_that_is_no_object(name, case):
    [content] = case
    before = blacklist_rows()
    require_refusal(body(name, content), before, statuses=(400,))


@ENDPOINTS
@table(
    ["null", b"null"],
    ["true", b"true"],
    ["false", b"false"],
    ["array", b"[]"],
    ["array of text", b'["a.b.c"]'],
    ["object", b"{}"],
    ["object of text", b'{"a": "a.b.c"}'],
    ["empty", b'""'],
    ["blank", b'" "'],
    ["NUL", rb'"\u0000"'],
    ["lone surrogate", rb'"\ud800"'],
    ["number", b"1", (400, 401)],
    ["1e300", b"1e300", (400, 401)],
    ["text of 200 KB", b'"' + b"a" * 200_000 + b'"', (400, 401)],
    ["four-byte letters", '"😀"'.encode(), (400, 401)],
)
def test_field_of_another_type(user, name, case):
    value, statuses = [*case, (400,)][:2]
    before = blacklist_rows()
    fields = b'{"refresh": %b, "token": %b, "username": %b, "password": %b}' % ((value,) * 4)
    require_refusal(body(name, fields), before, statuses)


@pytest.mark.parametrize("name", ["token_obtain_pair", "token_obtain_sliding"])
@table(
    ["NUL in the username", {"username": "ada\0"}, 400],
    ["NUL in the password", {"password": PASSWORD + "\0"}, 400],
    ["surrogate in the username", {"username": "ada\ud800"}, 400],
    ["surrogate in the password", {"password": PASSWORD + "\udfff"}, 400],
    ["username as array", {"username": ["ada"]}, 400],
    ["username as object", {"username": {"username": "ada"}}, 400],
    ["password as array", {"password": [PASSWORD]}, 400],
    ["password true", {"password": True}, 400],
    ["long username", {"username": "é" * 100_000}, 401],
    ["long password", {"password": "é" * 100_000}, 401],
    ["quotes", {"username": "' OR 1=1 --"}, 401],
    ["wildcard", {"username": "%"}, 401],
    ["other letter case", {"password": PASSWORD.upper()}, 401],
)
def test_credentials_that_are_refused(user, name, case):
    changes, status = case
    before = blacklist_rows()
    answer = post(name, {"username": "ada", "password": PASSWORD} | changes)
    require_refusal(answer, before, statuses=(status,))


@ENDPOINTS
@table(
    ["unknown type", b"{}", "text/plain", 415],
    ["no type", b"{}", "", 415],
    ["unknown charset", b"{}", "application/json; charset=nonsense", 400],
    ["multipart without boundary", b"{}", "multipart/form-data", 400],
    ["multipart cut", b"--b\r\nContent-Disposition: form-data; name=token", "multipart/form-data; boundary=b", 400],
    ["form of nothing", b"", "application/x-www-form-urlencoded", 400],
    ["form of invalid UTF-8", b"refresh=%ff&token=%ff&username=%ff", "application/x-www-form-urlencoded", (400, 401)],
    ["form of NULs", b"refresh=%00&token=%00&username=%00", "application/x-www-form-urlencoded", 400],
)
def test_body_of_another_type(name, case):
    content, content_type, status = case
    before = blacklist_rows()
    answer = body(name, content, content_type)
    assert answer.status_code in (status if isinstance(status, tuple) else (status,))
    assert blacklist_rows() == before


@ENDPOINTS
def test_uploaded_file_is_no_token(name):
    boundary = "b"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="t"\r\n\r\na.b.c\r\n'
        for field in ("refresh", "token", "username", "password")
    ]
    content = "".join([*parts, f"--{boundary}--\r\n"]).encode()
    before = blacklist_rows()
    require_refusal(body(name, content, f"multipart/form-data; boundary={boundary}"), before, statuses=(400,))


def test_forged_tokens_are_what_another_library_would_make(user):
    """The cases prove nothing unless the signature they carry is right: read one by hand."""
    header, payload, signature = forge(good("access", user)).split(".")
    assert json.loads(base64.urlsafe_b64decode(header + "==")) == HS256_HEADER
    assert json.loads(base64.urlsafe_b64decode(payload + "=="))["user_id"] == str(user.pk)
    assert len(base64.urlsafe_b64decode(signature + "==")) == 32
