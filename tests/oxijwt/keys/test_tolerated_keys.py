"""Two mistakes of those who write an issuer's JWK Set are tolerated, in that set only, and logged once."""

import json
import re
from collections.abc import Callable
from typing import Any

import jwt
import pytest

from oxijwt._core import CoreError, KeyRing, KeySet, SigningKey, TokenPolicy, VerifyingKey, read_issuer_jwk_set
from oxijwt.keys import jwk_set
from oxijwt.keys.fetch import DEFAULT_LIFESPAN
from oxijwt.keys.jwk_set import JWKSetError
from oxijwt.verifier import SignedBy
from tests import key_material as material
from tests.oxijwt.keys.test_jwk_set import Issuer, others, plain

JWK = dict[str, Any]
PADDED, PREFIXED = "a member is padded with =", "its n has a leading zero octet"


def prefixed(jwk: JWK, zeros: int = 1) -> JWK:
    """With leading zero octets in `n` (RFC 7518 section 6.3.1.1)."""
    n = jwt.utils.base64url_decode(jwk["n"])
    return jwk | {"n": jwt.utils.base64url_encode(bytes(zeros) + n).decode()}


def padded(jwk: JWK) -> JWK:
    """With the padding of RFC 4648, which RFC 7515 section 2 leaves out."""
    members = ("n", "e", "x", "y", "d", "p", "q", "dp", "dq", "qi")
    return jwk | {name: jwk[name] + "=" * (-len(jwk[name]) % 4) for name in members if name in jwk}


TOLERATED: dict[str, tuple[str, Callable[[JWK], JWK], list[str]]] = {
    "RSA with a zero": ("RS256", prefixed, [PREFIXED]),
    "RSA padded": ("PS256", padded, [PADDED]),
    "RSA with both": ("RS512", lambda jwk: padded(prefixed(jwk)), [PADDED, PREFIXED]),
    "EC padded": ("ES256", padded, [PADDED]),
    "Ed25519 padded": ("EdDSA", padded, [PADDED]),
}


@pytest.mark.parametrize(("algorithm", "spoil", "mistakes"), TOLERATED.values(), ids=TOLERATED)
def test_two_mistakes_are_tolerated_and_logged_once(
    algorithm: str, spoil: Any, mistakes: list[str], caplog: pytest.LogCaptureFixture, issuer_clock: Any
) -> None:
    """Such a key was skipped, so all users of the issuer got 401."""
    issuer = Issuer(spoil(plain(algorithm, "odd")))
    client = issuer.client()
    token = jwt.encode({"a": 1}, material.private_key(algorithm), algorithm, {"kid": "odd"})
    for number in range(3):
        issuer.publish(spoil(plain(algorithm, "odd")), {"kty": f"unknown {number}"})
        issuer_clock.now += DEFAULT_LIFESPAN
        ring = KeyRing(None, [client.verifying_key(algorithm, "odd")])
        assert ring.verify(token, 0, TokenPolicy(max_length=16_384), SignedBy.US).claims == {"a": 1}
    told = [record.getMessage() for record in caplog.records if "is used" in record.getMessage()]
    assert told == [f"JWK Set of issuer.example: the key with kid 'odd' is used, but {mistake}" for mistake in mistakes]
    assert issuer.fetches == 3


def test_a_right_key_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    assert (
        Issuer(plain("RS256", "right"), plain("ES256", "right"))
        .client()
        .verifying_key("RS256", "right", ["RS256", "ES256"])
    )
    assert caplog.records == []


def test_each_kid_of_an_issuer_is_logged(caplog: pytest.LogCaptureFixture, issuer_clock: Any) -> None:
    issuer = Issuer(padded(plain("ES256", "one")))
    client = issuer.client()
    assert client.verifying_key("ES256", "one")
    issuer.publish(padded(plain("ES256", "one")), padded(others("ES256", "two")), plain("ES256", "three"))
    issuer_clock.now += DEFAULT_LIFESPAN
    assert client.verifying_key("ES256", "two")
    assert client.verifying_key("ES256", "two", ["ES256", "ES384"])
    assert re.findall("kid '(.*)' is used", caplog.text) == ["one", "two"]


def test_an_issuer_can_not_fill_the_log(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, issuer_clock: Any
) -> None:
    monkeypatch.setattr(jwk_set, "MOST_TOLERATED", 10)
    issuer = Issuer()
    client = issuer.client()
    for fetch in range(5):
        issuer.publish(*(padded(plain("ES256", f"{fetch}\n{number}")) for number in range(4)))
        issuer_clock.now += DEFAULT_LIFESPAN
        assert client.verifying_key("ES256", f"{fetch}\n0")
    told = [record.getMessage() for record in caplog.records if "is used" in record.getMessage()]
    assert len(told) == 10
    assert all(map(str.isprintable, told))


REFUSED: dict[str, Callable[[JWK], JWK]] = {
    "two zeros": lambda jwk: prefixed(jwk, 2),
    "too much padding": lambda jwk: jwk | {"n": jwk["n"] + "===="},
    "padding of a wrong length": lambda jwk: jwk | {"n": jwk["n"] + "="},
    "padding at the beginning": lambda jwk: jwk | {"n": "==" + jwk["n"]},
    "the standard alphabet": lambda jwk: jwk | {"n": "+/" + jwk["n"][2:]},
    "white space": lambda jwk: jwk | {"n": jwk["n"] + " "},
    "a zero before e": lambda jwk: jwk | {"e": "AAEAAQ"},
}


@pytest.mark.parametrize("spoil", REFUSED.values(), ids=REFUSED)
def test_other_mistakes_are_not(spoil: Any, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(JWKSetError):
        Issuer(spoil(plain("RS256", "odd"))).client().verifying_key("RS256", "odd")
    assert "skipped key 1 'odd'" in caplog.text
    assert "is used" not in caplog.text


def test_a_byte_order_mark_before_the_set_is_refused() -> None:
    text = b"\xef\xbb\xbf" + json.dumps({"keys": [plain("ES256", "one")]}).encode()
    with pytest.raises(CoreError):
        read_issuer_jwk_set(text, ["ES256"])
    assert len(read_issuer_jwk_set(text[3:], ["ES256"])[0]) == 1


@pytest.mark.parametrize("spoil", [prefixed, padded])
@pytest.mark.parametrize("kind", [SigningKey, VerifyingKey])
def test_our_own_jwks_must_not_have_them(spoil: Any, kind: Any) -> None:
    key = material.private_key("RS256")
    right = material.jwk("RS256", key if kind is SigningKey else key.public_key()) | {"kid": "a", "alg": "RS256"}
    assert kind.from_jwk("RS256", json.dumps(right).encode())
    assert KeySet.read(json.dumps({"keys": [right]}).encode())
    with pytest.raises(CoreError):
        kind.from_jwk("RS256", json.dumps(spoil(right)).encode())
    with pytest.raises(CoreError):
        KeySet.read(json.dumps({"keys": [spoil(right)]}).encode())
