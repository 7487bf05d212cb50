"""`AccessToken(raw)` in other configurations than one pair of keys, HS256.

All configurations take turns in one process, each under its own settings. The pair with plain claims runs a second
time, so that the noise is seen.
"""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time
from timeit import Timer
from typing import Any

from django.test import override_settings

from tests.suites.bench import bars
from tests.suites.bench.report import Line, run_part, share_at_most
from tests.suites.bench.turns import Pace, Turn, compare

from .django_setup import configure, make_user, tokens_of
from .keys import make_pair

SimpleJwt = dict[str, Any]
Claims = dict[str, Any]

ALGORITHM = "HS256"
NESTED = {"roles": ["editor", "reviewer"], "organization": {"id": 7, "plan": {"name": "team", "seats": 12}}}
ISSUER = {"jwk_url": "https://issuer.example/jwks.json", "algorithms": ["ES256"]}
LARGE = (10, 100)


def lines(pace: Pace) -> Iterator[Line]:
    """Configurations against the pair of keys, and rings of many keys against a ring of one."""
    configure()
    plain = turn(pair())
    yield from against("one pair, plain claims", plain, configurations(), bars.CONFIGURATION, pace)
    one, *others = keys(max(LARGE))
    yield from against("a ring of one key", turn({"KEYS": [one]}), rings(one, others), bars.LARGE_RING, pace)


def against(base: str, plain: Turn, entered: dict[str, Turn], bar: float, pace: Pace) -> Iterator[Line]:
    """One line for each configuration: its time ÷ the time of the base."""
    for what, contestant in entered.items():
        (race,) = compare([contestant, plain], pace)
        yield share_at_most(f"`AccessToken(raw)`, {what}", race, bar, base)


def configurations() -> dict[str, Turn]:
    """What is compared with the pair."""
    audience = {"AUDIENCE": ["api", "admin"]}
    return {
        "one pair again": turn(pair()),
        "KEYS": turn({"KEYS": keys(2)}),
        "KEY_FILE": turn({"KEY_FILE": key_file()}),
        "ISSUERS": turn(pair() | {"ISSUERS": {"https://issuer.example": ISSUER}}),
        "a list as AUDIENCE": turn(pair() | audience, {"aud": ["web", "api"]}),
        "claims with lists and objects": turn(pair(), NESTED),
    }


def rings(own: SimpleJwt, others: list[SimpleJwt]) -> dict[str, Turn]:
    """Rings of many keys. The token's key is at the first, the middle and the last place."""
    return {
        f"{size} keys, its own {name}": turn({"KEYS": [*others[:place], own, *others[place : size - 1]]}, signed_by=own)
        for size in LARGE
        for name, place in {"first": 0, "middle": size // 2, "last": size - 1}.items()
    }


def pair() -> SimpleJwt:
    """One pair of keys."""
    return make_pair(ALGORITHM).settings(ALGORITHM)


def keys(count: int) -> list[SimpleJwt]:
    """Entries of KEYS."""
    return [
        {"kid": f"key-{number}", "algorithm": ALGORITHM, "signing_key": make_pair(ALGORITHM).signing}
        for number in range(count)
    ]


def key_file() -> str:
    """A new key file with one key."""
    from oxijwt.management.commands.jwtkeys import Command  # noqa: PLC0415  after configure

    path = str(Path(FOLDER.name, "keys.json"))
    with override_settings(SIMPLE_JWT={"KEY_FILE": path}):
        from django.core.management import call_command  # noqa: PLC0415

        call_command(Command(), "generate", "--algorithm", ALGORITHM, verbosity=0)
    return path


FOLDER = tempfile.TemporaryDirectory()


def turn(simple_jwt: SimpleJwt, claims: Claims | None = None, signed_by: SimpleJwt | None = None) -> Turn:
    """Turns under these settings, with a token that has these claims too."""
    signing = simple_jwt if signed_by is None else {"KEYS": [signed_by]}
    access_token = tokens_of("oxijwt").AccessToken
    with override_settings(SIMPLE_JWT=signing):
        token = access_token.for_user(make_user())
        token.payload |= claims or {}
        raw = str(token)
    return under(simple_jwt, lambda: access_token(raw))


def under(simple_jwt: SimpleJwt, call: Callable[[], object]) -> Turn:
    """Turns of a call under these settings."""
    timer = Timer(call, timer=process_time)

    def seconds(count: int) -> float:
        with override_settings(SIMPLE_JWT=simple_jwt):
            call()  # makes the verifier, which the change of the settings has dropped
            return timer.timeit(count) / count

    return seconds


if __name__ == "__main__":
    run_part(lines)
