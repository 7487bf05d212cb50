"""Checks of SIMPLE_JWT itself and of the names in it: removed ones and unknown ones."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning

from oxijwt.records import session_app
from oxijwt.settings import (
    CLAIM_SETTINGS,
    DEFAULTS,
    REMOVED_SETTINGS,
    SESSION_CLAIM_SETTINGS,
    api_settings,
    claim_name_problems,
)

QUOTED_LENGTH = 40
"""A finding quotes an unknown name up to this length. Names of settings are shorter, and keys are longer."""

REPLACEMENTS = {
    "AUTH_HEADER_TYPE": "Use SIMPLE_JWT['AUTH_HEADER_TYPES'].",
    "AUTH_TOKEN_CLASS": "Use SIMPLE_JWT['AUTH_TOKEN_CLASSES'].",
    "SECRET_KEY": "Use SIMPLE_JWT['SIGNING_KEY'].",
    "TOKEN_BACKEND_CLASS": "Remove it. For a backend of your own, assign it to oxijwt.state.token_backend.",
}


def unreadable() -> Iterable[CheckMessage]:
    """Findings because of which SIMPLE_JWT can't be read at all."""
    configured = getattr(settings, "SIMPLE_JWT", None) or {}
    if not isinstance(configured, Mapping):
        yield Error("SIMPLE_JWT must be a dict.", hint="Write SIMPLE_JWT = {'NAME': value, …}.", id="oxijwt.E008")
        return
    for name in REMOVED_SETTINGS:
        if name in configured:
            yield Error(
                f"SIMPLE_JWT['{name}'] has been removed. No setting can be read while it is there.",
                hint=REPLACEMENTS[name],
                id="oxijwt.E009",
            )


def unknown() -> Iterable[CheckMessage]:
    """Findings about unknown names."""
    for name in api_settings.user_settings:
        if name not in DEFAULTS:
            message = f"SIMPLE_JWT contains {quoted(name)}, which is not the name of a setting."
            yield CheckWarning(message, hint=nearest(name), id="oxijwt.W008")


def claims() -> Iterable[CheckMessage]:
    """Findings about the settings that name a claim. Those of sessions count where something reads these claims."""
    reads_sessions = session_app() is not None or api_settings.REVOCATION_CACHE is not None
    for _setting, problem in claim_name_problems(CLAIM_SETTINGS + SESSION_CLAIM_SETTINGS * reads_sessions):
        hint = "Use a name of its own, or remove the setting: its default is right."
        yield Error(f"{problem}.", hint=hint, id="oxijwt.E030")


def quoted(name: object) -> str:
    """An unknown name in quotes if it can't be a key, else its type."""
    if isinstance(name, str) and name.isidentifier() and len(name) <= QUOTED_LENGTH:
        return f"'{name}'"
    return f"an entry of type {type(name).__name__}"


def nearest(name: object) -> str:
    """The hint about an unknown name: the most similar setting, if one is similar."""
    near = get_close_matches(str(name).upper(), DEFAULTS, n=1) if isinstance(name, str) else []
    return f"Did you mean '{near[0]}'?" if near else "Remove it. docs/settings.md lists every setting."
