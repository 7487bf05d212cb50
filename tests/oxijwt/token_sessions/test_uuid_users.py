"""Another user model: a UUID as key, and a manager that is not called `objects` and can't be joined.

Runs under tests.sites.uuid_sessions.
"""

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, connections
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from oxijwt.authentication import JWTAuthentication
from oxijwt.exceptions import AuthenticationFailed, InvalidToken
from oxijwt.settings import api_settings
from oxijwt.statements.plain import is_plain
from oxijwt.token_sessions import password, reading
from oxijwt.token_sessions.models import RevokeReason, TokenSession
from oxijwt.tokens import AccessToken
from tests.client import forge
from tests.sites.uuid_users.models import LimitedManager, PasswordlessUser

from .both_ways import VALUES, difference
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


@pytest.fixture
def passwordless(ada, settings):
    """Ada has no password, and CHECK_REVOKE_TOKEN is on."""
    settings.SIMPLE_JWT = settings.SIMPLE_JWT | {"CHECK_REVOKE_TOKEN": True}
    settings.AUTHENTICATION_BACKENDS = ["tests.sites.uuid_users.backends.AnybodyBackend"]
    get_user_model().people.update(password=None)
    ada.refresh_from_db()
    return ada


@pytest.mark.parametrize("path", ["", "sliding/"])
def test_a_user_without_a_password_logs_in_refreshes_and_is_authenticated(passwordless, settings, path):
    """CHECK_REVOKE_TOKEN made the digest of None: a 500."""
    settings.SIMPLE_JWT = settings.SIMPLE_JWT | {
        "AUTH_TOKEN_CLASSES": ["oxijwt.tokens.AccessToken", "oxijwt.tokens.SlidingToken"]
    }
    tokens = post(path, email="ada@example.org", password="any").json()
    name, token = next(iter(tokens.items()))
    newer = post(f"{path}refresh/", **{name: token})
    assert newer.status_code == 200, newer.content
    access = tokens.get("access", token)
    assert authenticate(access)[0] == passwordless
    assert post("verify/", token=access).status_code == 200
    passwordless.set_password("the first password")
    passwordless.save()
    assert answer(post(f"{path}refresh/", **{name: newer.json()[name]})) == (401, "password_changed")
    with pytest.raises(AuthenticationFailed):
        authenticate(access)


def test_a_token_without_the_claim_is_refused_to_a_user_without_a_password(passwordless, settings):
    """None in place of the digest would be what a token without the claim has."""
    settings.SIMPLE_JWT = settings.SIMPLE_JWT | {"REQUIRE_SESSION": False, "TOKEN_SESSIONS": "accept"}
    token = AccessToken.for_user(passwordless)
    assert authenticate(str(token))[0] == passwordless
    del token[api_settings.REVOKE_TOKEN_CLAIM]
    with pytest.raises(AuthenticationFailed) as refusal:
        authenticate(str(token))
    assert refusal.value.detail["code"] == "password_changed"


def test_the_first_password_of_a_user_leaves_a_marker(passwordless, settings):
    """NULL looked like a user who is new, so tokens from before the password could be adopted after it."""
    settings.SIMPLE_JWT = settings.SIMPLE_JWT | {"TOKEN_SESSIONS": "accept"}
    passwordless.save()
    assert not TokenSession.objects.exists()
    passwordless.set_password("the first password")
    passwordless.save()
    assert TokenSession.objects.get().revoke_reason == RevokeReason.MARKER


def test_saving_a_user_of_a_model_without_passwords_asks_for_none(settings, monkeypatch):
    """While tokens could be adopted, each save was a FieldError."""
    settings.SIMPLE_JWT = settings.SIMPLE_JWT | {"TOKEN_SESSIONS": "accept"}
    monkeypatch.setattr(password, "get_user_model", lambda: PasswordlessUser)
    password.before_save(PasswordlessUser, PasswordlessUser(pk=1))
    assert not TokenSession.objects.exists()


@pytest.mark.parametrize("field", ["id", "email", "password"])
def test_a_kept_statement_answers_as_the_orm(ada, tokens, jwt_settings, monkeypatch, field):
    """With the manager's `get_queryset` the ORM answers, and without it the kept statement."""
    assert not is_plain(type(ada).people)
    monkeypatch.delattr(LimitedManager, "get_queryset")
    assert is_plain(type(ada).people)
    jwt_settings(USER_ID_FIELD=field)
    session = TokenSession.objects.get()
    own = [getattr(ada, field), str(getattr(ada, field)), str(ada.pk).upper(), ada.pk.hex, ada.pk.int]
    assert [difference(monkeypatch, session.pk, value) for value in [*own, *VALUES]] == [None] * (
        len(own) + len(VALUES)
    )
    assert reading.find_with_user(session.pk, own[0]) == (ada, session)
    assert vars(connections["default"])["oxijwt_statements"]
