"""HMAC secrets that everybody knows: 32 bytes or more each, found in public lists.

`known_secrets.bin` holds the first 8 bytes of each one's SHA-256, sorted; `tools/known_secrets.py` makes it. A secret
of somebody's own meets one of them by chance once in 2^53.
"""

import hashlib
from bisect import bisect_left
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("known_secrets.bin")
PREFIX_BYTES = 8


def is_known(secret: bytes) -> bool:
    """Whether a secret is in public lists, with or without the end of a line behind it."""
    table, wanted = _table(), prefix(secret)
    position = bisect_left(range(len(table) // PREFIX_BYTES), wanted, key=lambda index: _entry(table, index))
    return _entry(table, position) == wanted


def prefix(secret: bytes) -> bytes:
    """What the table holds of a secret."""
    return hashlib.sha256(secret.rstrip(b"\r\n")).digest()[:PREFIX_BYTES]


def _entry(table: bytes, index: int) -> bytes:
    return table[index * PREFIX_BYTES : (index + 1) * PREFIX_BYTES]


@cache
def _table() -> bytes:
    return TABLE.read_bytes()
