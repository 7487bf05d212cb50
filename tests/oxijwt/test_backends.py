"""TokenBackend: what it takes, what it refuses and by which exception."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import jwt
import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.translation import gettext_lazy

from oxijwt import backends
from oxijwt._core import ERROR_CODES
from oxijwt.backends import TokenBackend
from oxijwt.exceptions import KeyConfigurationError, TokenBackendError, TokenBackendExpiredToken
from oxijwt.keys import material
from oxijwt.keys.jwk_set import JWKSetClient
from tests import key_material
from tests.client import forge
from tests.key_material import ALGORITHMS, ASYMMETRIC, HMAC, SECRET

CLAIMS = {"token_type": "access", "jti": "1"}
OTHER_SECRET = "another secret than the first one, and long enough for HS512 just like that"


def token_of(claims: dict[str, Any], secret: str = SECRET, **options: Any) -> str:
    return jwt.encode(claims, secret, algorithm="HS256", **options)


def read(claims: dict[str, Any], **options: Any) -> dict[str, Any]:
    """The claims as a backend with these options reads them from another library's token."""
    return TokenBackend("HS256", SECRET, **options).decode(token_of(claims))


def refused(claims: dict[str, Any], message: str = "Token is invalid", **options: Any) -> None:
    with pytest.raises(TokenBackendError, match=f"^{message}$") as caught:
        read(claims, **options)
    assert type(caught.value) is TokenBackendError


def from_now(seconds: float) -> float:
    return int(time.time()) + seconds


def type_name(value: object) -> str:
    return type(value).__name__


# Every code of the core has one translation.


def test_every_error_code_of_the_core_is_mapped_once() -> None:
    tables = [backends.REFUSALS, backends.CONFIGURATION_CODES, backends.SIGNING_CODES]
    assert sorted(code for table in tables for code in table) == sorted(ERROR_CODES)


# Algorithms and keys.


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_algorithm_signs_and_verifies(algorithm: str) -> None:
    backend = TokenBackend(algorithm, **key_material.key_settings(algorithm))
    assert backend.decode(backend.encode(CLAIMS)) == backend.decode(backend.encode(CLAIMS).encode()) == CLAIMS


@pytest.mark.parametrize("name", ["oienarst oieanrsto i", "none", "None", "", "hs256", "HS2566", "ES521", "Ed25519"])
def test_an_unknown_algorithm_is_refused_at_once(name: str) -> None:
    with pytest.raises(TokenBackendError, match=f"^Unrecognized algorithm type '{name}'$"):
        TokenBackend(name, SECRET)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_an_unfit_key_is_no_matter_until_it_is_used(algorithm: str) -> None:
    backend = TokenBackend(algorithm)
    assert backend.decode(token_of(CLAIMS), verify=False) == CLAIMS
    with pytest.raises(KeyConfigurationError):
        backend.encode(CLAIMS)
    with pytest.raises(KeyConfigurationError):
        backend.decode(token_of(CLAIMS))


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_a_backend_may_only_verify(algorithm: str) -> None:
    token = jwt.encode(CLAIMS, key_material.private_key(algorithm), algorithm=algorithm)
    backend = TokenBackend(algorithm, verifying_key=key_material.spki(key_material.private_key(algorithm)))
    assert backend.decode(token) == CLAIMS
    with pytest.raises(KeyConfigurationError):
        backend.encode(CLAIMS)


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_a_backend_may_only_sign(algorithm: str) -> None:
    backend = TokenBackend(algorithm, key_material.pkcs8(key_material.private_key(algorithm)))
    public = key_material.private_key(algorithm).public_key()
    assert jwt.decode(backend.encode(CLAIMS), public, algorithms=[algorithm]) == CLAIMS
    with pytest.raises(KeyConfigurationError):
        backend.decode(backend.encode(CLAIMS))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_another_key_refuses(algorithm: str) -> None:
    backend = TokenBackend(algorithm, **key_material.key_settings(algorithm))
    token = backend.encode(CLAIMS)
    if algorithm in HMAC:
        other = TokenBackend(algorithm, OTHER_SECRET)
    else:
        other = TokenBackend(algorithm, verifying_key=key_material.spki(key_material.other_private_key(algorithm)))
    assert backend.decode(token) == CLAIMS
    with pytest.raises(TokenBackendError, match=r"^Token is invalid$"):
        other.decode(token)


