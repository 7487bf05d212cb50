"""ISSUERS: other issuers whose tokens authenticate requests here, each with keys, algorithms and an audience."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from oxijwt._core import ALGORITHMS, VerifyingKey
from oxijwt.exceptions import KeyConfigurationError

from .jwk_set import JWKSetClient, JWKSetError, client_of
from .material import is_hmac

if TYPE_CHECKING:
    from collections.abc import Callable

SHOWN_LENGTH = 64
"""Most characters of an issuer's name that a message shows."""

ALGORITHM_NAMES = {"Ed25519": "EdDSA"}
"""Other names of algorithms in headers (RFC 9864)."""


class Issuer(NamedTuple):
    """One of ISSUERS."""

    name: str
    algorithms: tuple[str, ...]
    audience: str | Iterable[str] | None
    client: JWKSetClient

    def verifying_key(self, header: Mapping[str, Any]) -> VerifyingKey:
        """The key that a token with this header must be verified with. Raises JWKSetError, KeyConfigurationError."""
        named = header.get("alg")
        algorithm = ALGORITHM_NAMES.get(named, named) if isinstance(named, str) else named
        if algorithm not in self.algorithms:
            raise JWKSetError("the issuer doesn't use the token's algorithm")
        return self.client.verifying_key(algorithm, header.get("kid"), self.algorithms)


def read(setting: object) -> dict[str, Issuer]:
    """ISSUERS made ready, by name. Raises KeyConfigurationError."""
    for problem in problems(setting):
        raise KeyConfigurationError(problem)
    entries: Mapping[str, Mapping[str, Any]] = setting  # type: ignore[assignment]  # it has no problem
    return {name: _issuer(name, entry) for name, entry in entries.items()}


def setting_of(name: str) -> str:
    """How messages name an entry of ISSUERS: without what a URL may keep secret, and fit for a log."""
    text = name.partition("?")[0].partition("#")[0]
    scheme, separator, rest = text.partition("://")
    if separator:
        authority, slash, path = rest.partition("/")
        text = scheme + separator + authority.rpartition("@")[2] + slash + path
    shown = "".join(character if " " <= character <= "~" else "?" for character in text[:SHOWN_LENGTH])
    return f"SIMPLE_JWT['ISSUERS']['{shown}']"


def url_setting_of(name: str) -> str:
    """How messages name the `jwk_url` of an entry."""
    return f"{setting_of(name)}['jwk_url']"


def problems(setting: object) -> Iterator[str]:
    """What is wrong with the form of ISSUERS; the URLs are the client's to judge. No value is quoted."""
    if not isinstance(setting, Mapping):
        yield "SIMPLE_JWT['ISSUERS'] is no dict"
        return
    for number, (name, entry) in enumerate(setting.items(), 1):
        if not isinstance(name, str) or not name or not isinstance(entry, Mapping):
            # Who knows what was pasted there.
            yield f"SIMPLE_JWT['ISSUERS'], entry {number}, is no issuer's name with a dict"
        else:
            yield from (f"{setting_of(name)} {problem}" for problem in _problems_of(entry))


def _problems_of(entry: Mapping[Any, Any]) -> Iterator[str]:
    if not OPTIONS.keys() >= entry.keys():
        yield "has an option that is none of 'jwk_url', 'algorithms' and 'audience'"
    for option, (fits, what) in OPTIONS.items():
        if not fits(entry.get(option)):
            yield f"needs '{option}': {what}"


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _are_algorithms(value: object) -> bool:
    if not isinstance(value, list | tuple) or not value:
        return False
    return all(isinstance(name, str) and name in ALGORITHMS and not is_hmac(name) for name in value)


def _is_audience(value: object) -> bool:
    if isinstance(value, list | tuple | set | frozenset):
        return bool(value) and all(map(_is_text, value))
    return value is None or _is_text(value)


OPTIONS: dict[str, tuple[Callable[[object], bool], str]] = {
    "jwk_url": (_is_text, "where the issuer publishes its JWK Set"),
    "algorithms": (_are_algorithms, "a list of asymmetric algorithms, such as ['RS256']"),
    "audience": (_is_audience, "a text or several texts, one of which 'aud' must hold, or None to ask for none"),
}


def _issuer(name: str, entry: Mapping[str, Any]) -> Issuer:
    url = entry["jwk_url"]
    client = client_of(url, url_setting_of(name))
    return Issuer(name, tuple(entry["algorithms"]), entry.get("audience"), client)
