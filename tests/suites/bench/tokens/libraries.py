"""Other token libraries with every algorithm: claims to text, and text to claims with all checks.

oxijwt takes part with `TokenBackend`, its layer of the same kind. Each library has its key prepared, where it can, and
runs in turns with all others. A library that does not know an algorithm, or refuses the key, is left out of that line.
"""

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from time import time
from typing import NamedTuple

from tests.suites.bench.packages import packages
from tests.suites.bench.report import Line, microseconds, number, run_part
from tests.suites.bench.turns import Call, Pace, Race, race

from .django_setup import configure, tokens_of
from .keys import Pair, make_pair

Claims = dict[str, object]
ALGORITHMS = (
    *("HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "ES256K", "EdDSA"),
)
ROUNDS_TO_SHARE = 3
"""Many contestants share the time, so each has a third of the rounds."""


class Library(NamedTuple):
    """What a library makes of claims, and of a text."""

    encode: Callable[[Claims], str]
    decode: Callable[[str], object]


def lines(pace: Pace) -> Iterator[Line]:
    """Every algorithm against other libraries."""
    sys.path.append(str(packages()))
    warnings.simplefilter("ignore")  # joserfc warns of the name EdDSA (RFC 9864)
    configure()
    tokens_of("rest_framework_simplejwt")  # puts the sdist on the path
    pace = pace._replace(rounds=max(3, pace.rounds // ROUNDS_TO_SHARE))
    for algorithm in ALGORITHMS:
        yield from of_algorithm(algorithm, pace)


def of_algorithm(algorithm: str, pace: Pace) -> Iterator[Line]:
    """Both directions."""
    claims, pair = access_claims(), make_pair(algorithm)
    raw = of_oxijwt(algorithm, pair).encode(claims)
    found = {name: library for name, make in LIBRARIES.items() if (library := usable(make, algorithm, pair, raw))}
    encoding = {name: encoder(library, claims) for name, library in found.items()}
    yield against(f"`encode`, {algorithm}", encoding, pace)
    yield against(f"`decode`, {algorithm}", {name: decoder(library, raw) for name, library in found.items()}, pace)


def usable(make: Callable[[str, Pair], Library], algorithm: str, pair: Pair, raw: str) -> Library | None:
    """The library, if it signs with this key and takes our token."""
    # Each library has exceptions of its own for what it does not know.
    with suppress(Exception):
        library = make(algorithm, pair)
        library.decode(library.encode(access_claims()))
        library.decode(raw)
        return library
    return None


def encoder(library: Library, claims: Claims) -> Call:
    """A call that signs."""
    return lambda: library.encode(claims)


def decoder(library: Library, raw: str) -> Call:
    """A call that verifies."""
    return lambda: library.decode(raw)


def against(what: str, calls: dict[str, Call], pace: Pace) -> Line:
    """oxijwt's time, and how many times as long each other library takes."""
    _own, *others = calls
    races = dict(zip(others, race(*calls.values(), pace=pace), strict=True))
    ratios = ", ".join(f"{name} {number(found.ratio)}" for name, found in slowest_last(races))
    ours = min(min(found.ours) for found in races.values())
    return Line(f"{what}, `TokenBackend`", microseconds(ours), ratios)


def slowest_last(races: dict[str, Race]) -> list[tuple[str, Race]]:
    """In the order of their ratios."""
    return sorted(races.items(), key=lambda entry: entry[1].ratio)


def access_claims() -> Claims:
    """The claims of an access token."""
    now = int(time())
    return {"token_type": "access", "exp": now + 3600, "iat": now, "jti": "0" * 32, "user_id": "1"}


def of_oxijwt(algorithm: str, pair: Pair) -> Library:
    return backend_of("oxijwt", algorithm, pair)


def of_simplejwt(algorithm: str, pair: Pair) -> Library:
    return backend_of("rest_framework_simplejwt", algorithm, pair)


def backend_of(package: str, algorithm: str, pair: Pair) -> Library:
    backend = import_module(f"{package}.backends").TokenBackend(algorithm, pair.signing, pair.verifying)
    if hasattr(backend, "verified_token_cache_size"):
        backend.verified_token_cache_size = 0  # each call must verify the signature
    return Library(backend.encode, backend.decode)


def of_pyjwt(algorithm: str, pair: Pair) -> Library:
    jwt = import_module("jwt")
    prepare = jwt.get_algorithm_by_name(algorithm).prepare_key
    signing, verifying = prepare(pair.signing), prepare(pair.verifying)
    if algorithm.startswith("HS"):
        signing = verifying = pair.signing
    return Library(
        lambda claims: jwt.encode(claims, signing, algorithm=algorithm),
        lambda raw: jwt.decode(raw, verifying, algorithms=[algorithm]),
    )


def of_joserfc(algorithm: str, pair: Pair) -> Library:
    jwt, jwk = import_module("joserfc.jwt"), import_module("joserfc.jwk")
    kind = {"H": jwk.OctKey, "R": jwk.RSAKey, "P": jwk.RSAKey, "E": jwk.ECKey}[algorithm[0]]
    kind = jwk.OKPKey if algorithm == "EdDSA" else kind
    signing, verifying = kind.import_key(pair.signing), kind.import_key(pair.verifying)
    header, registry = {"alg": algorithm}, jwt.JWTClaimsRegistry()

    def decode(raw: str) -> object:
        token = jwt.decode(raw, verifying, algorithms=[algorithm])
        registry.validate(token.claims)
        return token.claims

    return Library(lambda claims: jwt.encode(header, claims, signing, algorithms=[algorithm]), decode)


def of_authlib(algorithm: str, pair: Pair) -> Library:
    with warnings.catch_warnings(record=True):  # the module will go
        jose = import_module("authlib.jose")
    jwt, header = jose.JsonWebToken([algorithm]), {"alg": algorithm}
    kind = {"H": jose.OctKey, "R": jose.RSAKey, "P": jose.RSAKey, "E": jose.ECKey}[algorithm[0]]
    kind = jose.OKPKey if algorithm == "EdDSA" else kind
    signing, verifying = kind.import_key(pair.signing), kind.import_key(pair.verifying)

    def decode(raw: str) -> object:
        claims = jwt.decode(raw, verifying)
        claims.validate()
        return claims

    return Library(lambda claims: jwt.encode(header, claims, signing).decode(), decode)


def of_python_jose(algorithm: str, pair: Pair) -> Library:
    jwt, construct = import_module("jose.jwt"), import_module("jose.jwk").construct
    signing, verifying = construct(pair.signing, algorithm), construct(pair.verifying, algorithm)
    return Library(
        lambda claims: jwt.encode(claims, signing, algorithm=algorithm),
        lambda raw: jwt.decode(raw, verifying, algorithms=[algorithm]),
    )


def of_oxyjwt(algorithm: str, pair: Pair) -> Library:
    oxyjwt = import_module("oxyjwt")
    name = {"H": "from_secret", "R": "from_rsa_pem", "P": "from_rsa_pem", "E": "from_ec_pem"}[algorithm[0]]
    name = "from_ed_pem" if algorithm == "EdDSA" else name
    signing = getattr(oxyjwt.EncodingKey, name)(pair.signing)
    verifying = getattr(oxyjwt.DecodingKey, name)(pair.verifying)
    return Library(
        lambda claims: oxyjwt.encode(claims, signing, algorithm=algorithm),
        lambda raw: oxyjwt.decode(raw, verifying, algorithms=[algorithm]),
    )


def of_webtoken(algorithm: str, pair: Pair) -> Library:
    webtoken = import_module("webtoken")
    # Version 0.5.0 prints a word at each `encode`.
    vars(import_module("webtoken.webtoken"))["print"] = lambda *_words: None
    return Library(
        lambda claims: webtoken.encode(claims, pair.signing, algorithm=algorithm),
        lambda raw: webtoken.decode(raw, pair.verifying, algorithms=[algorithm]),
    )


LIBRARIES = {
    "oxijwt": of_oxijwt,
    "simplejwt": of_simplejwt,
    "PyJWT": of_pyjwt,
    "joserfc": of_joserfc,
    "Authlib": of_authlib,
    "python-jose": of_python_jose,
    "oxyjwt": of_oxyjwt,
    "webtoken": of_webtoken,
}
"""The first one is ours."""


if __name__ == "__main__":
    run_part(lines)