def test_another_secret_is_seen_as_soon_as_it_is_assigned() -> None:
    backend = TokenBackend("HS256", SECRET)
    first = backend.encode(CLAIMS)
    assert backend.decode(first) == CLAIMS
    backend.signing_key = OTHER_SECRET
    second = backend.encode(CLAIMS)
    assert jwt.decode(second, OTHER_SECRET, algorithms=["HS256"]) == CLAIMS
    assert backend.decode(second) == CLAIMS
    with pytest.raises(TokenBackendError):
        backend.decode(first)
    backend.signing_key = SECRET
    assert backend.decode(first) == CLAIMS


def test_another_pair_or_algorithm_is_seen_as_soon_as_it_is_assigned() -> None:
    backend = TokenBackend("ES256", **key_material.key_settings("ES256"))
    token = backend.encode(CLAIMS)
    assert backend.decode(token) == CLAIMS
    backend.verifying_key = key_material.spki(key_material.other_private_key("ES256"))
    with pytest.raises(TokenBackendError):
        backend.decode(token)
    backend.signing_key = key_material.other_private_key("ES256")
    assert backend.decode(backend.encode(CLAIMS)) == CLAIMS
    backend.algorithm, backend.signing_key = "HS256", SECRET
    assert backend.encode(CLAIMS) == token_of(CLAIMS)
    with pytest.raises(TokenBackendError, match="Invalid algorithm specified"):
        backend.decode(token)


def test_leeway_audience_and_issuer_are_seen_as_soon_as_they_are_assigned() -> None:
    backend = TokenBackend("HS256", SECRET)
    token = token_of({"exp": from_now(-20), "aud": "site", "iss": "issuer"})
    with pytest.raises(TokenBackendExpiredToken):
        backend.decode(token)
    backend.leeway = 60
    assert backend.decode(token)["iss"] == "issuer"
    for name, right, wrong in (("audience", "site", "other"), ("issuer", "issuer", "other")):
        setattr(backend, name, right)
        assert backend.decode(token)["iss"] == "issuer"
        setattr(backend, name, wrong)
        with pytest.raises(TokenBackendError):
            backend.decode(token)
        setattr(backend, name, None)


def test_a_key_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = TokenBackend("RS256", **key_material.key_settings("RS256"))
    backend.decode(backend.encode(CLAIMS))
    monkeypatch.setattr(material, "prepare", None)
    assert backend.decode(backend.encode(CLAIMS)) == CLAIMS
    backend.verifying_key += " "
    with pytest.raises(TypeError):
        backend.decode(backend.encode(CLAIMS))


def test_fallback_keys_verify_and_do_not_sign() -> None:
    backend = TokenBackend("HS256", SECRET)
    old = token_of(CLAIMS, OTHER_SECRET)
    with pytest.raises(TokenBackendError):
        backend.decode(old)
    backend.fallback_keys = ["x" * 64, OTHER_SECRET]
    assert backend.decode(old) == CLAIMS
    assert backend.decode(backend.encode(CLAIMS)) == CLAIMS
    assert backend.encode(CLAIMS) == token_of(CLAIMS)


# What is no token.


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("token", [None, 7, 1.5, True, ["a.b.c"], {}, object(), memoryview(b"a.b.c")], ids=type_name)
def test_what_is_neither_text_nor_bytes_is_refused(token: Any, verify: bool) -> None:
    with pytest.raises(TokenBackendError, match=r"^Token is invalid$"):
        TokenBackend("HS256", SECRET).decode(token, verify=verify)


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "a.b.c", "a.b.c.d", "é.é.é", "\ud800", "\x00", "a" * 1_000_000, b"\xff\xfe", b"", "....."],
    ids=ascii,
)
def test_text_that_is_no_token_is_refused(token: str | bytes, verify: bool) -> None:
    with pytest.raises(TokenBackendError, match=r"^Token is invalid$"):
        TokenBackend("HS256", SECRET).decode(token, verify=verify)


def test_without_verification_only_the_form_counts() -> None:
    expired = token_of({"exp": 1, "nbf": 2**31, "aud": "other", "iss": "other"}, OTHER_SECRET)
    strict = TokenBackend("ES256", audience="site", issuer="issuer")
    assert strict.decode(expired, verify=False) == {"exp": 1, "nbf": 2**31, "aud": "other", "iss": "other"}
    with pytest.raises(TokenBackendError):
        strict.decode(expired.rpartition(".")[0], verify=False)


