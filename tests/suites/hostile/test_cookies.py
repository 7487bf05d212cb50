"""Every cookie header and every CSRF token at the views and the class that take a token from a cookie."""

import pytest
from django.urls import reverse

from tests.client import as_json

from .answers import assert_no_complaints, has_token, refusal_complaint, server_error
from .cookies import COOKIE_SHAPES, CSRF_SHAPES
from .places import as_server_reads, places
from .tally import TALLY
from .tokens import HOSTILE_TOKENS
from .world import HAS_SESSIONS

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.suites.hostile.urls")]

PLACES = [place for place in places(HAS_SESSIONS) if place.cookie]
UNSAFE = {"cookie_login": "", "cookie_refresh": "refresh", "cookie_logout": "refresh", "protected": "access"}
"""POST requests that need the CSRF check, with the type of the token in the cookie."""


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_only_a_token_in_our_cookie_is_taken(own_world, place):
    assert_no_complaints((shape.name, shape_complaint(own_world, place, shape)) for shape in COOKIE_SHAPES)


@pytest.mark.parametrize("endpoint", UNSAFE)
def test_only_the_right_csrf_token_passes(own_world, endpoint):
    assert_no_complaints((shape.name, csrf_complaint(own_world, endpoint, shape)) for shape in CSRF_SHAPES)


@pytest.mark.skipif(not HAS_SESSIONS, reason="an access token ends nothing without sessions")
def test_no_hostile_refresh_cookie_keeps_the_access_cookie_from_logging_out(own_world):
    tokens = [token for token in HOSTILE_TOKENS if not token.configured()]
    assert_no_complaints((token.name, logout_complaint(own_world, token)) for token in tokens)


def logout_complaint(world, token):
    """What is wrong with a logout with a hostile refresh cookie and a good access cookie, or None."""
    place = next(place for place in PLACES if place.name == "session cookie logout by access")
    refresh = token.make(world.good_token("refresh", in_session=True))
    with world.trial(**place.settings):
        access = world.good(place).token
        response = place.carry(world, f"__Host-refresh_token={refresh}; {place.cookie}={access}")
        if response.status_code >= 500:
            return server_error(response)
        return None if response.status_code == 204 else f"{response.status_code}, {response.content[:200]!r}"


def shape_complaint(world, place, shape):
    """What is wrong with the answer to a good token in such a header, or None."""
    with world.trial(**place.settings):
        token = world.good(place).token
        text = shape.text.replace("{name}", place.cookie).replace("{token}", token).replace("{token[1:]}", token[1:])
        response = place.carry(world, text)
        if response.status_code >= 500:
            return server_error(response)
        if place.takes(response):
            return accept_complaint(shape)
        if shape.reason:
            return f"refused ({response.status_code}), though listed as taken: {shape.reason}"
        if world.is_changed:
            return "a row was written"
        return refusal_complaint(response, place.refusal(401), has_token(place, response))


def csrf_complaint(world, endpoint, shape):
    """What is wrong with the answer to a good token with these headers, or None."""
    with world.trial(AUTH_COOKIE_ACCESS="access_token"):
        kind = UNSAFE[endpoint]
        body = None if kind else as_json(world.credentials)
        cookies = f"__Host-{kind}_token={world.good_token(kind, in_session=HAS_SESSIONS).token}" if kind else ""
        response = post(world, endpoint, body, cookies, shape.headers)
        if response.status_code >= 500:
            return server_error(response)
        if response.status_code in {200, 204}:
            return accept_complaint(shape)
        if shape.reason:
            return f"refused ({response.status_code}), though listed as passing: {shape.reason}"
        if world.is_changed:
            return "a row was written"
        return refusal_complaint(response, 403) or kept_complaint(response)


def post(world, endpoint, body, cookies, headers):
    """The response to a request with exactly these headers about CSRF."""
    sent = {"HTTP_X_CSRFTOKEN": ""} | headers
    cookie_header = as_server_reads(f"{cookies}; {headers.get('HTTP_COOKIE', '')}")
    return world.request("POST", reverse(endpoint), body, **sent | {"HTTP_COOKIE": cookie_header})


def accept_complaint(shape):
    """An accept must be listed."""
    TALLY.count_accept(listed=bool(shape.reason))
    return None if shape.reason else "taken"


def kept_complaint(response):
    """What is wrong with a 403, or None: it says why, and a foreign page deletes no cookie with it."""
    if response.json().get("code") != "csrf_failed":
        return f"answered {response.content!r}"
    return "a token cookie was changed" if response.cookies.keys() - {"csrftoken"} else None
