"""The site that the cases are sent to, and the line at the end of a run."""

import pytest

from .tally import TALLY
from .world import ID_FIELDS, World


@pytest.fixture(params=ID_FIELDS)
def world(request, db, settings):
    """A site with its users, whose tokens name them by the key or by another unique field."""
    return new_world(settings, request.param)


@pytest.fixture
def own_world(db, settings):
    """The same where tokens name users by the key."""
    return new_world(settings, ID_FIELDS[0])


def new_world(settings, id_field):
    """A site whose every gate is shut, so that all of them are reached."""
    settings.SIMPLE_JWT = {
        **getattr(settings, "SIMPLE_JWT", {}),
        "ROTATE_REFRESH_TOKENS": True,
        "BLACKLIST_AFTER_ROTATION": True,
        "USER_ID_FIELD": id_field,
    }
    return World(id_field)


def pytest_terminal_summary(terminalreporter):
    if TALLY.requests:
        terminalreporter.write_line(TALLY.summary())
