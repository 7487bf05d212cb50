"""Log lines of `oxijwt.security` about reused, repeated and restored refresh tokens, and about ends that a rollback may
undo. They never contain a token.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from .models import RevokeReason

if TYPE_CHECKING:
    from .client_info import Client
    from .models import TokenSession

logger: logging.Logger = logging.getLogger("oxijwt.security")

UNKNOWN = "unknown"


def log_reuse(session: TokenSession, retired_for: int, client: Client | None) -> None:
    """Log that a spent token came back after the grace interval: somebody else may have the login too.

    `retired_for` is in microseconds. It is 0 if a node without sessions has spent the token: the row has no such time.
    """
    logger.warning(
        "Refresh token reused: user %s, session %s, spent %s. It came from %s, the last refresh from %s.",
        session.user_id,
        session.pk,
        f"{retired_for // 1_000_000} seconds ago" if retired_for else "at an unknown time",
        address_of(client),
        session.ip_address or UNKNOWN,
    )


def log_repeat(session: TokenSession, client: Client | None, *, other_agent: bool) -> None:
    """Log that a spent token came back within the grace interval: a response was lost, or a second tab came late.

    If another user agent sent it, that is a warning.
    """
    logger.log(
        logging.WARNING if other_agent else logging.INFO,
        "Refresh repeated by %s user agent: user %s, session %s. It came from %s, the last refresh from %s.",
        "another" if other_agent else "the same",
        session.user_id,
        session.pk,
        address_of(client),
        session.ip_address or UNKNOWN,
    )


def log_restoration(session: TokenSession, client: Client | None) -> None:
    """Log that a refresh token was newer than the row. Outside of a fail-over that is an alarm."""
    logger.warning(
        "Session restored: user %s, session %s. The database had forgotten the refresh that made its token. It came "
        "from %s.",
        session.user_id,
        session.pk,
        address_of(client),
    )


def log_uncertain_end(session: TokenSession, reason: RevokeReason, error: Exception) -> None:
    """Log that the end of a session could only be written in the caller's transaction.

    After reuse that is an error. For any other reason the next refused request ends the session again.
    """
    logger.log(
        logging.ERROR if reason == RevokeReason.REUSE else logging.WARNING,
        "Session %s (user %s) ended: %s. The end could only be written in the caller's transaction: a rollback undoes "
        "it.",
        session.pk,
        session.user_id,
        reason.name.lower(),
        exc_info=error,
    )


def address_of(client: Client | None) -> str:
    """The client's IP address for a log line."""
    return (client and client[0]) or UNKNOWN
