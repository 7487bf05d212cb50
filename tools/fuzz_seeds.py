"""Seeds for the fuzz targets, from the public vectors and the key files of the Rust suite.

The vectors are not committed, so each run writes the seeds again. Without the vectors there are fewer seeds.
"""

import base64
import binascii
import hashlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

Seed = tuple[str, bytes]
"""A target's name and one input, in the form that its module in tests/suites/fuzz/src describes."""

ALGORITHMS = {"HS": "abc", "RS": "def", "PS": "ghi", "P-256": "j", "P-384": "k", "P-521": "l", "secp256k1": "m"}
ED25519 = "n"
KEY_FILES = {"rsa": "d", "p256": "j", "p384": "k", "p521": "l", "secp256k1": "m", "ed25519": ED25519, "x25519": "n"} | {
    "pss": "g",
    "pss256": "g",
}
"""The letter of an algorithm: its place in `Algorithm::ALL`."""
HEADER_ALGORITHMS = [f"{kind}{size}" for kind in ("HS", "RS", "PS", "ES") for size in (256, 384, 512)]
HEADER_ALGORITHMS += ["ES256K", "EdDSA"]
"""The names of `Algorithm::ALL`, in this order."""
COMPACT = re.compile(r"[\w-]{4,}(\.[\w-]*){2,4}")
LARGEST = 8_000


def write(folder: Path, root: Path) -> None:
    """Write the seeds of each target into a folder of its own below `folder`."""
    for target, data in [*nested(), *from_key_files(root), *from_vectors(vectors(root))]:
        place = folder / target / hashlib.sha256(data).hexdigest()[:16]
        place.parent.mkdir(parents=True, exist_ok=True)
        if len(data) <= LARGEST:
            place.write_bytes(data)


def nested() -> Iterator[Seed]:
    """Thousands of arrays in arrays, wherever a target takes JSON."""
    arrays = b"[" * 7_000
    begins = {"token": b"0", "json": b"", "flat": b"", "claims": b"00", "jwk": b"a", "jwk_set": b"0"}
    for target, before in begins.items():
        yield target, before + b'{"x":' + arrays
    yield "jwk_set", b'0{"keys":[' + arrays
    yield "second_opinion", b'a{"alg":"HS256"}\n{"x":' + arrays


def vectors(root: Path) -> Path:
    """The folder of the public vectors, which may be absent."""
    return Path(os.environ.get("OXIJWT_VECTORS", root / "../shared/vectors"))


def from_key_files(root: Path) -> Iterator[Seed]:
    """Every key file of the Rust suite, as text and as DER."""
    for path in sorted((root / "tests/rust/material").iterdir()):
        letter = KEY_FILES.get(path.name.split(".")[0], "d")
        if path.suffix == ".json":
            yield from of_jwk(json.loads(path.read_text()))
        else:
            yield from of_pem(letter, path.read_text())


def from_vectors(folder: Path) -> Iterator[Seed]:
    """Every token and key in the vectors' JSON files."""
    for path in sorted(folder.glob("*/*.json")) + sorted(folder.glob("*/*/*.json")):
        if path.parent.name != "lists":
            yield from of_value(json.loads(path.read_bytes()))


def of_value(value: object) -> Iterator[Seed]:
    """A value of a vectors' file, and all values inside it."""
    if isinstance(value, dict):
        if isinstance(value.get("kty"), str):
            yield from of_jwk(value)
        if isinstance(value.get("keys"), list):
            yield from of_jwk_set(value)
    if isinstance(value, dict | list):
        for inside in value.values() if isinstance(value, dict) else value:
            yield from of_value(inside)
    elif isinstance(value, str):
        yield from of_text(value)


def of_text(text: str) -> Iterator[Seed]:
    """A token, or a key in PEM."""
    if text.startswith("-----BEGIN"):
        yield from of_pem("d", text)
    elif COMPACT.fullmatch(text) and text.startswith("ey"):
        yield from of_token(text)


def of_token(token: str) -> Iterator[Seed]:
    """A token, and its parts for the target to sign."""
    yield "token", b"t" + token.encode()
    header, payload = (decoded(part) for part in token.split(".")[:2])
    yield "json", header
    yield "json", payload
    yield "flat", payload
    yield "claims", b"00" + payload
    letter = letter_of_header(header).encode()
    yield "second_opinion", letter.upper() + token.encode()
    if b"\n" not in header:
        yield "token", b"0" + header + b"\n" + payload
        yield "second_opinion", letter + header + b"\n" + payload
    yield "second_opinion", letter + b"\n" + payload


def decoded(part: str) -> bytes:
    """The bytes of a part of a token; empty if the part is broken."""
    try:
        return base64.urlsafe_b64decode(part + "==")
    except binascii.Error:
        return b""


def letter_of_header(header: bytes) -> str:
    """The letter of the algorithm that a header names, or of HS256."""
    names = [place for place, name in enumerate(HEADER_ALGORITHMS) if f'"{name}"'.encode() in header]
    return chr(ord("a") + (names or [0])[0])


def of_jwk(jwk: dict[str, object]) -> Iterator[Seed]:
    """A JWK for one algorithm that it fits, alone and in sets with only this key."""
    text = compact(jwk)
    yield "json", text
    yield "jwk", letter_of(jwk).encode() + text
    yield from of_jwk_set({"keys": [jwk]})


def letter_of(jwk: dict[str, object]) -> str:
    """The letter of the algorithm that a JWK names, or of the first algorithm for its kind of key."""
    name = str(jwk.get("alg", ""))
    if jwk["kty"] in {"EC", "OKP"}:
        return ALGORITHMS.get(str(jwk.get("crv")), ED25519)
    letters = ALGORITHMS.get(name[:2], "a" if jwk["kty"] == "oct" else "d")
    return letters[["256", "384", "512"].index(name[2:])] if name[2:] in {"256", "384", "512"} else letters[0]


def of_jwk_set(keys: dict[str, object]) -> Iterator[Seed]:
    """A set for both readers: the site's own and an issuer's."""
    yield "jwk_set", b"o" + compact(keys)
    yield "jwk_set", b"0" + compact(keys)


def compact(value: object) -> bytes:
    """JSON without white space."""
    return json.dumps(value, separators=(",", ":")).encode()


LABELS = [
    "PRIVATE KEY",
    "RSA PRIVATE KEY",
    "EC PRIVATE KEY",
    "PUBLIC KEY",
    "RSA PUBLIC KEY",
    "CERTIFICATE",
    "ENCRYPTED PRIVATE KEY",
]
BLOCK = re.compile(r"-----BEGIN ([A-Z ]+)-----\n([\w+/=\n]+)-----END")


def of_pem(letter: str, text: str) -> Iterator[Seed]:
    """A PEM file, and the DER of each block after the digit of its label."""
    yield "pem", f"{letter}t{text}".encode()
    for label, body in BLOCK.findall(text):
        if label in LABELS:
            yield "pem", f"{letter}{LABELS.index(label)}".encode() + base64.b64decode(body)
