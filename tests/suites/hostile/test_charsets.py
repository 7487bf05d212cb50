"""Every codec of Python as the charset of a body: ten are read, others are 415 at once. `charsets.py` sends 2 MB."""

import pytest
from django.urls import reverse

from .charsets import CHARSETS, FIELDS, READ, answers
from .world import HAS_SESSIONS

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.suites.hostile.urls")]

SIZE = 20_000
VIEWS = FIELDS | {"token_blacklist": "refresh"} | ({"token_logout": "refresh"} if HAS_SESSIONS else {})


def test_the_table_has_every_codec():
    assert len(CHARSETS) > 100
    assert {"punycode", "idna", "zlib_codec", "utf_7", "undefined", *READ} <= set(CHARSETS)


@pytest.mark.parametrize("view", VIEWS)
def test_no_codec_is_a_server_error(own_world, view):
    cells = list(answers(own_world.client, {view: reverse(view)}, {view: VIEWS[view]}, SIZE))
    assert len(cells) == 3 * len(CHARSETS)
    assert {cell.charset for cell in cells if cell.status != 415} == READ
    assert {cell.status for cell in cells} <= {400, 401, 415}
