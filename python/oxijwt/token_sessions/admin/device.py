"""A short text for a User-Agent header, as the columns of the admin have room for."""

from __future__ import annotations

import re

from django.utils.text import Truncator

from oxijwt.locale import gettext

try:
    from ua_parser import parse as parse_agent
except ImportError:  # `oxijwt[admin]` brings it; versions before 1 have other functions
    parse_agent = None  # type: ignore[assignment]  # the name of a function

IN_EVERY_BROWSER = re.compile(r"Mozilla/5\.0 |AppleWebKit/[\d.]+ |\(KHTML, like Gecko\) |Gecko/[\d.]+ ")
"""What browsers have sent for decades, so that it tells nothing."""
SHORT = 50


def describe(user_agent: str) -> str:
    """A text such as "Firefox on Windows". Without ua-parser, or if it does not know the agent: the agent, shortened.

    Nothing is guessed without ua-parser: Edge and Opera name Chrome too, and Chrome names Safari.
    """
    browser, system = parse(user_agent)
    if browser and system:
        return gettext("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or Truncator(IN_EVERY_BROWSER.sub("", user_agent)).chars(SHORT)


def parse(user_agent: str) -> tuple[str, str]:
    """The names of the browser and the operating system; each empty if it is not known."""
    if parse_agent is None or not user_agent:
        return "", ""
    found = parse_agent(user_agent)
    return found.user_agent.family if found.user_agent else "", found.os.family if found.os else ""
