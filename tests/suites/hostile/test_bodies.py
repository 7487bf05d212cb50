"""Every hostile body at every endpoint that takes one: refused without a trace, or taken for a listed reason."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest
from django.core.exceptions import BadRequest
from django.urls import reverse

from tests.client import as_json

from .answers import TAKEN, assert_no_complaints, refusal_complaint, server_error
from .bodies import HOSTILE_BODIES, LOGINS
from .places import CSRF_COOKIE, OAUTH
from .tally import TALLY
from .world import HAS_SESSIONS

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.suites.hostile.urls")]


class Target(NamedTuple):
    """An endpoint, and the token that it takes in a field of the body; none for a login."""

    endpoint: str
    field: str = ""
    token_type: str = ""
    settings: Mapping[str, Any] = {}

    def right_body(self, world):
        """The body that the endpoint takes."""
        if not self.field:
            return world.credentials
        return {self.field: world.good_token(self.token_type, in_session=HAS_SESSIONS).token}

    def renamed(self, content):
        """A body with the names of the OAuth style, if the target has it."""
        return content.replace(b"refresh", b"refresh_token") if self.settings else content


WITH_SESSIONS = {
    "token_logout": Target("token_logout", "refresh", "refresh"),
    "token_logout, OAuth": Target("token_logout", "refresh", "refresh", OAUTH),
}
TARGETS = {
    **{endpoint: Target(endpoint) for endpoint in LOGINS},
    "token_refresh": Target("token_refresh", "refresh", "refresh"),
    "token_refresh, OAuth": Target("token_refresh", "refresh", "refresh", OAUTH),
    "token_blacklist": Target("token_blacklist", "refresh", "refresh"),
    "token_refresh_sliding": Target("token_refresh_sliding", "token", "sliding"),
    "token_verify": Target("token_verify", "token", "access"),
    "cookie_refresh": Target("cookie_refresh", "refresh", "refresh"),
    "cookie_logout": Target("cookie_logout", "refresh", "refresh"),
    **(WITH_SESSIONS if HAS_SESSIONS else {}),
}
BY_COOKIE = [name for name in TARGETS if name in {"cookie_refresh", "cookie_logout"}]

everywhere = pytest.mark.parametrize("name", TARGETS)


@everywhere
def test_no_hostile_body_is_taken(own_world, name):
    target = TARGETS[name]
    bodies = [body for body in HOSTILE_BODIES if not body.only or target.endpoint in body.only]
    assert_no_complaints((body.name, complaint(own_world, target, body)) for body in bodies)


@everywhere
def test_the_body_that_the_cases_spoil_is_taken(own_world, name):
    target = TARGETS[name]
    with own_world.trial(**target.settings):
        content = target.renamed(as_json(target.right_body(own_world)))
        response = own_world.request("POST", reverse(target.endpoint), content)
        assert response.status_code in TAKEN, response.content


@pytest.mark.parametrize("name", BY_COOKIE)
def test_only_a_body_without_a_token_leaves_it_to_the_cookie(own_world, name):
    """The cookie has a good token."""
    target = TARGETS[name]
    bodies = [body for body in HOSTILE_BODIES if not body.only or target.endpoint in body.only]
    assert_no_complaints((body.name, complaint(own_world, target, body, with_cookie=True)) for body in bodies)


def complaint(world, target, body, with_cookie=False):
    """What is wrong with the answer to a hostile body, or None."""
    with world.trial(**target.settings):
        right = target.right_body(world)
        content, headers = target.renamed(body.make(right)), cookie_header(right) if with_cookie else {}
        try:
            response = world.request(
                "POST", reverse(target.endpoint), content, body.content_type, **body.headers | headers
            )
        except (BadRequest, ValueError):  # Django 6 can't parse a long Content-Type, and raises before any view runs
            return None
        if response.status_code >= 500:
            return server_error(response)
        if with_cookie and names_no_token(target.endpoint, body):
            return None if response.status_code in TAKEN else f"refused ({response.status_code}) despite the cookie"
        if response.status_code in TAKEN:
            return accept_complaint(body)
        if world.is_changed:
            return "a row was written"
        return answer_complaint(target.endpoint, body, response)


def cookie_header(right):
    """The headers of a request with the token of the right body in the refresh cookie."""
    return {"HTTP_COOKIE": f"{CSRF_COOKIE}; __Host-refresh_token={right['refresh']}"}


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
