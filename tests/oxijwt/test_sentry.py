"""As token_sessions/requests/test_sentry.py, with the blacklist app and with no app."""

import pytest
from sentry_sdk.scrubber import EventScrubber

from tests.client import PASSWORD
from tests.leaks import break_down
from tests.sentry import seen_by_sentry

from .test_frames import ACTS
from .test_frames import tokens as tokens  # noqa: PLC0414  a fixture

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("fault", ["SELECT", "INSERT", "UPDATE"])
@pytest.mark.parametrize("act", ACTS)
def test_sentry_keeps_no_secret_from_our_frames(tokens, monkeypatch, act, fault):
    try:
        with break_down(monkeypatch, fault):
            ACTS[act](tokens)
    except RuntimeError as error:
        seen = seen_by_sentry(error, event_scrubber=EventScrubber(denylist=[]))
        assert seen or act == "make"  # there the test itself asks first
        assert seen.holding(*tokens.values(), PASSWORD) == []
