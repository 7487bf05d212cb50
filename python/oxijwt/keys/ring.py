"""KEYS or KEY_FILE → the key ring, whose keys tokens name by `kid`."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from os import PathLike
from typing import Any, NamedTuple, Protocol

from django.utils.timezone import is_aware

from oxijwt._core import ALGORITHMS, CoreError, KeyRing, KeyRotationPolicy, KeySet, RingKey, SigningKey, VerifyingKey
from oxijwt.exceptions import KeyConfigurationError

from . import file as key_file
from . import material

MEMBERS = ("kid", "algorithm", "signing_key", "verifying_key", "not_before", "not_after")
"""What a key of KEYS is made of."""


class Legacy(NamedTuple):
    """The pair that serves tokens without `kid`, and until when: seconds since 1970. None for neither."""

    ring: KeyRing | None = None
    until: int | None = None


class KeySource(Protocol):
    """Where a ring of keys with a `kid` comes from."""

    setting: str
    """How messages name it."""

    def ring(self) -> KeyRing:
        """The ring as it is now. Raises KeyConfigurationError."""

    def newer_ring(self, ring: KeyRing) -> KeyRing | None:
        """Another ring than this one, where there is one by now."""


class KeyList:
    """The ring of SIMPLE_JWT['KEYS']."""

    setting = "SIMPLE_JWT['KEYS']"

    def __init__(self, entries: Sequence[Mapping[str, Any]], legacy: Legacy) -> None:
        """Raises KeyConfigurationError, naming the key."""
        ring_keys = [ring_key(entry, f"{self.setting}[{place}]") for place, entry in enumerate(_listed(entries))]
        try:
            self._ring = KeyRing.of_keys(ring_keys, *legacy)
        except CoreError as error:
            raise KeyConfigurationError(f"{self.setting}: {error.args[1]}") from error

    def ring(self) -> KeyRing:
        """The ring, always the same."""
        return self._ring

    def newer_ring(self, ring: KeyRing) -> KeyRing | None:
        """None: settings don't change while a process runs."""
        return None


class KeyFile:
    """The ring of SIMPLE_JWT['KEY_FILE'], as the file is now."""

    setting = key_file.SETTING

    def __init__(self, path: str | PathLike[str], policy: KeyRotationPolicy, legacy: Legacy) -> None:
        self._file = key_file.WatchedKeyFile(path)
        self._policy = policy
        self._legacy = legacy
        self._made: tuple[KeySet, KeyRing] | None = None

    def ring(self) -> KeyRing:
        """The ring of the file, which is looked at once a second at most. Raises KeyConfigurationError."""
        key_set = self._file.key_set()
        made = self._made
        if made is None or made[0] is not key_set:
            made = self._made = (key_set, self._ring_of(key_set))
        return made[1]

    def _ring_of(self, key_set: KeySet) -> KeyRing:
        try:
            return key_set.ring(self._policy, *self._legacy)
        except CoreError as error:
            raise KeyConfigurationError(f"{self.setting}: {error.args[1]}") from error

    def newer_ring(self, ring: KeyRing) -> KeyRing | None:
        """The ring of the file, which is looked at now, unless it is this one."""
        self._file.look_again()
        newer = self.ring()
        return newer if newer is not ring else None


def _listed(entries: object) -> list[Mapping[str, Any]]:
    if not isinstance(entries, list | tuple) or not all(isinstance(entry, Mapping) for entry in entries):
        raise KeyConfigurationError("SIMPLE_JWT['KEYS'] must be a list of dicts")
    if not entries:  # whatever was to fill it has failed: every token would be a 401
        raise KeyConfigurationError("SIMPLE_JWT['KEYS'] holds no key")
    return list(entries)


def ring_key(entry: Mapping[str, Any], setting: str) -> RingKey:
    """One key of KEYS. Raises KeyConfigurationError naming `setting` and the `kid`."""
    kid = entry.get("kid")
    if isinstance(kid, str):
        setting = f"{setting}, kid {kid!r}"
    _check_members(entry, setting)
    signing, verifying = _halves(entry, setting)
    # No generator: its frame has no caller in a traceback, so Django's reports would show what is hidden in the others.
    not_before, not_after = [_seconds(entry, name, setting) for name in ("not_before", "not_after")]
    if not_before is not None and not_after is not None and not_after <= not_before:
        raise KeyConfigurationError(f"{setting}: its not_after is not after its not_before")
    try:
        return RingKey(signing, verifying, kid=kid, not_before=not_before, not_after=not_after)
    except CoreError as error:
        raise KeyConfigurationError(f"{setting}: {error.args[1]}") from error


def _check_members(entry: Mapping[str, Any], setting: str) -> None:
    if not entry.keys() <= set(MEMBERS):
        raise KeyConfigurationError(f"{setting} has another member than {', '.join(MEMBERS)}")
    if entry.get("algorithm") not in ALGORITHMS:
        raise KeyConfigurationError(f"{setting}: its algorithm is none of oxijwt's")
    if not isinstance(entry.get("kid", ""), str | None):
        raise KeyConfigurationError(f"{setting}: its kid is no text")


def _halves(entry: Mapping[str, Any], setting: str) -> tuple[SigningKey | None, VerifyingKey | None]:
    algorithm: str = entry["algorithm"]
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


def _seconds(entry: Mapping[str, Any], name: str, setting: str) -> int | None:
    time = entry.get(name)
    return None if time is None else seconds_since_1970(time, f"{setting}: its {name}")


def seconds_since_1970(time: object, setting: str) -> int:
    """Whole seconds of a datetime with a time zone. Raises KeyConfigurationError naming `setting`."""
    if not isinstance(time, datetime) or not is_aware(time):
        raise KeyConfigurationError(f"{setting} must be a datetime with a time zone")
    return math.floor(time.timestamp())
