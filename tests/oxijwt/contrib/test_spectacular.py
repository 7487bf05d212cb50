"""What a schema says under settings, and for a project's own classes, that the golden schemas do not have."""

import re
from inspect import cleandoc
from pathlib import Path
from unittest.mock import patch

import pytest
from django.test import override_settings
from django.urls import path
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerExtension,
    OpenApiViewExtension,
)
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import patched_settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.generics import GenericAPIView
from rest_framework.pagination import CursorPagination, LimitOffsetPagination, PageNumberPagination
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.throttling import AnonRateThrottle, ScopedRateThrottle
from rest_framework.viewsets import ViewSet

from oxijwt import views
from oxijwt.authentication import JWTAuthentication, JWTCookieAuthentication, JWTStatelessUserAuthentication
from oxijwt.contrib import spectacular
from oxijwt.contrib.spectacular.errors import CODES
from oxijwt.contrib.spectacular.operations import OPERATIONS, operation_of
from oxijwt.contrib.spectacular.schema import TokenSchema
from oxijwt.permissions import TokenHasScope
from oxijwt.serializers import TokenObtainPairSerializer
from oxijwt.views import TokenObtainPairView, TokenRefreshView, TokenVerifyView, cookies
from oxijwt.views.cookies import AsyncCookieLoginView, CookieLoginView, CookieRefreshView, CsrfView

REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_AUTHENTICATION_CLASSES": ["oxijwt.authentication.JWTAuthentication"],
}


BASES = {"CookieView"}
ANYTHING = {"type": "object", "additionalProperties": {}}


@pytest.fixture(autouse=True)
def project(settings):
    settings.REST_FRAMEWORK = REST_FRAMEWORK


@pytest.fixture
def own_extensions():
    """Removes the extensions of a test: drf-spectacular keeps each class for ever."""
    kinds = (OpenApiAuthenticationExtension, OpenApiSerializerExtension, OpenApiViewExtension)
    before = [[*kind._registry] for kind in kinds]
    yield
    for kind, registry in zip(kinds, before, strict=True):
        kind._registry[:] = registry


def schema_of(*views):
    """The schema of these views, at the paths /0, /1 and so on."""
    return schema_at([path(str(number), view.as_view()) for number, view in enumerate(views)])


def schema_at(patterns):
    """The schema of the views at these URLs. It must cause no warning."""
    schema = SchemaGenerator(patterns=patterns).get_schema(public=True)
    assert not GENERATOR_STATS
    return schema


def component(schema, name):
    """The properties of a component, and the required ones."""
    found = schema["components"]["schemas"][name]
    return {*found["properties"]}, {*found["required"]}


class NameSerializer(serializers.Serializer):
    name = serializers.CharField()


class Own(GenericAPIView):
    """A project's view."""

    permission_classes = (IsAuthenticated,)
    serializer_class = NameSerializer

    def get(self, _request):
        return Response()


def with_authentication(*classes):
    """A view with these authentication classes."""
    return type("Own", (Own,), {"authentication_classes": classes})


@pytest.mark.parametrize(
    ("values", "properties"),
    [
        ({}, {"access", "refresh"}),
        ({"TOKEN_RESPONSE_EXPIRES_IN": True}, {"access", "refresh", "expires_in"}),
        ({"USER_SCOPES": "tests.oxijwt.contrib.test_spectacular.component"}, {"access", "refresh", "scope"}),
    ],
)
def test_the_fields_of_a_refresh(values, properties):
    with override_settings(SIMPLE_JWT=values):
        schema = schema_of(TokenRefreshView)
    assert component(schema, "TokenRefresh") == (properties, properties - {"scope"})


@pytest.mark.parametrize("rotates", [False, True])
def test_a_refresh_token_is_answered_only_if_tokens_rotate(rotates):
    with override_settings(SIMPLE_JWT={"ROTATE_REFRESH_TOKENS": rotates}):
        schema = schema_of(TokenRefreshView)
    refresh = schema["components"]["schemas"]["TokenRefresh"]["properties"]["refresh"]
    assert refresh.get("writeOnly", False) is not rotates


@pytest.mark.parametrize(
    ("values", "scheme"),
    [
        ({}, ("http", None)),
        ({"AUTH_HEADER_TYPES": ("JWT", "Bearer")}, ("http", None)),
        ({"AUTH_HEADER_TYPES": ("JWT",)}, ("apiKey", "Authorization")),
        ({"AUTH_HEADER_NAME": "HTTP_X_TOKEN"}, ("apiKey", "X-token")),
    ],
)
def test_the_scheme_of_the_header(values, scheme):
    with override_settings(SIMPLE_JWT=values):
        found = schema_of(Own)["components"]["securitySchemes"]["jwtAuth"]
    assert (found["type"], found.get("name")) == scheme


