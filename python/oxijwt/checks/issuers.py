"""Checks of JWK_URL and ISSUERS."""

from collections.abc import Iterable, Mapping

from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning

from oxijwt.keys import issuers
from oxijwt.keys.fetch import has_library, url_problem
from oxijwt.settings import api_settings


def jwk_url() -> Iterable[CheckMessage]:
    """Findings about JWK_URL, and about the library that fetches keys."""
    if api_settings.JWK_URL:
        yield from url_findings(api_settings.JWK_URL, "SIMPLE_JWT['JWK_URL']")
    setting = "JWK_URL" if api_settings.JWK_URL else "ISSUERS"
    if getattr(api_settings, setting) and not has_library():
        yield Error(
            f"SIMPLE_JWT['{setting}'] needs urllib3 2 or newer, which fetches the keys.",
            hint="Run: pip install 'oxijwt[jwks]'",
            id="oxijwt.E024",
        )


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
            yield from entry_findings(name, entry)


def entry_findings(name: str, entry: Mapping[str, object]) -> Iterable[CheckMessage]:
    """Findings about an entry of ISSUERS whose form is right."""
    yield from url_findings(entry["jwk_url"], issuers.url_setting_of(name))
    ours = api_settings.ISSUER
    if name in (ours if isinstance(ours, list | tuple | set | frozenset) else (ours,)):
        yield Error(
            f"{issuers.setting_of(name)} must not be SIMPLE_JWT['ISSUER'] too, or our own tokens would count as the"
            " other issuer's.",
            hint="Remove it from ISSUERS: our own keys, or JWK_URL, verify the tokens of ISSUER.",
            id="oxijwt.E026",
        )
    if entry.get("audience") is None:
        yield CheckWarning(
            f"{issuers.setting_of(name)} has no 'audience': the issuer's tokens for other services are accepted too.",
            hint="Set it to the 'aud' of the issuer's tokens for this service.",
            id="oxijwt.W011",
        )


def url_findings(url: object, setting: str) -> Iterable[CheckMessage]:
    """The finding about the URL of a JWK Set."""
    problem = url_problem(url)
    if problem is not None:
        yield Error(
            f"{setting} {problem}.",
            hint="Use an https URL, as in 'https://issuer.example/.well-known/jwks.json'.",
            id="oxijwt.E023",
        )
