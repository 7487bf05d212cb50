"""RFC 6750 section 3 and 3.1: a test for each MUST and SHOULD about WWW-Authenticate, for each kind of protected view.

A test has the name of the rule, and its docstring quotes the rule or says where we depart from it.
"""

import re
from collections import Counter

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncRequestFactory, RequestFactory

from oxijwt.authentication import JWTStatelessUserAuthentication
from oxijwt.tokens import AccessToken, RefreshToken
from tests.client import claims, forge, make_user
from tests.sites.views import StatelessWhoAmI, WhoAmI

from .plain_views import async_function, function
from .views import orders, token_with

pytestmark = pytest.mark.django_db

NEEDED = ("orders:write", "https://api.example.org/orders.read")
SCOPED = {
    "scoped": orders(NEEDED),
    "scoped by method": orders({"GET": NEEDED}),
    "stateless scoped": orders(NEEDED, authentication_classes=[JWTStatelessUserAuthentication]),
    "method without entry": orders({"POST": NEEDED}),
}
VIEWS = {
    "drf": WhoAmI.as_view(),
    "stateless": StatelessWhoAmI.as_view(),
    "plain": function,
    "async plain": async_function,
    **SCOPED,
}
WITHOUT = {"nothing": None, "another scheme": "Basic YWRhOmE=", "an unknown scheme": "Digest a", "empty": ""}
"""Authorization headers without authentication information that these views know."""

BAD = {
    "malformed": lambda ada: "Bearer not.a.token",
    "in lower case": lambda ada: "bearer not.a.token",
    "expired": lambda ada: f"Bearer {token_with('all', ada.pk, exp=1)}",
    "forged": lambda ada: (
        f"Bearer {forge(claims('access', user_id=str(ada.pk)), key='of somebody else, 32 bytes long')}"
    ),
    "of another kind": lambda ada: f"Bearer {RefreshToken.for_user(ada)}",
    "without a user": lambda ada: f"Bearer {forge(claims('access'))}",
    "with a quote": lambda ada: 'Bearer a"b',
    "not ASCII": lambda ada: "Bearer \xe9\xff",
}
SHAPELESS = {"no token": "Bearer", "two tokens": "Bearer a b", "with a comma": 'Bearer token="a", b="c"'}
"""Headers with the scheme Bearer and another number of parts than two."""

PARAMETER = r'[a-z_]+="[^"\\]*"'
CHALLENGE = re.compile(rf"([A-Za-z]+) ({PARAMETER}(?:, {PARAMETER})*)")
SCOPE_CHARACTERS = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]*")
"""RFC 6750 section 3: the characters of `scope`, and of `error`."""


@pytest.fixture
def ada():
    return make_user()


def answer_to(name, header):
    """The view's answer to a GET with this Authorization header."""
    view, headers = VIEWS[name], {} if header is None else {"HTTP_AUTHORIZATION": header}
    if view is async_function:
        request = AsyncRequestFactory().get("/")
        request.META.update(headers)
        return async_to_sync(view)(request)
    return view(RequestFactory().get("/", **headers))


def parameters(answer):
    """(auth-scheme, the auth-params in order) of the only challenge."""
    scheme, found = CHALLENGE.fullmatch(answer["WWW-Authenticate"]).groups()
    return scheme, re.findall(r'([a-z_]+)="([^"]*)"', found)


def error_of(answer):
    return dict(parameters(answer)[1]).get("error")


def every_refusal(ada):
    """(name of the view, answer) for each view and each request that it refuses."""
    for name in VIEWS:
        for header in (*WITHOUT.values(), *SHAPELESS.values(), *(make(ada) for make in BAD.values())):
            yield name, answer_to(name, header)
    for name in SCOPED:
        yield name, answer_to(name, f"Bearer {token_with('orders:read', ada.pk)}")


def test_a_good_token_is_accepted(ada):
    """So the refusals below are refusals of something."""
    token = token_with(" ".join(NEEDED), ada.pk)
    assert {name for name in VIEWS if answer_to(name, f"Bearer {token}").status_code == 200} == {
        *VIEWS.keys() - {"method without entry"}
    }


def test_a_request_without_a_good_token_must_get_www_authenticate(ada):
    """ "... does not include authentication credentials or does not contain an access token that enables access" """
    answers = [answer for _name, answer in every_refusal(ada)]
    assert len(answers) == len(VIEWS) * (len(WITHOUT) + len(SHAPELESS) + len(BAD)) + len(SCOPED)
    assert {answer.status_code for answer in answers} == {401, 403}
    assert all(answer.has_header("WWW-Authenticate") for answer in answers)


def test_all_challenges_must_use_the_scheme_bearer(ada):
    """The scheme is the first of AUTH_HEADER_TYPES: a project that sets "JWT" has another scheme than the RFC's."""
    assert {parameters(answer)[0] for _name, answer in every_refusal(ada)} == {"Bearer"}


