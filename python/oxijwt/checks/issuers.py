"""Whether JWK_URL and ISSUERS can be used."""

from collections.abc import Iterable

from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning

from oxijwt.keys import issuers
from oxijwt.keys.fetch import has_library, url_problem
from oxijwt.settings import api_settings


def jwk_url() -> Iterable[CheckMessage]:
    """Findings about JWK_URL, and about what fetches it."""
    if api_settings.JWK_URL:
        yield from _url(api_settings.JWK_URL, "SIMPLE_JWT['JWK_URL']")
        yield from _library("JWK_URL")
    elif api_settings.ISSUERS:
        yield from _library("ISSUERS")


def other_issuers() -> Iterable[CheckMessage]:
    """Findings about ISSUERS."""
    setting = api_settings.ISSUERS
    if setting is None:
        return
    problems = list(issuers.problems(setting))
    for problem in problems:
        yield Error(
            f"{problem}.",
            hint="Write {'issuer': {'jwk_url': 'https://…', 'algorithms': ['RS256'], 'audience': '…'}}.",
            id="oxijwt.E025",
        )
    if not problems:
        for name, entry in setting.items():
            yield from _entry(name, entry)


def _entry(name: str, entry: dict[str, object]) -> Iterable[CheckMessage]:
    yield from _url(entry["jwk_url"], issuers.url_setting_of(name))
    if name in _our_names():
        yield Error(
            f"{issuers.setting_of(name)} is SIMPLE_JWT['ISSUER'] too: our own tokens would be held for another's.",
            hint="Take it out: JWK_URL, or keys of our own, verify what ISSUER signs.",
            id="oxijwt.E026",
        )
    if entry.get("audience") is None:
        yield CheckWarning(
            f"{issuers.setting_of(name)} has no 'audience': what that issuer makes for others is taken here too.",
            hint="Name what its tokens for this service have in 'aud'.",
            id="oxijwt.W011",
        )


def _our_names() -> Iterable[object]:
    ours = api_settings.ISSUER
    return ours if isinstance(ours, list | tuple | set | frozenset) else (ours,)


def _url(url: object, setting: str) -> Iterable[CheckMessage]:
    problem = url_problem(url)
    if problem is not None:
        yield Error(
            f"{setting} {problem}.",
            hint="Use an https URL, as in 'https://issuer.example/.well-known/jwks.json'.",
            id="oxijwt.E023",
        )


def _library(setting: str) -> Iterable[CheckMessage]:
    if not has_library():
        yield Error(
            f"SIMPLE_JWT['{setting}'] is set, but urllib3 2 or newer, which fetches keys, is not installed.",
            hint="Run: pip install 'oxijwt[jwks]'",
            id="oxijwt.E024",
        )
