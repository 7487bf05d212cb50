"""KEYS or KEY_FILE → the key ring. Tokens name its keys by `kid`."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from os import PathLike
from typing import NamedTuple, Protocol

from django.utils.timezone import is_aware

from oxijwt._core import ALGORITHMS, CoreError, KeyRing, KeyRotationPolicy, KeySet, RingKey, SigningKey, VerifyingKey
from oxijwt.exceptions import KeyConfigurationError

from . import file as key_file
from . import material

MEMBERS = ("kid", "algorithm", "signing_key", "verifying_key", "not_before", "not_after")
"""The members of a key of KEYS."""

KeyEntry = Mapping[str, object]
"""A key of KEYS, before it is checked."""


class Legacy(NamedTuple):
    """The key pair of the time before the ring, for tokens without `kid`."""

    ring: KeyRing | None = None
    """The pair; None if there is none."""
    until: int | None = None
    """The pair verifies until then: seconds since 1970."""


class KeySource(Protocol):
    """Where a ring of keys with a `kid` comes from."""

    setting: str
    """How messages name it."""
    guessable: Sequence[str]
    """Which of its HMAC secrets can be guessed, and why."""

    def ring(self) -> KeyRing:
        """The ring that verifies now. Raises KeyConfigurationError."""

    def signing_ring(self) -> KeyRing:
        """The ring that signs now. Raises KeyConfigurationError, also while `ring` still returns older keys."""

    def newer_ring(self, ring: KeyRing) -> KeyRing | None:
        """The ring as it is now if it differs from this one, else None. Raises KeyConfigurationError."""


class KeyList:
    """The ring of SIMPLE_JWT['KEYS']."""

    setting = "SIMPLE_JWT['KEYS']"

    def __init__(self, entries: Sequence[KeyEntry], legacy: Legacy, cache_size: int = 0) -> None:
        """`cache_size` says how many verified tokens the ring remembers.

        Raises KeyConfigurationError with the key's place and `kid`.
        """
        if not isinstance(entries, list | tuple) or not all(isinstance(entry, Mapping) for entry in entries):
            raise KeyConfigurationError(f"{self.setting} must be a list of dicts")
        if not entries:  # the code that fills the list has failed; without this error every token would be a 401
            raise KeyConfigurationError(f"{self.setting} must contain a key")
        ring_keys = [ring_key(entry, f"{self.setting}[{place}]") for place, entry in enumerate(entries)]
        self.guessable: Sequence[str] = guessable_secrets(entries)
        try:
            self._ring = KeyRing.of_keys(ring_keys, *legacy)
        except CoreError as error:
            raise KeyConfigurationError(f"{self.setting}: {error.args[1]}") from error
        self._ring.remember_verified(cache_size)

    def ring(self) -> KeyRing:
        """The ring, always the same."""
        return self._ring

    signing_ring = ring

    def newer_ring(self, ring: KeyRing) -> KeyRing | None:
        """None, since settings don't change while a process runs."""
        return None


class KeyFile:
    """The ring of SIMPLE_JWT['KEY_FILE']. It follows the file."""

    setting = key_file.SETTING
    guessable: Sequence[str] = ()  # jwtkeys makes random secrets

    def __init__(
        self, path: str | PathLike[str], policy: KeyRotationPolicy, legacy: Legacy, *, stale: float, cache_size: int = 0
    ) -> None:
        """`stale` is in seconds: how long the keys verify if the file can't be used any more.

        `cache_size` says how many verified tokens a ring remembers. When the file changes, a new ring starts empty.
        """
        self._cache_size = cache_size
        self._file = key_file.WatchedKeyFile(path, stale)
        self._policy = policy
        self._legacy = legacy
        self._made: tuple[KeySet, KeyRing] | None = None

    def ring(self) -> KeyRing:
        """The ring of the file, which is looked at once a second at most. Raises KeyConfigurationError."""
        return self._ring_of(self._file.key_set())

    def signing_ring(self) -> KeyRing:
        """As `ring`; raises KeyConfigurationError as soon as the file can't be used."""
        return self._ring_of(self._file.signing_key_set())

    def newer_ring(self, ring: KeyRing) -> KeyRing | None:
        """Look at the file now: its ring if it differs from this one, else None. Raises KeyConfigurationError."""
        self._file.look_again()
        newer = self.ring()
        return newer if newer is not ring else None

    def _ring_of(self, key_set: KeySet) -> KeyRing:
        made = self._made
        if made is None or made[0] is not key_set:
            try:
                made = (key_set, key_set.ring(self._policy, *self._legacy))
            except CoreError as error:
                raise KeyConfigurationError(f"{self.setting}: {error.args[1]}") from error
            made[1].remember_verified(self._cache_size)
            self._made = made
        return made[1]


