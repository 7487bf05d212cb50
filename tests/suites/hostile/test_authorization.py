"""Every Authorization header at both authentication classes, and at what authenticates through them."""

import pytest

from .answers import TAKEN, assert_no_complaints, refusal_complaint, server_error
from .authorization import AUTHORIZATION_SHAPES
from .places import places
from .tally import TALLY
from .world import HAS_SESSIONS

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.suites.hostile.urls")]

PLACES = [place for place in places(HAS_SESSIONS) if place.in_header]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_only_a_token_after_our_scheme_is_taken(own_world, place):
    assert_no_complaints((shape.name, complaint(own_world, place, shape)) for shape in AUTHORIZATION_SHAPES)


def complaint(world, place, shape):
    """What is wrong with the answer to a good token in such a header, or None."""
    with world.trial(**place.settings, **shape.configured):
        text = shape.text.replace("{token}", world.good(place).token)
        response = place.ask(world, **{shape.header: text})
        if response.status_code >= 500:
            return server_error(response)
        if not place.takes_tokens:
            return None if response.status_code == 200 else f"a login was refused for it: {response.status_code}"
        if response.status_code in TAKEN:
            return accept_complaint(shape)
        if shape.reason:
            return f"refused ({response.status_code}), though listed as taken: {shape.reason}"
        return "a row was written" if world.is_changed else refusal_complaint(response, 401, shape.is_ours)


def accept_complaint(shape):
    """An accept must be listed."""
    TALLY.count_accept(listed=bool(shape.reason))
    return None if shape.reason else "taken"
