"""Another user model: a UUID as key, and a manager that is not called `objects` and can't be joined.

Runs under tests.sites.uuid_sessions.
"""

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from oxijwt.authentication import JWTAuthentication
from oxijwt.exceptions import InvalidToken
from oxijwt.token_sessions.models import TokenSession
from tests.client import forge

from .client import answer, claims

pytestmark = pytest.mark.django_db
PASSWORD = "a password of the tests"


def post(path, **body):
    return Client().post(f"/{path}", body, content_type="application/json")


def authenticate(access):
    return JWTAuthentication().authenticate(RequestFactory().get("/", HTTP_AUTHORIZATION=f"Bearer {access}"))


@pytest.fixture
def ada():
    user = get_user_model()(email="ada@example.org")
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def tokens(ada):
    return post("", email="ada@example.org", password=PASSWORD).json()


@pytest.fixture(params=[True, False], ids=["joined", "apart"])
def joins(request, tokens, monkeypatch):
    monkeypatch.setattr(type(get_user_model().people), "joins", request.param)
    return request.param


def test_the_whole_life(ada, tokens, joins):
    assert claims(tokens["access"])["user_id"] == str(ada.pk)
    with CaptureQueriesContext(connection) as captured:
        user, token = authenticate(tokens["access"])
    assert (user, token.session.user) == (ada, ada)
    assert len(captured) == (1 if joins else 2)
    with CaptureQueriesContext(connection) as captured:
        newer = post("refresh/", refresh=tokens["refresh"]).json()
    assert len(captured) == (2 if joins else 3), [query["sql"] for query in captured]
    assert claims(newer["refresh"])["gen"] == 1
    assert answer(post("logout/", refresh=tokens["refresh"])) == (204, None)
    with pytest.raises(InvalidToken) as refusal:
        authenticate(newer["access"])
    assert refusal.value.detail["code"] == "session_revoked"


@pytest.mark.parametrize("user_id", [True, None, 1.0, [], {}], ids=repr)
def test_a_user_id_that_is_neither_text_nor_integer_is_refused(tokens, joins, user_id):
    broken = forge(claims(tokens["refresh"]) | {"user_id": user_id})
    assert answer(post("refresh/", refresh=broken)) == (401, "token_not_valid")
    assert answer(post("verify/", token=broken)) == (401, "token_not_valid")
    with pytest.raises(InvalidToken) as refusal:
        authenticate(forge(claims(tokens["access"]) | {"user_id": user_id}))
    assert refusal.value.detail["code"] == "token_not_valid"


@pytest.mark.parametrize("user_id", ["", "x", 1, "1", "\0", "00000000-0000-0000-0000-000000000000"], ids=repr)
def test_a_user_id_that_is_no_uuid_is_nobodys(tokens, joins, user_id):
    broken = forge(claims(tokens["refresh"]) | {"user_id": user_id})
    assert answer(post("refresh/", refresh=broken)) == (401, "no_active_account")
    assert answer(post("verify/", token=broken)) == (401, "user_not_found")
    with pytest.raises(InvalidToken) as refusal:
        authenticate(forge(claims(tokens["access"]) | {"user_id": user_id}))
    assert refusal.value.detail["code"] == "user_not_found"


SPELLINGS = {
    "upper case": str.upper,
    "no hyphens": lambda user_id: user_id.replace("-", ""),
    "braces": lambda user_id: "{" + user_id + "}",
    "urn": lambda user_id: f"urn:uuid:{user_id}",
    "hyphens elsewhere": lambda user_id: "-" + user_id.replace("-", "-" * 2),
    "integer": lambda user_id: int(user_id.replace("-", ""), 16),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_uuid_in_another_spelling_is_nobodys(ada, tokens, joins, spelling):
    """Python's UUID reads all of them: each named the user."""
    user_id = SPELLINGS[spelling](str(ada.pk))
    broken = forge(claims(tokens["refresh"]) | {"user_id": user_id})
    assert answer(post("refresh/", refresh=broken)) == (401, "no_active_account")
    assert answer(post("verify/", token=broken)) == (401, "user_not_found")
    assert answer(post("logout/", refresh=broken)) == (401, "user_not_found")
    with pytest.raises(InvalidToken) as refusal:
        authenticate(forge(claims(tokens["access"]) | {"user_id": user_id}))
    assert refusal.value.detail["code"] == "user_not_found"


def test_a_session_of_another_user_is_none(tokens, joins):
    other = get_user_model()(email="grace@example.org")
    other.set_password(PASSWORD)
    other.save()
    broken = forge(claims(tokens["refresh"]) | {"user_id": str(other.pk)})
    assert answer(post("refresh/", refresh=broken)) == (401, "session_revoked")


def test_the_sessions_of_such_a_user_are_ended(ada, tokens, joins):
    assert TokenSession.objects.revoke_for_user(ada) == 1
