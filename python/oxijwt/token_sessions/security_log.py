"""Log lines of `oxijwt.security` about reused, repeated and restored refresh tokens. They never contain a token."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from oxijwt.context import current_request

from .client_info import client_info

if TYPE_CHECKING:
    from .models import TokenSession

logger = logging.getLogger("oxijwt.security")

UNKNOWN = "unknown"
NOBODY: tuple[str | None, str] = (None, "")
"""The address and user agent where neither is known."""


def log_reuse(session: TokenSession, retired_for: int) -> None:
    """Log that a spent token came back after the grace interval: somebody else may have the login too."""
    logger.warning(
        "Refresh token reused: user %s, session %s, spent %s seconds ago. It came from %s, the last refresh from %s.",
        session.user_id,
        session.pk,
        retired_for // 1_000_000,
        client_at_hand()[0] or UNKNOWN,
        session.ip_address or UNKNOWN,
    )


def log_repeat(session: TokenSession) -> None:
    """Log that a spent token came back within the grace interval: a response was lost, or a second tab came late.

    If another user agent sent it, that is a warning.
    """
    client, last = client_at_hand(), (session.ip_address, session.user_agent)
    is_another = NOBODY not in {client, last} and client[1] != last[1]
    logger.log(
        logging.WARNING if is_another else logging.INFO,
        "Refresh repeated by %s user agent: user %s, session %s. It came from %s, the last refresh from %s.",
        "another" if is_another else "the same",
        session.user_id,
        session.pk,
        client[0] or UNKNOWN,
        last[0] or UNKNOWN,
    )


def log_restoration(session: TokenSession) -> None:
    """Log that a refresh token was newer than the row. Outside of a fail-over that is an alarm."""
    logger.warning(
        "Session restored: user %s, session %s. The database had forgotten the refresh that made its token. It came "
        "from %s.",
        session.user_id,
        session.pk,
        client_at_hand()[0] or UNKNOWN,
    )


def client_at_hand() -> tuple[str | None, str]:
    """The IP address and user agent of the request; NOBODY outside of token views, or if SESSION_CLIENT_INFO raises."""
    try:
        return client_info(current_request())
    except Exception:
        # A project's function must not keep a session alive.
        logger.exception("SESSION_CLIENT_INFO raised an exception.")
        return NOBODY
