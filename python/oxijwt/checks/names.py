"""Which settings there are: SIMPLE_JWT itself, removed names, unknown names."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning

from oxijwt.settings import DEFAULTS, REMOVED_SETTINGS, api_settings

QUOTED_LENGTH = 40
"""Characters of an unknown name that a finding quotes: names of settings are shorter, keys are longer."""

REPLACEMENTS = {
    "AUTH_HEADER_TYPE": "Use SIMPLE_JWT['AUTH_HEADER_TYPES'].",
    "AUTH_TOKEN_CLASS": "Use SIMPLE_JWT['AUTH_TOKEN_CLASSES'].",
    "SECRET_KEY": "Use SIMPLE_JWT['SIGNING_KEY'].",
    "TOKEN_BACKEND_CLASS": "Take it out: assign to oxijwt.state.token_backend for a backend of your own.",
}


def unreadable() -> Iterable[CheckMessage]:
    """What keeps SIMPLE_JWT from being read at all."""
    configured = getattr(settings, "SIMPLE_JWT", None) or {}
    if not isinstance(configured, Mapping):
        yield Error("SIMPLE_JWT is no dict.", hint="Write SIMPLE_JWT = {'NAME': value, …}.", id="oxijwt.E008")
        return
    for name in REMOVED_SETTINGS:
        if name in configured:
            yield Error(
                f"SIMPLE_JWT['{name}'] has been removed, and no setting is read while it is there.",
                hint=REPLACEMENTS[name],
                id="oxijwt.E009",
            )


def unknown() -> Iterable[CheckMessage]:
    """Names that nothing reads."""
    for name in api_settings.user_settings:
        if name not in DEFAULTS:
            yield CheckWarning(f"SIMPLE_JWT has no setting {_quoted(name)}.", hint=_nearest(name), id="oxijwt.W008")


def _quoted(name: object) -> str:
    if isinstance(name, str) and name.isidentifier() and len(name) <= QUOTED_LENGTH:
        return f"'{name}'"
    return f"of such a name, a {type(name).__name__} that is no name of a setting"


def _nearest(name: object) -> str:
    near = get_close_matches(str(name).upper(), DEFAULTS, n=1) if isinstance(name, str) else []
    return f"Did you mean '{near[0]}'?" if near else "Take it out. docs/settings.md lists every setting."
