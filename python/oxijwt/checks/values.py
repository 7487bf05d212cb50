"""Checks of settings' types."""

import re
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from http.cookies import Morsel
from typing import NamedTuple

from django.core.checks import CheckMessage, Error

from oxijwt.keys.issuers import is_text
from oxijwt.settings import api_settings

SCHEME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""An authentication scheme: a token of RFC 9110 section 5.6.2."""

COOKIE_PATH = re.compile(r"/[!-:<-~]*")
"""A cookie's path (RFC 6265 section 4.1.1)."""

COOKIE_DOMAIN = re.compile(r"[A-Za-z0-9.-]+")

META_NAME = re.compile(r"HTTP_[A-Z0-9_]+")
"""How Django names a header in `request.META`."""

FLAGS = (
    "ROTATE_REFRESH_TOKENS",
    "BLACKLIST_AFTER_ROTATION",
    "UPDATE_LAST_LOGIN",
    "CHECK_REVOKE_TOKEN",
    "CHECK_USER_IS_ACTIVE",
    "OUTSTANDING_TOKEN_DIGEST",
    "SEND_USER_LOGGED_IN",
    "TOKEN_RESPONSE_EXPIRES_IN",
    "AUTH_COOKIE_SECURE",
)
"""Settings that are on or off. Texts are not read: "False" would count as on."""


class Rule(NamedTuple):
    """What a setting accepts, and the finding about any other value."""

    setting: str
    accepts: Callable[[object], bool]
    what: str
    hint: str
    id: str


def types() -> Iterable[CheckMessage]:
    """A finding for each of the project's own values that is of the wrong type. The defaults are not checked."""
    configured = api_settings.user_settings
    for rule in RULES:
        if rule.setting in configured and not rule.accepts(configured[rule.setting]):
            yield Error(f"SIMPLE_JWT['{rule.setting}'] must be {rule.what}.", hint=rule.hint, id=rule.id)


def is_name_or_names(value: object) -> bool:
    """Whether a value is None, a text, or a collection of texts. An iterator is not: the check would exhaust it."""
    return (
        value is None or is_text(value) or (isinstance(value, Collection) and bool(value) and all(map(is_text, value)))
    )


def is_scheme(value: object) -> bool:
    """Whether a value can be an authentication scheme."""
    return isinstance(value, str) and SCHEME.fullmatch(value) is not None


def are_schemes(value: object) -> bool:
    """Whether a value is an authentication scheme or a list of them."""
    return is_scheme(value) or (isinstance(value, list | tuple) and bool(value) and all(map(is_scheme, value)))


def is_flag(value: object) -> bool:
    """Whether a value is a bool."""
    return isinstance(value, bool)


def is_meta_name(value: object) -> bool:
    """Whether a value can be a header's name in `request.META`."""
    return isinstance(value, str) and META_NAME.fullmatch(value) is not None


def is_cookie_name(value: object) -> bool:
    """Whether a value can be a cookie's name without its prefix. Python's cookies can't have an attribute's name."""
    if not isinstance(value, str) or SCHEME.fullmatch(value) is None:
        return False
    return not value.lower().startswith(("__host-", "__secure-")) and value.lower() not in Morsel()