@pytest.mark.parametrize(
    ("values", "cookie"),
    [
        ({}, None),
        ({"AUTH_COOKIE_ACCESS": "at"}, "__Host-at"),
        ({"AUTH_COOKIE_ACCESS": "at", "AUTH_COOKIE_DOMAIN": "example.com"}, "__Secure-at"),
    ],
)
def test_the_scheme_of_the_cookie(values, cookie):
    with override_settings(SIMPLE_JWT=values):
        schema = schema_of(with_authentication(JWTCookieAuthentication))
    assert schema["components"]["securitySchemes"].get("jwtAccessCookie", {}).get("name") == cookie
    assert schema["paths"]["/0"]["get"]["security"] == [{"jwtAuth": []}, *([{"jwtAccessCookie": []}] if cookie else [])]


@pytest.mark.parametrize(("name", "header"), [("HTTP_X_CSRFTOKEN", "X-CSRFTOKEN"), ("HTTP_X_XSRF", "X-XSRF")])
def test_the_cookie_needs_a_csrf_token_for_an_unsafe_method(settings, name, header):
    """Without the access cookie, or for a GET alone, the schema has no CSRF token."""
    settings.CSRF_HEADER_NAME = name

    class Both(with_authentication(JWTCookieAuthentication)):
        def post(self, _request):
            return Response()

    with override_settings(SIMPLE_JWT={"AUTH_COOKIE_ACCESS": "at"}):
        schema, reading = schema_of(Both), schema_of(with_authentication(JWTCookieAuthentication))
    by_method = {method: found["security"][1] for method, found in schema["paths"]["/0"].items()}
    assert by_method == {"get": {"jwtAccessCookie": []}, "post": {"jwtAccessCookie": [], "csrfToken": []}}
    assert schema["components"]["securitySchemes"]["csrfToken"]["name"] == header
    assert "csrfToken" not in reading["components"]["securitySchemes"]
    assert "csrfToken" not in schema_of(Both)["components"]["securitySchemes"]


@pytest.mark.parametrize("access", [None, "at"])
@pytest.mark.parametrize("rotates", [False, True])
def test_the_tokens_in_an_answer_to_a_refresh_by_cookie(access, rotates):
    """A token in the body is answered in the body. So each token whose cookie is configured may be there or not."""
    with override_settings(SIMPLE_JWT={"AUTH_COOKIE_ACCESS": access, "ROTATE_REFRESH_TOKENS": rotates}):
        schema = schema_of(CookieRefreshView)
    fields = schema["components"]["schemas"]["CookieRefresh"]
    assert {*fields["properties"]} == {"access", "refresh"}
    assert fields["properties"]["refresh"].get("writeOnly", False) is not rotates
    assert fields.get("required") == (None if access else ["access"])


def test_several_classes_share_a_scheme():
    """drf-spectacular warns of one name for two classes."""

    class OwnAuthentication(JWTAuthentication):
        pass

    classes = (JWTAuthentication, JWTStatelessUserAuthentication, OwnAuthentication, JWTCookieAuthentication)
    schema = schema_of(*map(with_authentication, classes))
    assert [*schema["components"]["securitySchemes"]] == ["jwtAuth"]
    assert [found["get"]["security"] for found in schema["paths"].values()] == [[{"jwtAuth": []}]] * 4


class Scoped(Own):
    permission_classes = (IsAuthenticated, TokenHasScope)
    required_scopes = "profile read"


@pytest.mark.parametrize(
    ("version", "scopes"), [("3.0.3", []), ("3.1.0", ["profile", "read"]), ("3.2.0", ["profile", "read"])]
)
def test_scopes(version, scopes):
    """OpenAPI 3.0 has no scopes for this scheme. The description always has them."""
    with patched_settings({"OAS_VERSION": version}):
        operation = schema_of(Scoped)["paths"]["/0"]["get"]
    assert operation["security"] == [{"jwtAuth": scopes}]
    assert operation["description"] == "A project's view.\n\nThe token needs the scope `profile read`."


