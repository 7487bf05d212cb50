"""A token in the making: first members, then texts, segments, the signature and the whole."""

import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from enum import IntEnum

from .cases import Case, Sign


class Stage(IntEnum):
    """When a mutation applies, in this order; what is changed before SIGNATURE is signed."""

    MEMBERS = 0
    TEXT = 1
    SEGMENT = 2
    SIGNATURE = 3
    SIGNED = 4
    TOKEN = 5


Members = list[tuple[str, str]]
"""Names and values of an object, each as JSON text, so that any text can be made of them."""

HEADER, CLAIMS, SIGNATURE = 0, 1, 2


@dataclass
class Draft:
    """What the mutations of each stage change."""

    case: Case
    objects: list[Members]
    """Header and claims: what MEMBERS changes."""
    sign: Sign
    texts: list[bytes] = field(default_factory=list)
    """Header and payload: what TEXT changes."""
    segments: list[bytes] = field(default_factory=list)
    """Header and payload, encoded, what SEGMENT changes; from SIGNED on the signature too."""
    signature: bytes = b""
    token: str | bytes = ""


def encode(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")


def quote(text: str) -> str:
    return json.dumps(text)


def object_text(members: Members) -> str:
    return "{" + ",".join([f"{name}:{value}" for name, value in members]) + "}"


def set_member(members: Members, name: str, value: str) -> None:
    """Puts a member in, or puts a new value into the one of this name."""
    for position, (present, _) in enumerate(members):
        if present == name:
            members[position] = name, value
            return
    members.append((name, value))


def remove_member(members: Members, name: str) -> None:
    members[:] = [member for member in members if member[0] != name]


def as_token(raw: bytes) -> str | bytes:
    """The token as a view hands it over: text, where the bytes are text."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw
