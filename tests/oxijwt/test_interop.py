"""Tokens of simplejwt 5.5.1 and of PyJWT are tokens here, and ours are theirs, in all 14 algorithms."""

import json
from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING, Any

import jwt
import pytest

from oxijwt.backends import ALLOWED_ALGORITHMS, TokenBackend
from oxijwt.exceptions import TokenBackendError
from tests import key_material as material
from tests.key_material import ALGORITHMS, ASYMMETRIC, HMAC, SECRET
from tests.sites.projects import HERE, python
from tools.simplejwt import simplejwt_sdist

if TYPE_CHECKING:
    from subprocess import Popen

FAR = 4_102_444_800  # the year 2100

CLAIMS: dict[str, Any] = {
    "token_type": "access",
    "exp": FAR,
    "iat": 1_700_000_000,
    "jti": "0f0e0d0c0b0a09080706050403020100",
    "user_id": "42",
    "naïve": 'Zoë — 名前 😀 \u2028 \x7f \x00 \\ " / </script>',
    "big": 2**200,
    "negative": -(2**64),
    "floats": [0.1, -0.0, 1e300, 5e-324, 1.7976931348623157e308, 1e16, 1e-07, 123456789.123456789, 2.0],
    "nested": {"list": [1, [2, [3, {"deep": None}]]], "true": True, "false": False, "empty": [{}, [], ""]},
}

PUBLIC_CASES = [(name, form) for name in ASYMMETRIC for form in material.public_forms(name)]
PRIVATE_CASES = [(name, form) for name in ASYMMETRIC for form in material.private_forms(name)]


class Peer:
    """simplejwt 5.5.1's own TokenBackend, in a process of its own."""

    def __init__(self, process: "Popen[str]") -> None:
        self._process = process

    def ask(self, **request: Any) -> dict[str, Any]:
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def encode(self, algorithm: str, claims: dict[str, Any], **options: Any) -> str:
        return self.ask(do="encode", algorithm=algorithm, options=options, argument=claims)["value"]

    def decode(self, algorithm: str, token: str, **options: Any) -> dict[str, Any]:
        return self.ask(do="decode", algorithm=algorithm, options=options, argument=token)


@pytest.fixture(scope="module")
def simplejwt() -> Iterator[Peer]:
    with python("-W", "ignore", str(HERE / "simplejwt_peer.py"), pythonpath=[simplejwt_sdist()]) as process:
        yield Peer(process)
        process.stdin.close()


def exactly(value: Any) -> str:
    """Text that tells 1 from 1.0 and True, and 0.0 from -0.0."""
    return repr(sorted(value.items()))


def pyjwt_keys(algorithm: str) -> tuple[Any, Any]:
    """The signing and the verifying key as PyJWT takes them."""
    if algorithm in HMAC:
        return SECRET, SECRET
    key = material.private_key(algorithm)
    return key, key.public_key()


def pyjwt_encode(algorithm: str, claims: dict[str, Any] = CLAIMS, **options: Any) -> str:
    return jwt.encode(claims, pyjwt_keys(algorithm)[0], algorithm=algorithm, **options)


def pyjwt_decode(algorithm: str, token: str) -> dict[str, Any]:
    return jwt.decode(token, pyjwt_keys(algorithm)[1], algorithms=[algorithm])


