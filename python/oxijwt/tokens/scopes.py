"""Scopes: the names of what a token may be used for, in a text with one space in between (RFC 6749 section 3.3)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from oxijwt.locale import gettext_lazy as _

NAME = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
"""One name: a `scope-token` of RFC 6749, which has no space, no double quote and no backslash."""

TEXT = re.compile(rf"{NAME.pattern}(?: {NAME.pattern})*")

SCOPE_TYPE = "A scope must be a text or an iterable of texts."
SCOPE_EMPTY = _("A scope must have a name.")
SCOPE_CHARACTERS = _(
    'A scope must be names of printable ASCII characters other than " and \\, with one space in between.'
)
"""Clients get the last two as well, if they ask for such a scope."""


def names_in(claim: object) -> frozenset[str]:
    """The names in a token's `scope` claim (RFC 9068 section 2.2.3). Any other value than such a text has no names."""
    if not isinstance(claim, str) or TEXT.fullmatch(claim) is None:
        return frozenset()
    return frozenset(claim.split(" "))


def names_in_order(claim: object) -> list[str]:
    """As `names_in`, in the order of the claim."""
    return claim.split(" ") if isinstance(claim, str) and names_in(claim) else []


def checked_names(scope: object) -> tuple[str, ...]:
    """The names that code asks for, in order and without duplicates: of a text, or of an iterable with one name each.

    An empty iterable has no names. Raises TypeError for another type, and ValueError for an empty text, or one with
    characters that RFC 6749 forbids. The messages do not repeat the value.
    """
    if isinstance(scope, str):
        return checked_texts(scope.split(" ") if scope else [""])
    if not isinstance(scope, Iterable):
        raise TypeError(SCOPE_TYPE)
    return checked_texts(scope)


def checked_texts(names: Iterable[object]) -> tuple[str, ...]:
    """These names without duplicates. Raises as `checked_names`."""
    checked: dict[str, None] = {}
    for name in names:
        if not isinstance(name, str):
            raise TypeError(SCOPE_TYPE)
        if not name:
            raise ValueError(SCOPE_EMPTY)
        if NAME.fullmatch(name) is None:
            raise ValueError(SCOPE_CHARACTERS)
        checked[name] = None
    return tuple(checked)
