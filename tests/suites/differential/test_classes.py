"""Each class open and shut on tokens written by hand, and the same classes in code and in docs/differences.md."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from oxijwt.exceptions import TokenBackendError

from . import run, verdicts
from .cases import NOW, POLICIES, SHARES, Policy, make_case
from .classes import ACCEPTED, REFUSED
from .clock import frozen
from .draft import encode
from .generate import tokens
from .mutations import ALPHABET, MUTATIONS
from .report import EVERY_CLASS_FROM, Tally, never_seen
from .run import pinned_pyjwt
from .verdicts import Judgement, Verdict, judge

DOCS = Path(__file__).parents[3] / "docs/differences.md"

HEADER = '{"alg":"HS256"}'
NESTED_32 = "[" * 31 + "]" * 31
NESTED_33 = "[" * 32 + "]" * 32
DIGITS_4301 = "1" * 4301
LATER, SOON = Policy(), Policy(leeway=30)
API = Policy(audience="api")


def header(*members: str) -> str:
    return '{"alg":"HS256",' + ",".join(members) + "}"


def token(header: str | bytes = HEADER, payload: str | bytes = "{}", policy: Policy = LATER, algorithm: str = "HS256"):
    """A right signature over these texts, and the case to judge it under."""
    case = make_case(algorithm, policy)
    texts = [text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text for text in (header, payload)]
    signing_input = b".".join(map(encode, texts))
    return b".".join((signing_input, encode(case.sign(signing_input)))), case


def padded(texts: tuple[str, str]):
    """The same with padding where it is right."""
    case = make_case("HS256")
    segments = [encode(text.encode()) for text in texts]
    signing_input = b".".join(segment + b"=" * (-len(segment) % 4) for segment in segments)
    return b".".join((signing_input, encode(case.sign(signing_input)))), case


def filled(length: int):
    """A token of so many bytes."""
    payload = '{"a":"%s"}'
    for room in range(length * 3 // 4 - 100, length):
        made = token(payload=payload % ("f" * room))
        if len(made[0]) >= length:
            return made
    raise AssertionError


def at(claim: str, offset: float, policy: Policy = LATER):
    return token(payload=f'{{"{claim}":{NOW + offset}}}', policy=policy)


OPEN = {
    "too-long": [filled(16_385), filled(20_000)],
    "padding": [padded(("{ " + HEADER[1:], "{}")), padded((HEADER, "{  }"))],
    "bom": [token("\ufeff" + HEADER), token(payload="\ufeff{}")],
    "utf-16": [token(HEADER.encode(name)) for name in ("utf-16-le", "utf-16-be", "utf-16", "utf-32", "utf-32-be")],
    "duplicate-name": [
        token(payload='{"a":1,"a":1}'),
        token(payload='{"a":1,"\\u0061":2}'),
        token(payload='{"a":[{"b":{"c":1,"c":2}}]}'),
        token('{"alg":"none","alg":"HS256"}'),
    ],
    "depth": [token(payload=f'{{"a":{NESTED_33}}}'), token(header(f'"a":{NESTED_33}'))],
    "not-a-number": [token(payload=f'{{"a":[{name}]}}') for name in ("NaN", "Infinity", "-Infinity")],
    "float-overflow": [token(payload='{"a":1e400}'), token(header('"a":-1e400'))],
    "digits": [
        token(payload=f'{{"a":{DIGITS_4301}e-4300}}'),
        token(payload=f'{{"a":[-{DIGITS_4301}.5E-4300]}}'),
        token(header(f'"a":{DIGITS_4301}.0e-4000')),
    ],
    "lone-surrogate": [
        token(payload='{"a":"\\ud800"}'),
        token(payload='{"\\udc00":1}'),
        token(payload='{"a":"\ud800"}'),
        token(header('"a":["\\ude00\\ud83d"]')),
    ],
    "header-extension": [
        token(header('"crit":["b64"]', '"b64":true')),
        token(header('"b64":true')),
        token(header('"zip":null')),
        token(header('"enc":""')),
    ],
    "typ": [
        token(header(f'"typ":{typ}'))
        for typ in ('"JWS"', '""', "null", "1", '"jwt "', '"text/jwt"', '"appl\u0131cation/JWT"')
    ],
    "time-type": [
        *(token(payload=f'{{"exp":{value}}}') for value in (f'"{NOW + 9}"', f'" {NOW + 9} "')),
        *(token(payload=f'{{"{name}":{value}}}') for name in ("nbf", "iat") for value in ('"1"', "true")),
    ],
    "time-range": [
        *(token(payload=f'{{"exp":{value}}}') for value in ("253402300800", "1e12", "9" * 400, "253402300799.5")),
        *(token(payload=f'{{"{name}":{value}}}') for name in ("nbf", "iat") for value in ("-62135596801", "-1e300")),
    ],
    "nbf-fraction": [at("nbf", 0.25), at("nbf", 30.75, SOON)],
    "aud-type": [token(payload=f'{{"aud":{value}}}') for value in ("1", "null", "{}", '["api",1]', '[["api"]]')],
    "iss-type": [token(payload=f'{{"iss":{value}}}') for value in ("1", "null", "false", '["a"]', "{}")],
    "jti-form": [
        token(payload=f'{{"jti":{value}}}')
        for value in ('""', f'"{"j" * 256}"', '"\\u0000"', '"a\\n"', '"\x7f"', '"\x85"')
    ],
    "iat-tolerance": [at("iat", 1), at("iat", 60), at("iat", 90, SOON), at("iat", 59.5)],
    "exp-fraction": [at("exp", 0.5), at("exp", -29.75, SOON)],
    "integer-sub": [token(payload=f'{{"sub":{value}}}') for value in ("42", "0", "-1", "9" * 40)],
    "ed25519-name": [token('{"alg":"Ed25519"}', algorithm="EdDSA")],
}
"""Tokens that fit the class and no other: exactly one library refuses them."""

SHUT = {
    "too-long": [filled(16_384)],
    "padding": [token(payload='{"a":"="}')],
    "bom": [token(payload='{"\ufeff":"\ufeff"}')],
    "utf-16": [token(payload='{"a":"\\u0000"}')],
    "duplicate-name": [token(payload='{"a":{"a":[{"a":1},{"a":1}]},"A":1,"":2}')],
    "depth": [
        token(payload=f'{{"a":{NESTED_32},"b":{NESTED_32}}}'),
        token(payload=f'{{"{NESTED_33}":"{NESTED_33}\\"{NESTED_33}"}}'),
    ],
    "not-a-number": [token(payload='{"NaN":"NaN"}')],
    "float-overflow": [token(payload='{"a":1.7e308,"b":1e-400,"1e400":"1e400"}')],
    "digits": [
        token(payload=f'{{"a":{value}}}')
        for value in (f"{DIGITS_4301[1:]}e-4300", f"-0.{DIGITS_4301}", f'"{DIGITS_4301}.0"', DIGITS_4301[1:])
    ],
    "lone-surrogate": [token(payload='{"a":"\\ud83d\\ude00","b":"\\\\ud800"}')],
    "header-extension": [token(header('"zi":1', '"a":{"crit":1}'), '{"crit":["b64"],"zip":1}')],
    "typ": [
        token(header(f'"typ":"{typ}"'), '{"typ":1}')
        for typ in ("JWT", "jwt", "at+jwt", "AT+jwt", "application/JWT", "APPLICATION/at+jwt")
    ],
    "time-type": [token(payload=f'{{"exp":{NOW + 9},"nbf":1.5,"iat":-1e2,"a":{{"exp":"1"}}}}')],
    "time-range": [token(payload='{"exp":253402300799,"nbf":-62135596800,"iat":0,"a":1e300}')],
    "nbf-fraction": [at("nbf", 0), at("nbf", -0.5), at("nbf", 30, SOON)],
    "aud-type": [
        token(payload='{"aud":[]}'),
        token(payload='{"aud":""}'),
        token(payload='{"aud":["api"]}', policy=API),
    ],
    "iss-type": [token(payload='{"iss":""}')],
    "jti-form": [token(payload=f'{{"jti":"{value}"}}') for value in ("é" * 255, " ", "\\u00a0", "\\ud83d\\ude00")],
    "iat-tolerance": [at("iat", 0), at("iat", 0.5), at("iat", 30, SOON)],
    "exp-fraction": [at("exp", 1), at("exp", 1.5), at("exp", -29, SOON)],
    "integer-sub": [token(payload='{"sub":"42"}')],
    "ed25519-name": [token('{"alg":"EdDSA"}', algorithm="EdDSA")],
}
"""Tokens next to them, which both accept."""

PLAIN = token(payload='{"a":1}')
STRAY_BITS = bytes([ALPHABET[ALPHABET.index(PLAIN[0][-1]) | 1]])

BEYOND = {
    "iat 61 seconds ahead": at("iat", 61),
    "exp a second ago": at("exp", -0.5),
    "a float sub": token(payload='{"sub":42.0}'),
    "a boolean sub": token(payload='{"sub":true}'),
    "another name of the algorithm": token('{"alg":"Ed448"}', algorithm="EdDSA"),
    "stray bits": (PLAIN[0][:-1] + STRAY_BITS, PLAIN[1]),
    "four parts": (PLAIN[0] + b".", PLAIN[1]),
}
"""Tokens past what is accepted, which both refuse."""


@pytest.fixture(autouse=True)
def clock():
    with frozen():
        yield


def test_every_class_has_tokens():
    slugs = {*REFUSED, *ACCEPTED}
    assert (set(OPEN), set(SHUT)) == (slugs, slugs)
    assert all([*OPEN.values(), *SHUT.values()])


@pytest.mark.parametrize(("slug", "made"), [(slug, made) for slug, all_made in OPEN.items() for made in all_made])
def test_an_open_class_explains_a_disagreement(slug, made):
    outcome = verdicts.REFUSED_HERE if slug in REFUSED else verdicts.ACCEPTED_HERE
    assert judge(*made) == Judgement(outcome, (slug,))


@pytest.mark.parametrize("made", [made for all_made in SHUT.values() for made in all_made])
def test_a_shut_class_leaves_a_token_accepted(made):
    assert judge(*made) == Judgement(verdicts.BOTH_ACCEPT)


@pytest.mark.parametrize("made", BEYOND.values(), ids=BEYOND)
def test_both_refuse_what_is_beyond(made):
    assert judge(*made) == Judgement(verdicts.BOTH_REFUSE)


REFUSAL = Verdict(None, TokenBackendError("no"))
FAILURES = {
    "unexplained refusal": (PLAIN, REFUSAL, verdicts.UNEXPLAINED_REFUSAL),
    "unexplained acceptance": (token(payload='{"exp":1}'), Verdict({"exp": 1}), verdicts.UNEXPLAINED_ACCEPTANCE),
    "acceptance for more than its class": (
        token(payload='{"exp":1,"sub":1}'),
        Verdict({"exp": 1, "sub": 1}),
        verdicts.UNEXPLAINED_ACCEPTANCE,
    ),
    "acceptance with other claims": (
        token(payload='{"sub":1}'),
        Verdict({"sub": True}),
        verdicts.UNEXPLAINED_ACCEPTANCE,
    ),
    "acceptance of what a class refuses": (
        token(payload='{"sub":1,"a":1,"a":1}'),
        Verdict({"sub": 1, "a": 1}),
        verdicts.UNEXPLAINED_ACCEPTANCE,
    ),
    "bool for int": (PLAIN, Verdict({"a": True}), verdicts.OTHER_CLAIMS),
    "float for int": (PLAIN, Verdict({"a": 1.0}), verdicts.OTHER_CLAIMS),
    "a claim more": (PLAIN, Verdict({"a": 1, "b": 1}), verdicts.OTHER_CLAIMS),
    "class that refuses nothing": (token(payload='{"a":1,"a":1}'), Verdict({"a": 1}), verdicts.UNTRUE_CLASS),
    "another exception": (PLAIN, Verdict(None, ValueError()), verdicts.UNEXPECTED_ERROR),
}


@pytest.mark.parametrize(("made", "verdict", "outcome"), FAILURES.values(), ids=FAILURES)
def test_what_no_class_explains_fails(monkeypatch, made, verdict, outcome):
    monkeypatch.setattr(verdicts, "ours", lambda token, case: verdict)
    judgement = judge(*made)
    assert (judgement.outcome, judgement.is_failure) == (outcome, True)


def test_what_pyjwt_raises_besides_its_own_is_named():
    text, case = PLAIN
    assert judge(text.decode() + "\ud800", case) == Judgement(verdicts.BOTH_REFUSE, foreign_error="UnicodeEncodeError")


@pytest.mark.parametrize("algorithm", SHARES)
@pytest.mark.parametrize("policy", POLICIES)
def test_an_unmutated_token_is_accepted(algorithm, policy):
    case = make_case(algorithm, policy)
    made = tokens("unmutated", 100, {name: [case] for name in SHARES})
    assert all(judge(text, case) == Judgement(verdicts.BOTH_ACCEPT) for text, _, mutations in made if not mutations)


def test_a_seed_makes_the_same_tokens_again():
    cases = {name: [make_case("HS256")] for name in SHARES}
    first, again, other = (list(tokens(seed, 200, cases)) for seed in ("one", "one", "two"))
    assert first == again != other


def test_a_seed_makes_the_same_mutations_whatever_signatures_are():
    """ECDSA's in DER differ in length from run to run, and all tokens after one were other ones."""
    case = make_case("ES256")
    first, again = (
        [mutations for _, _, mutations in tokens("one", 2000, {name: [case] for name in SHARES})] for _ in range(2)
    )
    assert first == again


