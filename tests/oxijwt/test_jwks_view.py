"""The public JWK Set: who may fetch it, what caches are told, and that it asks nothing of the database."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from django.db import connection
from django.test import Client, override_settings
from django.urls import include, path, reverse
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from oxijwt import views
from oxijwt.exceptions import KeyConfigurationError
from oxijwt.state import token_backend
from oxijwt.tokens import AccessToken
from tests.client import make_user
from tests.key_material import ASYMMETRIC, SECRET, other_private_key, pkcs8, private_key, spki

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
        monkeypatch.setattr(token_backend, "public_jwk_set", lambda: text)

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


# Keys

PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


def published():
    return fetch().json()["keys"]


def key(kid, algorithm="ES256", made_of=private_key, **members):
    return {"kid": kid, "algorithm": algorithm, "signing_key": pkcs8(made_of(algorithm)), **members}


def in_time(hours):
    return datetime.now(UTC) + timedelta(hours=hours)


def take_pair(settings, algorithm):
    pair = {"SIGNING_KEY": pkcs8(private_key(algorithm)), "VERIFYING_KEY": spki(private_key(algorithm))}
    settings.SIMPLE_JWT = {"ALGORITHM": algorithm, **pair}


def take_keys(settings, algorithm):
    settings.SIMPLE_JWT = {"KEYS": [key("new", algorithm), key("old", algorithm, other_private_key)]}


# joserfc says so; tokens in EdDSA are what RFC 8037 asked for, and what PyJWT and simplejwt make.
@pytest.mark.filterwarnings("ignore:EdDSA is deprecated via RFC 9864")
@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_two_other_libraries_verify_tokens_of_the_pair_with_the_set(settings, algorithm):
    """Those of KEYS: test_published_set.py."""
    take_pair(settings, algorithm)
    token, text = AccessToken(), fetch().content.decode()
    [pyjwt_key] = jwt.PyJWKSet.from_json(text).keys
    assert jwt.decode(str(token), pyjwt_key, algorithms=[algorithm]) == token.payload
    key_set = KeySet.import_key_set(json.loads(text))
    assert joserfc_jwt.decode(str(token), key_set, algorithms=[algorithm]).claims == token.payload


def test_published_and_retiring_keys_are_in_the_set_and_dropped_ones_are_not(settings):
    settings.SIMPLE_JWT = {
        "KEYS": [
            key("next", not_before=in_time(1)),
            key("current"),
            key("retiring", "EdDSA", not_after=in_time(1)),
            key("dropped", "RS256", not_before=in_time(-2), not_after=in_time(-1)),
            {"kid": "hmac", "algorithm": "HS256", "signing_key": SECRET},
        ]
    }
    assert [(entry["kid"], entry["alg"], entry["use"]) for entry in published()] == [
        ("next", "ES256", "sig"),
        ("current", "ES256", "sig"),
        ("retiring", "EdDSA", "sig"),
    ]


@pytest.mark.parametrize("take", [take_pair, take_keys])
@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_no_private_member_is_in_the_set(settings, algorithm, take):
    take(settings, algorithm)
    assert published()
    assert not [name for entry in published() for name in entry.keys() & PRIVATE_MEMBERS]


def test_another_issuers_keys_are_not_published_again(settings):
    settings.SIMPLE_JWT = {"ALGORITHM": "RS256", "JWK_URL": "https://issuer.example/jwks.json"}
    assert published() == []


def test_another_key_is_another_etag(settings):
    etags = set()
    for algorithm in ("ES256", "EdDSA"):
        take_pair(settings, algorithm)
        etags |= {fetch().headers["ETag"], fetch().headers["ETag"]}
    assert len(etags) == 2


def test_a_key_that_can_not_be_used_is_named_and_not_quoted(settings):
    settings.SIMPLE_JWT = {"ALGORITHM": "ES256", "SIGNING_KEY": SECRET, "VERIFYING_KEY": SECRET}
    with pytest.raises(KeyConfigurationError, match="VERIFYING_KEY") as caught:
        fetch()
    assert SECRET not in str(caught.value)


# Requests


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

    monkeypatch.setattr(token_backend, "public_jwk_set", broken)
    with pytest.raises(KeyConfigurationError):
        fetch()
    with override_settings(DEBUG=False):
        client = Client(raise_request_exception=False)
        assert client.get(WELL_KNOWN).status_code == 500
