"""ISSUERS: other issuers whose tokens authenticate requests. Each has its own keys, algorithms and audience."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypedDict, cast

from oxijwt._core import ALGORITHMS, VerifyingKey
from oxijwt.exceptions import KeyConfigurationError

from .jwk_set import JWKSetClient, JWKSetError, client_of
from .material import is_hmac

if TYPE_CHECKING:
    from collections.abc import Callable

SHOWN_LENGTH = 64
"""Messages show at most this many characters of an issuer's name."""

ALGORITHM_NAMES = {"Ed25519": "EdDSA"}
"""Other names of algorithms in headers (RFC 9864)."""


class Entry(TypedDict, total=False):
    """A value of ISSUERS."""

    jwk_url: str
    algorithms: list[str] | tuple[str, ...]
    audience: str | Iterable[str] | None
    trust_staff: bool | None


class Issuer(NamedTuple):
    """One of ISSUERS."""

    name: str
    algorithms: tuple[str, ...]
    audience: str | Iterable[str] | None
    client: JWKSetClient

    def verifying_key(self, header: Mapping[str, object]) -> VerifyingKey:
        """The key that must verify a token with this header. Raises JWKSetError, KeyConfigurationError."""
        named = header.get("alg")
        algorithm = ALGORITHM_NAMES.get(named, named) if isinstance(named, str) else ""
        if algorithm not in self.algorithms:
            raise JWKSetError("the issuer doesn't use the token's algorithm")
        return self.client.verifying_key(algorithm, header.get("kid"), self.algorithms)


def read(setting: object) -> dict[str, Issuer]:
    """ISSUERS by name, ready for use. Raises KeyConfigurationError."""
    for problem in problems(setting):
        raise KeyConfigurationError(problem)
    return {
        name: Issuer(
            name, tuple(entry["algorithms"]), entry.get("audience"), client_of(entry["jwk_url"], url_setting_of(name))
        )
        for name, entry in cast("Mapping[str, Entry]", setting).items()
    }


def setting_of(name: str) -> str:
    """How messages name an entry of ISSUERS: in printable ASCII, without the parts of a URL that may be secret."""
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


def trusts_staff(setting: object, name: str | None) -> bool:
    """Whether ISSUERS says that this issuer's claims `is_staff` and `is_superuser` count here."""
    entry = setting.get(name) if isinstance(setting, Mapping) else None
    return isinstance(entry, Mapping) and entry.get("trust_staff") is True


def problems(setting: object) -> Iterator[str]:
    """What is wrong with the form of ISSUERS. It quotes no value. The client of a JWK Set checks the URLs."""
    if not isinstance(setting, Mapping):
        yield "SIMPLE_JWT['ISSUERS'] must be a dict"
        return
    for number, (name, entry) in enumerate(setting.items(), 1):
        if not isinstance(name, str) or not name or not isinstance(entry, Mapping):
            # The name is not shown, since a key may have been pasted there.
            yield f"SIMPLE_JWT['ISSUERS'], entry {number}, must be an issuer's name with a dict"
        else:
            yield from (f"{setting_of(name)} {problem}" for problem in entry_problems(entry))


def entry_problems(entry: Mapping[object, object]) -> Iterator[str]:
    """What is wrong with the options of an entry, each as the end of a sentence."""
    if not OPTIONS.keys() >= entry.keys():
        yield f"must have no options but {', '.join(map(repr, OPTIONS))}"
    for option, (fits, what) in OPTIONS.items():
        if not fits(entry.get(option)):
            yield f"needs '{option}': {what}"


def is_text(value: object) -> bool:
    """Whether a value is a str that is not empty."""
    return isinstance(value, str) and bool(value)


def are_asymmetric_algorithms(value: object) -> bool:
    """Whether a value is a list of names of algorithms, with at least one name and none of HMAC."""
    if not isinstance(value, list | tuple) or not value:
        return False
    return all(isinstance(name, str) and name in ALGORITHMS and not is_hmac(name) for name in value)


def is_choice(value: object) -> bool:
    """Whether a value is a bool or None."""
    return value is None or isinstance(value, bool)


def is_audience(value: object) -> bool:
    """Whether a value is None, a text or several texts."""
    if isinstance(value, list | tuple | set | frozenset):
        return bool(value) and all(map(is_text, value))
    return value is None or is_text(value)


OPTIONS: dict[str, tuple[Callable[[object], bool], str]] = {
    "jwk_url": (is_text, "the URL of the issuer's JWK Set"),
    "algorithms": (are_asymmetric_algorithms, "a list of asymmetric algorithms, such as ['RS256']"),
    "audience": (is_audience, "a text or several texts, one of which must be in 'aud', or None to skip the check"),
    "trust_staff": (is_choice, "True if its claims 'is_staff' and 'is_superuser' count here, otherwise False"),
}
