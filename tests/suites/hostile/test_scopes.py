"""Every scope in the body of logins and refreshes, and every `scope` claim of the tokens that are refreshed."""

from urllib.parse import urlencode

import pytest
from django.urls import reverse

from oxijwt._core import unverified_claims
from tests.client import as_json, forge

from .answers import TAKEN, assert_no_complaints, refusal_complaint, server_error
from .bodies import FORM, JSON, LOGINS
from .scopes import ALLOWED, ASKED_SCOPES, SCOPE_CLAIMS
from .tally import TALLY
from .tokens import LONGEST_TOKEN
from .world import HAS_SESSIONS

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.suites.hostile.urls")]

REFRESHES = {"token_refresh": ("refresh", "refresh"), "token_refresh_sliding": ("token", "sliding")}
"""The field of the token and its type."""
SETTINGS = {"USER_SCOPES": lambda user, request: ALLOWED}
SHORT = [scope for scope in ASKED_SCOPES if len(str(scope.value)) < 1_000]

everywhere = pytest.mark.parametrize("endpoint", [*LOGINS, *REFRESHES])


@everywhere
def test_no_scope_is_given_that_is_not_held(own_world, endpoint):
    assert_no_complaints((scope.name, json_complaint(own_world, endpoint, scope)) for scope in ASKED_SCOPES)


@everywhere
def test_the_same_in_a_form(own_world, endpoint):
    """A form has texts only, and no lone surrogates."""
    texts = [scope for scope in SHORT if isinstance(scope.value, str) and "surrogate" not in scope.name]
    assert_no_complaints((scope.name, form_complaint(own_world, endpoint, scope)) for scope in texts)


@pytest.mark.parametrize("endpoint", REFRESHES)
def test_a_hostile_claim_gives_no_scope(own_world, endpoint):
    assert_no_complaints((scope.name, claim_complaint(own_world, endpoint, scope)) for scope in SCOPE_CLAIMS)


@everywhere
def test_a_site_without_scopes_reads_none(own_world, endpoint):
    """Nothing depends on the field there."""
    for scope in SHORT:
        with own_world.trial():
            body = right_body(own_world, endpoint) | {"scope": scope.value}
            response = own_world.request("POST", reverse(endpoint), as_json(body))
            assert (response.status_code, granted(response)) == (200, None), scope.name


def right_body(world, endpoint, **claims):
    """The body that an endpoint takes: credentials, or a token with these claims."""
    if endpoint in LOGINS:
        return world.credentials
    field, token_type = REFRESHES[endpoint]
    return {field: forge(world.good_token(token_type, in_session=HAS_SESSIONS).payload | claims)}


def json_complaint(world, endpoint, scope):
    """What is wrong with the answer to a scope in JSON, or None."""
    body = right_body(world, endpoint, scope=ALLOWED) | {"scope": scope.value}
    return complaint(world, endpoint, scope, as_json(body), JSON)


def form_complaint(world, endpoint, scope):
    """The same of a form."""
    body = right_body(world, endpoint, scope=ALLOWED) | {"scope": scope.value}
    return complaint(world, endpoint, scope, urlencode(body).encode(), FORM)


def claim_complaint(world, endpoint, scope):
    """What is wrong with the answer to a token with this claim, or None."""
    body = right_body(world, endpoint, scope=scope.value)
    return complaint(world, endpoint, scope, as_json(body), JSON)


def complaint(world, endpoint, scope, content, content_type):
    """What is wrong with the answer to a body, or None."""
    with world.trial(**SETTINGS):
        response = world.request("POST", reverse(endpoint), content, content_type)
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
