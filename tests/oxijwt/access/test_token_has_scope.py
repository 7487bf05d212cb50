"""TokenHasScope: which scope lets which method through, and what the others are answered."""

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from rest_framework import mixins, viewsets
from rest_framework.authentication import BaseAuthentication
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.permissions import IsAdminUser, IsAuthenticated
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.test import APIRequestFactory, force_authenticate

from oxijwt.authentication import JWTAuthentication, JWTStatelessUserAuthentication
from oxijwt.permissions import TokenHasScope
from oxijwt.tokens import AccessToken
from tests.client import CHALLENGE, claims, make_user

from .views import UNSET, Orders, orders, send, token_with

pytestmark = pytest.mark.django_db

READ, WRITE, BOTH = "orders:read", "orders:write", "orders:read orders:write"
BY_METHOD = {"GET": READ, "POST": [READ, WRITE], "DELETE": "orders:delete"}
OPEN, SHUT, ABSENT = 200, 403, 405


@pytest.fixture
def ada():
    return make_user()


@pytest.mark.parametrize(
    ("required", "scope", "method", "status"),
    [
        (READ, READ, "GET", OPEN),
        (READ, WRITE, "GET", SHUT),
        (READ, f"{WRITE} {READ} other", "GET", OPEN),
        (READ, READ, "HEAD", OPEN),
        (READ, WRITE, "HEAD", SHUT),
        (READ, READ, "OPTIONS", OPEN),
        (READ, WRITE, "OPTIONS", SHUT),
        (READ, READ, "PATCH", ABSENT),
        # All are needed, in every form of the attribute.
        (BOTH, BOTH, "POST", OPEN),
        (BOTH, f"{WRITE} {READ}", "POST", OPEN),
        (BOTH, READ, "POST", SHUT),
        (BOTH, WRITE, "POST", SHUT),
        ([READ, WRITE], BOTH, "POST", OPEN),
        ([READ, WRITE], READ, "POST", SHUT),
        ((READ, WRITE), BOTH, "POST", OPEN),
        ((READ, WRITE), WRITE, "POST", SHUT),
        # Each method has its own.
        (BY_METHOD, READ, "GET", OPEN),
        (BY_METHOD, WRITE, "GET", SHUT),
        (BY_METHOD, BOTH, "POST", OPEN),
        (BY_METHOD, READ, "POST", SHUT),
        (BY_METHOD, WRITE, "POST", SHUT),
        (BY_METHOD, "orders:delete", "DELETE", OPEN),
        (BY_METHOD, BOTH, "DELETE", SHUT),
        # HEAD is GET without a body, unless it has its own entry.
        (BY_METHOD, READ, "HEAD", OPEN),
        (BY_METHOD, WRITE, "HEAD", SHUT),
        ({"GET": READ, "HEAD": WRITE}, WRITE, "HEAD", OPEN),
        ({"GET": READ, "HEAD": WRITE}, READ, "HEAD", SHUT),
        ({"HEAD": READ}, READ, "GET", SHUT),
        # A method without an entry is refused if the view has a handler for it, whatever the token may do.
        ({"GET": READ}, BOTH, "POST", SHUT),
        ({"GET": READ}, BOTH, "DELETE", SHUT),
        ({"GET": READ}, BOTH, "OPTIONS", SHUT),
        ({"OPTIONS": READ}, READ, "OPTIONS", OPEN),
        ({"get": READ}, READ, "GET", SHUT),
        ({}, BOTH, "GET", SHUT),
        ({"GET": READ}, BOTH, "PATCH", ABSENT),
        ({"GET": READ}, BOTH, "QUERY", ABSENT),
        (BY_METHOD, BOTH, "PUT", ABSENT),
        # No name at all: the token alone is enough.
        ([], UNSET, "GET", OPEN),
        ({"GET": [], "POST": WRITE}, UNSET, "GET", OPEN),
        ({"GET": [], "POST": WRITE}, UNSET, "POST", SHUT),
    ],
)
def test_scope_by_method(ada, required, scope, method, status):
    assert send(orders(required), method, token_with(scope, ada.pk)).status_code == status


@pytest.mark.parametrize(
    "scope",
    [
        UNSET,
        None,
        "",
        "Orders:read",
        "orders",
        "orders:read:all",
        "orders:*",
        "*",
        " orders:read",
        "orders:read ",
        "other  orders:read",
        "other\torders:read",
        "other,orders:read",
        'orders:read "',
        "orders:read é",
        ["orders:read"],
        {"orders:read": True},
        True,
        1,
    ],
    ids=repr,
)
def test_a_claim_that_is_no_such_text_grants_nothing(ada, scope):
    """RFC 6749 section 3.3: names are case-sensitive, with one space in between. RFC 9068: `scope` is a text."""
    answer = send(orders(READ), token=token_with(scope, ada.pk))
    assert (answer.status_code, answer.data["code"]) == (403, "insufficient_scope")
    assert send(orders(READ), token=token_with(f"other {READ}", ada.pk)).status_code == 200


@pytest.mark.parametrize(
    ("required", "method", "needed"),
    [
        (WRITE, "POST", ', scope="orders:write"'),
        ([READ, WRITE], "POST", ', scope="orders:read orders:write"'),
        ("b a b", "POST", ', scope="b a"'),
        (BY_METHOD, "DELETE", ', scope="orders:delete"'),
        ({"GET": READ}, "POST", ""),
    ],
)
def test_the_403_names_what_is_needed(ada, required, method, needed):
    """RFC 6750 section 3.1. No scope helps where the dict does not name the method."""
    answer = send(orders(required), method, token_with("other", ada.pk))
    assert answer["WWW-Authenticate"] == f'{CHALLENGE}, error="insufficient_scope"{needed}'
    assert answer.data == {
        "detail": "The token does not have the scope that this request needs.",
        "code": "insufficient_scope",
    }