def guessable_secrets(entries: Sequence[KeyEntry]) -> list[str]:
    """Which HMAC secrets of KEYS can be guessed, and why. `ring_key` has accepted the entries."""
    found = []
    for place, entry in enumerate(entries):
        algorithm, secret = str(entry["algorithm"]), entry.get("signing_key")
        if material.is_hmac(algorithm):
            secret = entry["verifying_key"] if secret is None else secret
            found += material.guessable(algorithm, secret, f"{KeyList.setting}[{place}]")
    return found


def ring_key(entry: KeyEntry, setting: str) -> RingKey:
    """One key of KEYS. Raises KeyConfigurationError with the setting and the `kid`."""
    kid = entry.get("kid")
    if isinstance(kid, str):
        setting = f"{setting}, kid {kid!r}"
    elif kid is not None:
        raise KeyConfigurationError(f"{setting}: its kid must be a text")
    signing, verifying = key_pair(entry, checked_algorithm(entry, setting), setting)
    # Not a generator: its frame has no caller in a traceback, so Django's reports would show the hidden variables.
    not_before, not_after = [
        None if entry.get(name) is None else seconds_since_1970(entry[name], f"{setting}: its {name}")
        for name in ("not_before", "not_after")
    ]
    if not_before is not None and not_after is not None and not_after <= not_before:
        raise KeyConfigurationError(f"{setting}: its not_after must be later than its not_before")
    try:
        return RingKey(signing, verifying, kid=kid, not_before=not_before, not_after=not_after)
    except CoreError as error:
        raise KeyConfigurationError(f"{setting}: {error.args[1]}") from error


def checked_algorithm(entry: KeyEntry, setting: str) -> str:
    """The key's algorithm, one of ALGORITHMS. Raises KeyConfigurationError, also for unknown members."""
    if not entry.keys() <= set(MEMBERS):
        raise KeyConfigurationError(f"{setting} must not have other members than {', '.join(MEMBERS)}")
    algorithm = entry.get("algorithm")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise KeyConfigurationError(f"{setting}: its algorithm must be one of {', '.join(ALGORITHMS)}")
    return algorithm


def key_pair(entry: KeyEntry, algorithm: str, setting: str) -> tuple[SigningKey | None, VerifyingKey | None]:
    """The native keys of an entry, at least one. Raises KeyConfigurationError."""
    signing, verifying = entry.get("signing_key"), entry.get("verifying_key")
    if signing is None and verifying is None:
        raise KeyConfigurationError(f"{setting} has neither a signing_key nor a verifying_key")
    halves = (
        None if signing is None else material.signing_key(algorithm, signing, f"{setting}: its signing_key"),
        None if verifying is None else material.verifying_key(algorithm, verifying, f"{setting}: its verifying_key"),
    )
    if any(half is not None and half.is_weak for half in halves):
        raise KeyConfigurationError(f"{setting}: its secret is shorter than the hash of {algorithm}")
    return halves


def seconds_since_1970(time: object, setting: str) -> int:
    """Whole seconds of a datetime with a time zone. Raises KeyConfigurationError with the name of the setting."""
    if not isinstance(time, datetime) or not is_aware(time):
        raise KeyConfigurationError(f"{setting} must be a datetime with a time zone")
    return math.floor(time.timestamp())
