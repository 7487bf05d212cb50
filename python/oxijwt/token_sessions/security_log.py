"""Log lines of `oxijwt.security` about reused, repeated and restored refresh tokens. They never contain a token."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .client_info import Client
    from .models import TokenSession

logger = logging.getLogger("oxijwt.security")

UNKNOWN = "unknown"


def log_reuse(session: TokenSession, retired_for: int, client: Client | None) -> None:
    """Log that a spent token came back after the grace interval: somebody else may have the login too."""
    logger.warning(
        "Refresh token reused: user %s, session %s, spent %s seconds ago. It came from %s, the last refresh from %s.",
        session.user_id,
        session.pk,
        retired_for // 1_000_000,
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


def address_of(client: Client | None) -> str:
    """The client's IP address for a log line."""
    return (client and client[0]) or UNKNOWN
