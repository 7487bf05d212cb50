"""The JWK Set client keeps one issuer's keys while they are fresh, and longer while the issuer can't be reached."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, Self
from urllib.parse import urlsplit

from oxijwt._core import CoreError, VerifyingKey, read_issuer_jwk_set
from oxijwt.aio.loop import refuse_to_wait
from oxijwt.exceptions import KeyConfigurationError
from oxijwt.settings import api_settings
from oxijwt.utils import logger

from .fetch import TIMEOUT, Fetched, FetchError, fetch_jwk_set, require_fetchable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

STALE_LIMIT = 86_400.0
"""Seconds that a set stays in use after it was fresh, while no newer one can be fetched."""

MOST_TOLERATED = 1024
"""The most mistakes of an issuer that are remembered and logged."""

NEVER = float("-inf")


class JWKSetError(Exception):
    """The issuer's JWK Set can't be fetched, or contains no key for this token."""


class IssuerKeys(NamedTuple):
    """An issuer's keys for some algorithms."""

    by_name: dict[tuple[str, str | None], VerifyingKey]
    """By algorithm and `kid`."""

    soles: dict[str, VerifyingKey]
    """The key of each algorithm that has only one."""

    skipped: list[str]
    """A line about each key that is not used: its place, its shortened kid and the reason."""

    tolerated: list[tuple[str | None, str]]
    """The shortened kid of each key that is used in spite of a mistake, and the mistake."""

    @classmethod
    def read(cls, text: bytes, algorithms: Sequence[str]) -> Self:
        """The usable keys of a JWK Set. Raises CoreError for any other text."""
        pairs, skipped, tolerated = read_issuer_jwk_set(text, algorithms)
        of_algorithm: dict[str, list[VerifyingKey]] = {}
        for _kid, key in pairs:
            of_algorithm.setdefault(key.algorithm, []).append(key)
        soles = {algorithm: keys[0] for algorithm, keys in of_algorithm.items() if len(keys) == 1}
        return cls({(key.algorithm, kid): key for kid, key in pairs}, soles, skipped, tolerated)

    def find(self, algorithm: str, kid: object) -> VerifyingKey | None:
        """The key with a token's `kid`; the algorithm's only key if the token has no `kid`."""
        if kid is None:
            return self.soles.get(algorithm)
        return self.by_name.get((algorithm, kid)) if isinstance(kid, str) else None


class _LastGoodSet(NamedTuple):
    text: bytes
    fresh_until: float
    by_algorithms: dict[tuple[str, ...], IssuerKeys]


class _Fetch:
    """A fetch in flight. At `end`, a time of `time.monotonic()`, all threads stop waiting for it."""

    def __init__(self, end: float) -> None:
        self.landed = threading.Event()
        self.end = end


