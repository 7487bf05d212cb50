"""How deep a body may be nested and in which charset it may be, so that a parser answers 400 to a hostile one."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Any, TypeVar

from rest_framework.exceptions import APIException, ParseError, UnsupportedMediaType

from oxijwt.locale import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import IO

    from django.http import HttpRequest

T = TypeVar("T")

MAX_BODY_DEPTH = 100
"""The most levels of arrays and objects in a body.

Python can read far more levels, but a body that is shown in an answer is rendered from deeper in the call stack.
"""


CHARSETS = frozenset(
    {"utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "ascii", "iso8859-1"}
)
"""The charsets of bodies, as Python names them; `codecs.lookup` knows their aliases.

Django takes each of Python's codecs for a charset. Some need quadratic time (`punycode`), decompress (`zlib`) or raise
what no parser expects (`idna`).
"""


def parse_shallow(
    parse: Callable[..., T],
    stream: IO[bytes],
    media_type: str | None = None,
    parser_context: Mapping[str, Any] | None = None,
) -> T:
    """The body that a parser's `parse` reads. Raises ParseError for a body of more than MAX_BODY_DEPTH levels."""
    try:
        parsed = parse(stream, media_type, parser_context)
    except RecursionError as error:
        raise ParseError(_("The body is nested too deeply")) from error
    if is_deeper_than(MAX_BODY_DEPTH, parsed):
        raise ParseError(_("The body is nested too deeply"))
    return parsed


def charset_problem(request: HttpRequest) -> APIException | None:
    """The error to raise if the charset of the Content-Type can't be read; None if it can, or if there is none."""
    charset = (request.content_params or {}).get("charset", "utf-8")
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError):
        name = ""
    if name not in CHARSETS:
        return UnsupportedMediaType("", _("The charset must be UTF-8, UTF-16, UTF-32, ASCII or Latin-1."))
    # Django replaces wrong bytes one by one there: 140 ms for 2 MB.
    if request.content_type == "multipart/form-data" and name.startswith(("utf-16", "utf-32")):
        return ParseError(_("A multipart body must be in UTF-8, ASCII or Latin-1."))
    return None


def is_deeper_than(levels: int, parsed: object) -> bool:
    """Whether a parsed body has more than this many levels of lists and dicts."""
    containers = [parsed] if isinstance(parsed, dict | list) else []
    for _level in range(levels):
        inner = []
        for container in containers:
            for member in container.values() if isinstance(container, dict) else container:
                if isinstance(member, dict | list):
                    inner.append(member)  # noqa: PERF401  a comprehension would be one more call for each level
        if not inner:
            return False
        containers = inner
    return True