def test_realm_and_scheme_are_those_of_the_site(ada, settings):
    settings.SIMPLE_JWT = {"AUTH_HEADER_TYPES": ("JWT", "Bearer")}
    ours = type("Ours", (JWTAuthentication,), {"www_authenticate_realm": "shop"})
    answer = send(orders(WRITE, authentication_classes=[ours]), token=token_with(READ, ada.pk))
    assert answer["WWW-Authenticate"] == 'JWT realm="shop", error="insufficient_scope", scope="orders:write"'


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
@pytest.mark.parametrize("required", [READ, [], BY_METHOD, {}])
def test_without_a_token_it_is_401(required, method):
    answer = send(orders(required), method)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, CHALLENGE)


class ByName(BaseAuthentication):
    """As Django's session authentication: a user without a token, or with something else for `request.auth`."""

    auth: object = None

    def authenticate(self, request):  # noqa: ARG002  DRF's signature
        return User(pk=1), self.auth


@pytest.mark.parametrize("auth", [None, READ, {"scope": READ}, object()], ids=["None", "text", "dict", "object"])
@pytest.mark.parametrize("required", [READ, [], {"GET": READ}])
def test_other_authentication_grants_nothing(auth, required):
    view = orders(required, authentication_classes=[type("ByName", (ByName,), {"auth": auth})])
    answer = send(view)
    assert (answer.status_code, answer.has_header("WWW-Authenticate")) == (403, False)


def test_a_stateless_view(ada):
    view = orders(READ, authentication_classes=[JWTStatelessUserAuthentication])
    assert send(view, token=token_with(READ)).status_code == 200
    assert send(view, token=token_with(WRITE)).status_code == 403


def test_a_token_of_another_issuer(other_issuers):
    """ISSUERS says whom this site believes: the scope of such a token counts as our own's."""
    view = orders(READ, authentication_classes=[JWTStatelessUserAuthentication])
    for scope, status in ((READ, 200), (WRITE, 403)):
        token = other_issuers.token(claims("access", user_id="1", scope=scope))
        assert send(view, token=token).status_code == status


@pytest.mark.parametrize("required", [UNSET, None, "", " ", "a  b", 'a"b', "é", 1, [None], ["a b"], {"GET": None}])
def test_a_view_without_usable_scopes_is_a_mistake_of_the_project(ada, required):
    """Nobody gets in, with and without a token, and the message names the view."""
    for token in (None, token_with(READ, ada.pk)):
        with pytest.raises(ImproperlyConfigured, match=r"Orders\.required_scopes"):
            send(orders(required), token=token)


def test_a_view_set(ada):
    class OrderSet(mixins.ListModelMixin, viewsets.GenericViewSet):
        authentication_classes = [JWTAuthentication]
        permission_classes = [TokenHasScope]
        required_scopes = {"GET": READ, "POST": WRITE}

        def list(self, request):  # noqa: ARG002  DRF's signature
            return Response([])

    view = OrderSet.as_view({"get": "list"})
    for scope, method, status in [(READ, "GET", 200), (WRITE, "GET", 403), (READ, "HEAD", 200), (READ, "PUT", 405)]:
        assert send(view, method, token_with(scope, ada.pk)).status_code == status


def test_a_function_with_scopes(ada):
    @api_view(["GET"])
    @authentication_classes([JWTAuthentication])
    @permission_classes([TokenHasScope])
    def listed(request):
        return Response([])

    listed.cls.required_scopes = READ
    for scope, status in ((READ, 200), (WRITE, 403)):
        assert send(listed, token=token_with(scope, ada.pk)).status_code == status


def test_other_permissions_are_asked_first(ada):
    """`|` asks the left side first. A refusal by TokenHasScope is an exception, so it belongs to the right of it."""
    either = orders(READ, permission_classes=[IsAdminUser | TokenHasScope])
    both = orders(READ, permission_classes=[IsAuthenticated & TokenHasScope])
    token = token_with(WRITE, ada.pk)
    assert [send(view, token=token).status_code for view in (either, both)] == [403, 403]
    type(ada).objects.update(is_staff=True)
    assert [send(view, token=token).status_code for view in (either, both)] == [200, 403]
    assert send(both, token=token_with(READ, ada.pk)).status_code == 200


def test_a_test_client_that_forces_a_token(ada):
    for scope, status in ((READ, 200), (WRITE, 403)):
        request, token = APIRequestFactory().get("/"), AccessToken.for_user(ada)
        token["scope"] = scope
        force_authenticate(request, ada, token)
        assert orders(READ)(request).status_code == status


def test_options_shows_forms_that_the_token_may_send(ada):
    """DRF asks the permissions for each form that OPTIONS describes: a refusal there leaves the form out."""

    class Listed(viewsets.ModelViewSet):
        authentication_classes = [JWTAuthentication]
        permission_classes = [TokenHasScope]
        required_scopes = {"OPTIONS": [], "POST": WRITE}
        queryset = type(ada).objects.all()

        serializer_class = Serializer

    view = Listed.as_view({"post": "create"})
    assert "actions" in send(view, "OPTIONS", token_with(WRITE, ada.pk)).data
    assert "actions" not in send(view, "OPTIONS", token_with(READ, ada.pk)).data


def test_the_view_of_these_tests_has_three_handlers():
    assert {name for name in Orders.http_method_names if hasattr(Orders, name)} == {"get", "post", "delete", "options"}
