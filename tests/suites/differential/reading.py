"""What a token says, read leniently and apart from the code that made it: the classes ask here."""

import base64
import json
import math
import re
from collections.abc import Iterator
from functools import cached_property
from itertools import accumulate
from typing import Any

NO_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[^\[\]{}"]')
SURROGATE = re.compile("[\ud800-\udfff]")
WHOLE = re.compile(r"\d+")
MAX_DIGITS = 4300
MAX_DEPTH = 32
"""Deeper texts are not parsed: that they are too deep is all there is to know."""


class JsonText:
    """A JSON text that Python's `json` reads, with what the dict no longer shows."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    @cached_property
    def text(self) -> str:
        return self.raw.decode(json.detect_encoding(self.raw), "surrogatepass")

    @cached_property
    def is_too_deep(self) -> bool:
        """Whether more than MAX_DEPTH objects and arrays are open at once."""
        # Most texts have not even so many brackets.
        return self.raw.count(b"{") + self.raw.count(b"[") > MAX_DEPTH and max(self._depths()) > MAX_DEPTH

    def _depths(self) -> Iterator[int]:
        brackets = NO_BRACKETS.sub("", self.text)
        return accumulate(1 if bracket in "[{" else -1 for bracket in brackets)

    @cached_property
    def members(self) -> dict[str, Any]:
        """The object's members, the last of each name; none where the text is too deep."""
        return self._parsed[0]

    @cached_property
    def quirks(self) -> set[str]:
        """Which of `duplicate`, `constant` (NaN, Infinity), `overflow`, `digits` and `surrogate` it has."""
        members, quirks = self._parsed
        half_pair = SURROGATE.search(json.dumps(members, ensure_ascii=False))
        return quirks | {"surrogate"} if half_pair else quirks

    @cached_property
    def _parsed(self) -> tuple[dict[str, Any], set[str]]:
        if self.is_too_deep:
            return {}, set()
        quirks: set[str] = set()

        def noted(quirk: str, value: Any, seen: bool) -> Any:
            if seen:
                quirks.add(quirk)
            return value

        def read_float(text: str) -> Any:
            noted("digits", text, has_many_digits(text))
            return noted("overflow", float(text), math.isinf(float(text)))

        members = json.loads(
            self.text,
            object_pairs_hook=lambda pairs: noted("duplicate", dict(pairs), len(dict(pairs)) < len(pairs)),
            parse_float=read_float,
            parse_constant=lambda text: noted("constant", float(text), True),
        )
        return members, quirks


class Reading:
    """A token of three parts, taken apart."""

    def __init__(self, token: str | bytes) -> None:
        self.raw = token.encode() if isinstance(token, str) else token
        self.parts = self.raw.split(b".")
        header, payload, _signature = self.parts
        self.texts = JsonText(decoded(header)), JsonText(decoded(payload))

    @cached_property
    def header(self) -> dict[str, Any]:
        return self.texts[0].members

    @cached_property
    def claims(self) -> dict[str, Any]:
        return self.texts[1].members


def has_many_digits(number: str) -> bool:
    """Whether a float has more than MAX_DIGITS digits before its point or exponent."""
    whole = WHOLE.search(number)
    return whole is not None and len(whole[0]) > MAX_DIGITS


def decoded(segment: bytes) -> bytes:
    """base64url with or without padding."""
    return base64.urlsafe_b64decode(segment.rstrip(b"=") + b"==")
