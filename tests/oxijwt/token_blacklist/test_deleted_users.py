"""A user who is deleted while a token is made gets 401 and not 500."""

from contextlib import nullcontext

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, connection, transaction

from oxijwt.exceptions import AuthenticationFailed
from oxijwt.token_blacklist.models import OutstandingToken
from oxijwt.tokens import RefreshToken, SlidingToken
from tests.client import CHALLENGE, deleted_before, login, make_user, post

USER_NOT_FOUND = {"detail": "User not found", "code": "user_not_found"}


@pytest.fixture
def ada(transactional_db):
    return make_user()


def inserting():
    return deleted_before(f"INSERT INTO {connection.ops.quote_name(OutstandingToken._meta.db_table)}")


@pytest.mark.parametrize("name", ["token_obtain_pair", "token_obtain_sliding"])
def test_a_login_is_401(ada, name):
    with inserting():
        response = login(name=name)
    assert (response.status_code, response.json()) == (401, USER_NOT_FOUND)
    assert response["WWW-Authenticate"] == CHALLENGE
    assert not OutstandingToken.objects.exists()


@pytest.mark.parametrize("is_atomic", [False, True], ids=["autocommit", "transaction"])
@pytest.mark.parametrize("token_class", [RefreshToken, SlidingToken])
def test_for_user_raises_what_a_view_answers_401_to(ada, token_class, is_atomic):
    with transaction.atomic() if is_atomic else nullcontext(), inserting():
        with pytest.raises(AuthenticationFailed) as refusal:
            token_class.for_user(ada)
        if is_atomic:
            transaction.set_rollback(False)  # MariaDB checks the reference at once, which breaks the transaction
    assert refusal.value.detail == USER_NOT_FOUND
    assert not OutstandingToken.objects.exists()


def test_a_rotation_is_401(ada, settings):
    settings.SIMPLE_JWT = {"ROTATE_REFRESH_TOKENS": True}
    token = str(RefreshToken.for_user(ada))
    with inserting():
        response = post("token_refresh", {"refresh": token})
    assert (response.status_code, response.json()) == (401, USER_NOT_FOUND)


def test_another_broken_rule_is_no_deleted_user(ada):
    """A project whose `jti` repeats must hear of it."""

    class Repeating(RefreshToken):
        def set_jti(self):
            self["jti"] = "always the same"

    Repeating.for_user(ada)
    with pytest.raises(IntegrityError):
        Repeating.for_user(ada)
    with transaction.atomic(), pytest.raises(IntegrityError):
        Repeating.for_user(ada)


def test_a_login_that_saves_its_time_is_401(ada, settings):
    """Django's `update_last_login` raises DatabaseError if no row is left to update."""
    settings.SIMPLE_JWT = {"UPDATE_LAST_LOGIN": True}
    with deleted_before(f"UPDATE {connection.ops.quote_name(get_user_model()._meta.db_table)}"):
        response = login()
    assert (response.status_code, response.json()) == (401, USER_NOT_FOUND)


def test_a_database_that_fails_at_the_time_of_the_login_is_an_error(ada, settings):
    settings.SIMPLE_JWT = {"UPDATE_LAST_LOGIN": True}

    def fail(execute, sql, *rest):
        if sql.startswith("UPDATE"):
            raise IntegrityError("broken") from ValueError()
        return execute(sql, *rest)

    with connection.execute_wrapper(fail), pytest.raises(IntegrityError):
        login()
