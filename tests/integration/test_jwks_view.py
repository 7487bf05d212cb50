"""The public JWK Set: who may fetch it, what caches are told, and that it asks nothing of the database."""

import hashlib
import json

import pytest
from django.db import connection
from django.test import Client, override_settings
from django.urls import include, path, reverse
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from oxijwt import views
from oxijwt.exceptions import KeyConfigurationError
from oxijwt.state import token_backend
from tests.site import make_user

WELL_KNOWN = "/.well-known/jwks.json"
EMPTY = b'{"keys":[]}'
SET = '{"keys":[{"kty":"OKP","crv":"Ed25519","x":"x","kid":"ü","alg":"EdDSA","use":"sig"}]}'

urlpatterns = [
    path(".well-known/jwks.json", views.jwks),
    path("api/token/", include("oxijwt.urls")),
]


@pytest.fixture(autouse=True)
def _urls(settings):
    settings.ROOT_URLCONF = __name__


@pytest.fixture
def publish(monkeypatch):
    """Let the backend have another set."""

    def change(text):
        monkeypatch.setattr(token_backend, "public_jwk_set", lambda: text, raising=False)

    return change


def fetch(**headers):
    return Client().get(WELL_KNOWN, headers=headers)


def test_the_set_is_the_backends(publish):
    publish(SET)
    response = fetch()
    assert (response.status_code, response.content) == (200, SET.encode())
    assert dict(response.headers) == {
        "Content-Type": "application/jwk-set+json",
        "Cache-Control": "public, max-age=300",
        "ETag": f'"{hashlib.sha256(SET.encode()).hexdigest()}"',
        "Content-Length": str(len(SET.encode())),
    }


def test_an_hmac_secret_makes_an_empty_set():
    response = fetch()
    assert (response.status_code, response.content) == (200, EMPTY)
    assert json.loads(response.content) == {"keys": []}


def test_it_is_listed_with_the_token_views():
    assert reverse("jwks") == "/api/token/.well-known/jwks.json"
    assert Client().get(reverse("jwks")).content == EMPTY


def test_a_head_is_a_get_without_its_body(publish):
    publish(SET)
    head = Client().head(WELL_KNOWN)
    assert (head.status_code, head.content) == (200, b"")
    assert dict(head.headers) == dict(fetch().headers)


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options", "trace"])
def test_other_methods_are_not_allowed(method):
    response = getattr(Client(enforce_csrf_checks=True), method)(WELL_KNOWN)
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("method", ["get", "head"])
def test_who_has_the_set_is_told_so(publish, method):
    publish(SET)
    etag = fetch().headers["ETag"]
    for known in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        response = getattr(Client(), method)(WELL_KNOWN, headers={"If-None-Match": known})
        assert (response.status_code, response.content) == (304, b"")
        assert response.headers["ETag"] == etag
        assert response.headers["Cache-Control"] == "public, max-age=300"
        assert "Vary" not in response.headers
        assert not response.cookies


def test_who_has_another_set_gets_this_one(publish):
    before = fetch().headers["ETag"]
    publish(SET)
    for known in (before, '"other"', before.strip('"')):
        response = fetch(if_none_match=known)
        assert (response.status_code, response.content) == (200, SET.encode())
        assert response.headers["ETag"] != before


@pytest.mark.parametrize("credentials", ["Bearer no-token", "Basic !", "Bearer", "Bearer a b c"])
def test_nobody_is_authenticated(credentials):
    """A stale token in a client's default headers must not hide the keys."""
    response = fetch(authorization=credentials)
    assert (response.status_code, response.content) == (200, EMPTY)


def test_nobody_is_throttled(monkeypatch):
    never = type("Never", (BaseThrottle,), {"allow_request": lambda self, request, view: False})
    monkeypatch.setattr(APIView, "throttle_classes", [never])
    assert fetch().status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("atomic", [False, True])
def test_no_statement_no_cookie_and_no_vary(django_assert_num_queries, monkeypatch, atomic):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", atomic)
    client = Client()
    client.force_login(make_user())
    with django_assert_num_queries(0):
        response = client.get(WELL_KNOWN)
    assert response.status_code == 200
    assert not response.cookies
    assert "Vary" not in response.headers


def test_it_needs_no_database():
    """pytest-django refuses a test without its mark every connection."""
    assert fetch().status_code == 200


def test_a_broken_key_is_the_operators(monkeypatch):
    def broken():
        raise KeyConfigurationError("SIMPLE_JWT['KEY_FILE']: others may read it")

    monkeypatch.setattr(token_backend, "public_jwk_set", broken, raising=False)
    with pytest.raises(KeyConfigurationError):
        fetch()
    with override_settings(DEBUG=False):
        client = Client(raise_request_exception=False)
        assert client.get(WELL_KNOWN).status_code == 500
