"""Keys of every kind and form, made at run time by `cryptography`; JWKs are PyJWT's, so no form is our own writing."""

import base64
import json
import textwrap
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from jwt import PyJWS

HMAC = ("HS256", "HS384", "HS512")
RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
EC = ("ES256", "ES384", "ES512", "ES256K")
ASYMMETRIC = (*RSA, *EC, "EdDSA")
ALGORITHMS = (*HMAC, *ASYMMETRIC)

CURVES: dict[str, tuple[ec.EllipticCurve, str]] = {
    "ES256": (ec.SECP256R1(), "06082a8648ce3d030107"),
    "ES384": (ec.SECP384R1(), "06052b81040022"),
    "ES512": (ec.SECP521R1(), "06052b81040023"),
    "ES256K": (ec.SECP256K1(), "06052b8104000a"),
}
"""Each EC algorithm's curve (RFC 7518 section 3.4, RFC 8812 section 3.2) and the DER of its object identifier."""

# Long enough for HS512, and text, so that it can be a setting of simplejwt's too.
SECRET = "an HMAC secret of the test suite: sixty-four bytes or more of it, plainly"


@cache
def private_key(algorithm: str) -> Any:
    """A private key for an asymmetric algorithm, one per kind of key."""
    if algorithm in RSA:
        return rsa_key(2048)
    if algorithm in EC:
        return ec.generate_private_key(CURVES[algorithm][0])
    return ed25519.Ed25519PrivateKey.generate()


@cache
def other_private_key(algorithm: str) -> Any:
    """A second key of the same kind, which verifies nothing that the first one signed."""
    return private_key.__wrapped__(algorithm) if algorithm not in RSA else rsa_key(2048, "other")


@cache
def rsa_key(bits: int, name: str = "first") -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@cache
def roca_key() -> Any:
    """A key of the form that the ROCA generator made (CVE-2017-15361), made for the Rust suite."""
    return load_pem_private_key((Path(__file__).parent / "rust/material/roca.pkcs8.pem").read_bytes(), None)


@cache
def ed448_key() -> Any:
    return ed448.Ed448PrivateKey.generate()


@cache
def x25519_key() -> Any:
    return x25519.X25519PrivateKey.generate()


def pkcs8(key: Any) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def encrypted_pkcs8(key: Any) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"passphrase")).decode()


def traditional(key: Any) -> str:
    """PKCS#1 of an RSA key, SEC1 of an EC key."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


def spki(key: Any) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def pkcs1_public(key: Any) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode()


def sec1_with_parameters(algorithm: str, key: Any) -> str:
    """What `openssl ecparam -genkey` writes: the curve in a block of its own, then the key."""
    parameters = base64.b64encode(bytes.fromhex(CURVES[algorithm][1])).decode()
    return f"-----BEGIN EC PARAMETERS-----\n{parameters}\n-----END EC PARAMETERS-----\n{traditional(key)}"


def armored(label: str, body: bytes) -> str:
    """PEM of any bytes."""
    lines = "\n".join(textwrap.wrap(base64.b64encode(body).decode(), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"


def jwk(algorithm: str, key: Any) -> dict[str, Any]:
    """The JWK of a key object, or of a secret, with the members its kind must have."""
    members: dict[str, Any] = PyJWS().get_algorithm_by_name(algorithm).to_jwk(key, as_dict=True)
    return {name: value for name, value in members.items() if name != "key_ops"}


def secret_jwk(secret: str = SECRET) -> dict[str, Any]:
    return {"kty": "oct", "k": base64.urlsafe_b64encode(secret.encode()).rstrip(b"=").decode()}


Form = Callable[[str, Any], Any]

PRIVATE_FORMS: dict[str, Form] = {
    "PKCS#8": lambda _, key: pkcs8(key),
    "PKCS#8 as bytes": lambda _, key: pkcs8(key).encode(),
    "PKCS#8 in CRLF lines and blanks": lambda _, key: "\r\n" + pkcs8(key).replace("\n", "\r\n") + "\r\n \r\n",
    "JWK text": lambda algorithm, key: json.dumps(jwk(algorithm, key)),
    "JWK bytes": lambda algorithm, key: json.dumps(jwk(algorithm, key), indent=2).encode(),
    "JWK mapping": jwk,
    "JWK with use, alg and key_ops": lambda algorithm, key: (
        jwk(algorithm, key) | {"use": "sig", "alg": algorithm, "key_ops": ["sign", "verify"], "kid": "one"}
    ),
    "key object": lambda _, key: key,
}
TRADITIONAL_FORMS: dict[str, Form] = {"PKCS#1 or SEC1": lambda _, key: traditional(key)}
EC_FORMS: dict[str, Form] = {"SEC1 behind EC PARAMETERS": sec1_with_parameters}

PUBLIC_FORMS: dict[str, Form] = {
    "SPKI": lambda _, key: spki(key),
    "SPKI as bytes": lambda _, key: spki(key).encode(),
    "SPKI in CRLF lines and blanks": lambda _, key: "\r\n" + spki(key).replace("\n", "\r\n") + "\r\n \r\n",
    "JWK text": lambda algorithm, key: json.dumps(jwk(algorithm, key.public_key())),
    "JWK bytes": lambda algorithm, key: json.dumps(jwk(algorithm, key.public_key()), indent=2).encode(),
    "JWK mapping": lambda algorithm, key: jwk(algorithm, key.public_key()),
    "JWK with use, alg and key_ops": lambda algorithm, key: (
        jwk(algorithm, key.public_key()) | {"use": "sig", "alg": algorithm, "key_ops": ["verify"], "kid": "one"}
    ),
    "key object": lambda _, key: key.public_key(),
}
RSA_PUBLIC_FORMS: dict[str, Form] = {"PKCS#1": lambda _, key: pkcs1_public(key)}

SECRET_FORMS: dict[str, Callable[[], Any]] = {
    "text": lambda: SECRET,
    "bytes": SECRET.encode,
    "bytearray": lambda: bytearray(SECRET.encode()),
    "oct JWK mapping": secret_jwk,
}


def private_forms(algorithm: str) -> dict[str, Form]:
    traditional_forms = {} if algorithm == "EdDSA" else TRADITIONAL_FORMS
    return PRIVATE_FORMS | traditional_forms | (EC_FORMS if algorithm in EC else {})


def public_forms(algorithm: str) -> dict[str, Form]:
    return PUBLIC_FORMS | (RSA_PUBLIC_FORMS if algorithm in RSA else {})


def key_settings(algorithm: str) -> dict[str, Any]:
    """`signing_key` and `verifying_key` as a project writes them: text."""
    if algorithm in HMAC:
        return {"signing_key": SECRET}
    key = private_key(algorithm)
    return {"signing_key": pkcs8(key), "verifying_key": spki(key)}
