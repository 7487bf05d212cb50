"""These tests run under tests.sites.sessions only, in `make docs`."""

from django.conf import settings

from tests.docs import blocks

if "oxijwt.token_sessions" not in settings.INSTALLED_APPS:
    collect_ignore_glob = ["*"]


def pytest_terminal_summary(terminalreporter):
    """Say how many code blocks of the pages have run."""
    counts = blocks.counts
    terminalreporter.write_line(f"Python blocks of the pages: {counts['run']} run, {counts['not run']} not run")
