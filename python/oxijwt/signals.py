"""Signals of token sessions. Unless noted, a signal carries `session` (a TokenSession) and `request` (or None).

A signal is sent after the database write. Its receivers run inside the request that caused the write.
"""

from django.dispatch import Signal

session_started = Signal()
"""A user logged in, or a simplejwt refresh token was adopted (`adopted=True`)."""

session_refreshed = Signal()
"""A refresh token was rotated."""

refresh_repeated = Signal()
"""A client sent a spent refresh token again within the grace interval, and got the same answer."""

refresh_reuse_detected = Signal()
"""A client sent a spent refresh token after the grace interval.

`age` is a timedelta: the time since the token was spent, or less than that.
"""

session_revoked = Signal()
"""Sessions were ended before they expired.

It carries `session_ids` (a list of UUIDs), `user_id`, `reason` (a RevokeReason) and `request` (or None).
"""
