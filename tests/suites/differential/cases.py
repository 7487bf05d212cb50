"""What tokens are made for and judged under: an algorithm with its keys, and a policy."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from jwt import get_algorithm_by_name

from oxijwt.backends import TokenBackend
from tests.key_material import SECRET, other_private_key, pkcs8, private_key, spki

NOW = 1_900_000_000
ISSUER = "https://issuer.example"

SHARES = {
    "HS256": 0.83,
    "HS384": 0.05,
    "HS512": 0.05,
    "ES256": 0.03,
    "EdDSA": 0.03,
    "RS256": 0.005,
    "PS256": 0.005,
}
"""How often each algorithm is used: RSA signs a thousand times slower than HMAC."""

HASHES = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}

Sign = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Policy:
    """What the claims are held against; `leeway` and `now` are in seconds."""

    audience: str | tuple[str, ...] | None = None
    issuer: str | tuple[str, ...] | None = None
    leeway: int = 0
    now: float = NOW


POLICIES = (
    Policy(),
    Policy(now=NOW + 0.5),
    Policy(leeway=30),
    Policy(leeway=30, now=NOW + 0.5),
    Policy(audience="api"),
    Policy(audience=("web", "api")),
    Policy(issuer=ISSUER),
    Policy(issuer=("https://old.example", ISSUER)),
    Policy(audience="api", issuer=ISSUER, leeway=30),
)


@dataclass(frozen=True)
class Case:
    """One policy with one algorithm, ready to sign and to verify."""

    algorithm: str
    policy: Policy
    backend: TokenBackend
    key: Any
    """The verifying key as PyJWT takes it."""
    public_bytes: bytes
    """What an attacker knows of it: the key of an algorithm confusion."""
    sign: Sign
    sign_with_other_key: Sign


def hmac_signer(secret: bytes, algorithm: str) -> Sign:
    return lambda message: hmac.digest(secret, message, HASHES[algorithm])


def hmac_case(algorithm: str, policy: Policy) -> Case:
    signers = hmac_signer(SECRET.encode(), algorithm), hmac_signer(b"another " + SECRET.encode(), algorithm)
    return Case(algorithm, policy, backend(algorithm, policy, SECRET), SECRET, b"", *signers)


def asymmetric_case(algorithm: str, policy: Policy) -> Case:
    private, implementation = private_key(algorithm), get_algorithm_by_name(algorithm)
    pem = spki(private)
    signers = (partial(implementation.sign, key=key) for key in (private, other_private_key(algorithm)))
    return Case(
        algorithm, policy, backend(algorithm, policy, pkcs8(private), pem), private.public_key(), pem.encode(), *signers
    )


def backend(algorithm: str, policy: Policy, signing_key: str, verifying_key: str = "") -> TokenBackend:
    return TokenBackend(
        algorithm,
        signing_key,
        verifying_key,
        audience=policy.audience,
        issuer=policy.issuer,
        leeway=policy.leeway,
    )


def make_case(algorithm: str, policy: Policy = POLICIES[0]) -> Case:
    """A case; the keys of an algorithm are the same for all policies of a process."""
    return (hmac_case if algorithm in HASHES else asymmetric_case)(algorithm, policy)


def all_cases() -> dict[str, list[Case]]:
    """Every algorithm under every policy."""
    return {algorithm: [make_case(algorithm, policy) for policy in POLICIES] for algorithm in SHARES}