SEEN = Tally(
    outcomes=Counter({verdicts.BOTH_REFUSE: EVERY_CLASS_FROM}),
    classes=Counter([*REFUSED, *ACCEPTED]),
    mutations=Counter(mutation.name for mutation in MUTATIONS),
)


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({}, []),
        ({"classes": SEEN.classes - Counter(["depth"])}, ["class depth"]),
        ({"mutations": SEEN.mutations - Counter(["BOM"])}, ["mutation BOM"]),
        ({"classes": Counter(), "outcomes": Counter({verdicts.BOTH_REFUSE: EVERY_CLASS_FROM - 1})}, []),
    ],
)
def test_a_long_run_must_see_every_class_and_mutation(change, missing):
    assert never_seen(replace(SEEN, **change)) == missing


def test_mutations_have_names_of_their_own():
    assert len(SEEN.mutations) == len(MUTATIONS)


def test_the_version_of_pyjwt_is_pinned(monkeypatch):
    assert pinned_pyjwt().startswith("2.15.")
    monkeypatch.setattr(run, "version", lambda name: "2.16.0")
    with pytest.raises(SystemExit, match=r"2\.16\.0"):
        pinned_pyjwt()


def documented(section: str) -> list[str]:
    """The slugs in the first column of a section's table."""
    text = DOCS.read_text().split(f"\n## {section}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `([a-z0-9-]+)` \|", text, re.MULTILINE)


@pytest.mark.parametrize(("section", "classes"), [("Refused", REFUSED), ("Accepted", ACCEPTED)])
def test_docs_list_the_same_classes(section, classes):
    assert documented(section) == list(classes)
