"""The JWK Set client: one issuer's keys, kept while they are fresh, and beyond that while the issuer is down."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Self
from urllib.parse import urlsplit

from oxijwt._core import CoreError, VerifyingKey, read_issuer_jwk_set
from oxijwt.exceptions import KeyConfigurationError
from oxijwt.settings import api_settings
from oxijwt.utils import logger

from .fetch import TIMEOUT, Fetched, FetchError, fetch_jwk_set, require_fetchable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

STALE_LIMIT = 86_400.0
"""Seconds that a set serves after it has ceased to be fresh, while no other can be had."""

NEVER = float("-inf")


class JWKSetError(Exception):
    """The issuer's JWK Set can't be had, or holds no key for this token."""


class IssuerKeys(NamedTuple):
    """An issuer's keys for some algorithms."""

    by_name: dict[tuple[str, str | None], VerifyingKey]
    """By algorithm and `kid`."""

    soles: dict[str, VerifyingKey]
    """By algorithm, where it has one key only."""

    skipped: list[str]
    """A line on each key that is not used: its place, its shortened kid and the reason."""

    @classmethod
    def read(cls, text: bytes, algorithms: Sequence[str]) -> Self:
        """The usable keys of a JWK Set. Raises CoreError where the text is none."""
        pairs, skipped = read_issuer_jwk_set(text, algorithms)
        of_algorithm: dict[str, list[VerifyingKey]] = {}
        for _kid, key in pairs:
            of_algorithm.setdefault(key.algorithm, []).append(key)
        soles = {algorithm: keys[0] for algorithm, keys in of_algorithm.items() if len(keys) == 1}
        return cls({(key.algorithm, kid): key for kid, key in pairs}, soles, skipped)

    def find(self, algorithm: str, kid: object) -> VerifyingKey | None:
        """The key of a token's `kid`, or the only one where the token names none."""
        if kid is None:
            return self.soles.get(algorithm)
        return self.by_name.get((algorithm, kid)) if isinstance(kid, str) else None


class _LastGoodSet(NamedTuple):
    text: bytes
    fresh_until: float
    by_algorithms: dict[tuple[str, ...], IssuerKeys]


class _Fetch:
    """A fetch in flight: its `end` is when nobody waits for it any longer."""

    def __init__(self) -> None:
        self.landed = threading.Event()
        self.end = 0.0


