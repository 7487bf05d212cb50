"""Keys that fit, keys that do not, and what is said about them: the setting and the reason, never the key."""

import json
import traceback
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import jwt
import pytest
from django.test import override_settings

from oxijwt import checks
from oxijwt._core import CoreError, KeyRing
from oxijwt.backends import TokenBackend
from oxijwt.exceptions import KeyConfigurationError
from oxijwt.keys import material
from tests import key_material
from tests.key_material import ALGORITHMS, ASYMMETRIC, EC, HMAC, RSA, SECRET

CLAIMS = {"token_type": "access", "jti": "1"}

PIECE = 12
"""So many characters of a key in a row give some of it away."""


def pem_of(algorithm: str) -> str:
    return key_material.pkcs8(key_material.private_key(algorithm))


def public_pem_of(algorithm: str) -> str:
    return key_material.spki(key_material.private_key(algorithm))


def private_jwk_of(algorithm: str, **members: Any) -> dict[str, Any]:
    return key_material.jwk(algorithm, key_material.private_key(algorithm)) | members


def public_jwk_of(algorithm: str, **members: Any) -> dict[str, Any]:
    return key_material.jwk(algorithm, key_material.private_key(algorithm).public_key()) | members


def without(members: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in members.items() if key != name}


def broken(pem: str) -> str:
    """The same armor around half of the key."""
    first, *body, last = pem.strip().splitlines()
    return "\n".join([first, *body[: len(body) // 2], last])


def x25519_pem() -> str:
    return key_material.pkcs8(key_material.x25519_key())


def x25519_public_pem() -> str:
    return key_material.spki(key_material.x25519_key())


def scrambled(pem: str) -> str:
    first, *body, last = pem.strip().splitlines()
    return "\n".join([first, *(line[::-1].replace("=", "") for line in body), last])


# Half of a character: no UTF-8 has it. Written in no word that a message could have.
LONE_SURROGATE = "qX7vKz0Rw3Lt9bYs \ud800 Jm5Hc2Pg8Nd4Fq6Ak1"

# What neither kind of key can be made of, whatever the algorithm: (algorithms, what, the key).
MISFITS: list[tuple[tuple[str, ...], str, Callable[[str], Any]]] = [
    (ALGORITHMS, "None", lambda _: None),
    (ALGORITHMS, "empty text", lambda _: ""),
    (ALGORITHMS, "empty bytes", lambda _: b""),
    (ALGORITHMS, "empty mapping", lambda _: {}),
    (ALGORITHMS, "a number", lambda _: 123456789012345678901234567890),
    (ALGORITHMS, "a list", lambda _: ["a list with a secret in it, for instance"]),
    (ALGORITHMS, "a lone surrogate", lambda _: LONE_SURROGATE),
    (ALGORITHMS, "a mapping that is no JSON", lambda _: {"kty": "oct", "k": b"bytes are no member of a JWK"}),
    (ALGORITHMS, "an unknown kind of JWK", lambda _: {"kty": "weird", "k": "c29tZXRoaW5nIG9yIG90aGVy"}),
    (ASYMMETRIC, "a secret", lambda _: SECRET),
    (ASYMMETRIC, "blanks", lambda _: "  \n \n "),
    (ASYMMETRIC, "an oct JWK", lambda _: key_material.secret_jwk()),
    (ASYMMETRIC, "JSON cut short", lambda name: json.dumps(private_jwk_of(name))[:-20]),
    (ASYMMETRIC, "JSON that is no object", lambda _: '["a list of one string and nothing else"]'),
    (
        ASYMMETRIC,
        "PEM around no base64",
        lambda _: "-----BEGIN PRIVATE KEY-----\n!!!! no base64 !!!!\n-----END PRIVATE KEY-----",
    ),
    (ASYMMETRIC, "PEM around no DER", lambda _: key_material.armored("PRIVATE KEY", b"no DER, just text " * 9)),
    (ASYMMETRIC, "PEM of no key", lambda _: key_material.armored("SOMETHING ELSE", b"no DER, just text " * 9)),
    (ASYMMETRIC, "a JWK whose alg is another", lambda name: private_jwk_of(name, alg="HS256")),
    (ASYMMETRIC, "a JWK for encryption", lambda name: private_jwk_of(name, use="enc")),
    (ASYMMETRIC, "a JWK whose kty is no string", lambda name: private_jwk_of(name, kty=7)),
    (HMAC, "an oct JWK without k", lambda _: {"kty": "oct"}),
    (HMAC, "an oct JWK with an empty k", lambda _: {"kty": "oct", "k": ""}),
    (HMAC, "an oct JWK with a k that is no base64url", lambda _: {"kty": "oct", "k": "this is no base64url at all!"}),
    (HMAC, "an oct JWK whose alg is another", lambda _: key_material.secret_jwk() | {"alg": "RS256"}),
    (HMAC, "an oct JWK for encryption", lambda _: key_material.secret_jwk() | {"use": "enc"}),
    (HMAC, "a JWK of another kind", lambda _: private_jwk_of("ES256")),
    (HMAC, "a public key as PEM", lambda _: public_pem_of("RS256")),
    (HMAC, "a private key as PEM", lambda _: pem_of("ES256")),
    (HMAC, "a key object", lambda _: key_material.private_key("ES256")),
    (HMAC, "a public key object", lambda _: key_material.private_key("RS256").public_key()),
]
SIGNING_MISFITS: list[tuple[tuple[str, ...], str, Callable[[str], Any]]] = [
    (ASYMMETRIC, "a public key", public_pem_of),
    (ASYMMETRIC, "a public JWK", public_jwk_of),
    (ASYMMETRIC, "a public key object", lambda name: key_material.private_key(name).public_key()),
    (ASYMMETRIC, "an encrypted key", lambda name: key_material.encrypted_pkcs8(key_material.private_key(name))),
    (ASYMMETRIC, "half a key", lambda name: broken(pem_of(name))),
    (ASYMMETRIC, "a scrambled key", lambda name: scrambled(pem_of(name))),
    (ASYMMETRIC, "a JWK for verification only", lambda name: private_jwk_of(name, key_ops=["verify"])),
    (RSA, "1024 bits", lambda _: key_material.pkcs8(key_material.rsa_key(1024))),
    (RSA, "1024 bits as PKCS#1", lambda _: key_material.traditional(key_material.rsa_key(1024))),
    (RSA, "1024 bits as a JWK", lambda _: key_material.jwk("RS256", key_material.rsa_key(1024))),
    (RSA, "1024 bits as a key object", lambda _: key_material.rsa_key(1024)),
    (RSA, "ROCA", lambda _: key_material.pkcs8(key_material.roca_key())),
    (RSA, "ROCA as PKCS#1", lambda _: key_material.traditional(key_material.roca_key())),
    (RSA, "ROCA as a JWK", lambda _: key_material.jwk("RS256", key_material.roca_key())),
    (RSA, "ROCA as a key object", lambda _: key_material.roca_key()),
    (RSA, "an EC key", lambda _: pem_of("ES256")),
    (RSA, "an EC JWK", lambda _: private_jwk_of("ES256")),
    (RSA, "an Ed25519 key", lambda _: pem_of("EdDSA")),
    (EC, "an RSA key", lambda _: pem_of("RS256")),
    (EC, "an Ed25519 key", lambda _: pem_of("EdDSA")),
    (EC, "an Ed25519 JWK", lambda _: private_jwk_of("EdDSA")),
    (EC, "a JWK without d's partner", lambda name: without(private_jwk_of(name), "x")),
    (("EdDSA",), "an EC key", lambda _: pem_of("ES256")),
    (("EdDSA",), "an RSA JWK", lambda _: private_jwk_of("RS256")),
    (("EdDSA",), "an Ed448 key", lambda _: key_material.pkcs8(key_material.ed448_key())),
    (("EdDSA",), "an X25519 key", lambda _: x25519_pem()),
    *[
        ((name,), f"a key of {other}'s curve", lambda _, other=other: pem_of(other))
        for name in EC
        for other in EC
        if name != other
    ],
    *[
        ((name,), f"a JWK of {other}'s curve", lambda _, other=other: private_jwk_of(other))
        for name in EC
        for other in EC
        if name != other
    ],
    *[
        (
            (name,),
            f"SEC1 of {other}'s curve",
            lambda _, other=other: key_material.sec1_with_parameters(other, key_material.private_key(other)),
        )
        for name in EC
        for other in EC
        if name != other
    ],
]
VERIFYING_MISFITS: list[tuple[tuple[str, ...], str, Callable[[str], Any]]] = [
    (ASYMMETRIC, "half a key", lambda name: broken(public_pem_of(name))),
    (ASYMMETRIC, "a JWK for signing only", lambda name: public_jwk_of(name, key_ops=["sign"])),
    (ASYMMETRIC, "an encrypted private key", lambda name: key_material.encrypted_pkcs8(key_material.private_key(name))),
    (RSA, "1024 bits", lambda _: key_material.spki(key_material.rsa_key(1024))),
    (RSA, "1024 bits as PKCS#1", lambda _: key_material.pkcs1_public(key_material.rsa_key(1024))),
    (RSA, "1024 bits as a JWK", lambda _: key_material.jwk("RS256", key_material.rsa_key(1024).public_key())),
    (RSA, "1024 bits of a private key", lambda _: key_material.pkcs8(key_material.rsa_key(1024))),
    (RSA, "ROCA", lambda _: key_material.spki(key_material.roca_key())),
    (RSA, "ROCA as PKCS#1", lambda _: key_material.pkcs1_public(key_material.roca_key())),
    (RSA, "ROCA as a JWK", lambda _: key_material.jwk("RS256", key_material.roca_key().public_key())),
    (RSA, "ROCA of a private key", lambda _: key_material.pkcs8(key_material.roca_key())),
    (RSA, "an EC key", lambda _: public_pem_of("ES256")),
    (RSA, "an Ed25519 JWK", lambda _: public_jwk_of("EdDSA")),
    (EC, "an RSA key", lambda _: public_pem_of("RS256")),
    (EC, "an Ed25519 key", lambda _: public_pem_of("EdDSA")),
    (EC, "an RSA JWK", lambda _: public_jwk_of("RS256")),
    (EC, "a JWK of no point", lambda name: public_jwk_of(name, y=public_jwk_of(name)["x"])),
    (EC, "a JWK without y", lambda name: without(public_jwk_of(name), "y")),
    (("EdDSA",), "an EC key", lambda _: public_pem_of("ES256")),
    (("EdDSA",), "an Ed448 key", lambda _: key_material.spki(key_material.ed448_key())),
    (("EdDSA",), "an X25519 key", lambda _: x25519_public_pem()),
    (("EdDSA",), "a JWK of another length", lambda name: public_jwk_of(name, x=public_jwk_of(name)["x"][:20])),
    *[
        ((name,), f"a key of {other}'s curve", lambda _, other=other: public_pem_of(other))
        for name in EC
        for other in EC
        if name != other
    ],
    *[
        ((name,), f"a JWK of {other}'s curve", lambda _, other=other: public_jwk_of(other))
        for name in EC
        for other in EC
        if name != other
    ],
    *[
        ((name,), f"a private key of {other}'s curve", lambda _, other=other: pem_of(other))
        for name in EC
        for other in EC
        if name != other
    ],
]


def cases(*tables: list[tuple[tuple[str, ...], str, Callable[[str], Any]]]) -> list[Any]:
    return [
        pytest.param(algorithm, make, id=f"{algorithm}: {what}")
        for table in tables
        for algorithms, what, make in table
        for algorithm in algorithms
    ]


def pieces(text: str) -> set[str]:
    return {text[start : start + PIECE] for start in range(len(text) - PIECE + 1)}


def texts_of_key(key: object) -> Iterator[str]:
    """What a key is written with; the lines around a PEM are no secret."""
    if isinstance(key, Mapping):
        for value in key.values():
            yield from texts_of_key(value)
    elif isinstance(key, list):
        for value in key:
            yield from texts_of_key(value)
    elif isinstance(key, bytes):
        yield from texts_of_key(key.decode("latin-1"))
    elif isinstance(key, str | int):
        lines = [line for line in str(key).splitlines() if not line.startswith("-----")]
        yield from ("".join(lines), "\n".join(lines))
    elif hasattr(key, "private_bytes"):
        yield from texts_of_key(key_material.pkcs8(key))


def texts_of_error(error: BaseException | None) -> Iterator[str]:
    """Everything that a log, a debug page or a collector of errors shows of an exception and of its causes."""
    while error is not None:
        yield from (str(error), repr(error), *(repr(argument) for argument in error.args))
        yield from ("".join(traceback.format_exception(error)), *getattr(error, "__notes__", ()))
        error = error.__cause__


def assert_says_no_key(error: BaseException, key: object) -> None:
    secret = {piece for text in texts_of_key(key) for piece in pieces(text)}
    for text in texts_of_error(error):
        assert not pieces(text.replace("\\n", "\n")) & secret


def test_the_scan_finds_a_key_that_is_told() -> None:
    """The gate seen open: without it the tests below prove nothing."""
    key = pem_of("ES256")
    line = key.splitlines()[1]
    for error in (
        ValueError(f"bad key {key}"),
        ValueError({"key": key}),
        ValueError(f"bad base64: {line[5:20]}…"),
        caused(KeyConfigurationError("SIMPLE_JWT"), CoreError("key_malformed", line)),
    ):
        with pytest.raises(AssertionError):
            assert_says_no_key(error, key)
    assert_says_no_key(caused(KeyConfigurationError("SIMPLE_JWT"), CoreError("key_malformed", "no key")), key)


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(("algorithm", "make"), cases(MISFITS, SIGNING_MISFITS))
def test_a_signing_key_that_does_not_fit_is_refused_by_the_settings_name(
    algorithm: str, make: Callable[[str], Any]
) -> None:
    key = make(algorithm)
    backend = TokenBackend(algorithm, key)
    refusal = rf"^SIMPLE_JWT\['SIGNING_KEY'\] can't serve {algorithm}:"
    with pytest.raises(KeyConfigurationError, match=refusal) as caught:
        backend.encode(CLAIMS)
    assert_says_no_key(caught.value, key)
    with pytest.raises(KeyConfigurationError, match="SIGNING_KEY"):
        assert backend.prepared_signing_key


@pytest.mark.parametrize(
    ("algorithm", "make"), [case for case in cases(MISFITS, VERIFYING_MISFITS) if case.values[0] not in HMAC]
)
def test_a_verifying_key_that_does_not_fit_is_refused_by_the_settings_name(
    algorithm: str, make: Callable[[str], Any]
) -> None:
    key = make(algorithm)
    backend = TokenBackend(algorithm, pem_of(algorithm), key)
    token = backend.encode(CLAIMS)
    with pytest.raises(
        KeyConfigurationError, match=r"^SIMPLE_JWT\['VERIFYING_KEY'\] can't serve " + algorithm
    ) as caught:
        backend.decode(token)
    assert_says_no_key(caught.value, key)


@pytest.mark.parametrize(("algorithm", "make"), [case for case in cases(MISFITS) if case.values[0] in HMAC])
def test_an_unfit_secret_verifies_nothing(algorithm: str, make: Callable[[str], Any]) -> None:
    token = jwt.encode(CLAIMS, SECRET, algorithm=algorithm)
    with pytest.raises(KeyConfigurationError, match="SIGNING_KEY"):
        TokenBackend(algorithm, make(algorithm)).decode(token)


@pytest.mark.parametrize(
    "make",
    [lambda: "", lambda: LONE_SURROGATE, lambda: public_pem_of("RS256"), lambda: 7],
    ids=["empty", "no text", "a public key", "a number"],
)
def test_an_unfit_fallback_is_refused_by_its_own_settings_name(make: Callable[[], Any]) -> None:
    backend = TokenBackend("HS256", SECRET)
    token = backend.encode(CLAIMS)
    assert backend.decode(token) == CLAIMS
    backend.fallback_keys = [make()]
    with pytest.raises(KeyConfigurationError, match=r"^SECRET_KEY_FALLBACKS can't serve HS256") as caught:
        backend.decode(token)
    assert_says_no_key(caught.value, make())


@pytest.mark.parametrize("algorithm", RSA)
def test_2048_bits_are_enough(algorithm: str) -> None:
    backend = TokenBackend(algorithm, pem_of(algorithm), public_pem_of(algorithm))
    assert backend.decode(backend.encode(CLAIMS)) == CLAIMS


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_the_keys_beside_the_misfits_do_fit(algorithm: str) -> None:
    """The gate seen open: what the tables above change is all that is wrong with their keys."""
    for signing in (pem_of(algorithm), private_jwk_of(algorithm), private_jwk_of(algorithm, key_ops=["sign"])):
        for verifying in (
            public_pem_of(algorithm),
            public_jwk_of(algorithm),
            public_jwk_of(algorithm, key_ops=["verify"], use="sig", alg=algorithm),
            pem_of(algorithm),
            private_jwk_of(algorithm),
            key_material.private_key(algorithm),
        ):
            backend = TokenBackend(algorithm, signing, verifying)
            assert backend.decode(backend.encode(CLAIMS)) == CLAIMS


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_a_private_key_in_verifying_key_gives_its_public_half(algorithm: str) -> None:
    backend = TokenBackend(algorithm, verifying_key=pem_of(algorithm))
    token = jwt.encode(CLAIMS, key_material.private_key(algorithm), algorithm=algorithm)
    assert backend.decode(token) == CLAIMS
    assert type(backend.prepared_verifying_key).__name__ == "VerifyingKey"
    with pytest.raises(KeyConfigurationError, match="SIGNING_KEY"):
        backend.encode(CLAIMS)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_prepared_key_shows_its_algorithm_and_nothing_else(algorithm: str) -> None:
    signing = material.signing_key(algorithm, key_material.key_settings(algorithm)["signing_key"])
    for prepared in (signing, signing.verifying_key(), KeyRing(signing, [signing.verifying_key()])):
        assert_says_no_key(ValueError(prepared), key_material.key_settings(algorithm)["signing_key"])
        assert str(prepared) == repr(prepared)
    assert signing.algorithm == signing.verifying_key().algorithm == algorithm
    assert algorithm in repr(signing)


@pytest.mark.parametrize(("algorithm", "enough"), [("HS256", 32), ("HS384", 48), ("HS512", 64)])
def test_a_secret_shorter_than_its_hash_is_weak_and_works(algorithm: str, enough: int) -> None:
    for length, weak in ((enough - 1, True), (enough, False)):
        secret = "é" * (length // 2) + "x" * (length % 2)
        assert material.signing_key(algorithm, secret).is_weak is weak
        assert material.verifying_key(algorithm, secret).is_weak is weak
        backend = TokenBackend(algorithm, secret)
        assert backend.decode(backend.encode(CLAIMS)) == CLAIMS
    assert not any(material.signing_key(name, pem_of(name)).is_weak for name in ASYMMETRIC)


# The system checks about keys.


def findings(**simple_jwt: Any) -> list[tuple[str, bool]]:
    """The id of each finding, and whether it stops a command."""
    with override_settings(SIMPLE_JWT=simple_jwt):
        return [(finding.id, finding.is_serious()) for finding in checks.check_settings()]


def key_pair(algorithm: str, **changes: Any) -> dict[str, Any]:
    pair = {"SIGNING_KEY": pem_of(algorithm), "VERIFYING_KEY": public_pem_of(algorithm)}
    return {"ALGORITHM": algorithm} | pair | changes


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_the_check_is_silent_about_a_pair_that_fits(algorithm: str) -> None:
    assert findings(**key_pair(algorithm)) == []
    assert findings(ALGORITHM=algorithm, VERIFYING_KEY=public_pem_of(algorithm)) == []


@pytest.mark.parametrize("algorithm", HMAC)
def test_the_check_is_silent_about_a_long_secret(algorithm: str) -> None:
    assert findings(ALGORITHM=algorithm, SIGNING_KEY=SECRET) == []
    assert findings(ALGORITHM=algorithm) == []


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_the_check_warns_of_a_private_key_in_verifying_key(algorithm: str) -> None:
    assert findings(**key_pair(algorithm, VERIFYING_KEY=pem_of(algorithm))) == [("oxijwt.W001", False)]


@pytest.mark.parametrize("name", ["HS257", "none", "", None, "hs256", "ES521", "Ed25519"])
def test_the_check_refuses_an_unknown_algorithm(name: Any) -> None:
    assert findings(ALGORITHM=name) == [("oxijwt.E001", True)]


@pytest.mark.parametrize(
    "settings",
    [
        lambda: {"SIGNING_KEY": ""},
        lambda: {"SIGNING_KEY": None},
        lambda: {"SIGNING_KEY": public_pem_of("RS256")},
        lambda: key_pair("RS256", SIGNING_KEY=pem_of("ES256")),
        lambda: key_pair("RS256", SIGNING_KEY=public_pem_of("RS256")),
        lambda: key_pair("RS256", VERIFYING_KEY=public_pem_of("ES256")),
        lambda: key_pair("RS256", VERIFYING_KEY=""),
        lambda: key_pair("PS512", VERIFYING_KEY=key_material.spki(key_material.rsa_key(1024))),
    ],
    ids=[
        "an empty secret",
        "no secret",
        "a public key as the secret",
        "another kind of signing key",
        "a public signing key",
        "another kind of verifying key",
        "no verifying key",
        "1024 bits",
    ],
)
def test_the_check_refuses_a_key_that_does_not_fit(settings: Callable[[], dict[str, Any]]) -> None:
    assert findings(**settings()) == [("oxijwt.E002", True)]


def test_the_check_prepares_the_fallbacks_that_are_in_use() -> None:
    with override_settings(SECRET_KEY_FALLBACKS=[SECRET, "short, as old ones are"]):
        assert findings() == []
    with override_settings(SECRET_KEY_FALLBACKS=[SECRET, ""]):
        assert findings() == [("oxijwt.E002", True)]
        assert findings(SIGNING_KEY=SECRET) == []
        assert findings(**key_pair("ES256")) == []


def test_the_check_says_no_key() -> None:
    key = broken(pem_of("RS256"))
    with override_settings(SIMPLE_JWT=key_pair("RS256", SIGNING_KEY=key)):
        [finding] = checks.check_settings()
    assert "SIGNING_KEY" in finding.msg
    assert_says_no_key(ValueError(finding, finding.msg, finding.hint, finding.obj), key)


@pytest.mark.parametrize(("algorithm", "enough"), [("HS256", 32), ("HS384", 48), ("HS512", 64)])
def test_the_check_refuses_a_short_secret_wherever_it_stands(algorithm: str, enough: int) -> None:
    assert findings(ALGORITHM=algorithm, SIGNING_KEY="k" * enough) == []
    assert findings(ALGORITHM=algorithm, SIGNING_KEY="k" * (enough - 1)) == [("oxijwt.E003", True)]
    with override_settings(SECRET_KEY="k" * (enough - 1)):
        assert findings(ALGORITHM=algorithm) == [("oxijwt.E003", True)]


def test_text_and_mapping_are_the_same_key() -> None:
    """The blocks of a chain: each pair of neighbours verifies the other's token."""
    forms = [form("ES256", key_material.private_key("ES256")) for form in key_material.private_forms("ES256").values()]
    for one, other in pairwise([*forms, forms[0]]):
        assert TokenBackend("ES256", verifying_key=other).decode(TokenBackend("ES256", one).encode(CLAIMS)) == CLAIMS
