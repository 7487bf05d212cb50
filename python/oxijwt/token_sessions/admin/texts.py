"""How names, addresses and times are written, so that six columns are not wider than a screen, in each language."""

from __future__ import annotations

import re
from textwrap import wrap
from typing import TYPE_CHECKING

from django.utils.formats import date_format
from django.utils.functional import keep_lazy
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import is_aware, localtime

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

NARROW = re.compile(r"(?<=[:@])|(?<=\.)(?=\D)|(?<=[a-z]{3})(?=[A-Z][a-z])|(?<=\w{20})")
"""Where a line of a column may end: in a name, an IPv6 address or a device."""
WIDE = re.compile(r"(?<=\S{40})")
"""Where a line of a page may end in a text without spaces."""
HEADER = 12
"""The characters of a line in a column's header, if no word is longer."""


def breakable(text: str, ends: re.Pattern[str] = NARROW) -> SafeString:
    """The text in HTML, with places where a line can end."""
    return format_html_join(SafeString("<wbr>"), "{}", ((part,) for part in ends.split(text)))


def apart(text: str, ends: re.Pattern[str] = NARROW) -> SafeString:
    """The same for a text that is not in the language of the page: its direction is its own.

    A right-to-left page would write the parts of an IPv6 address in another order.
    """
    return format_html("<bdi>{}</bdi>", breakable(text, ends)) if text else SafeString("")


@keep_lazy(SafeString)
def header(text: StrOrPromise) -> SafeString:
    """A column's header in short lines. Django's style sheet does not let it wrap."""
    return format_html_join(
        SafeString("<br>"), "{}", ((line,) for line in wrap(str(text), HEADER, break_long_words=False))
    )


def written(moment: datetime, style: str = "SHORT_DATETIME_FORMAT") -> str:
    """A time in the current time zone and language, as a narrow column has room for."""
    return date_format(localtime(moment) if is_aware(moment) else moment, style)
