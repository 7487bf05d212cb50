"""Why oxijwt and PyJWT may disagree: the classes that docs/differences.md lists, by the same slugs.

A predicate reads the token alone and knows nothing of how it was made. It is the whole rule: what it fits is refused by
oxijwt (by PyJWT, for ACCEPTED), so one that is too broad fails the run as one that is too narrow does.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .cases import Case
from .reading import Reading

MAX_TOKEN_LENGTH = 16_384
DATETIMES = (-62_135_596_800, 253_402_300_799)
"""The first and the last second that a datetime holds, since 1970."""
IAT_TOLERANCE = 60
TIMES = ("exp", "nbf", "iat")
EXTENSIONS = ("crit", "b64", "zip", "enc")
TYP = re.compile(r"(application/)?(jwt|at\+jwt)", re.IGNORECASE | re.ASCII)
CONTROL = re.compile("[\0-\x1f\x7f-\x9f]")

Predicate = Callable[[Reading, Case], bool]


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def numbers(reading: Reading, names: tuple[str, ...]) -> list[float]:
    """Those of these claims that are numbers that Python can make an int of."""
    values = [reading.claims.get(name) for name in names]
    return [value for value in values if is_number(value) and (isinstance(value, int) or math.isfinite(value))]


def has_quirk(quirk: str) -> Predicate:
    return lambda reading, case: any(quirk in text.quirks for text in reading.texts)


def is_odd_typ(reading: Reading, _case: Case) -> bool:
    typ = reading.header.get("typ", "JWT")
    return not (isinstance(typ, str) and TYP.fullmatch(typ))


def is_time_of_other_type(reading: Reading, _case: Case) -> bool:
    return any(name in reading.claims and not is_number(reading.claims[name]) for name in TIMES)


def is_time_beyond_datetimes(reading: Reading, _case: Case) -> bool:
    first, last = DATETIMES
    return any(not first <= seconds <= last for seconds in numbers(reading, TIMES))


def is_nbf_rounded_down(reading: Reading, case: Case) -> bool:
    latest = case.policy.now + case.policy.leeway
    return any(int(nbf) <= latest < nbf for nbf in numbers(reading, ("nbf",)))


def is_odd_audience(reading: Reading, _case: Case) -> bool:
    audience = reading.claims.get("aud", "")
    names = audience if isinstance(audience, list) else [audience]
    return not all(isinstance(name, str) for name in names)


def is_odd_issuer(reading: Reading, _case: Case) -> bool:
    return not isinstance(reading.claims.get("iss", ""), str)


def is_odd_jti(reading: Reading, _case: Case) -> bool:
    jti = reading.claims.get("jti", "-")
    return isinstance(jti, str) and (not 1 <= len(jti) <= 255 or CONTROL.search(jti) is not None)


REFUSED: dict[str, Predicate] = {
    "too-long": lambda reading, case: len(reading.raw) > MAX_TOKEN_LENGTH,
    "padding": lambda reading, case: any(part.endswith(b"=") for part in reading.parts),
    "bom": lambda reading, case: any(text.raw.startswith(b"\xef\xbb\xbf") for text in reading.texts),
    # A JSON text in UTF-8 can't hold the byte at all.
    "utf-16": lambda reading, case: any(b"\0" in text.raw for text in reading.texts),
    "duplicate-name": has_quirk("duplicate"),
    "depth": lambda reading, case: any(text.is_too_deep for text in reading.texts),
    "not-a-number": has_quirk("constant"),
    "float-overflow": has_quirk("overflow"),
    "digits": has_quirk("digits"),
    "lone-surrogate": has_quirk("surrogate"),
    "header-extension": lambda reading, case: any(name in reading.header for name in EXTENSIONS),
    "typ": is_odd_typ,
    "time-type": is_time_of_other_type,
    "time-range": is_time_beyond_datetimes,
    "nbf-fraction": is_nbf_rounded_down,
    "aud-type": is_odd_audience,
    "iss-type": is_odd_issuer,
    "jti-form": is_odd_jti,
}
"""What oxijwt refuses and PyJWT may accept."""


@dataclass(frozen=True)
class Acceptance:
    """What oxijwt accepts and PyJWT refuses, and the one rule of PyJWT's that makes it so.

    With that rule off PyJWT must accept the token too: a class hides no second disagreement.
    """

    applies: Predicate
    options: dict[str, bool] = field(default_factory=dict)
    """The options of `jwt.decode` that switch its rule off."""
    algorithms: tuple[str, ...] = ()
    """What to allow besides the algorithm."""


def is_exp_rounded_down(reading: Reading, case: Case) -> bool:
    earliest = case.policy.now - case.policy.leeway
    return any(int(exp) <= earliest < exp for exp in numbers(reading, ("exp",)))


def is_iat_a_little_ahead(reading: Reading, case: Case) -> bool:
    latest = case.policy.now + case.policy.leeway
    return any(latest < int(iat) and iat <= latest + IAT_TOLERANCE for iat in numbers(reading, ("iat",)))


def is_integer_subject(reading: Reading, _case: Case) -> bool:
    return type(reading.claims.get("sub")) is int


def is_ed25519(reading: Reading, case: Case) -> bool:
    return case.algorithm == "EdDSA" and reading.header.get("alg") == "Ed25519"


ACCEPTED: dict[str, Acceptance] = {
    "iat-tolerance": Acceptance(is_iat_a_little_ahead, {"verify_iat": False}),
    "exp-fraction": Acceptance(is_exp_rounded_down, {"verify_exp": False}),
    "integer-sub": Acceptance(is_integer_subject, {"verify_sub": False}),
    "ed25519-name": Acceptance(is_ed25519, algorithms=("Ed25519",)),
}


def refused_classes(reading: Reading, case: Case) -> list[str]:
    """The slugs of what oxijwt alone refuses that this token has."""
    return [slug for slug, applies in REFUSED.items() if applies(reading, case)]


def accepted_classes(reading: Reading, case: Case) -> list[str]:
    """The slugs of what PyJWT alone refuses that this token has."""
    return [slug for slug, acceptance in ACCEPTED.items() if acceptance.applies(reading, case)]
