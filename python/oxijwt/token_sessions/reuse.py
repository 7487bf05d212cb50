"""Ends the session of a reused refresh token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxijwt import signals
from oxijwt.utils import MICROSECOND

from .database import announce
from .ending import make_known, write_end
from .models import RevokeReason
from .security_log import log_reuse

if TYPE_CHECKING:
    from .client_info import Client
    from .models import TokenSession


def end_for_reuse(session: TokenSession, client: Client | None, retired_for: int, *, is_locked: bool) -> None:
    """End the session, and send the signals. `client` sent a token that was spent `retired_for` microseconds before.

    `is_locked` says that the caller's transaction holds the row. Raises ServiceUnavailable.
    """
    log_reuse(session, retired_for, client)
    ended, is_committed = write_end(session, RevokeReason.REUSE, is_locked=is_locked)
    try:
        make_known(session, RevokeReason.REUSE, ended=ended, is_committed=is_committed)
    finally:  # also if the list could not be written: the session has ended
        announce(signals.refresh_reuse_detected, at_once=is_committed, session=session, age=retired_for * MICROSECOND)
