"""RSASSA-PSS keys (OID 1.2.840.113549.1.1.10): which parameters fit PS256, PS384 and PS512 (RFC 4055 section 3.1)."""

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_public_key,
)

from oxijwt import checks
from oxijwt.backends import TokenBackend
from oxijwt.exceptions import KeyConfigurationError
from tests.key_material import ASYMMETRIC, armored, rsa_key

KEY = rsa_key(2048)
PKCS1 = KEY.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
PUBLIC_PKCS1 = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)

PSS, MGF1 = bytes.fromhex("06092a864886f70d01010a"), bytes.fromhex("06092a864886f70d010108")
SHA1 = bytes.fromhex("06052b0e03021a")
SHA2 = {
    bits: bytes.fromhex(f"06096086480165030402{last}")
    for bits, last in ((256, "01"), (384, "02"), (512, "03"), (224, "04"))
}
NULL = b"\x05\x00"
PS = ("PS256", "PS384", "PS512")


def element(tag, *parts):
    """DER of one element."""
    content = b"".join(parts)
    length = len(content)
    head = bytes([length]) if length < 128 else bytes([0x82]) + length.to_bytes(2)
    return bytes([tag]) + head + content


def parameters(hash_, mask=None, salt=None, trailer=None, null=NULL):
    """RSASSA-PSS-params; what is None is left out."""
    parts = []
    if hash_ is not None:
        parts.append(element(0xA0, element(0x30, hash_, null)))
    if mask is not None:
        parts.append(element(0xA1, element(0x30, MGF1, element(0x30, mask, null))))
    parts += [
        element(0xA0 + tag, element(0x02, number.to_bytes(number.bit_length() // 8 + 1)))
        for tag, number in ((2, salt), (3, trailer))
        if number is not None
    ]
    return element(0x30, *parts)


def same(bits, salt, **named):
    return parameters(SHA2[bits], SHA2[bits], salt, **named)


def pair(der):
    """PEM of both halves of a key with these parameters."""
    identifier = element(0x30, PSS, der)
    private = element(0x30, b"\x02\x01\x00", identifier, element(0x04, PKCS1))
    public = element(0x30, identifier, element(0x03, b"\x00", PUBLIC_PKCS1))
    return {"SIGNING_KEY": armored("PRIVATE KEY", private), "VERIFYING_KEY": armored("PUBLIC KEY", public)}


FITTING = {
    "absent": (b"", PS),
    "SHA-256": (same(256, 32), PS[:1]),
    "SHA-384": (same(384, 48), PS[1:2]),
    "SHA-512": (same(512, 64), PS[2:]),
    "a shorter salt": (same(512, 32), PS[2:]),
    "no salt": (same(256, 0), PS[:1]),
    "the default salt": (same(256, None), PS[:1]),
    "the trailer": (same(256, 32, trailer=1), PS[:1]),
    "without NULL": (same(256, 32, null=b""), PS[:1]),
    "a longer salt": (same(256, 33), ()),
    "a huge salt": (same(256, 1 << 40), ()),
    "another trailer": (same(256, 32, trailer=2), ()),
    "SHA-224": (same(224, 28), ()),
    "defaults, SHA-1": (element(0x30), ()),
    "SHA-1 as mask": (parameters(SHA2[256], SHA1, 32), ()),
    "the default mask": (parameters(SHA2[256], None, 32), ()),
    "another mask": (parameters(SHA2[256], SHA2[384], 32), ()),
    "another function": (same(256, 32).replace(MGF1, MGF1[:-1] + b"\x09"), ()),
}
CASES = [(name, algorithm) for name in FITTING for algorithm in PS]


@pytest.mark.parametrize(("name", "algorithm"), CASES)
def test_the_parameters_must_fit(settings, name, algorithm):
    der, fitting = FITTING[name]
    settings.SIMPLE_JWT = {"ALGORITHM": algorithm} | pair(der)
    if algorithm in fitting:
        assert checks.check_settings() == []
        backend = TokenBackend(algorithm, *pair(der).values())
        token = backend.encode({"a": 1})
        assert backend.decode(token) == jwt.decode(token, KEY.public_key(), [algorithm]) == {"a": 1}
    else:
        found = checks.check_settings()
        assert [finding.id for finding in found] == ["oxijwt.E002"] * 2
        assert all("its RSASSA-PSS parameters do not fit" in finding.msg for finding in found)


@pytest.mark.parametrize("algorithm", [name for name in ASYMMETRIC if name not in PS])
def test_such_a_key_serves_pss_only(algorithm):
    backend = TokenBackend(algorithm, *pair(b"").values())
    for use in (lambda: backend.encode({}), lambda: backend.decode("a.b.c")):
        with pytest.raises(KeyConfigurationError, match="RSASSA-PSS key, which serves PS256, PS384 and PS512 only"):
            use()


BROKEN = {
    "no SEQUENCE": NULL,
    "cut off": same(256, 32)[:-1],
    "more than parameters": element(0x30, same(256, 32)[2:], NULL),
    "another order": element(0x30, element(0xA2, b"\x02\x01\x20"), element(0xA0, element(0x30, SHA2[256]))),
    "an empty hash": element(0x30, element(0xA0)),
    "an empty salt": element(0x30, element(0xA2)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_parameters(name):
    keys = pair(BROKEN[name])
    with pytest.raises(KeyConfigurationError, match="SIGNING_KEY"):
        TokenBackend("PS256", *keys.values()).encode({})


def test_a_small_modulus_is_found_in_such_a_key_too(monkeypatch):
    small = rsa_key(1024)
    monkeypatch.setitem(
        globals(), "PKCS1", small.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )
    with pytest.raises(KeyConfigurationError, match="2048 bits"):
        TokenBackend("PS256", *pair(b"").values()).encode({})


def test_openssl_reads_these_keys():
    """So the test writes what others write."""
    for name in ("absent", "SHA-256", "without NULL"):
        public = load_pem_public_key(pair(FITTING[name][0])["VERIFYING_KEY"].encode())
        assert public.public_numbers() == KEY.public_key().public_numbers()