def is_positive(value: object) -> bool:
    """Whether a value is a positive int. A bool is not."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def is_count(value: object) -> bool:
    """Whether a value is zero or a positive int. A bool is not."""
    return type(value) is int and value >= 0


def is_moment(value: object) -> bool:
    """Whether a value is a datetime with a time zone."""
    return isinstance(value, datetime) and value.utcoffset() is not None


RULES = (
    Rule(
        "AUDIENCE",
        is_name_or_names,
        "None, a text or several texts",
        "Use 'https://api.example.com', a list of such names, or None to skip the check.",
        "oxijwt.E014",
    ),
    Rule(
        "ISSUER",
        is_name_or_names,
        "None, a text or several texts",
        "Use 'https://issuer.example.com', None to skip the check, or a list if this service only verifies.",
        "oxijwt.E014",
    ),
    Rule(
        "AUTH_HEADER_TYPES",
        are_schemes,
        "an authentication scheme or several (RFC 9110 section 11.1)",
        "Use ('Bearer',).",
        "oxijwt.E015",
    ),
    Rule(
        "AUTH_HEADER_NAME",
        is_meta_name,
        "a header's name in request.META: HTTP_, capital letters, and _ in place of -",
        "Use 'HTTP_AUTHORIZATION' for Authorization, and 'HTTP_X_AUTH_TOKEN' for X-Auth-Token.",
        "oxijwt.E037",
    ),
    Rule(
        "SESSION_LIMIT_PER_USER",
        lambda value: value is None or is_positive(value),
        "None or a positive whole number",
        "Use a number such as 10, or None for no limit.",
        "oxijwt.E017",
    ),
    Rule(
        "ADOPT_UNTIL",
        lambda value: value is None or is_moment(value),
        "None or a datetime with a time zone",
        "Use a time such as datetime(2027, 1, 31, tzinfo=UTC), or None to adopt no tokens.",
        "oxijwt.E018",
    ),
    Rule(
        "MAX_TOKEN_LENGTH",
        is_positive,
        "a positive whole number",
        "Use a number of bytes, such as 16384.",
        "oxijwt.E019",
    ),
    Rule(
        "VERIFIED_TOKEN_CACHE_SIZE",
        is_count,
        "zero or a positive whole number",
        "Use a number of tokens, such as 1024, or 0 to verify each signature each time.",
        "oxijwt.E052",
    ),
    Rule(
        "ALLOWED_TYP",
        lambda value: value is None or (isinstance(value, list | tuple) and all(map(is_text, value))),
        "None or a list of texts",
        "Use ['JWT', 'at+jwt'], or None to accept any.",
        "oxijwt.E020",
    ),
    Rule(
        "TOKEN_SESSIONS",
        lambda value: isinstance(value, str) and value in {"issue", "accept"},
        "'issue' or 'accept'",
        "Use 'issue', or 'accept' during a rolling deployment.",
        "oxijwt.E022",
    ),
    Rule(
        "TOKEN_RESPONSE_STYLE",
        lambda value: isinstance(value, str) and value in {"simplejwt", "oauth"},
        "'simplejwt' or 'oauth'",
        "Use 'oauth' for the names of RFC 6749 (access_token, refresh_token). Until then, views answer as simplejwt's.",
        "oxijwt.E055",
    ),
    Rule(
        "REQUIRE_SESSION",
        lambda value: value is None or isinstance(value, bool),
        "None, True or False",
        "Use None to require a session once no more tokens are adopted.",
        "oxijwt.E031",
    ),
    Rule(
        "REFRESH_REUSE_GRACE_SAME_AGENT",
        is_flag,
        "True or False",
        "Use True to end a session whose spent token comes back from another user agent.",
        "oxijwt.E032",
    ),
    Rule(
        "AUTH_COOKIE_REFRESH",
        is_cookie_name,
        "a cookie's name without a prefix such as __Host-",
        "Use 'refresh_token'. The prefix is added.",
        "oxijwt.E053",
    ),
    Rule(
        "AUTH_COOKIE_ACCESS",
        lambda value: value is None or is_cookie_name(value),
        "None or a cookie's name without a prefix such as __Host-",
        "Use None, or 'access_token'. The prefix is added.",
        "oxijwt.E053",
    ),
    Rule(
        "AUTH_COOKIE_SAMESITE",
        lambda value: isinstance(value, str) and value in {"Strict", "Lax", "None"},
        "'Strict', 'Lax' or 'None'",
        "Use 'Strict'.",
        "oxijwt.E053",
    ),
    Rule(
        "AUTH_COOKIE_PATH",
        lambda value: isinstance(value, str) and COOKIE_PATH.fullmatch(value) is not None,
        "a path that begins with /",
        "Use '/'.",
        "oxijwt.E053",
    ),
    Rule(
        "AUTH_COOKIE_DOMAIN",
        lambda value: value is None or (isinstance(value, str) and COOKIE_DOMAIN.fullmatch(value) is not None),
        "None or the name of a domain",
        "Use None: the cookies then belong to this host only.",
        "oxijwt.E053",
    ),
    *(Rule(name, is_flag, "True or False", "Write True or False, without quotes.", "oxijwt.E036") for name in FLAGS),
)
