"""A user who is deleted during a login, before the session is inserted, gets 401 and not 500."""

from contextlib import ExitStack, nullcontext
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from oxijwt.context import login
from oxijwt.exceptions import AuthenticationFailed, SessionError
from oxijwt.token_sessions.api import revoke_for_user
from oxijwt.token_sessions.models import TokenSession
from oxijwt.tokens import AccessToken, RefreshToken, SlidingToken
from tests.client import claims as client_claims
from tests.client import deleted_before, forge
from tests.oxijwt.token_sessions.client import PASSWORD, answer, make_user, post
from tests.oxijwt.token_sessions.test_statements import statements

CREDENTIALS = {"username": "ada", "password": PASSWORD}


@pytest.fixture
def ada(transactional_db):
    return make_user()


def inserting():
    quote = connection.ops.quote_name
    return f"INSERT INTO {quote('token_sessions_tokensession')}"


@pytest.mark.parametrize("path", ["", "sliding/"])
def test_a_login_is_401(ada, path, heard):
    with deleted_before(inserting()):
        response = post(path, CREDENTIALS)
    assert answer(response) == (401, "user_not_found")
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'
    assert not TokenSession.objects.exists()
    assert heard.names == []


@pytest.mark.parametrize("token_class", [AccessToken, RefreshToken, SlidingToken])
@pytest.mark.parametrize("is_atomic", [False, True], ids=["autocommit", "transaction"])
@pytest.mark.parametrize("is_login", [False, True], ids=["plain", "login"])
def test_for_user_raises_what_a_view_answers_401_to(ada, token_class, is_atomic, is_login):
    """In a transaction most databases find out at the commit: the project's view had answered then."""
    with ExitStack() as stack:
        if is_atomic:
            stack.enter_context(transaction.atomic())
        if is_login:
            stack.enter_context(login(None))
        stack.enter_context(deleted_before(inserting()))
        with pytest.raises(AuthenticationFailed) as refusal:
            token_class.for_user(ada)
        if is_atomic:
            transaction.set_rollback(False)  # MariaDB's reference is checked at once, and breaks the transaction
    assert (refusal.value.status_code, refusal.value.detail["code"]) == (401, "user_not_found")
    assert not TokenSession.objects.exists()


def adoptable(user, token_class):
    """A token without a session, as a node without the app makes it."""
    lifetimes = {"refresh_exp": 9_999_999_999} if token_class is SlidingToken else {}
    return forge(client_claims(token_class.token_type, user_id=str(user.pk), **lifetimes))


@pytest.fixture
def adopting(jwt_settings):
    jwt_settings(ADOPT_UNTIL=datetime.now(tz=UTC) + timedelta(days=1))


@pytest.mark.parametrize(("path", "token_class"), [("refresh/", RefreshToken), ("sliding/refresh/", SlidingToken)])
def test_an_adoption_is_401(ada, adopting, path, token_class):
    name = "token" if token_class is SlidingToken else "refresh"
    token = adoptable(ada, token_class)
    with deleted_before(inserting()):
        response = post(path, {name: token})
    assert response.status_code == 401
    assert not TokenSession.objects.exists()


def test_an_adoption_in_a_transaction_is_refused(ada, adopting):
    token = RefreshToken(adoptable(ada, RefreshToken))
    with transaction.atomic(), deleted_before("SAVEPOINT"), pytest.raises(SessionError) as refusal:
        token.rotate()
    assert refusal.value.code == "user_not_found"
    assert not TokenSession.objects.exists()


def test_a_logout_in_a_transaction_writes_nothing(ada, adopting):
    token = RefreshToken(adoptable(ada, RefreshToken))
    with transaction.atomic(), deleted_before(inserting()):
        token.blacklist()
    assert not TokenSession.objects.exists()


@pytest.mark.parametrize("is_atomic", [False, True], ids=["autocommit", "transaction"])
def test_ending_all_sessions_of_a_deleted_user_ends_none(ada, adopting, is_atomic):
    """The marker refers to the user too: a logout everywhere was a 500."""
    with transaction.atomic() if is_atomic else nullcontext(), deleted_before("UPDATE"):
        assert revoke_for_user(ada) == 0
    assert not TokenSession.objects.exists()


def test_a_users_login_in_a_transaction_succeeds(ada):
    asks = connection.features.can_defer_constraint_checks
    with transaction.atomic(), statements(2 if asks else 1):
        RefreshToken.for_user(ada)
    assert TokenSession.objects.count() == 1
