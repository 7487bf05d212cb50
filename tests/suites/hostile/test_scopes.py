"""Every scope in the body of logins and refreshes, and every `scope` claim of the tokens that are refreshed."""

from urllib.parse import urlencode

import pytest
from django.urls import reverse

from oxijwt._core import unverified_claims
from tests.client import as_json, forge

from .answers import TAKEN, assert_no_complaints, refusal_complaint, server_error
from .bodies import FORM, JSON, LOGINS
from .places import CSRF_COOKIE
from .scopes import ALLOWED, ASKED_SCOPES, SCOPE_CLAIMS
from .tally import TALLY
from .tokens import LONGEST_TOKEN
from .world import HAS_SESSIONS

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.suites.hostile.urls")]

REFRESHES = {
    "token_refresh": ("refresh", "refresh"),
    "token_refresh_sliding": ("token", "sliding"),
    "cookie_refresh": ("refresh", "refresh"),
}
"""The field of the token and its type. One of them gets the token in the cookie."""
SETTINGS = {"USER_SCOPES": lambda user, request: ALLOWED}
SHORT = [scope for scope in ASKED_SCOPES if len(str(scope.value)) < 1_000]

everywhere = pytest.mark.parametrize("endpoint", [*LOGINS, *REFRESHES])


@everywhere
def test_no_scope_is_given_that_is_not_held(own_world, endpoint):
    assert_no_complaints((scope.name, asked_complaint(own_world, endpoint, scope, as_json)) for scope in ASKED_SCOPES)


@everywhere
def test_the_same_in_a_form(own_world, endpoint):
    """A form has texts only, and no lone surrogates."""
    texts = [scope for scope in SHORT if isinstance(scope.value, str) and "surrogate" not in scope.name]
    assert_no_complaints((scope.name, asked_complaint(own_world, endpoint, scope, as_form)) for scope in texts)


@pytest.mark.parametrize("endpoint", REFRESHES)
def test_a_hostile_claim_gives_no_scope(own_world, endpoint):
    assert_no_complaints((scope.name, claim_complaint(own_world, endpoint, scope)) for scope in SCOPE_CLAIMS)


@everywhere
def test_a_site_without_scopes_reads_none(own_world, endpoint):
    """Nothing depends on the field there."""
    for scope in SHORT:
        with own_world.trial():
            response = send(own_world, endpoint, right_body(own_world, endpoint) | {"scope": scope.value}, as_json)
            assert (response.status_code, granted(response)) == (200, None), scope.name


def right_body(world, endpoint, **claims):
    """The body that an endpoint takes: credentials, or a token with these claims."""
    if endpoint in LOGINS:
        return world.credentials
    field, token_type = REFRESHES[endpoint]
    return {field: forge(world.good_token(token_type, in_session=HAS_SESSIONS).payload | claims)}


def send(world, endpoint, body, encode):
    """The response to a body, in JSON or as a form."""
    content_type = JSON if encode is as_json else FORM
    if endpoint != "cookie_refresh":
        return world.request("POST", reverse(endpoint), encode(body), content_type)
    cookie = f"{CSRF_COOKIE}; __Host-refresh_token={body.pop('refresh')}"
    return world.request("POST", reverse(endpoint), encode(body), content_type, HTTP_COOKIE=cookie)


def as_form(body):
    """A body as a form."""
    return urlencode(body).encode()


def asked_complaint(world, endpoint, scope, encode):
    """What is wrong with the answer to a scope in the body, or None."""
    body = right_body(world, endpoint, scope=ALLOWED) | {"scope": scope.value}
    return complaint(world, endpoint, scope, body, encode)


def claim_complaint(world, endpoint, scope):
    """What is wrong with the answer to a token with this claim, or None."""
    return complaint(world, endpoint, scope, right_body(world, endpoint, scope=scope.value))


def complaint(world, endpoint, scope, body, encode=as_json):
    """What is wrong with the answer to a body, or None."""
    with world.trial(**SETTINGS):
        response = send(world, endpoint, body, encode)
        if response.status_code >= 500:
            return server_error(response)
        if response.status_code in TAKEN:
            return accept_complaint(scope, granted(response))
        if scope.reason:
            return f"refused ({response.status_code}), though listed as taken: {scope.reason}"
        if world.is_changed:
            return "a row was written"
        return refusal_complaint(response, 400) or code_complaint(response)


def granted(response):
    """The scope of the token that authenticates requests."""
    answer = response.json()
    return unverified_claims(answer.get("access", answer.get("token")), LONGEST_TOKEN).get("scope")


def accept_complaint(scope, given):
    """An accept must be listed, and give no more than is listed."""
    TALLY.count_accept(listed=bool(scope.reason))
    if not scope.reason:
        return "taken"
    return None if names(given) == names(scope.granted) else f"gave {str(given)[:100]!r}"


def names(scope):
    """The names in a claim, whatever their order."""
    return sorted(set(scope.split(" "))) if isinstance(scope, str) else scope


def code_complaint(response):
    """What is wrong with the code of a refusal, or None."""
    code = response.json().get("code")
    return None if code == "invalid_scope" else f"answered with the code {code}"