def test_the_scheme_must_be_followed_by_one_or_more_auth_params(ada):
    """The grammar of `parameters` refuses a scheme alone. The realm is in each challenge."""
    assert all(parameters(answer)[1][0] == ("realm", "api") for _name, answer in every_refusal(ada))


def test_realm_scope_and_error_must_not_appear_more_than_once(ada):
    """Each of "realm", "scope", "error", "error_description" and "error_uri"; and no other parameter repeats."""
    for _name, answer in every_refusal(ada):
        assert set(Counter(name for name, _value in parameters(answer)[1]).values()) == {1}


def test_error_should_be_included_if_a_token_failed(ada):
    """ "If the protected resource request included an access token and failed authentication" """
    for name in VIEWS:
        for make in BAD.values():
            assert error_of(answer_to(name, make(ada))) == "invalid_token"


def test_no_error_should_be_included_if_the_request_lacks_authentication(ada):
    """ "... unaware that authentication is necessary or attempted using an unsupported authentication method" """
    for name in VIEWS:
        for header in WITHOUT.values():
            answer = answer_to(name, header)
            assert answer.status_code == 401
            assert parameters(answer)[1] == [("realm", "api")]


def test_scope_values_must_only_have_their_characters(ada):
    """ "%x21 / %x23-5B / %x5D-7E for representing scope values and %x20 for delimiters".

    A view that requires another scope is never served: test_token_has_scope.py.
    """
    scopes = [dict(parameters(answer)[1]).get("scope") for _name, answer in every_refusal(ada)]
    assert {scope for scope in scopes if scope is not None} == {" ".join(NEEDED)}
    assert SCOPE_CHARACTERS.fullmatch(" ".join(NEEDED))


def test_error_values_must_only_have_their_characters(ada):
    """ "%x20-21 / %x23-5B / %x5D-7E". Nothing of the request is repeated in the challenge."""
    assert {error_of(answer) for _name, answer in every_refusal(ada)} == {None, "invalid_token", "insufficient_scope"}


def test_invalid_request_should_be_400_and_is_401(ada):
    """A departure. For a header that is not "Bearer" and one token we answer 401 `bad_authorization_header`.

    The challenge says `invalid_token`. The RFC would have "invalid_request" and 400, since the request "is otherwise
    malformed". It also calls a "malformed" access token `invalid_token` with 401, and a header with two parts after
    the scheme is both. We keep 401: simplejwt answers it, and its clients log in again at a 401 and report a 400 as a
    fault. DRF knows only 401 and 403 from an authentication class. RFC 9110 section 11.6.1 asks for a challenge with
    each 401. The body's `code` tells the two apart.
    """
    for name in VIEWS:
        for header in SHAPELESS.values():
            answer = answer_to(name, header)
            assert (answer.status_code, error_of(answer)) == (401, "invalid_token")
            if "plain" not in name:
                assert answer.data["code"] == "bad_authorization_header"


def test_only_one_method_for_a_token_is_read(ada):
    """Section 2: a client "MUST NOT use more than one method". The form field and the query of 2.2 and 2.3 are unread.

    So a second token there changes nothing, and `invalid_request` for it is never needed.
    """
    token = str(AccessToken.for_user(ada))
    view = VIEWS["drf"]
    assert view(RequestFactory().get("/", {"access_token": token})).status_code == 401
    good = {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    assert view(RequestFactory().get("/", {"access_token": "x"}, **good)).status_code == 200


def test_invalid_token_should_be_401(ada):
    """ "expired, revoked, malformed, or invalid for other reasons" """
    for name in VIEWS:
        for make in BAD.values():
            assert answer_to(name, make(ada)).status_code == 401


def test_insufficient_scope_should_be_403(ada):
    """ "The request requires higher privileges than provided by the access token." """
    for name in SCOPED:
        answer = answer_to(name, f"Bearer {token_with('orders:read', ada.pk)}")
        assert (answer.status_code, error_of(answer)) == (403, "insufficient_scope")


def test_insufficient_scope_may_name_the_scope_that_is_necessary(ada):
    """A token with exactly the scope that the 403 names is let in. Without a name, no scope would help."""
    for name in SCOPED:
        refused = answer_to(name, f"Bearer {token_with('orders:read', ada.pk)}")
        needed = dict(parameters(refused)[1]).get("scope")
        again = answer_to(name, f"Bearer {token_with(needed or ' '.join(NEEDED), ada.pk)}")
        assert again.status_code == (403 if needed is None else 200)


def test_a_method_that_the_view_does_not_have_is_405(ada):
    """Section 3.1 names 405 as one of the usual statuses: a scope must not hide it."""
    request = RequestFactory().put("/", HTTP_AUTHORIZATION=f"Bearer {token_with('orders:read', ada.pk)}")
    assert VIEWS["scoped by method"](request).status_code == 405
