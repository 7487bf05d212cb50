"""Every hostile body at every endpoint that takes one: refused without a trace, or taken for a listed reason."""

import pytest
from django.core.exceptions import BadRequest
from django.urls import reverse

from tests.client import as_json

from .answers import TAKEN, assert_no_complaints, refusal_complaint, server_error
from .bodies import HOSTILE_BODIES, LOGINS
from .tally import TALLY
from .world import HAS_SESSIONS

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.suites.hostile.urls")]

FIELDS = {
    "token_refresh": ("refresh", "refresh"),
    "token_blacklist": ("refresh", "refresh"),
    "token_refresh_sliding": ("token", "sliding"),
    "token_verify": ("token", "access"),
} | ({"token_logout": ("refresh", "refresh")} if HAS_SESSIONS else {})
"""The endpoints that take a token in the body: the field, and the type of the token."""


@pytest.mark.parametrize("endpoint", [*LOGINS, *FIELDS])
def test_no_hostile_body_is_taken(own_world, endpoint):
    bodies = [body for body in HOSTILE_BODIES if not body.only or endpoint in body.only]
    assert_no_complaints((body.name, complaint(own_world, endpoint, body)) for body in bodies)


@pytest.mark.parametrize("endpoint", [*LOGINS, *FIELDS])
def test_the_body_that_the_cases_spoil_is_taken(own_world, endpoint):
    response = own_world.request("POST", reverse(endpoint), as_json(right_body(own_world, endpoint)))
    assert response.status_code in TAKEN, response.content


def right_body(world, endpoint):
    """The body that an endpoint takes."""
    if endpoint in LOGINS:
        return world.credentials
    field, token_type = FIELDS[endpoint]
    return {field: world.good_token(token_type, in_session=HAS_SESSIONS).token}


def complaint(world, endpoint, body):
    """What is wrong with the answer to a hostile body, or None."""
    with world.trial():
        content = body.make(right_body(world, endpoint))
        try:
            response = world.request("POST", reverse(endpoint), content, body.content_type, **body.headers)
        except (BadRequest, ValueError):  # Django 6 can't parse a long Content-Type, and raises before any view runs
            return None
        if response.status_code >= 500:
            return server_error(response)
        if response.status_code in TAKEN:
            return accept_complaint(body)
        if world.is_changed:
            return "a row was written"
        return answer_complaint(endpoint, body, response)


def accept_complaint(body):
    """An accept must be listed."""
    TALLY.count_accept(listed=bool(body.reason))
    return None if body.reason else "taken"


def answer_complaint(endpoint, body, response):
    """What is wrong with a refusal, or None."""
    status = body.elsewhere.get(endpoint, body.status)
    if body.is_page:
        return None if response.status_code == status else f"{response.status_code} instead of {status}"
    if status == 200:
        return f"refused ({response.status_code}), though listed as taken: {body.reason}"
    told = status == 401 and endpoint not in LOGINS and not names_no_token(endpoint, body)
    return refusal_complaint(response, status, told) or uncached_complaint(response)


def names_no_token(endpoint, body):
    """Whether the body has no token at all, so that none was refused."""
    return endpoint in body.elsewhere


def uncached_complaint(response):
    """What a token view answers is in no cache (RFC 6749 section 5.1)."""
    return None if response.headers.get("Cache-Control") == "no-store" else "may be cached"
