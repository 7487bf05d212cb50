"""These tests run under tests.sites.sessions only, in `make docs`."""

import pytest
from django.conf import settings as site
from django.contrib.auth import get_user_model
from rest_framework.test import APIClient

from tests.docs import blocks

if "oxijwt.token_sessions" not in site.INSTALLED_APPS:
    collect_ignore_glob = ["*"]


@pytest.fixture
def run(db, settings, monkeypatch, tmp_path):
    """Runs the blocks of a text, and returns the Page. They may use these names and what the text has defined."""
    names = {"settings": settings, "monkeypatch": monkeypatch, "tmp_path": tmp_path}

    def run(text):
        user = get_user_model().objects.create_user("ada", "ada@example.com", "correct horse battery")
        page = blocks.Page(text, names | {"user": user, "client": APIClient()})
        page.run()
        return page

    return run


def pytest_terminal_summary(terminalreporter):
    """Say how many code blocks of the pages have run, unless this run had other tests only."""
    counts = blocks.counts
    if not counts["run"]:
        return
    terminalreporter.write_line(f"Python blocks of the pages: {counts['run']} run, {counts['not run']} not run")
    terminalreporter.write_line(f"Requests of the pages with curl: {counts['curl']} run")
