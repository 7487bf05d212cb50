"""Publicly known HMAC secrets: those of public lists that have at least 32 bytes.

`known_secrets.bin` contains the first 8 bytes of each secret's SHA-256, sorted; `tools/known_secrets.py` makes it. The
chance that a random secret matches one of them is 1 in 2^53.
"""

import hashlib
from bisect import bisect_left
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("known_secrets.bin")
PREFIX_BYTES = 8


def is_known(secret: bytes) -> bool:
    """Whether a secret is in public lists. A line end after the secret is ignored."""
    table, wanted = read_table(), prefix(secret)
    position = bisect_left(range(len(table) // PREFIX_BYTES), wanted, key=lambda index: entry_of(table, index))
    return entry_of(table, position) == wanted


def prefix(secret: bytes) -> bytes:
    """The table's entry for a secret: the first bytes of its SHA-256."""
    return hashlib.sha256(secret.rstrip(b"\r\n")).digest()[:PREFIX_BYTES]


def entry_of(table: bytes, index: int) -> bytes:
    """The table's entry at an index; empty after its end."""
    return table[index * PREFIX_BYTES : (index + 1) * PREFIX_BYTES]


@cache
def read_table() -> bytes:
    """The content of the table, which is read once."""
    return TABLE.read_bytes()
