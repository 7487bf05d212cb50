"""Time in the row's own unit: microseconds since 1970."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from django.conf import settings

MICROSECOND = timedelta(microseconds=1)


def now_micros() -> int:
    """Now in microseconds since 1970, the row's own unit."""
    return time.time_ns() // 1000


def micros(moment: datetime) -> int:
    """Microseconds since 1970 of a stored datetime."""
    return (moment - _epoch()) // MICROSECOND


def moment(micros: int) -> datetime:
    """A stored datetime: aware where USE_TZ is on, naive UTC elsewhere."""
    return _epoch() + micros * MICROSECOND


def _epoch() -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC if settings.USE_TZ else None)
