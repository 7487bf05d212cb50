"""What happens: rotations under load, one after the other, and then a revocation."""

import time
from dataclasses import dataclass, field
from functools import partial

from .clients import Answer, Clients, at_work, header

CLIENTS = [f"client{number}" for number in range(8)]
WITNESS = "witness"
USERS = [*CLIENTS, WITNESS]
FIRST_ALGORITHM = "HS256"
ROTATIONS = (["--algorithm", "ES256"], ["--algorithm", "EdDSA"], [])
"""Options of `jwtkeys rotate`; the last key is made as the one before."""
HOLD = 2.0
"""Seconds under load with each key, once it signs."""
LOOK_FOR = 3.0
"""Seconds after the file's change for which a revoked token is sent to all workers without pause."""

Statuses = dict[str, int]
"""What each worker answered, by its process id."""


@dataclass
class Key:
    """A key that was seen signing: a token of it, and what workers said to that later."""

    kid: str
    algorithm: str
    token: str
    after_the_rotations: Statuses = field(default_factory=dict)
    in_the_end: Statuses = field(default_factory=dict)


@dataclass
class Run:
    """What was seen; times in seconds since 1970."""

    answers: list[Answer]
    began_at: float = field(default_factory=time.time)
    rotated: list[Key] = field(default_factory=list)
    """The keys of the planned rotations; the last one is revoked."""
    revoking_at: float = 0.0
    """Just before the command."""
    revoked_at: float = 0.0
    """When the file changed."""
    successor: Key | None = None
    known_at: float = 0.0
    """When every worker had been asked with the successor's first token."""
    ended_at: float = 0.0


def run(site):
    """The whole course."""
    clients = Clients(site.port)
    seen = Run(clients.answers)
    with at_work(*(partial(clients.live, username) for username in CLIENTS)):
        rotate(site, clients, seen)
        revoke(site, clients, seen)
        for key in [*seen.rotated, seen.successor]:
            key.in_the_end = clients.ask_every_worker(key.token)
        seen.ended_at = time.time()
    return seen


def rotate(site, clients, seen):
    """Work for a while with the first key and with the one of each planned rotation."""
    for options in (None, *ROTATIONS):
        if options is not None:
            site.jwtkeys("rotate", *options)
        seen.rotated.append(next_key(clients, seen))
        time.sleep(HOLD)
    for key in seen.rotated:
        key.after_the_rotations = clients.ask_every_worker(key.token)


def next_key(clients, seen):
    """The next key, once it signs."""
    token = clients.access_token(WITNESS, but_of=[key.kid for key in seen.rotated])
    return Key(header(token)["kid"], header(token)["alg"], token)


def revoke(site, clients, seen):
    """Revoke the key that signs, while a token of it is sent to all workers; log in anew at once."""
    revoked = seen.rotated[-1]
    seen.revoking_at = time.time()
    with at_work(*[lambda _is_over: clients.call_afresh(revoked.token)] * 2):
        site.jwtkeys("rotate", f"--revoke={revoked.kid}")
        seen.revoked_at = site.key_file.stat().st_ctime
        seen.successor = next_key(clients, seen)
        seen.successor.after_the_rotations = clients.ask_every_worker(seen.successor.token)
        seen.known_at = time.time()
        time.sleep(max(0.0, seen.revoked_at + LOOK_FOR - time.time()))
