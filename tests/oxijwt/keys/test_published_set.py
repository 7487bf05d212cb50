"""The JWK Set that the site publishes, in the hands of two libraries that we did not write: PyJWT and joserfc.

Each gets the response's text and a token, and chooses the key by `kid` itself. Both know every asymmetric algorithm of
ours, so neither stands in for the other.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jwt
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from joserfc import jwt as joserfc_jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError
from joserfc.jwk import KeySet
from jwt.exceptions import InvalidSignatureError, PyJWKClientError

from oxijwt.tokens import AccessToken
from tests import key_material as material
from tests.key_material import ALGORITHMS, ASYMMETRIC, SECRET

# joserfc says so; EdDSA is what RFC 8037 calls it, and what PyJWT and simplejwt write.
pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated via RFC 9864")


class SetOfOurs(jwt.PyJWKClient):
    """PyJWT's client, that reads our view without a network."""

    def fetch_data(self) -> Any:
        return json.loads(published())


def by_pyjwt(token: str) -> Mapping[str, Any]:
    key = SetOfOurs("https://site.example/").get_signing_key_from_jwt(token)
    return jwt.decode(token, key, algorithms=ALGORITHMS)


def by_joserfc(token: str) -> Mapping[str, Any]:
    keys = KeySet.import_key_set(json.loads(published()))
    return joserfc_jwt.decode(token, keys, algorithms=ALGORITHMS).claims


class Library(NamedTuple):
    """How a library verifies a token, and what it raises for a wrong signature and for a `kid` that the set has not."""

    read: Callable[[str], Mapping[str, Any]]
    bad_signature: type[Exception]
    no_such_key: type[Exception]


LIBRARIES = {
    "PyJWT": Library(by_pyjwt, InvalidSignatureError, PyJWKClientError),
    "joserfc": Library(by_joserfc, BadSignatureError, InvalidKeyIdError),
}

FORMS: dict[str, Callable[[str, Any], Any]] = {"PEM": lambda _, key: material.pkcs8(key), "JWK": material.jwk}

with_each_library = pytest.mark.parametrize("library", LIBRARIES.values(), ids=LIBRARIES)
with_each_algorithm = pytest.mark.parametrize("algorithm", ASYMMETRIC)


def published() -> str:
    response = Client().get(reverse("jwks"))
    assert response.status_code == 200
    return response.content.decode()


def entry(algorithm: str, form: str = "PEM") -> dict[str, Any]:
    """A key of KEYS, whose kid is its algorithm."""
    key = FORMS[form](algorithm, material.private_key(algorithm))
    return {"kid": algorithm, "algorithm": algorithm, "signing_key": key}


def token_of_ours() -> AccessToken:
    return AccessToken.for_user(User(pk=42))


def forged(algorithm: str, kid: str) -> str:
    """A good token, were it not for its key."""
    key = material.other_private_key(algorithm)
    return jwt.encode(token_of_ours().payload, key, algorithm=algorithm, headers={"kid": kid})


@with_each_library
@with_each_algorithm
@pytest.mark.parametrize("form", FORMS)
def test_the_set_verifies_our_tokens_and_no_others(settings, algorithm, form, library):
    settings.SIMPLE_JWT = {"KEYS": [entry(algorithm, form)]}
    token = token_of_ours()
    assert library.read(str(token)) == token.payload
    with pytest.raises(library.bad_signature):
        library.read(forged(algorithm, kid=algorithm))
    with pytest.raises(library.no_such_key):
        library.read(forged(algorithm, kid="another"))


@pytest.fixture
def all_at_once(settings):
    """One key for each algorithm in one set, and an HMAC key, which is not published; the first of them signs."""
    secret = {"kid": "secret", "algorithm": "HS256", "signing_key": SECRET}

    def sign_with(first: str) -> str:
        others = [entry(algorithm) for algorithm in ASYMMETRIC if algorithm != first]
        settings.SIMPLE_JWT = {"KEYS": [entry(first), secret, *others]}
        return str(token_of_ours())

    return sign_with


@with_each_library
@with_each_algorithm
def test_of_a_set_of_all_algorithms_the_kid_chooses(all_at_once, algorithm, library):
    token = all_at_once(algorithm)
    assert {key["kid"] for key in json.loads(published())["keys"]} == set(ASYMMETRIC)
    assert jwt.get_unverified_header(token)["kid"] == algorithm
    assert library.read(token)["user_id"] == "42"
    with pytest.raises(library.bad_signature):
        library.read(forged(algorithm, kid=algorithm))


@with_each_library
def test_a_secret_is_not_in_the_set(settings, library):
    settings.SIMPLE_JWT = {"KEYS": [{"kid": "secret", "algorithm": "HS256", "signing_key": SECRET}, entry("ES256")]}
    with pytest.raises(library.no_such_key):
        library.read(str(token_of_ours()))
