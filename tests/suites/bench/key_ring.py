"""`make bench`: what it costs to verify a token in a ring of 1, 10 and 100 keys, its own key first, middle or last.

All rings take turns of a few milliseconds of CPU time in one process, in changing order; a ratio compares two turns of
one round. The ring of one runs a second time, so that the noise is seen. Fails where a median ratio to the ring of one
is over the limit.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from importlib import import_module
from itertools import cycle, islice
from statistics import median, quantiles
from time import process_time, time
from timeit import Timer
from typing import Any

import django
from django.conf import settings
from django.test import override_settings

from .token_layer import calls_in_a_turn, make_keys

ALGORITHMS = ("HS256", "ES256", "EdDSA")
LIMIT = 1.05
ROUNDS = 150
MAX_TOKEN_LENGTH = 16 * 1024

Entry = dict[str, Any]


@dataclass
class Ring:
    """A ring to be measured, as SIMPLE_JWT says it, and whether LIMIT is about it."""

    name: str
    simple_jwt: dict[str, Any]
    is_limited: bool = True


@dataclass
class Contestant:
    """What takes turns: a call, and the context that its turns need."""

    call: Callable[[], object]
    context: Callable[[], AbstractContextManager[object]] = nullcontext

    def seconds(self, count: int) -> float:
        """A call's."""
        with self.context():
            self.call()  # prepares the keys, where the context made that necessary
            return Timer(self.call, timer=process_time).timeit(count) / count

    def turn(self) -> int:
        with self.context():
            return calls_in_a_turn(Timer(self.call, timer=process_time))


def entry(algorithm: str, kid: str) -> Entry:
    return {"kid": kid, "algorithm": algorithm, "signing_key": make_keys(algorithm).settings["SIGNING_KEY"]}


def rings(algorithm: str) -> Iterator[Ring]:
    """The ring of one that all others are compared with comes first."""
    own, *others = (entry(algorithm, f"key-{number}") for number in range(100))
    yield Ring("1 key", {"KEYS": [own]}, is_limited=False)
    yield Ring("1 key, again", {"KEYS": [own]}, is_limited=False)
    for size in (10, 100):
        for name, place in {"first": 0, "middle": size // 2, "last": size - 1}.items():
            keys = others[: size - 1]
            yield Ring(f"{size} keys, its own {name}", {"KEYS": [*keys[:place], own, *keys[place:]]})
    yield Ring("SIGNING_KEY, no `kid`", pair(algorithm, own), is_limited=False)


def pair(algorithm: str, own: Entry) -> dict[str, Any]:
    names = {"ALGORITHM": algorithm, "SIGNING_KEY": own["signing_key"]}
    if algorithm == "HS256":
        return names
    serialization = import_module("cryptography.hazmat.primitives.serialization")
    public = serialization.load_pem_private_key(own["signing_key"].encode(), None).public_key()
    form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return names | {"VERIFYING_KEY": public.public_bytes(*form).decode()}


def token_in(ring: Ring, name: str = "key-0") -> str:
    """A token that the ring's own key signed: alone, since in a ring the first one signs."""
    keys = [key for key in ring.simple_jwt.get("KEYS", ()) if key["kid"] == name]
    with override_settings(SIMPLE_JWT=ring.simple_jwt | ({"KEYS": keys} if keys else {})):
        return str(import_module("oxijwt.tokens").AccessToken.for_user(user()))


def user() -> object:
    return import_module("django.contrib.auth.models").User(pk=1)


def native(ring: Ring) -> Contestant:
    """`KeyRing.verify` alone."""
    token, now = token_in(ring), time()
    policy = import_module("oxijwt._core").TokenPolicy(max_length=MAX_TOKEN_LENGTH)
    with override_settings(SIMPLE_JWT=ring.simple_jwt):
        backend = import_module("oxijwt.state").SettingsTokenBackend()
        pair = import_module("oxijwt.keys.material").ring_of_one(None, backend.verifying_keys)
        native_ring = backend.key_source.ring() if backend.key_source else pair
    return Contestant(lambda: native_ring.verify(token, now, policy, None))


def whole(ring: Ring) -> Contestant:
    """`AccessToken(raw)`, settings and all."""
    token, access_token = token_in(ring), import_module("oxijwt.tokens").AccessToken
    return Contestant(lambda: access_token(token), lambda: override_settings(SIMPLE_JWT=ring.simple_jwt))


LEVELS = {"`KeyRing.verify`": native, "`AccessToken(raw)`": whole}


def race(contestants: list[Contestant]) -> list[tuple[float, ...]]:
    """For each round, the seconds of a call of each."""
    counts = [contestant.turn() for contestant in contestants]
    return [one_round(contestants, counts, start % len(contestants)) for start in range(ROUNDS)]


def one_round(contestants: list[Contestant], counts: list[int], start: int) -> tuple[float, ...]:
    """In the contestants' order, though another one begins each round."""
    seconds = [0.0] * len(contestants)
    for index in islice(cycle(range(len(contestants))), start, start + len(contestants)):
        seconds[index] = contestants[index].seconds(counts[index])
    return tuple(seconds)


def print_rows(algorithm: str, level: str) -> bool:
    """Whether all rings are within the limit."""
    entered = list(rings(algorithm))
    rounds = race([LEVELS[level](ring) for ring in entered])
    missed = sum(not print_row(f"{algorithm} | {level}", ring, rounds, index) for index, ring in enumerate(entered))
    return not missed


def print_row(what: str, ring: Ring, rounds: list[tuple[float, ...]], index: int) -> bool:
    low, middle, high = quantiles((seconds[index] / seconds[0] for seconds in rounds), n=4)
    within = middle <= LIMIT or not ring.is_limited
    verdict = ("ok" if within else "not ok") if ring.is_limited else ""
    microseconds = 1e6 * median(seconds[index] for seconds in rounds)
    print(
        f"| {what} | {ring.name} | {microseconds:.2f} | {middle:.3f} ({low:.3f} to {high:.3f}) | {verdict} |",
        flush=True,
    )
    return within


def main() -> int:
    settings.configure(
        SECRET_KEY="not a key of any ring",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
        USE_TZ=True,
    )
    django.setup()
    print(f"\nRings of keys: µs of CPU time a call, medians of {ROUNDS} rounds; limit {LIMIT} times the ring of one\n")
    print("| algorithm | operation | ring | µs | ÷ ring of one (quartiles) | |\n|---|---|---|--:|--:|---|")
    missed = sum(not print_rows(algorithm, level) for algorithm in ALGORITHMS for level in LEVELS)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
