"""Tokens out of a seed: a good one, and none to three mutations of it."""

from collections.abc import Iterator
from itertools import accumulate
from random import Random

from .cases import SHARES, Case, Policy
from .draft import Draft, Members, Stage, as_token, encode, object_text, quote
from .mutations import MUTATIONS, Mutation

MUTATION_COUNTS = (0, 1, 2, 3)
COUNT_LIMITS = tuple(accumulate((0.10, 0.60, 0.20, 0.10)))
LIMITS = tuple(accumulate(mutation.weight for mutation in MUTATIONS))
ALGORITHMS = tuple(SHARES)
ALGORITHM_LIMITS = tuple(accumulate(SHARES.values()))

EXTRAS: tuple[Members, ...] = (
    [],
    [],
    [('"sub"', '"42"')],
    [('"name"', '"Zoë \\ud83d\\ude00"'), ('"roles"', '["a",{"b":[1,2.5,true,null]}]')],
)

Generated = tuple[str | bytes, Case, tuple[str, ...]]


def tokens(seed: str, count: int, cases: dict[str, list[Case]]) -> Iterator[Generated]:
    """So many tokens with what to judge them under and the names of their mutations, the same ones for the same seed.

    Keys, and what RSA-PSS and ECDSA draw, are the process's own.
    """
    rng = Random(seed)
    first = rng.getrandbits(64)
    for number in range(count):
        # Anew for each: how much one draws may hang on a signature's length.
        rng.seed(first + number)
        (algorithm,) = rng.choices(ALGORITHMS, cum_weights=ALGORITHM_LIMITS)
        case = rng.choice(cases[algorithm])
        mutations = pick(rng)
        yield build(rng, case, mutations), case, tuple(mutation.name for mutation in mutations)


def pick(rng: Random) -> list[Mutation]:
    (count,) = rng.choices(MUTATION_COUNTS, cum_weights=COUNT_LIMITS)
    picked = rng.choices(MUTATIONS, cum_weights=LIMITS, k=count)
    return sorted(picked, key=lambda mutation: mutation.stage) if count > 1 else picked


def build(rng: Random, case: Case, mutations: list[Mutation]) -> str | bytes:
    """The token; mutations must be in the order of their stages."""
    draft = Draft(case, [good_header(case), good_claims(rng, case.policy)], case.sign)
    waiting = iter(mutations)
    mutation = next(waiting, None)
    for stage in Stage:
        begin(stage, draft)
        while mutation is not None and mutation.stage == stage:
            mutation.apply(rng, draft)
            mutation = next(waiting, None)
    return draft.token


def begin(stage: Stage, draft: Draft) -> None:
    """Makes of the last stage's work what this one changes."""
    if stage == Stage.TEXT:
        draft.texts = [object_text(members).encode() for members in draft.objects]
    elif stage == Stage.SEGMENT:
        draft.segments = [encode(text) for text in draft.texts]
    elif stage == Stage.SIGNATURE:
        draft.signature = draft.sign(b".".join(draft.segments))
    elif stage == Stage.SIGNED:
        draft.segments.append(encode(draft.signature))
    elif stage == Stage.TOKEN:
        draft.token = as_token(b".".join(draft.segments))


def good_header(case: Case) -> Members:
    return [('"alg"', quote(case.algorithm)), ('"typ"', '"JWT"')]


def good_claims(rng: Random, policy: Policy) -> Members:
    now = int(policy.now)
    return [
        ('"token_type"', '"access"'),
        ('"exp"', str(now + 300)),
        ('"iat"', str(now)),
        ('"jti"', f'"{rng.getrandbits(128):032x}"'),
        ('"user_id"', '"42"'),
        *asked_for(policy),
        *rng.choice(EXTRAS),
    ]


def asked_for(policy: Policy) -> Members:
    """The claims without which the policy accepts nothing."""
    asked = (('"aud"', policy.audience), ('"iss"', policy.issuer))
    return [(name, quote(value if isinstance(value, str) else value[-1])) for name, value in asked if value is not None]
