"""HMAC secrets that can be guessed: too short, in public lists, or the path of a file. They sign, and are reported."""

import os
from collections.abc import Sequence

from django.conf import settings

from oxijwt._core import SigningKey, VerifyingKey
from oxijwt.utils import logger

from .known_secrets import is_known
from .mistakes import is_path_of_a_file

_reporters: dict[int, object] = {}
"""By process id: the call that has reported there."""


def weaknesses(key: SigningKey | VerifyingKey, secret: bytes) -> list[str]:
    """Why an HMAC secret can be guessed, each as the end of a sentence."""
    reasons = {
        f"is shorter than the hash of {key.algorithm}": key.is_weak,
        "is in public lists": is_known(secret),
        "is the path of a file, not its content": is_path_of_a_file(secret),
    }
    return [reason for reason, holds in reasons.items() if holds]


def may_report() -> bool:
    """Whether this process has not reported yet. In DEBUG the system checks report it."""
    return not settings.DEBUG and os.getpid() not in _reporters


def report(problems: Sequence[str]) -> None:
    """Log problems as one CRITICAL line, once in each process."""
    mine = object()
    if problems and _reporters.setdefault(os.getpid(), mine) is mine:
        logger.critical("%s. Who guesses an HMAC secret can sign tokens for each user.", "; ".join(problems))
