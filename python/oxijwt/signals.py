"""Signals of token sessions. Unless noted, a signal carries `session` (a TokenSession) and `request` (or None).

A signal is sent after the commit. Its receivers run inside the request that caused the write. If a receiver raises,
the write stands, and the exception is logged to the logger `oxijwt`.
"""

from __future__ import annotations

import logging

from django.dispatch import Signal

logger: logging.Logger = logging.getLogger("oxijwt")

session_started: Signal = Signal()
"""A user logged in, or a simplejwt refresh token was adopted (`adopted=True`)."""

session_refreshed: Signal = Signal()
"""A refresh token was rotated."""

session_restored: Signal = Signal()
"""The database had forgotten a refresh (a fail-over, a restored backup), and the refresh token has brought it back."""

refresh_repeated: Signal = Signal()
"""A client sent a spent refresh token again within the grace interval, and got the same answer.

`other_agent` says whether another user agent sent it than the one that refreshed.
"""

refresh_reuse_detected: Signal = Signal()
"""A client sent a spent refresh token after the grace interval.

`age` is a timedelta: the time since the token was spent, or less than that.
"""

session_revoked: Signal = Signal()
"""Sessions were ended before they expired.

It carries `session_ids` (a list of UUIDs), `user_id`, `reason` (a RevokeReason) and `request` (or None).
"""


def send(signal: Signal, sender: object, **named: object) -> None:
    """Send a signal, and log the exceptions of its receivers: the write is committed, so the request goes on."""
    for receiver, answer in signal.send_robust(sender, **named):
        if isinstance(answer, Exception):
            name = getattr(receiver, "__qualname__", type(receiver).__qualname__)
            logger.error("The receiver %s of a signal raised an exception.", name, exc_info=answer)
