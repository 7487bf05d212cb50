"""Whether a setting's value has the type that its readers take."""

import re
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from django.core.checks import CheckMessage, Error

from oxijwt.settings import api_settings

SCHEME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token of RFC 9110 section 5.6.2, as an authentication scheme is one."""


class Rule(NamedTuple):
    """What a setting takes, and the finding where its value is something else."""

    setting: str
    takes: Callable[[object], bool]
    what: str
    hint: str
    id: str


def types() -> Iterable[CheckMessage]:
    """A finding for each setting that the project has given a value its readers can't take. The defaults are ours."""
    configured = api_settings.user_settings
    for rule in RULES:
        if rule.setting in configured and not rule.takes(configured[rule.setting]):
            yield Error(f"SIMPLE_JWT['{rule.setting}'] is not {rule.what}.", hint=rule.hint, id=rule.id)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _are_texts(value: object) -> bool:
    # No iterator: the check would use it up.
    return isinstance(value, Collection) and bool(value) and all(map(_is_text, value))


def _is_name_or_names(value: object) -> bool:
    return value is None or _is_text(value) or _are_texts(value)


def _is_scheme(value: object) -> bool:
    return isinstance(value, str) and SCHEME.fullmatch(value) is not None


def _are_schemes(value: object) -> bool:
    return _is_scheme(value) or (isinstance(value, list | tuple) and bool(value) and all(map(_is_scheme, value)))


def _is_positive(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_moment(value: object) -> bool:
    return isinstance(value, datetime) and value.utcoffset() is not None


RULES = (
    Rule(
        "AUDIENCE",
        _is_name_or_names,
        "None, a text or several texts",
        "Use 'https://api.example.com', a list of such, or None to ask for none.",
        "oxijwt.E014",
    ),
    Rule(
        "ISSUER",
        _is_name_or_names,
        "None, a text or several texts",
        "Use 'https://issuer.example.com', a list of such where this service only verifies, or None to ask for none.",
        "oxijwt.E014",
    ),
    Rule(
        "AUTH_HEADER_TYPES",
        _are_schemes,
        "an authentication scheme or several (RFC 9110 section 11.1)",
        "Use ('Bearer',).",
        "oxijwt.E015",
    ),
    Rule(
        "SESSION_LIMIT_PER_USER",
        lambda value: value is None or _is_positive(value),
        "None or a positive whole number",
        "Use a number such as 10, or None for no limit.",
        "oxijwt.E017",
    ),
    Rule(
        "ADOPT_UNTIL",
        lambda value: value is None or _is_moment(value),
        "None or a datetime with a time zone",
        "Use datetime(2030, 1, 31, tzinfo=UTC), or None to adopt nothing.",
        "oxijwt.E018",
    ),
    Rule(
        "MAX_TOKEN_LENGTH",
        _is_positive,
        "a positive whole number",
        "Use a number of bytes, such as 16384.",
        "oxijwt.E019",
    ),
    Rule(
        "ALLOWED_TYP",
        lambda value: value is None or (isinstance(value, list | tuple) and all(map(_is_text, value))),
        "None or a list of texts",
        "Use ['JWT', 'at+jwt'], or None to take any.",
        "oxijwt.E020",
    ),
    Rule(
        "TOKEN_SESSIONS",
        lambda value: isinstance(value, str) and value in {"issue", "accept"},
        "'issue' or 'accept'",
        "Use 'issue', or 'accept' during a rolling deployment.",
        "oxijwt.E022",
    ),
)
