"""`make bench`: oxijwt's token layer against simplejwt's, with the bare cryptography beside them, as a markdown table.

One process for each algorithm runs all three in turns of a few milliseconds, in changing order, so that whatever slows
the machine slows all of them; a ratio compares two turns of one round. simplejwt is the real one, from its sdist and
without the hook. Neither blacklist app is installed (both are labelled `token_blacklist`), so `for_user` writes no row:
tokens are measured here, not a database.
"""

import hmac
import json
import platform
import secrets
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from itertools import cycle, islice
from statistics import median, quantiles
from time import process_time
from timeit import Timer

import django
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from django.conf import settings

from tools.simplejwt import simplejwt_sdist

ALGORITHMS = ("HS256", "RS256", "ES256", "EdDSA")
ROUNDS = 150
TURN_SECONDS = 0.004

Call = Callable[[], object]


@dataclass
class Keys:
    """A fresh key as the settings take it, and the bare operations on it."""

    settings: dict[str, str]
    sign: Callable[[bytes], bytes]
    verify: Callable[[bytes, bytes], object]


def make_keys(algorithm: str) -> Keys:
    if algorithm == "HS256":
        return hmac_keys()
    private, arguments = PRIVATE_KEYS[algorithm]()
    public = private.public_key()
    return Keys(
        settings={
            "SIGNING_KEY": private.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ).decode(),
            "VERIFYING_KEY": public.public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            ).decode(),
        },
        sign=lambda message: private.sign(message, *arguments),
        verify=lambda signature, message: public.verify(signature, message, *arguments),
    )


def hmac_keys() -> Keys:
    secret = secrets.token_hex(32)

    def sign(message: bytes) -> bytes:
        return hmac.digest(secret.encode(), message, "sha256")

    return Keys({"SIGNING_KEY": secret}, sign, lambda tag, message: hmac.compare_digest(tag, sign(message)))


# A new key, and what its sign and verify take beside the message.
PRIVATE_KEYS = {
    "RS256": lambda: (rsa.generate_private_key(65537, 2048), (padding.PKCS1v15(), hashes.SHA256())),
    "ES256": lambda: (ec.generate_private_key(ec.SECP256R1()), (ec.ECDSA(hashes.SHA256()),)),
    "EdDSA": lambda: (ed25519.Ed25519PrivateKey.generate(), ()),
}


def measure(algorithm: str) -> list[dict[str, object]]:
    """One table row for each operation with this algorithm."""
    keys = make_keys(algorithm)
    configure(algorithm, keys)
    ours, theirs = operations("oxijwt"), operations("rest_framework_simplejwt")
    bare = bare_operations(keys)
    return [{"what": what, "algorithm": algorithm} | race(ours[what], theirs[what], bare[what]) for what in ours]


def configure(algorithm: str, keys: Keys) -> None:
    settings.configure(
        SECRET_KEY=secrets.token_hex(32),
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
        USE_TZ=True,
        SIMPLE_JWT={"ALGORITHM": algorithm, **keys.settings},
    )
    django.setup()
    sys.path.append(str(simplejwt_sdist()))


def operations(library: str) -> dict[str, Call]:
    tokens = import_module(f"{library}.tokens")
    user = import_module("django.contrib.auth.models").User(pk=1, username="someone")
    # One text for both libraries: what simplejwt signed is what oxijwt verifies.
    raw = str(import_module("rest_framework_simplejwt.tokens").AccessToken.for_user(user))

    def login() -> tuple[str, str]:
        refresh = tokens.RefreshToken.for_user(user)
        return str(refresh), str(refresh.access_token)

    return {
        "`AccessToken(raw)`": lambda: tokens.AccessToken(raw),
        "`str(AccessToken())`": lambda: str(tokens.AccessToken()),
        "`RefreshToken.for_user(user)`, both signed": login,
    }


def bare_operations(keys: Keys) -> dict[str, Call]:
    """The signatures alone, over a message of a token's length."""
    message = secrets.token_bytes(220)
    signature = keys.sign(message)
    return {
        "`AccessToken(raw)`": lambda: keys.verify(signature, message),
        "`str(AccessToken())`": lambda: keys.sign(message),
        "`RefreshToken.for_user(user)`, both signed": lambda: (keys.sign(message), keys.sign(message)),
    }


def race(*calls: Call) -> dict[str, float]:
    """Microseconds a call of ours, theirs and the bare one, and the quartiles of theirs divided by ours."""
    # CPU time: what else runs on the machine does not count.
    timers = [Timer(call, timer=process_time) for call in calls]
    counts = [calls_in_a_turn(timer) for timer in timers]
    rounds = [one_round(timers, counts, start % len(timers)) for start in range(ROUNDS)]
    ours, theirs, bare = zip(*rounds, strict=True)
    low, middle, high = quantiles((b / a for a, b in zip(ours, theirs, strict=True)), n=4)
    return {
        "ours": 1e6 * median(ours),
        "theirs": 1e6 * median(theirs),
        "bare": 1e6 * median(bare),
        "low": low,
        "ratio": middle,
        "high": high,
    }


def calls_in_a_turn(timer: Timer) -> int:
    # The first calls prepare keys and fill caches, in every library alike.
    timer.timeit(20)
    return max(1, round(TURN_SECONDS / (timer.timeit(20) / 20)))


def one_round(timers: list[Timer], counts: list[int], start: int) -> list[float]:
    """Seconds a call of each, in the timers' order, though another one begins each round."""
    seconds = [0.0] * len(timers)
    for index in islice(cycle(range(len(timers))), start, start + len(timers)):
        seconds[index] = timers[index].timeit(counts[index]) / counts[index]
    return seconds


def main() -> None:
    simplejwt_sdist()
    print(f"Python {platform.python_version()}, simplejwt 5.5.1, PyJWT {version('PyJWT')}, ", end="")
    print(f"cryptography {version('cryptography')}, oxijwt {version('oxijwt')}")
    print(f"µs of CPU time a call, medians of {ROUNDS} rounds\n")
    print("| operation | algorithm | oxijwt | simplejwt | bare cryptography | simplejwt ÷ oxijwt (quartiles) |")
    print("|---|---|--:|--:|--:|--:|", flush=True)
    for algorithm in ALGORITHMS:
        command = [sys.executable, "-m", "tests.suites.bench.token_layer", algorithm]
        child = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        for row in json.loads(child.stdout):
            print(ROW.format(**row), flush=True)


ROW = "| {what} | {algorithm} | {ours:.1f} | {theirs:.1f} | {bare:.1f} | **{ratio:.2f}** ({low:.2f} to {high:.2f}) |"


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1])))
    else:
        main()
