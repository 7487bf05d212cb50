"""drf-spectacular describes the token views under simplejwt's names as its own files do for simplejwt, and says more.

Clients are generated from these schemas. drf-spectacular's suite compares whole texts, so it fails on what is added.
"""

from functools import cache

import pytest
import yaml
from django.urls import include, path
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import patched_settings
from rest_framework_simplejwt import views

from tools.sdists import sdist

SIMPLEJWT = [
    path("token/", views.TokenObtainPairView.as_view()),
    path("token-sliding/", views.TokenObtainSlidingView.as_view()),
    path("token/refresh/", views.TokenRefreshView.as_view()),
    path("token/verify/", views.TokenVerifyView.as_view()),
]
REST_AUTH = [path("rest-auth/", include("dj_rest_auth.urls"))]
OPERATIONS = {
    "/token/": ("test_simplejwt.yml", SIMPLEJWT),
    "/token-sliding/": ("test_simplejwt.yml", SIMPLEJWT),
    "/token/refresh/": ("test_simplejwt.yml", SIMPLEJWT),
    "/token/verify/": ("test_simplejwt.yml", SIMPLEJWT),
    "/rest-auth/token/refresh/": ("test_rest_auth_token.yml", REST_AUTH),
    "/rest-auth/token/verify/": ("test_rest_auth_token.yml", REST_AUTH),
}


@cache
def theirs(file):
    """The schema that drf-spectacular expects."""
    return yaml.safe_load((sdist("drf-spectacular") / "tests/contrib" / file).read_text())


@pytest.fixture
def ours(settings):
    """Makes the schema of some URLs. By default, simplejwt does not rotate refresh tokens."""
    settings.REST_FRAMEWORK = {"DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema"}
    settings.SIMPLE_JWT = {}
    with patched_settings({"SCHEMA_PATH_PREFIX": ""}):
        yield lambda patterns: SchemaGenerator(patterns=patterns).get_schema(public=True)


def plain(found):
    """A part of a schema without the texts of its fields."""
    if not isinstance(found, dict):
        return found
    return {name: plain(value) for name, value in found.items() if (name, type(value)) != ("description", str)}


def answer(operation):
    """The body of a 200."""
    return operation["responses"]["200"]["content"]["application/json"]["schema"]


@pytest.mark.parametrize("url", OPERATIONS)
def test_an_operation(ours, url):
    file, patterns = OPERATIONS[url]
    found, expected = (schema["paths"][url]["post"] for schema in (ours(patterns), theirs(file)))
    for name in ("operationId", "tags", "requestBody"):
        assert found[name] == expected[name]
    # drf-spectacular says that the answer is a TokenVerify, all of whose fields are of the request only: it is `{}`.
    empty = {"type": "object", "maxProperties": 0} if url.endswith("/verify/") else None
    assert answer(found) == (empty or answer(expected))


@pytest.mark.parametrize("name", ["TokenObtainPair", "TokenObtainSliding", "TokenRefresh", "TokenVerify"])
def test_a_body(ours, name):
    found, expected = (
        schema["components"]["schemas"][name] for schema in (ours(SIMPLEJWT), theirs("test_simplejwt.yml"))
    )
    assert plain(found) == plain(expected)


@pytest.mark.parametrize("name", ["TokenRefresh", "TokenVerify"])
def test_a_body_of_dj_rest_auth(ours, name):
    file = theirs("test_rest_auth_token.yml")
    found, expected = (schema["components"]["schemas"][name] for schema in (ours(REST_AUTH), file))
    assert plain(found) == plain(expected)