@dataclass
class _Asking:
    """How one process asks an issuer: a fork leaves the threads behind, and a lock as it happened to be."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    in_flight: _Fetch | None = None
    asked_at: float = NEVER
    is_down: bool = False


class JWKSetClient:
    """The keys of one issuer's JWK Set (RFC 7517 section 5), fetched when first needed and again when no longer fresh.

    An unknown `kid` fetches again, at most once in JWK_REFETCH_INTERVAL. While that fails, the last good set serves,
    until STALE_LIMIT. In one process one fetch is in flight at most, in a thread of its own: who finds a key in the
    last good set doesn't wait for another's, the others wait `timeout` seconds at most. A key that can't be used is
    skipped, and logged as a warning when a fetch finds other such keys than the one before.
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
        self._by_process: dict[int, _Asking] = {}

    def verifying_key(self, algorithm: str, kid: object, algorithms: Sequence[str] = ()) -> VerifyingKey:
        """The key named `kid`, or the only key where the token names none.

        `algorithms` are those that the issuer may use, `algorithm` among them. Raises JWKSetError, and
        KeyConfigurationError where the URL or JWK_REFETCH_INTERVAL can't be used.
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
        if wanted not in last_good.by_algorithms:  # fetched for other ones
            last_good.by_algorithms[wanted] = self._read(last_good.text, wanted)
        return last_good.by_algorithms[wanted].find(algorithm, kid)

    def _ask(self, wanted: tuple[str, ...], *, can_go_on: bool) -> None:
        """Start a fetch where one is due, and wait for the one in flight where that is needed."""
        require_fetchable(self.url, self.setting)
        asking = self._by_process.get(os.getpid()) or self._by_process.setdefault(os.getpid(), _Asking())
        known_to_be_down = asking.is_down
        fetch, is_ours = self._due_or_in_flight(asking)
        if fetch is None:
            return
        if is_ours:
            self._start(fetch, asking, wanted)
        if can_go_on and (known_to_be_down or not is_ours):
            return
        if not fetch.landed.wait(max(0.0, fetch.end - time.monotonic())):
            self._note_failure(asking, "no answer in time")

    def _due_or_in_flight(self, asking: _Asking) -> tuple[_Fetch | None, bool]:
        """The fetch to wait for, and whether it is for the caller to start; None where it is too early for another."""
        interval = _refetch_interval()
        with asking.lock:
            if asking.in_flight is not None:
                return asking.in_flight, False
            now = time.monotonic()
            # A set that has ceased to be fresh is no repetition, unless the last attempt failed.
            repeated = asking.is_down or now < self._set.fresh_until
            if repeated and now - asking.asked_at < interval:
                return None, False
            asking.asked_at = now
            asking.in_flight = fetch = _Fetch()
            fetch.end = now + self._timeout
            return fetch, True

    def _start(self, fetch: _Fetch, asking: _Asking, wanted: tuple[str, ...]) -> None:
        # Neither a name server nor anything else that hangs can be waited for in bounded time in this thread.
        thread = threading.Thread(target=self._run, args=(fetch, asking, wanted), name="oxijwt-jwk-set", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # no more threads
            self._note_failure(asking, "no thread to fetch it")
            _land(fetch, asking)

    def _run(self, fetch: _Fetch, asking: _Asking, wanted: tuple[str, ...]) -> None:
        try:
            self._replace(self._fetch(self.url, self._timeout), wanted)
        except Exception as error:  # whatever an issuer, TLS or the library can come up with
            self._note_failure(asking, _reason(error))
        else:
            self._note_success(asking)
        finally:
            _land(fetch, asking)

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
                logger.warning("JWK Set of %s, for %s: skipped %s", self._host, ", ".join(wanted), line)
        self._told[wanted] = keys.skipped
        return keys

    @property
    def _host(self) -> str | None:
        # All that a log says of the URL: the rest may hold a secret.
        return urlsplit(self.url).hostname

    def _note_failure(self, asking: _Asking, reason: str) -> None:
        with asking.lock:
            known, asking.is_down = asking.is_down, True
        if known:
            return
        if time.monotonic() < self._set.fresh_until + STALE_LIMIT:
            logger.warning("JWK Set of %s can't be had (%s): the last good one serves", self._host, reason)
        else:
            logger.error("JWK Set of %s can't be had (%s), and there is no other", self._host, reason)

    def _note_success(self, asking: _Asking) -> None:
        if asking.is_down:
            asking.is_down = False
            logger.warning("JWK Set of %s can be had again", self._host)


def _land(fetch: _Fetch, asking: _Asking) -> None:
    with asking.lock:
        asking.in_flight = None
        asking.asked_at = time.monotonic()
    fetch.landed.set()


def _reason(error: Exception) -> str:
    # The texts of others may quote the URL.
    return str(error) if isinstance(error, FetchError | JWKSetError) else type(error).__name__


def _refetch_interval() -> float:
    interval = api_settings.JWK_REFETCH_INTERVAL
    try:
        seconds: float = interval.total_seconds()
    except AttributeError as error:
        raise KeyConfigurationError("SIMPLE_JWT['JWK_REFETCH_INTERVAL'] is no timedelta") from error
    return seconds


_clients: dict[tuple[str, str], JWKSetClient] = {}


def client_of(url: str, setting: str) -> JWKSetClient:
    """The client of a URL: the same one for all that ask in its name, from whichever thread."""
    if not isinstance(url, str):
        raise KeyConfigurationError(f"{setting} is no URL")
    return _clients.get((url, setting)) or _clients.setdefault((url, setting), JWKSetClient(url, setting))