@dataclass
class _Asking:
    """One process's fetches. A forked process starts its own: it has neither the parent's threads nor their locks."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    in_flight: _Fetch | None = None
    asked_at: float = NEVER
    is_down: bool = False

    def due_or_in_flight(self, interval: float, fresh_until: float, timeout: float) -> tuple[_Fetch | None, bool]:
        """The fetch to wait for, and whether the caller must start it; None if it is too early for another fetch."""
        with self.lock:
            if self.in_flight is not None:
                return self.in_flight, False
            now = time.monotonic()
            # A fetch of a set that is no longer fresh is not a repetition, unless the last fetch failed.
            repeated = self.is_down or now < fresh_until
            if repeated and now - self.asked_at < interval:
                return None, False
            self.asked_at = now
            self.in_flight = _Fetch(end=now + timeout)
            return self.in_flight, True

    def land(self, fetch: _Fetch) -> None:
        """Wake the threads that wait for this fetch, which has succeeded or failed."""
        with self.lock:
            self.in_flight = None
            self.asked_at = time.monotonic()
        fetch.landed.set()


class JWKSetClient:
    """The keys of one issuer's JWK Set (RFC 7517 section 5), fetched when first needed and again when no longer fresh.

    An unknown `kid` causes another fetch, at most once in JWK_REFETCH_INTERVAL. If a fetch fails, the last good set
    stays in use until STALE_LIMIT. A process runs one fetch at a time, in its own thread. A thread that finds its key
    in the last good set doesn't wait for another thread's fetch; other threads wait `timeout` seconds at most. A key
    that can't be used is skipped. A warning is logged if a fetch skips other keys than the last fetch did, and once for
    each kid of a key that is used in spite of a mistake.
    """

    def __init__(
        self,
        url: str,
        setting: str = "SIMPLE_JWT['JWK_URL']",
        *,
        timeout: float = TIMEOUT,
        fetch: Callable[[str, float], Fetched] = fetch_jwk_set,
    ) -> None:
        self.url = url
        self.setting = setting
        self._timeout = timeout
        self._fetch = fetch
        self._set = _LastGoodSet(b"", NEVER, {})
        self._told: dict[tuple[str, ...], list[str]] = {}
        self._tolerated: set[tuple[str | None, str]] = set()
        self._by_process: dict[int, _Asking] = {}

    def verifying_key(self, algorithm: str, kid: object, algorithms: Sequence[str] = ()) -> VerifyingKey:
        """The key with this `kid`; the algorithm's only key if `kid` is None.

        `algorithms` are the ones that the issuer may use, including `algorithm`. Raises JWKSetError, and
        KeyConfigurationError if the URL or JWK_REFETCH_INTERVAL can't be used.
        """
        wanted = tuple(algorithms) or (algorithm,)
        key = self._find(algorithm, kid, wanted)
        if key is None or time.monotonic() >= self._set.fresh_until:
            self._ask(wanted, can_go_on=key is not None)
            key = self._find(algorithm, kid, wanted)
        if key is None:
            raise JWKSetError(f"the JWK Set has no {algorithm} key with the token's kid")
        return key

    def _find(self, algorithm: str, kid: object, wanted: tuple[str, ...]) -> VerifyingKey | None:
        last_good = self._set
        if time.monotonic() >= last_good.fresh_until + STALE_LIMIT:
            return None
        if wanted not in last_good.by_algorithms:  # fetched for other algorithms
            last_good.by_algorithms[wanted] = self._read(last_good.text, wanted)
        return last_good.by_algorithms[wanted].find(algorithm, kid)

    def _ask(self, wanted: tuple[str, ...], *, can_go_on: bool) -> None:
        """Start a fetch if one is due, and wait for the fetch in flight unless the caller can go on without it."""
        require_fetchable(self.url, self.setting)
        asking = self._by_process.get(os.getpid()) or self._by_process.setdefault(os.getpid(), _Asking())
        known_to_be_down = asking.is_down
        fetch, is_ours = asking.due_or_in_flight(refetch_interval(), self._set.fresh_until, self._timeout)
        if fetch is None:
            return
        if is_ours:
            self._start(fetch, asking, wanted)
        if can_go_on and (known_to_be_down or not is_ours):
            return
        refuse_to_wait()
        if not fetch.landed.wait(max(0.0, fetch.end - time.monotonic())):
            self._note_failure(asking, "no answer in time")

    def _start(self, fetch: _Fetch, asking: _Asking, wanted: tuple[str, ...]) -> None:
        # A thread of its own: a name server, for example, may hang, and this thread must not wait without limit.
        thread = threading.Thread(target=self._run, args=(fetch, asking, wanted), name="oxijwt-jwk-set", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the system allows no more threads
            self._note_failure(asking, "no thread to fetch it")
            asking.land(fetch)

    def _run(self, fetch: _Fetch, asking: _Asking, wanted: tuple[str, ...]) -> None:
        try:
            self._replace(self._fetch(self.url, self._timeout), wanted)
        except Exception as error:  # the issuer, TLS and the library can cause any exception
            # The texts of other exceptions may quote the URL.
            has_safe_text = isinstance(error, FetchError | JWKSetError)
            self._note_failure(asking, str(error) if has_safe_text else type(error).__name__)
        else:
            if asking.is_down:
                asking.is_down = False
                logger.warning("JWK Set of %s can be fetched again", self.host)
        finally:
            asking.land(fetch)

    def _replace(self, fetched: Fetched, wanted: tuple[str, ...]) -> None:
        known = self._set.by_algorithms if self._set.text == fetched.body else {}
        keys = known.get(wanted) or self._read(fetched.body, wanted)
        self._set = _LastGoodSet(fetched.body, time.monotonic() + fetched.lifespan, {**known, wanted: keys})

    def _read(self, text: bytes, wanted: tuple[str, ...]) -> IssuerKeys:
        try:
            keys = IssuerKeys.read(text, wanted)
        except CoreError as error:
            raise JWKSetError(error.args[1]) from error
        if keys.skipped != self._told.get(wanted, []):
            for line in keys.skipped:
                logger.warning("JWK Set of %s, for %s: skipped %s", self.host, ", ".join(wanted), line)
        self._told[wanted] = keys.skipped
        self._tell_tolerated(keys.tolerated)
        return keys

    def _tell_tolerated(self, tolerated: list[tuple[str | None, str]]) -> None:
        for kid, mistake in dict.fromkeys(tolerated):
            if (kid, mistake) not in self._tolerated and len(self._tolerated) < MOST_TOLERATED:
                self._tolerated.add((kid, mistake))
                logger.warning("JWK Set of %s: the key with kid %r is used, but %s", self.host, kid, mistake)

    @property
    def host(self) -> str | None:
        """The URL's host. Logs contain no other part of the URL, which may contain a secret."""
        return urlsplit(self.url).hostname

    def _note_failure(self, asking: _Asking, reason: str) -> None:
        with asking.lock:
            known, asking.is_down = asking.is_down, True
        if known:
            return
        if time.monotonic() < self._set.fresh_until + STALE_LIMIT:
            logger.warning("JWK Set of %s can't be fetched (%s): the last good one stays in use", self.host, reason)
        else:
            logger.error("JWK Set of %s can't be fetched (%s), and there is no older one", self.host, reason)


def refetch_interval() -> float:
    """JWK_REFETCH_INTERVAL in seconds. Raises KeyConfigurationError."""
    interval = api_settings.JWK_REFETCH_INTERVAL
    if isinstance(interval, timedelta):
        return interval.total_seconds()
    raise KeyConfigurationError("SIMPLE_JWT['JWK_REFETCH_INTERVAL'] must be a timedelta")


_clients: dict[tuple[str, str], JWKSetClient] = {}


def client_of(url: str, setting: str) -> JWKSetClient:
    """The client of a URL: one object for all threads and all uses of this setting. Raises KeyConfigurationError."""
    if not isinstance(url, str):
        raise KeyConfigurationError(f"{setting} must be a URL")
    return _clients.get((url, setting)) or _clients.setdefault((url, setting), JWKSetClient(url, setting))