# Length.


def token_of_length(length: int) -> str:
    """A signed token of exactly this length: the header's padding makes up what the payload's can't."""
    for width in range(3):
        header = {"x": "x" * width}
        shortest = len(token_of({"x": ""}, headers=header))
        token = token_of({"x": "x" * ((length - shortest) * 3 // 4)}, headers=header)
        if len(token) == length:
            return token
    raise AssertionError(length)


def every_read(backend: TokenBackend, token: str) -> list[Callable[[], Any]]:
    return [
        lambda: backend.decode(token),
        lambda: backend.decode(token.encode()),
        lambda: backend.decode(token, verify=False),
        lambda: backend.verify_expired(token).claims,
    ]


@pytest.mark.parametrize("limit", [16_384, 200, 1_000, 100_000])
def test_a_token_is_read_up_to_the_greatest_length(limit: int) -> None:
    backend = TokenBackend("HS256", SECRET)
    assert backend.max_token_length == 16_384
    backend.max_token_length = limit
    for length in (limit - 1, limit):
        for read_it in every_read(backend, token_of_length(length)):
            assert read_it()
    for length in (limit + 1, 10 << 20):
        for read_it in every_read(backend, token_of_length(length)):
            with pytest.raises(TokenBackendError, match=r"^Token is invalid$"):
                read_it()


@pytest.mark.parametrize("encoder", [None, json.JSONEncoder], ids=["json", "an encoder"])
@pytest.mark.parametrize("limit", [16_384, 200, 100_000])
def test_a_token_is_made_up_to_the_greatest_length(limit: int, encoder: Any) -> None:
    backend = TokenBackend("HS256", SECRET, json_encoder=encoder)
    backend.max_token_length = 2 * limit
    lengths = range((limit - 150) * 3 // 4, limit * 3 // 4)
    longest = max(length for length in lengths if len(backend.encode({"x": "x" * length})) <= limit)
    backend.max_token_length = limit
    assert backend.encode({"x": "x" * longest})
    with pytest.raises(TokenBackendError, match=r"^the token is longer than allowed$"):
        backend.encode({"x": "x" * (longest + 1)})


def test_a_long_text_is_not_looked_into() -> None:
    backend = TokenBackend("HS256", SECRET)
    for text in ("é" * 16_385, "\ud800" * 16_385, "é" * 10_000, b"\xff" * 16_385):
        for verify in (True, False):
            with pytest.raises(TokenBackendError) as caught:
                backend.decode(text, verify=verify)
            assert caught.value.__cause__.args[0] == "too_large"  # type: ignore[union-attr]


def test_a_long_token_asks_no_issuer_for_keys() -> None:
    backend = TokenBackend("RS256")
    backend.jwks_client = JWKSetClient("https://issuer.example/", fetch=lambda *_: pytest.fail("asked"))
    with pytest.raises(TokenBackendError) as caught:
        backend.decode(token_of_length(16_385))
    assert caught.value.__cause__.args[0] == "too_large"  # type: ignore[union-attr]


@pytest.mark.parametrize("limit", [0, -1, True, False, 16_384.0, "16384", None, 2**64], ids=repr)
def test_a_greatest_length_that_is_no_number_of_bytes_is_a_mistake_in_the_settings(limit: Any) -> None:
    backend = TokenBackend("HS256", SECRET)
    token = backend.encode(CLAIMS)
    backend.max_token_length = limit
    for use in [lambda: backend.encode(CLAIMS), *every_read(backend, token)]:
        with pytest.raises(KeyConfigurationError, match=r"^SIMPLE_JWT\['MAX_TOKEN_LENGTH'\]"):
            use()


# The header's typ.


def token_of_typ(typ: object) -> str:
    # By hand: PyJWT leaves an empty typ out.
    return forge(CLAIMS, {"alg": "HS256", "typ": typ}, SECRET)


def takes(backend: TokenBackend, token: str) -> bool:
    try:
        return backend.decode(token) == CLAIMS
    except TokenBackendError:
        return False


@pytest.mark.parametrize(
    ("allowed", "taken"),
    [
        (("JWT", "at+jwt"), {"JWT", "jwt", "Application/JWT", "at+jwt", "application/AT+JWT"}),
        (["application/jwt"], {"JWT", "jwt", "Application/JWT"}),
        ("at+jwt", {"at+jwt", "application/AT+JWT"}),
        ({"logout+jwt"}, {"logout+jwt"}),
        ((), set()),
        (None, {"JWT", "jwt", "Application/JWT", "at+jwt", "application/AT+JWT", "logout+jwt", "JOSE", ""}),
    ],
    ids=repr,
)
def test_a_typ_is_one_of_the_allowed(allowed: Any, taken: set[str]) -> None:
    """Our own header is known by its bytes, which must be no way around."""
    backend = TokenBackend("HS256", SECRET)
    assert backend.allowed_typ == ("JWT", "at+jwt")
    backend.allowed_typ = allowed
    typs = ["JWT", "jwt", "Application/JWT", "at+jwt", "application/AT+JWT", "logout+jwt", "JOSE", ""]
    assert {typ for typ in typs if takes(backend, token_of_typ(typ))} == taken
    assert takes(backend, backend.encode(CLAIMS)) == ("JWT" in taken)
    assert takes(backend, forge(CLAIMS, {"alg": "HS256"}, SECRET))
    assert not takes(backend, token_of_typ(None))


def test_allowed_typ_is_followed_when_it_is_assigned() -> None:
    backend = TokenBackend("HS256", SECRET)
    backend.allowed_typ = ["at+jwt"]
    assert not takes(backend, token_of_typ("JWT"))
    backend.allowed_typ = ["at+jwt", "JWT"]
    assert takes(backend, token_of_typ("JWT"))
    del backend.allowed_typ
    assert takes(backend, token_of_typ("JWT"))


@pytest.mark.parametrize("allowed", [7, [7], [None], ["\ud800"], True], ids=ascii)
def test_an_allowed_typ_of_another_type_is_a_mistake_in_the_settings(allowed: Any) -> None:
    backend = TokenBackend("HS256", SECRET)
    backend.allowed_typ = allowed
    for use in (backend.decode, backend.verify_expired):
        with pytest.raises(KeyConfigurationError, match="ALLOWED_TYP"):
            use(token_of_typ("JWT"))


# Times.


@pytest.mark.parametrize("leeway", [None, 0, 0.0, timedelta(0)])
def test_without_leeway_exp_equal_to_now_is_expired(monkeypatch: pytest.MonkeyPatch, leeway: Any) -> None:
    monkeypatch.setattr(backends, "time", SimpleNamespace(time=lambda: 1_000_000.0))
    assert read({"exp": 1_000_001}, leeway=leeway) == {"exp": 1_000_001}
    for exp in (1_000_000, 999_999):
        with pytest.raises(TokenBackendExpiredToken, match=r"^Token is expired$"):
            read({"exp": exp}, leeway=leeway)


@pytest.mark.parametrize("leeway", [10, 10.0, timedelta(seconds=10)])
def test_leeway_is_seconds_or_a_timedelta(monkeypatch: pytest.MonkeyPatch, leeway: Any) -> None:
    monkeypatch.setattr(backends, "time", SimpleNamespace(time=lambda: 1_000_000.0))
    assert TokenBackend("HS256", leeway=leeway).get_leeway() == timedelta(seconds=10)
    assert read({"exp": 999_991}, leeway=leeway)
    assert read({"nbf": 1_000_010}, leeway=leeway)
    assert read({"iat": 1_000_070}, leeway=leeway)
    with pytest.raises(TokenBackendExpiredToken):
        read({"exp": 999_990}, leeway=leeway)
    refused({"nbf": 1_000_011}, leeway=leeway)
    refused({"iat": 1_000_071}, leeway=leeway)


@pytest.mark.parametrize("leeway", ["1", b"1", [], object(), Decimal(1)], ids=type_name)
def test_a_leeway_of_another_type_is_refused(leeway: Any) -> None:
    backend = TokenBackend("HS256", SECRET, leeway=leeway)
    with pytest.raises(TokenBackendError, match=r"Unrecognized type '.*', 'leeway' must be of type int, float or"):
        backend.get_leeway()
    with pytest.raises(TokenBackendError, match="Unrecognized type"):
        backend.decode(token_of(CLAIMS))


@pytest.mark.parametrize("leeway", [float("nan"), float("inf"), -1, timedelta(seconds=-1), 1e300])
def test_a_leeway_that_is_no_span_is_a_mistake_in_the_settings(leeway: Any) -> None:
    with pytest.raises(KeyConfigurationError, match="LEEWAY"):
        read(CLAIMS, leeway=leeway)


BAD_CLAIMS: dict[str, tuple[str, Callable[[], Any], Callable[[], Any]]] = {
    "nbf in the future": ("nbf", lambda: from_now(-5), lambda: from_now(30)),
    "iat more than a minute in the future": ("iat", lambda: from_now(30), lambda: from_now(90)),
    "exp is text": ("exp", lambda: from_now(30) + 0.5, lambda: "soon"),
    "exp is a boolean": ("exp", lambda: from_now(30), lambda: True),
    "exp is null": ("exp", lambda: from_now(30), lambda: None),
    "exp beyond any datetime": ("exp", lambda: from_now(30), lambda: 10**30),
    "iat is text": ("iat", lambda: 0, lambda: str(int(time.time()))),
    "nbf is a list": ("nbf", lambda: 0, lambda: [1]),
    "jti is a number": ("jti", lambda: "x", lambda: 7),
    "jti is empty": ("jti", lambda: " ", lambda: ""),
    "jti is long": ("jti", lambda: "😀" * 255, lambda: "x" * 256),
    "jti holds a control character": ("jti", lambda: "\u200b", lambda: "x\x85"),
    "iss is a list": ("iss", lambda: "x", lambda: ["x"]),
    "aud holds a number": ("aud", lambda: ["x", "y"], lambda: ["x", 7]),
    "aud is an object": ("aud", lambda: "x", lambda: {"x": "y"}),
    "sub is a list": ("sub", lambda: "x", lambda: ["x"]),
    "sub is a boolean": ("sub", lambda: 7, lambda: True),
}
"""A claim, a value that is taken and one that is not."""


@pytest.mark.parametrize("what", BAD_CLAIMS)
def test_a_registered_claim_is_checked(what: str) -> None:
    claim, good, bad = BAD_CLAIMS[what]
    value = good()
    assert read({claim: value}) == {claim: value}
    # PyJWT refuses to sign some of these, so the payload is signed as text.
    payload = json.dumps({claim: bad()}).encode()
    with pytest.raises(TokenBackendError, match=r"^Token is invalid$"):
        TokenBackend("HS256", SECRET).decode(jwt.PyJWS().encode(payload, SECRET, algorithm="HS256"))


@pytest.mark.parametrize("claim", ["exp", "iat", "nbf"])
def test_datetimes_become_seconds(claim: str) -> None:
    moment = datetime(2019, 2, 3, 4, 5, 6, 999_999, tzinfo=UTC)
    for value in (moment, moment.astimezone(timezone(timedelta(hours=7))), moment.replace(tzinfo=None)):
        payload = {claim: value, "user_id": "7"}
        token = TokenBackend("HS256", SECRET).encode(payload)
        assert token == token_of({claim: 1_549_166_706, "user_id": "7"})
        assert payload == {claim: value, "user_id": "7"}


def test_a_datetime_elsewhere_is_no_json() -> None:
    with pytest.raises(TypeError):
        TokenBackend("HS256", SECRET).encode({"born": datetime(2019, 2, 3, tzinfo=UTC)})


# Audience and issuer.


@pytest.mark.parametrize("configured", ["site", ["site"], ("other", "site"), {"site"}])
def test_the_audience_must_share_a_member(configured: Any) -> None:
    for aud in ("site", ["site"], ["another", "site"]):
        assert read({"aud": aud}, audience=configured) == {"aud": aud}
    for claims in ({}, {"aud": "sit"}, {"aud": "site "}, {"aud": []}, {"aud": ["another"]}, {"aud": ""}):
        refused(claims, audience=configured)


def test_the_audience_does_not_matter_while_none_is_configured() -> None:
    assert read({"aud": "anyone"}) == {"aud": "anyone"}


def test_an_audience_is_written_into_tokens() -> None:
    for configured in ("site", ["site", "other"]):
        backend = TokenBackend("HS256", SECRET, audience=configured)
        assert backend.encode(CLAIMS) == token_of(CLAIMS | {"aud": configured})
        assert backend.decode(backend.encode(CLAIMS))["aud"] == configured
    assert TokenBackend("HS256", SECRET, audience=("a", "b")).encode(CLAIMS) == token_of(CLAIMS | {"aud": ["a", "b"]})
    assert "aud" not in CLAIMS


@pytest.mark.parametrize("configured", ["issuer", ["issuer"], ["other", "issuer"]])
def test_the_issuer_must_be_one_of_the_configured(configured: Any) -> None:
    assert read({"iss": "issuer"}, issuer=configured) == {"iss": "issuer"}
    for claims in ({}, {"iss": "Issuer"}, {"iss": "issue"}, {"iss": ""}, {"iss": "issuer/"}):
        refused(claims, issuer=configured)


def test_an_issuer_is_written_into_tokens() -> None:
    backend = TokenBackend("HS256", SECRET, issuer="issuer")
    assert backend.encode(CLAIMS) == token_of(CLAIMS | {"iss": "issuer"})
    assert backend.decode(backend.encode(CLAIMS))["iss"] == "issuer"


@pytest.mark.parametrize(
    "options", [{"audience": 7}, {"audience": ["site", 7]}, {"issuer": 7}, {"issuer": [None]}], ids=str
)
def test_an_audience_or_issuer_of_another_type_is_a_mistake_in_the_settings(options: dict[str, Any]) -> None:
    with pytest.raises(KeyConfigurationError, match="AUDIENCE or ISSUER"):
        read(CLAIMS, **options)


# JSON.


class Upper(json.JSONEncoder):
    def default(self, o: Any) -> Any:
        return {"of": str(o)} if isinstance(o, UUID) else super().default(o)


def test_a_json_encoder_is_honoured() -> None:
    name = UUID(int=7)
    assert TokenBackend("HS256", SECRET, json_encoder=Upper).encode({"id": name}) == token_of({"id": {"of": str(name)}})
    lazy = {"greeting": gettext_lazy("Token is invalid"), "at": datetime(2019, 2, 3, tzinfo=UTC), "exp": 4_102_444_800}
    backend = TokenBackend("HS256", SECRET, json_encoder=DjangoJSONEncoder)
    assert backend.decode(backend.encode(lazy)) == {
        "greeting": "Token is invalid",
        "at": "2019-02-03T00:00:00Z",
        "exp": 4_102_444_800,
    }
    assert backend.encode(CLAIMS | {"é": "名"}) == token_of(CLAIMS | {"é": "名"})


@pytest.mark.parametrize("value", [UUID(int=7), object(), {1, 2}, b"bytes", Decimal(1)], ids=type_name)
def test_what_json_has_no_word_for_is_a_type_error(value: Any) -> None:
    with pytest.raises(TypeError):
        TokenBackend("HS256", SECRET).encode({"claim": value})
    with pytest.raises(TypeError):
        TokenBackend("HS256", SECRET, json_encoder=json.JSONEncoder).encode({"claim": value})


def deep(levels: int) -> Any:
    value: Any = "bottom"
    for _ in range(levels):
        value = [value]
    return value


UNSIGNABLE: dict[str, Callable[[], dict[str, Any]]] = {
    "NaN": lambda: {"claim": float("nan")},
    "infinity": lambda: {"claim": [float("-inf")]},
    "a lone surrogate": lambda: {"claim": "\ud800"},
    "a lone surrogate as a name": lambda: {"\udfff": 1},
    "a thousand levels": lambda: {"claim": deep(1000)},
    "a megabyte": lambda: {"claim": "x" * 1_000_000},
    "an empty jti": lambda: {"jti": ""},
    "a long jti": lambda: {"jti": "x" * 256},
    "a control character in jti": lambda: {"jti": "x\0"},
}


@pytest.mark.parametrize("encoder", [None, json.JSONEncoder], ids=["json", "an encoder"])
@pytest.mark.parametrize("what", UNSIGNABLE)
def test_what_verification_would_refuse_is_not_signed(what: str, encoder: Any) -> None:
    with pytest.raises(TokenBackendError):
        TokenBackend("HS256", SECRET, json_encoder=encoder).encode(UNSIGNABLE[what]())


def test_a_payload_is_left_as_it_was() -> None:
    payload = {"exp": datetime(2100, 1, 1, tzinfo=UTC), "nested": {"list": [1]}}
    TokenBackend("HS256", SECRET, audience="site", issuer="issuer").encode(payload)
    assert payload == {"exp": datetime(2100, 1, 1, tzinfo=UTC), "nested": {"list": [1]}}
