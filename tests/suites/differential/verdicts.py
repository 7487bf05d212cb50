"""Both verdicts on a token, and what to make of the two."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jwt
from jwt.algorithms import HMACAlgorithm, OKPAlgorithm

from oxijwt.exceptions import TokenBackendError

from .cases import Case
from .classes import ACCEPTED, Acceptance, accepted_classes, refused_classes
from .clock import CLOCK
from .reading import Reading

# Most of PyJWT's time goes into asking whether the same secret might be a public key, and into the same few headers.
HMACAlgorithm.prepare_key = lru_cache(HMACAlgorithm.prepare_key)
jwt.PyJWS._decode_base64url_segment = staticmethod(lru_cache(jwt.PyJWS._decode_base64url_segment))

Token = str | bytes


@dataclass(frozen=True)
class Verdict:
    """The claims of an accepted token, or what a refused one raised."""

    claims: dict[str, Any] | None
    error: Exception | None = None

    @property
    def accepts(self) -> bool:
        return self.error is None


@dataclass(frozen=True)
class Judgement:
    """What the verdicts amount to; the classes are those that explain it."""

    outcome: str
    classes: tuple[str, ...] = ()
    foreign_error: str | None = None
    """What PyJWT raised, where it is none of its own exceptions."""

    @property
    def is_failure(self) -> bool:
        return self.outcome not in EXPECTED


BOTH_ACCEPT = "both accept, with equal claims"
BOTH_REFUSE = "both refuse"
REFUSED_HERE = "oxijwt alone refuses, for a class"
ACCEPTED_HERE = "PyJWT alone refuses, for a class"
EXPECTED = (BOTH_ACCEPT, BOTH_REFUSE, REFUSED_HERE, ACCEPTED_HERE)

UNEXPLAINED_REFUSAL = "oxijwt refuses and no class says why"
UNEXPLAINED_ACCEPTANCE = "oxijwt accepts and no class says why"
OTHER_CLAIMS = "both accept, with different claims"
UNTRUE_CLASS = "both accept what a class says is refused"
UNEXPECTED_ERROR = "oxijwt raises what it does not document"


def ours(token: Token, case: Case) -> Verdict:
    try:
        return Verdict(case.backend.decode(token))
    except Exception as error:
        return Verdict(None, error)


class Reference(jwt.PyJWT):
    """PyJWT, which may be told to allow `Ed25519` (RFC 9864)."""

    def __init__(self) -> None:
        super().__init__()
        self._jws.register_algorithm("Ed25519", OKPAlgorithm())


REFERENCE = Reference()


def theirs(token: Token, case: Case, relaxed: tuple[Acceptance, ...] = ()) -> Verdict:
    """PyJWT's verdict, called as simplejwt 5.5.1's `TokenBackend.decode` calls it; `relaxed` rules are off."""
    policy = case.policy
    options = {"verify_aud": policy.audience is not None, "verify_signature": True}
    algorithms = [case.algorithm]
    for acceptance in relaxed:
        options |= acceptance.options
        algorithms += acceptance.algorithms
    try:
        return Verdict(
            REFERENCE.decode(
                token,
                case.key,
                algorithms,
                options,
                audience=policy.audience,
                issuer=policy.issuer,
                leeway=policy.leeway,
            )
        )
    except Exception as error:
        return Verdict(None, error)


def same(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal, types included: neither `1 == True` nor `1 == 1.0`, nor `0.0 == -0.0`."""
    # Members are in the order of the text on both sides.
    return repr(left) == repr(right)


def judge(token: Token, case: Case, *, thorough: bool = True) -> Judgement:
    """Compares the verdicts at the policy's time; `thorough` asks the classes about an undisputed token too."""
    CLOCK.now_seconds = case.policy.now
    our, their = ours(token, case), theirs(token, case)
    if not our.accepts and not isinstance(our.error, TokenBackendError):
        return Judgement(UNEXPECTED_ERROR)
    if not our.accepts and not their.accepts:
        own = isinstance(their.error, jwt.PyJWTError)
        return Judgement(BOTH_REFUSE, foreign_error=None if own else type(their.error).__name__)
    if not our.accepts:
        classes = refused_classes(Reading(token), case)
        return Judgement(REFUSED_HERE if classes else UNEXPLAINED_REFUSAL, tuple(classes))
    if not their.accepts:
        return judge_acceptance(token, case, our)
    if not same(our.claims, their.claims):
        return Judgement(OTHER_CLAIMS)
    return judge_agreement(token, case) if thorough else Judgement(BOTH_ACCEPT)


def judge_acceptance(token: Token, case: Case, our: Verdict) -> Judgement:
    reading = Reading(token)
    classes = tuple(accepted_classes(reading, case))
    relaxed = theirs(token, case, tuple(ACCEPTED[slug] for slug in classes))
    explained = relaxed.accepts and same(our.claims, relaxed.claims) and not refused_classes(reading, case)
    return Judgement(ACCEPTED_HERE if explained else UNEXPLAINED_ACCEPTANCE, classes)


def judge_agreement(token: Token, case: Case) -> Judgement:
    reading = Reading(token)
    untrue = (*refused_classes(reading, case), *accepted_classes(reading, case))
    return Judgement(UNTRUE_CLASS if untrue else BOTH_ACCEPT, untrue)