def test_both_libraries_name_the_same_algorithms(simplejwt: Peer) -> None:
    about = simplejwt.ask(do="about")
    assert about["file"].startswith(str(simplejwt_sdist()))
    # PyJWT lists ES521 among the names that need `cryptography`, and has no such algorithm.
    assert sorted(ALGORITHMS) == sorted(ALLOWED_ALGORITHMS) == [name for name in about["algorithms"] if name != "ES521"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_of_simplejwt_verifies_here(simplejwt: Peer, algorithm: str) -> None:
    keys = material.key_settings(algorithm)
    token = simplejwt.encode(algorithm, CLAIMS, **keys)
    assert exactly(TokenBackend(algorithm, **keys).decode(token)) == exactly(CLAIMS)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_made_here_verifies_in_simplejwt(simplejwt: Peer, algorithm: str) -> None:
    keys = material.key_settings(algorithm)
    token = TokenBackend(algorithm, **keys).encode(CLAIMS)
    assert exactly(simplejwt.decode(algorithm, token, **keys)["value"]) == exactly(CLAIMS)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_neither_library_takes_a_changed_token_of_the_other(simplejwt: Peer, algorithm: str) -> None:
    keys = material.key_settings(algorithm)
    backend = TokenBackend(algorithm, **keys)
    for decode, token in (
        (backend.decode, simplejwt.encode(algorithm, CLAIMS, **keys)),
        (lambda token: refuse(simplejwt.decode(algorithm, token, **keys)), backend.encode(CLAIMS)),
    ):
        header, payload, signature = token.split(".")
        changed = payload[:40] + ("A" if payload[40] != "A" else "B") + payload[41:]
        with pytest.raises(TokenBackendError):
            decode(f"{header}.{changed}.{signature}")


def refuse(answer: dict[str, Any]) -> None:
    if "error" in answer:
        raise TokenBackendError(answer["message"])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_audience_and_issuer_mean_the_same_in_both(simplejwt: Peer, algorithm: str) -> None:
    options = material.key_settings(algorithm) | {"audience": "site", "issuer": "issuer"}
    backend = TokenBackend(algorithm, **options)
    claims = CLAIMS | {"aud": "site", "iss": "issuer"}
    assert exactly(backend.decode(simplejwt.encode(algorithm, CLAIMS, **options))) == exactly(claims)
    assert exactly(simplejwt.decode(algorithm, backend.encode(CLAIMS), **options)["value"]) == exactly(claims)


@pytest.mark.parametrize(("algorithm", "form"), PUBLIC_CASES)
def test_a_token_of_pyjwt_verifies_here_with_every_form_of_public_key(algorithm: str, form: str) -> None:
    key = material.public_forms(algorithm)[form](algorithm, material.private_key(algorithm))
    assert exactly(TokenBackend(algorithm, verifying_key=key).decode(pyjwt_encode(algorithm))) == exactly(CLAIMS)


@pytest.mark.parametrize(("algorithm", "form"), PUBLIC_CASES)
def test_a_public_key_verifies_nothing_of_another_pair(algorithm: str, form: str) -> None:
    key = material.public_forms(algorithm)[form](algorithm, material.other_private_key(algorithm))
    with pytest.raises(TokenBackendError):
        TokenBackend(algorithm, verifying_key=key).decode(pyjwt_encode(algorithm))


@pytest.mark.parametrize(("algorithm", "form"), PRIVATE_CASES)
def test_a_token_made_here_with_every_form_of_private_key_verifies_in_pyjwt(algorithm: str, form: str) -> None:
    key = material.private_forms(algorithm)[form](algorithm, material.private_key(algorithm))
    token = TokenBackend(algorithm, signing_key=key).encode(CLAIMS)
    assert exactly(pyjwt_decode(algorithm, token)) == exactly(CLAIMS)


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_pyjwt_verifies_with_the_jwk_whose_private_half_signed_here(algorithm: str) -> None:
    key = material.private_key(algorithm)
    token = TokenBackend(algorithm, signing_key=material.jwk(algorithm, key)).encode(CLAIMS)
    public = jwt.PyJWK(material.jwk(algorithm, key.public_key()), algorithm)
    assert exactly(jwt.decode(token, public, algorithms=[algorithm])) == exactly(CLAIMS)


@pytest.mark.parametrize(("algorithm", "form"), list(product(HMAC, material.SECRET_FORMS)))
def test_every_form_of_secret_serves_both_ways(algorithm: str, form: str) -> None:
    backend = TokenBackend(algorithm, material.SECRET_FORMS[form]())
    assert exactly(backend.decode(pyjwt_encode(algorithm))) == exactly(CLAIMS)
    assert exactly(pyjwt_decode(algorithm, backend.encode(CLAIMS))) == exactly(CLAIMS)


@pytest.mark.parametrize("text", ['{"kty":"oct","k":"AAAA"} and more of it, to be long enough', "\ufeff é 名前 " * 8])
def test_text_is_the_secret_itself_under_hmac_whatever_it_looks_like(text: str) -> None:
    token = jwt.encode(CLAIMS, text, algorithm="HS256")
    assert exactly(TokenBackend("HS256", text).decode(token)) == exactly(CLAIMS)
    assert TokenBackend("HS256", text).encode(CLAIMS) == token


@pytest.mark.parametrize("algorithm", [*HMAC, "RS256", "RS384", "RS512", "EdDSA"])
def test_deterministic_signatures_give_pyjwts_very_bytes(algorithm: str) -> None:
    backend = TokenBackend(algorithm, **material.key_settings(algorithm))
    assert backend.encode(CLAIMS) == pyjwt_encode(algorithm)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_header_is_pyjwts(algorithm: str) -> None:
    token = TokenBackend(algorithm, **material.key_settings(algorithm)).encode(CLAIMS)
    assert token.split(".")[0] == pyjwt_encode(algorithm).split(".")[0]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_more_header_members_of_another_issuer_do_no_harm(algorithm: str) -> None:
    token = pyjwt_encode(algorithm, headers={"kid": "one", "typ": "at+jwt", "x5t": "AAAA", "é": [1, {"a": None}]})
    backend = TokenBackend(algorithm, **material.key_settings(algorithm))
    assert exactly(backend.decode(token)) == exactly(CLAIMS)


@pytest.mark.parametrize(("algorithm", "other"), [(a, b) for a, b in product(ALGORITHMS, ALGORITHMS) if a != b])
def test_the_headers_algorithm_must_be_the_keys(algorithm: str, other: str) -> None:
    token = pyjwt_encode(other)
    with pytest.raises(TokenBackendError, match="Invalid algorithm specified"):
        TokenBackend(algorithm, **material.key_settings(algorithm)).decode(token)


def relabelled(token_algorithm: str, name: str) -> str:
    """A token whose signature is good, signed under a header that gives the algorithm another name."""
    signer = jwt.PyJWS()
    signer.register_algorithm(name, jwt.PyJWS().get_algorithm_by_name(token_algorithm))
    payload = json.dumps(CLAIMS).encode()
    return signer.encode(payload, pyjwt_keys(token_algorithm)[0], algorithm=name)


def test_ed25519_is_another_name_of_eddsa_in_a_header() -> None:
    """RFC 9864 section 2.2 gives EdDSA with this curve a name of its own."""
    keys = material.key_settings("EdDSA")
    token = relabelled("EdDSA", "Ed25519")
    assert jwt.get_unverified_header(token)["alg"] == "Ed25519"
    assert exactly(TokenBackend("EdDSA", **keys).decode(token)) == exactly(CLAIMS)


@pytest.mark.parametrize(
    ("algorithm", "name"),
    [("EdDSA", "Ed448"), ("EdDSA", "eddsa"), ("EdDSA", "ED25519"), ("ES256", "Ed25519"), ("HS256", "hs256")],
)
def test_no_other_name_is_taken(algorithm: str, name: str) -> None:
    with pytest.raises(TokenBackendError):
        TokenBackend(algorithm, **material.key_settings(algorithm)).decode(relabelled(algorithm, name))
