"""The tables can't shrink unseen, and every name is a case of its own."""

import pytest

from .authorization import AUTHORIZATION_SHAPES
from .bodies import HOSTILE_BODIES
from .cookies import COOKIE_SHAPES, CSRF_SHAPES
from .places import NAMES, at
from .scopes import ASKED_SCOPES
from .tally import Tally
from .tokens import HOSTILE_TOKENS

LEAST = {
    "tokens": (HOSTILE_TOKENS, 250),
    "Authorization": (AUTHORIZATION_SHAPES, 40),
    "bodies": (HOSTILE_BODIES, 80),
    "cookie headers": (COOKIE_SHAPES, 50),
    "CSRF tokens": (CSRF_SHAPES, 40),
    "scopes": (ASKED_SCOPES, 50),
}


@pytest.mark.parametrize("table", LEAST)
def test_a_table_is_as_long_as_promised(table):
    cases, least = LEAST[table]
    assert len(cases) >= least


def test_enough_tokens_are_for_every_site():
    assert sum(not token.in_sessions_only for token in HOSTILE_TOKENS) >= LEAST["tokens"][1]


@pytest.mark.parametrize("table", LEAST)
def test_names_are_unique(table):
    names = [case.name for case in LEAST[table][0]]
    assert sorted(names) == sorted(set(names))


def test_every_accept_is_listed_for_a_place_and_with_a_reason():
    listed = {(name, reason) for token in HOSTILE_TOKENS for name, reason in token.accepted_at.items()}
    assert {name for name, _reason in listed} <= set(NAMES)
    assert all(reason for _name, reason in listed)


def test_a_place_that_is_none_can_not_be_listed():
    with pytest.raises(LookupError):
        at("a reason", "verify acess")


def test_the_runner_tells_what_was_done():
    tally = Tally(requests=3, server_errors=2, places={"whoami"})
    tally.count_accept(listed=True)
    assert f"{len(HOSTILE_TOKENS)} tokens × 1 places" in tally.summary()
    assert "3 requests, 2 server errors, 1 listed accepts, 0 unlisted" in tally.summary()
