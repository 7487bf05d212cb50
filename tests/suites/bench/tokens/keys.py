"""A fresh key of each algorithm, as settings and other packages take it."""

import secrets
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

CURVES = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1, "ES256K": ec.SECP256K1}
SECRET_BYTES = 64


class Pair(NamedTuple):
    """What signs and what verifies: the same secret, or a private and a public key in PEM."""

    signing: str
    verifying: str

    def settings(self, algorithm: str) -> dict[str, str]:
        """The pair in SIMPLE_JWT."""
        return {"ALGORITHM": algorithm, "SIGNING_KEY": self.signing} | (
            {} if algorithm.startswith("HS") else {"VERIFYING_KEY": self.verifying}
        )


def make_pair(algorithm: str) -> Pair:
    """A new pair."""
    if algorithm.startswith("HS"):
        secret = secrets.token_hex(SECRET_BYTES)
        return Pair(secret, secret)
    private = make_private_key(algorithm)
    public = private.public_key()
    return Pair(
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
    )


def make_private_key(algorithm: str):
    """A new `cryptography` key object."""
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm in CURVES:
        return ec.generate_private_key(CURVES[algorithm]())
    return rsa.generate_private_key(65537, 2048)
