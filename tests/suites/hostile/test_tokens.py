"""Every hostile token at every place that takes one: refused without a trace, or taken for a listed reason."""

import jwt
import pytest
from django.conf import settings

from oxijwt._core import unverified_claims
from oxijwt.token_blacklist.models import OutstandingToken
from tests.client import HS256_HEADER, forge

from .answers import (
    TAKEN,
    assert_no_complaints,
    cookie_complaint,
    has_token,
    refusal_complaint,
    server_error,
)
from .places import places
from .tally import TALLY
from .tokens import HOSTILE_TOKENS, LONGEST_TOKEN, RIGHT_TOKENS, USER_IDS, Token, sized
from .world import HAS_SESSIONS, ID_FIELDS

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.suites.hostile.urls")]

PLACES = places(HAS_SESSIONS)
everywhere = pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)


@everywhere
def test_no_hostile_token_is_taken(world, place):
    # Where tokens name users by another field, only the cases about that name differ.
    TALLY.places.add(place.name)
    tokens = HOSTILE_TOKENS if world.id_field == ID_FIELDS[0] else USER_IDS
    assert_no_complaints(
        (token.name, complaint(world, place, token)) for token in tokens if HAS_SESSIONS or not token.in_sessions_only
    )


@everywhere
def test_the_tokens_that_the_cases_spoil_are_taken(world, place):
    assert_no_complaints((token.name, not_taken(world, place, token)) for token in RIGHT_TOKENS)


@pytest.mark.parametrize("place", [place for place in PLACES if not place.cookie], ids=lambda place: place.name)
def test_tokens_near_the_longest(world, place):
    """What is made of them may be longer than what may be read: refused, not a server error. No cookie is so long."""
    assert_no_complaints(
        (missing, size_complaint(world, place, missing)) for missing in (0, 20, 38, 39, 40, 41, 100, 1000)
    )


def size_complaint(world, place, missing):
    """What is wrong with the answer to a right token so many bytes below the longest, or None."""
    response, changed = sent(world, place, Token("", lambda good: sized(good, LONGEST_TOKEN - missing)))
    if response.status_code in TAKEN:
        return None
    if missing == 1000 or place.in_header:
        return "refused"
    return "a row was written" if changed else refusal_complaint(response, 401)


def sent(world, place, token):
    """The response to a case, and whether it changed any row."""
    with world.trial(**place.settings, **token.configured()):
        response = place.send(world, token.make(world.good(place)))
        return response, world.is_changed


def complaint(world, place, token):
    """What is wrong with the answer to a hostile token, or None."""
    response, changed = sent(world, place, token)
    if response.status_code >= 500:
        return server_error(response)
    if not place.takes_tokens:
        return None if response.status_code == 200 else f"a login was refused for it: {response.status_code}"
    if place.takes(response):
        return accept_complaint(place, token)
    if place.reason(token.accepted_at):
        return f"refused ({response.status_code}), though listed as taken: {place.reason(token.accepted_at)}"
    if changed:
        return "a row was written"
    return (
        refusal_complaint(response, place.refusal(token.in_body), has_token(place, response))
        or code_complaint(place, token, response)
        or cookie_complaint(place, response)
    )


def code_complaint(place, token, response):
    """What is wrong with the code of a refusal, where it matters and there is one (simplejwt's refresh has none)."""
    answer = response.json() if token.codes else {}
    told = answer.get("code") if "messages" not in answer else None  # several classes were tried, each has its reason
    # A bad token in a cookie counts as none. DRF has no code for that, and `oxijwt.contrib.ninja` has this one.
    right = {*token.codes, *(["not_authenticated"] if place.cookie else ())}
    return f"answered with the code {told}" if told and told not in right else None


def accept_complaint(place, token):
    """An accept must be listed."""
    is_listed = bool(place.reason(token.accepted_at))
    TALLY.count_accept(listed=is_listed)
    return None if is_listed else "taken"


def not_taken(world, place, token):
    """What is wrong with the answer to a right token, or None."""
    response, changed = sent(world, place, token)
    if place.name == token.refused_at:
        return "a row was written" if changed else refusal_complaint(response, 401)
    return None if place.takes(response) else f"{response.status_code}, {response.content[:200]!r}"


@pytest.mark.skipif(HAS_SESSIONS, reason="the sessions ask for their user")
def test_a_token_that_names_nobody_can_be_ended_once(own_world):
    nobodys = [token for token in USER_IDS if "blacklist" in token.accepted_at]
    assert_no_complaints((token.name, ending_complaint(own_world, token)) for token in nobodys)


def ending_complaint(world, token):
    """What is wrong with how a token that names nobody is blacklisted, or None."""
    place = next(place for place in PLACES if place.name == "blacklist")
    text = token.make(world.good(place))
    with world.trial():
        statuses = [place.send(world, text).status_code for _time in range(2)]
        users = list(OutstandingToken.objects.filter(blacklistedtoken__isnull=False).values_list("user_id", flat=True))
    return None if (statuses, users) == ([200, 401], [None]) else f"{statuses}, {users}"


def test_a_stateless_user_is_who_the_token_says(own_world):
    """Text and integers that name nobody here may name a user of the issuer."""
    place = next(place for place in PLACES if place.name.endswith("stateless"))
    for token in USER_IDS:
        if place.name in token.accepted_at:
            text = token.make(own_world.good(place))
            assert place.send(own_world, text).json() == {"user": unverified_claims(text, LONGEST_TOKEN)["user_id"]}


def test_forged_tokens_are_what_another_library_would_make(own_world):
    """The cases prove nothing unless the signature they carry is right: read one by hand."""
    text = forge({"user_id": own_world.own_id})
    assert jwt.decode(text, settings.SECRET_KEY, ["HS256"]) == {"user_id": own_world.own_id}
    assert jwt.get_unverified_header(text) == HS256_HEADER
