"""System checks: a wrong setting is found before the first request, named by id, with a hint.

Under `oxijwt.as_simplejwt` every Error is a Warning, since a running simplejwt project must still migrate. No finding
quotes a setting's value, since a key may have been pasted into any of them.
"""

import sys
from collections.abc import Callable, Iterable
from typing import Any

from django.core import checks
from django.core.checks import CheckMessage, Error

from . import apps, imports, issuers, keys, names, rings, times, values

Check = Callable[[], Iterable[CheckMessage]]

CHECKS: tuple[Check, ...] = (
    names.unknown,
    keys.algorithm_and_keys,
    rings.key_ring,
    issuers.jwk_url,
    issuers.other_issuers,
    times.lifetimes,
    times.leeway,
    values.types,
    imports.importable,
    apps.blacklist,
    apps.sessions,
    apps.revocation_cache,
)
DEPLOYMENT_CHECKS: tuple[Check, ...] = (keys.django_insecure, apps.plain_tokens)


def register() -> None:
    """Register all checks, once however often it is called."""
    checks.register(check_settings, checks.Tags.security)
    checks.register(check_deployment, checks.Tags.security, deploy=True)


def check_settings(app_configs: Any = None, **kwargs: object) -> list[CheckMessage]:
    """Every finding about SIMPLE_JWT."""
    unreadable = _found_by(names.unreadable)
    return _under_the_hook(unreadable or _found_by(*CHECKS))


def check_deployment(app_configs: Any = None, **kwargs: object) -> list[CheckMessage]:
    """What `check --deploy` finds beside: settings that are right on the developer's machine only."""
    if _found_by(names.unreadable):
        return []  # check_settings has said so
    return _under_the_hook(_found_by(*DEPLOYMENT_CHECKS))


def _found_by(*parts: Check) -> list[CheckMessage]:
    return [finding for part in parts for finding in _answer(part)]


def _answer(part: Check) -> list[CheckMessage]:
    try:
        return list(part())
    except Exception as error:  # a value can do anything when it is looked at, and the command must go on
        return [
            Error(
                f"A check of SIMPLE_JWT ({part.__name__}) ended in {type(error).__name__}.",
                hint="Give each setting a value of the type that docs/settings.md names.",
                id="oxijwt.E021",
            )
        ]


def _under_the_hook(findings: list[CheckMessage]) -> list[CheckMessage]:
    if "oxijwt.as_simplejwt" not in sys.modules:
        return findings
    return [_softened(finding) if isinstance(finding, Error) else finding for finding in findings]


def _softened(finding: CheckMessage) -> CheckMessage:
    return checks.Warning(finding.msg, hint=finding.hint, obj=finding.obj, id=finding.id)
