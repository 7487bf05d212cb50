"""System checks find a wrong setting before the first request. Each finding has an id and a hint.

Under `oxijwt.as_simplejwt` every Error becomes a Warning, since a running simplejwt project must still migrate. No
finding quotes a setting's value, since a key may have been pasted into any of them. Only an issuer's name and a `kid`,
which every token shows, are named.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import PackageNotFoundError, metadata

from django.apps import AppConfig
from django.core import checks
from django.core.checks import CheckMessage, Error

from . import apps, cookies, imports, issuers, keys, names, neighbours, requests, rings, signers, times, users, values
from .databases import abandoned_blacklist, key_to_users

Check = Callable[[], Iterable[CheckMessage]]

CHECKS: tuple[Check, ...] = (
    names.unknown,
    names.claims,
    keys.algorithm_and_keys,
    rings.key_ring,
    signers.unused_pair,
    signers.one_issuer,
    issuers.jwk_url,
    issuers.other_issuers,
    times.lifetimes,
    times.deadlines,
    times.leeway,
    values.types,
    users.user_id_field,
    imports.importable,
    requests.token_classes,
    requests.stateless_default,
    requests.revocation_memory,
    requests.inactive_users,
    apps.blacklist,
    apps.sessions,
    apps.revocation_cache,
    neighbours.dj_rest_auth,
    cookies.names,
    cookies.reach,
    cookies.unread,
)
PAGES = {
    "apps": "sessions",
    "cookies": "cookies",
    "databases": "sessions",
    "health": "sessions",
    "issuers": "jwk-set-client",
    "keys": "keys",
    "neighbours": "neighbours",
    "rings": "keys",
    "signers": "keys",
}
"""The page of the documentation about a module's checks. The others have settings.md."""
DEPLOYMENT_CHECKS: tuple[Check, ...] = (
    keys.django_insecure,
    rings.missing_key_file,
    apps.plain_tokens,
    cookies.insecure,
)


def register() -> None:
    """Register all checks. Several calls register them once."""
    checks.register(check_settings, checks.Tags.security)
    checks.register(check_deployment, checks.Tags.security, deploy=True)
    checks.register(check_databases, checks.Tags.security, checks.Tags.database)


def check_settings(app_configs: Sequence[AppConfig] | None = None, **kwargs: object) -> list[CheckMessage]:
    """Every finding about SIMPLE_JWT."""
    return softened(found_by(names.unreadable) or found_by(*CHECKS))


def check_deployment(app_configs: Sequence[AppConfig] | None = None, **kwargs: object) -> list[CheckMessage]:
    """More findings of `check --deploy`: settings that are acceptable on a developer's machine only."""
    if found_by(names.unreadable):
        return []  # check_settings has reported it
    return softened(found_by(*DEPLOYMENT_CHECKS))


def check_databases(
    app_configs: Sequence[AppConfig] | None = None, databases: Sequence[str] | None = None, **kwargs: object
) -> list[CheckMessage]:
    """More findings of `check --database` and `migrate`, which name the databases that may be asked."""
    aliases = databases or ()
    found = [*abandoned_blacklist(aliases), *key_to_users(aliases)]
    return softened(pointing_to_page(found, key_to_users.__module__))


def found_by(*parts: Check) -> list[CheckMessage]:
    """The findings of these checks; E021 for a check that raises."""
    found: list[CheckMessage] = []
    for part in parts:
        try:
            found += pointing_to_page(part(), part.__module__)
        except Exception as error:  # a setting's value may raise anything, and the command must go on
            message = f"The check '{part.__name__}' of SIMPLE_JWT raised {type(error).__name__}."
            hint = "Give each setting a value of the type that docs/settings.md names."
            found += pointing_to_page([Error(message, hint=hint, id="oxijwt.E021")], part.__module__)
    return found


def pointing_to_page(findings: Iterable[CheckMessage], module: str) -> list[CheckMessage]:
    """The findings of a module's checks. Each hint names a page of the documentation."""
    page = PAGES.get(module.rpartition(".")[2], "settings")
    found = list(findings)
    for finding in found:
        hint = str(finding.hint)
        hint = hint if "docs/" in hint else f"{hint} (See docs/{page}.md.)"
        finding.hint = hint.replace("docs/", folder_of_pages())
    return found


def folder_of_pages() -> str:
    """Where the pages are: in a released package the folder of its URL "Documentation" (tools/addresses.py)."""
    try:
        addresses = metadata("oxijwt").get_all("Project-URL") or ()
    except PackageNotFoundError:  # the source tree is used, but not installed
        addresses = ()
    pages: str = dict(address.split(", ", 1) for address in addresses).get("Documentation", "docs/")
    return pages.rpartition("/")[0] + "/"


def softened(findings: list[CheckMessage]) -> list[CheckMessage]:
    """The findings; under `oxijwt.as_simplejwt`, each Error as a Warning."""
    if "oxijwt.as_simplejwt" not in sys.modules:
        return findings
    return [
        checks.Warning(found.msg, hint=found.hint, obj=found.obj, id=found.id) if isinstance(found, Error) else found
        for found in findings
    ]
