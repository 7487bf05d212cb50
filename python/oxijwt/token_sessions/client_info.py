"""Which device a login came from: shown to its user, never relied on."""

from __future__ import annotations

import ipaddress
import unicodedata
from typing import Any

from oxijwt.settings import api_settings

from .models import USER_AGENT_LENGTH


def default_client_info(request: Any) -> tuple[str | None, str]:
    """SESSION_CLIENT_INFO's default: REMOTE_ADDR and User-Agent. No forwarded header is believed."""
    return request.META.get("REMOTE_ADDR"), request.META.get("HTTP_USER_AGENT", "")


def client_info(request: Any) -> tuple[str | None, str]:
    """(IP address or None, user agent) as the session's columns can hold them; never an error."""
    read = api_settings.SESSION_CLIENT_INFO
    if request is None or read is None:
        return None, ""
    address, agent = read(request)
    return clean_address(address), clean_user_agent(agent)


def clean_address(address: object) -> str | None:
    """A bare IP address, its port and zone taken off, or None where there is none in it."""
    if not isinstance(address, str):
        return None
    for candidate in (address, _without_port(address)):
        try:
            return str(ipaddress.ip_address(candidate.split("%", 1)[0].strip("[]")))
        except ValueError:
            continue
    return None


def _without_port(address: str) -> str:
    return address.rpartition(":")[0]


def clean_user_agent(agent: object) -> str:
    """The text without control characters and lone surrogates, cut to the column."""
    if not isinstance(agent, str):
        return ""
    kept = (char for char in agent if unicodedata.category(char) not in {"Cc", "Cs"})
    return "".join(kept)[:USER_AGENT_LENGTH]
