"""The short text of a user agent."""

import importlib
import sys
from types import ModuleType

import pytest

from oxijwt.token_sessions.admin import device

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:141.0) Gecko/20100101 Firefox/141.0"
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
    " Edg/140.0.0.0"
)
UNKNOWN = "Zettelkasten/7 (a very long text that no column of the list has room for, as it seems)"


@pytest.mark.parametrize(
    ("agent", "text"),
    [
        (FIREFOX, "Firefox on Windows"),
        (EDGE, "Edge on Windows"),
        ("python-requests/2.32.5", "Python Requests"),
        (UNKNOWN, UNKNOWN[:49] + "…"),
        ("", ""),
    ],
)
def test_the_browser_and_the_system_are_named(agent, text):
    assert device.describe(agent) == text


@pytest.mark.parametrize(
    ("agent", "text"),
    [
        (FIREFOX, "(Windows NT 10.0; Win64; x64; rv:141.0) Firefox/1…"),
        (EDGE, "(Windows NT 10.0; Win64; x64) Chrome/140.0.0.0 Sa…"),
        ("python-requests/2.32.5", "python-requests/2.32.5"),
        (UNKNOWN, UNKNOWN[:49] + "…"),
        ("", ""),
    ],
)
def test_nothing_is_guessed_without_ua_parser(monkeypatch, agent, text):
    monkeypatch.setattr(device, "parse_agent", None)
    assert device.describe(agent) == text


def test_an_old_ua_parser_counts_as_none(monkeypatch):
    """Version 0.18 has a module of this name without `parse`: each page with a device was an error."""
    monkeypatch.setitem(sys.modules, "ua_parser", ModuleType("ua_parser"))
    try:
        assert importlib.reload(device).describe("curl/8.14.1") == "curl/8.14.1"
    finally:
        monkeypatch.undo()
        importlib.reload(device)
    assert device.describe("curl/8.14.1") == "curl"
