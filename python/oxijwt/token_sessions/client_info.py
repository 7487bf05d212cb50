"""The IP address and user agent of a login or refresh. Users see them in the list of their sessions, and administrators
in the log of `oxijwt.security`. The decision on a refresh compares the user agent with that of the last rotation.
"""

from __future__ import annotations

import ipaddress
import logging
import re
import unicodedata
from typing import TYPE_CHECKING, cast

from rest_framework.settings import api_settings as drf_settings
from rest_framework.throttling import BaseThrottle

from oxijwt.context import current_request
from oxijwt.settings import api_settings

from .models import USER_AGENT_LENGTH

if TYPE_CHECKING:
    from django.http import HttpRequest
    from rest_framework.request import Request

    from .models import TokenSession

    Client = tuple[str | None, str]
    """An IP address, or None, and a user agent."""

logger: logging.Logger = logging.getLogger("oxijwt.security")

OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
IPV4 = re.compile(rf"{OCTET}(?:\.{OCTET}){{3}}")
"""An address that `ipaddress` would write in the same way, after a longer check."""

NOBODY: Client = (None, "")
"""The client of a session that was started without a request."""


def default_client_info(request: HttpRequest | Request) -> tuple[str | None, str]:
    """SESSION_CLIENT_INFO's default: the client's address and the User-Agent header.

    If DRF's NUM_PROXIES is a number, the address is the one that DRF's throttles count: it reads X-Forwarded-For.
    Otherwise that header is not read, since a client can write what it likes, and the address is REMOTE_ADDR.
    """
    agent = request.META.get("HTTP_USER_AGENT", "")
    if drf_settings.NUM_PROXIES is None:
        return request.META.get("REMOTE_ADDR"), agent
    return BaseThrottle().get_ident(cast("Request", request)), agent


def client_info(request: HttpRequest | Request | None) -> Client:
    """(IP address or None, user agent), cleaned so that the session's columns can hold them."""
    read = api_settings.SESSION_CLIENT_INFO
    if request is None or read is None:
        return NOBODY
    address, agent = read(request)
    return clean_address(address), clean_user_agent(agent)


def client_at_hand() -> Client | None:
    """The client of the request at hand; None outside of token views, or if SESSION_CLIENT_INFO raises."""
    request = current_request()
    if request is None:
        return None
    try:
        return client_info(request)
    except Exception:
        # A project's function must not keep a stolen session alive, and not fail a refresh.
        logger.exception("SESSION_CLIENT_INFO raised an exception.")
        return None


def is_other_agent(client: Client | None, session: TokenSession) -> bool:
    """Whether the client has another user agent than the session's last rotation. False if one of both is unknown."""
    if client is None or api_settings.SESSION_CLIENT_INFO is None:
        return False
    return client[1] != session.user_agent and (session.ip_address, session.user_agent) != NOBODY


def clean_address(address: object) -> str | None:
    """The IP address without port and zone, or None if the value is not an address."""
    if not isinstance(address, str):
        return None
    if IPV4.fullmatch(address):  # as nearly all are
        return address
    for candidate in (address, address.rpartition(":")[0]):
        try:
            return str(ipaddress.ip_address(candidate.split("%", 1)[0].strip("[]")))
        except ValueError:
            continue
    return None


def clean_user_agent(agent: object) -> str:
    """The text without control characters and lone surrogates, cut to the length of the column."""
    if not isinstance(agent, str):
        return ""
    if agent.isascii() and agent.isprintable():  # as nearly all are
        return agent[:USER_AGENT_LENGTH]
    kept = (char for char in agent if unicodedata.category(char) not in {"Cc", "Cs"})
    return "".join(kept)[:USER_AGENT_LENGTH]