def test_scopes_of_a_view_set():
    """Its handlers are actions, the project's own too."""

    class Names(ViewSet):
        permission_classes = (TokenHasScope,)
        required_scopes = {"GET": "read", "POST": "write"}
        serializer_class = NameSerializer

        def list(self, _request):
            return Response([])

        @action(methods=["post"], detail=False, url_path="clear")
        def remove_all(self, _request):
            """Remove all names."""
            return Response()

    router = SimpleRouter()
    router.register("names", Names, basename="name")
    found = schema_at(router.urls)["paths"]
    assert found["/names/"]["get"]["description"] == "The token needs the scope `read`."
    assert found["/names/clear/"]["post"]["description"] == "Remove all names.\n\nThe token needs the scope `write`."


@pytest.mark.parametrize("rates", [{}, {"token_obtain": "1/min"}])
def test_a_429_is_there_if_requests_are_throttled(rates, monkeypatch):
    """Without a rate, the view leaves the throttle out."""
    monkeypatch.setattr(ScopedRateThrottle, "THROTTLE_RATES", rates)

    class Login(TokenObtainPairView):
        throttle_classes = (ScopedRateThrottle,)

    answers = schema_of(Login)["paths"]["/0"]["post"]["responses"]
    assert ("429" in answers) is bool(rates)
    assert "Retry-After" in answers["503"]["headers"]


@pytest.mark.parametrize("throttles", [(), (AnonRateThrottle,)])
def test_the_csrf_view_can_be_throttled(throttles):
    answers = schema_of(type("Csrf", (CsrfView,), {"throttle_classes": throttles}))["paths"]["/0"]["get"]["responses"]
    assert {*answers} == {"200", *(["429"] if throttles else [])}


@pytest.mark.parametrize(
    ("pages", "has_404"),
    [(None, False), (PageNumberPagination, True), (CursorPagination, True), (LimitOffsetPagination, False)],
)
def test_a_page_that_does_not_exist(pages, has_404):
    """DRF answers an offset after the last session with an empty page."""
    schema = TokenSchema()
    schema.view = type("Sessions", (Own,), {"pagination_class": pages})()
    with patch.object(TokenSchema, "operation", OPERATIONS["oxijwt.token_sessions.views.SessionListView"]):
        assert schema.has_pages() is has_404


def test_scopes_of_another_permission():
    """Other packages use the name `required_scopes` too."""

    class OtherScoped(Own):
        required_scopes = ("profile",)

    with patched_settings({"OAS_VERSION": "3.1.0"}):
        operation = schema_of(OtherScoped)["paths"]["/0"]["get"]
    assert (operation["security"], operation["description"]) == ([{"jwtAuth": []}], "A project's view.")


def test_a_view_itself_is_not_changed():
    before = [{**vars(view), "__annotations__": {}} for view in (TokenObtainPairView, Scoped)]
    handlers = TokenObtainPairView.post, Scoped.get
    schema_of(TokenObtainPairView, Scoped)
    assert before == [{**vars(view), "__annotations__": {}} for view in (TokenObtainPairView, Scoped)]
    assert (TokenObtainPairView.post, Scoped.get) == handlers
    assert not any(hasattr(handler, "kwargs") for handler in handlers)


@pytest.mark.usefixtures("own_extensions")
def test_a_projects_view_extension_counts_more():
    class Login(TokenObtainPairView):
        pass

    class LoginExtension(OpenApiViewExtension):
        target_class = Login

        def view_replacement(self):
            return extend_schema(summary="The project's words")(type("Login", (Login,), {}))

    schema = schema_of(Login, TokenVerifyView)
    assert schema["paths"]["/0"]["post"]["summary"] == "The project's words"
    assert schema["paths"]["/1"]["post"]["summary"] == "Verify a token"


