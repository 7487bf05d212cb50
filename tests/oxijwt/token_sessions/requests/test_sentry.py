"""Sentry keeps no token and no password from the variables of the package's frames."""

import re

import pytest
from sentry_sdk.scrubber import EventScrubber

from tests.leaks import break_down
from tests.oxijwt.token_sessions.client import PASSWORD
from tests.sentry import seen_by_sentry
from tools.sdists import REPOSITORY

from .test_frames import ACTS
from .test_frames import tokens as tokens  # noqa: PLC0414  a fixture

pytestmark = pytest.mark.django_db

PAGE = REPOSITORY / "docs/sentry.md"


@pytest.mark.parametrize("fault", ["SELECT", "INSERT", "UPDATE"])
@pytest.mark.parametrize("act", ACTS)
def test_sentry_keeps_no_secret_from_our_frames(tokens, monkeypatch, act, fault):
    """With the SDK's defaults, and without the list of names that it hides."""
    try:
        with break_down(monkeypatch, fault):
            ACTS[act](tokens)
    except RuntimeError as error:
        for options in ({}, {"event_scrubber": EventScrubber(denylist=[])}):
            seen = seen_by_sentry(error, **options)
            assert seen or act == "make"  # there the test itself asks first
            assert seen.holding(*tokens.values(), PASSWORD) == []


def test_sentry_keeps_what_a_variable_holds(tokens):
    planted = {"__name__": "oxijwt.planted"}
    exec("def leak(raw):\n    raise ValueError", planted)  # noqa: S102  a frame of the package
    with pytest.raises(ValueError) as caught:  # noqa: PT011  it has no message
        planted["leak"](tokens["access"])
    assert seen_by_sentry(caught.value).holding(tokens["access"]) == [("leak", "raw")]


@pytest.mark.parametrize("fault", ["SELECT", "INSERT", "UPDATE"])
@pytest.mark.parametrize("act", ACTS)
def test_the_recipe_hides_what_other_packages_hold(tokens, monkeypatch, act, fault):
    """The scrubber is the first block of code in docs/sentry.md."""
    recipe = {}
    exec(re.search(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)[1], recipe)  # noqa: S102  our own page
    try:
        with break_down(monkeypatch, fault):
            ACTS[act](tokens)
    except RuntimeError as error:
        packages = ("oxijwt.", "rest_framework.", "django.contrib.", "django.core.", "django.db.", "django.views.")
        seen = seen_by_sentry(error, packages, event_scrubber=recipe["SCRUBBER"])
        assert seen
        assert seen.holding(*tokens.values(), PASSWORD) == []
