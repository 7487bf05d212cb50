"""Signals of token sessions. All carry `session` (its TokenSession) and `request` (or None) unless said otherwise.

Receivers run inside the request that caused them, after what they tell of was written.
"""

from django.dispatch import Signal

session_started = Signal()
"""A login, or the adoption of a simplejwt refresh token (`adopted=True`)."""

session_refreshed = Signal()
"""A refresh token was rotated."""

refresh_repeated = Signal()
"""A refresh token that was just spent came back within the grace interval and got the same answer."""

refresh_reuse_detected = Signal()
"""A spent refresh token came back after it; `age` is the timedelta since it was spent, or less than that."""

session_revoked = Signal()
"""Sessions ended before their time: `session_ids` (a list of UUIDs), `user_id`, `reason` (a RevokeReason)."""