@pytest.mark.usefixtures("own_extensions")
def test_a_projects_serializer_extension_counts_more():
    class CodeSerializer(TokenObtainPairSerializer):
        pass

    class CodeExtension(OpenApiSerializerExtension):
        target_class = CodeSerializer

        def map_serializer(self, _auto_schema, _direction):
            return {"type": "object", "properties": {"code": {"type": "string"}}}

    class Login(TokenObtainPairView):
        serializer_class = CodeSerializer

    schema = schema_of(Login)
    assert [*schema["components"]["schemas"]["Code"]["properties"]] == ["code"]
    # The extension may have fields that the serializer has not, so the answer was `{}`.
    answer = schema["paths"]["/0"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer == {"$ref": "#/components/schemas/Code"}


@pytest.mark.usefixtures("own_extensions")
def test_a_projects_extension_of_our_serializer_counts_more():
    """It had no effect. Under simplejwt's name, it comes before drf-spectacular's own extension, as on simplejwt."""

    class LoginExtension(OpenApiSerializerExtension):
        target_class = TokenObtainPairSerializer
        priority = 1

        def map_serializer(self, _auto_schema, _direction):
            return {"type": "object", "properties": {"code": {"type": "string"}}}

    schema = schema_of(TokenObtainPairView)
    assert [*schema["components"]["schemas"]["TokenObtainPair"]["properties"]] == ["code"]


class LoginWithHandler(TokenObtainPairView):
    def post(self, request):
        return super().post(request)


class CsrfWithHandler(CsrfView):
    def get(self, request):
        return super().get(request)


@pytest.mark.parametrize("view", [LoginWithHandler, CsrfWithHandler])
def test_a_projects_handler_without_a_docstring(view):
    """Python finds the docstring of the base class, and that is for programmers."""
    own, stock = (schema_of(found)["paths"]["/0"] for found in (view, view.__base__))
    assert [operation["description"] for operation in own.values()] == [
        operation["description"] for operation in stock.values()
    ]


@pytest.mark.usefixtures("own_extensions")
@pytest.mark.parametrize("view", [TokenObtainPairView, CookieLoginView, AsyncCookieLoginView])
def test_a_projects_replacement_of_our_view(view):
    """drf-spectacular then describes it by itself, as on simplejwt: with the docstring of the view."""

    class LoginExtension(OpenApiViewExtension):
        target_class = view
        priority = 1

        def view_replacement(self):
            return type("Login", (self.target,), {})

    found = schema_of(view)["paths"]["/0"]["post"]["description"]
    assert found == cleandoc(view.__doc__)


@pytest.mark.usefixtures("own_extensions")
def test_a_projects_authentication_extension_counts_more():
    class OwnAuthentication(JWTCookieAuthentication):
        pass

    class OwnScheme(OpenApiAuthenticationExtension):
        target_class = OwnAuthentication
        name = "own"

        def get_security_definition(self, _auto_schema):
            return {"type": "http", "scheme": "bearer"}

    assert [*schema_of(with_authentication(OwnAuthentication))["components"]["securitySchemes"]] == ["own"]


def test_a_serializer_of_the_projects_own():
    """A view with a serializer that does not inherit from this package's, and without fields for an answer."""

    class PinSerializer(serializers.Serializer):
        pin = serializers.CharField(write_only=True)

    class PinView(TokenVerifyView):
        serializer_class = PinSerializer

    schema = schema_of(PinView)
    assert component(schema, "Pin") == ({"pin"}, {"pin"})
    answer = schema["paths"]["/0"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer == {"type": "object", "maxProperties": 0}


@pytest.mark.parametrize(
    ("field", "is_flat"), [(serializers.CharField, True), (serializers.ListField, False), (NameSerializer, False)]
)
def test_the_errors_of_nested_fields_are_not_lists_of_texts(field, is_flat):
    class Nested(TokenObtainPairSerializer):
        inner = field(write_only=True)

    class Login(TokenObtainPairView):
        serializer_class = Nested

    answer = schema_of(Login)["paths"]["/0"]["post"]["responses"]["400"]["content"]["application/json"]["schema"]
    assert answer == ({"$ref": "#/components/schemas/TokenBadRequest"} if is_flat else ANYTHING)


@pytest.mark.parametrize("text", [None, "Credentials."])
def test_a_projects_serializer_has_its_own_docstring_or_none(text):
    class Login(TokenObtainPairView):
        serializer_class = type("OwnSerializer", (TokenObtainPairSerializer,), {"__doc__": text})

    assert schema_of(Login)["components"]["schemas"]["Own"].get("description") == text


@pytest.mark.parametrize("module", [views, cookies])
def test_an_async_view_is_described_as_its_twin(module):
    twins = [name for name in vars(module) if hasattr(module, f"Async{name}") and name not in BASES]
    assert twins
    for name in twins:
        assert operation_of(getattr(module, f"Async{name}")) is operation_of(getattr(module, name)) is not None


def test_the_codes_are_those_of_the_reference():
    """Two codes are not of the package's views."""
    page = Path(spectacular.__file__).parents[4] / "docs/reference/codes.md"
    codes = re.findall(r"^\| `(\w+)` \|", page.read_text(), re.MULTILINE)
    assert {*codes} - {*CODES} == {"login_required", "insufficient_scope"}
    assert {*CODES} < {*codes}


def test_jwks_views_are_found_at_each_url():
    """The test site has one. The other endpoints stay as they are."""
    first, *rest = spectacular.add_jwks(["an endpoint"])
    assert first == "an endpoint"
    assert [(url, method) for url, _pattern, method, _view in rest] == [("/token/.well-known/jwks.json", "GET")]
