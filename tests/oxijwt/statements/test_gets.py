"""The SELECTs of a user alone and of an issued token, whose texts are kept."""

from unittest.mock import Mock

import pytest
from django.contrib.auth.models import User, UserManager
from django.db import connection, connections, models

from oxijwt.records import blacklist
from oxijwt.statements import kept
from oxijwt.statements.kept import Getting, getting
from oxijwt.statements.plain import gets_plainly
from oxijwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from oxijwt.tokens import AccessToken, RefreshToken
from oxijwt.utils import find_user
from tests.client import bearer, make_user, post

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ada():
    user = make_user()
    vars(connections["default"]).pop("oxijwt_statements", None)
    kept._of_database.clear()
    return user


@pytest.fixture
def writing(monkeypatch):
    """Counts the texts that the ORM writes."""
    counting = Mock(side_effect=kept.written_get)
    monkeypatch.setattr(kept, "written_get", counting)
    return counting


def test_a_protected_request_asks_the_orm_once(ada, writing, django_assert_num_queries):
    token = str(AccessToken.for_user(ada))
    for _ in range(3):
        with django_assert_num_queries(1):
            assert bearer(token).json() == {"user": ada.pk}
    assert writing.call_count == 1


def test_refreshes_and_verifications_ask_the_orm_once(ada, writing, settings):
    settings.SIMPLE_JWT = {"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True}
    token = str(RefreshToken.for_user(ada))
    for _ in range(3):
        assert post("token_verify", {"token": token}).status_code == 200
        token = post("token_refresh", {"refresh": token}).json()["refresh"]
    assert writing.call_count == 2  # the issued token, and the user


def test_wrappers_see_the_statement(ada):
    seen = []

    def wrapper(execute, sql, params, many, context):
        seen.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        for _ in range(2):
            find_user(getting(User.objects), "pk", ada.pk)
    assert len(seen) == 2
    assert seen[0] == seen[1]


@pytest.mark.parametrize("field", ["id", "username", "email", "date_joined"])
def test_the_user_is_the_orms(ada, field):
    for _ in range(2):
        found = find_user(getting(User.objects), field, str(getattr(ada, field)))
        assert found == find_user(User.objects, field, str(getattr(ada, field)))


# What a project has put in between


class Caching(UserManager):
    def get(self, *args, **kwargs):
        raise NotImplementedError


def manager(kind):
    made = kind()
    made.model = User
    return made


def test_a_manager_with_its_own_get_is_asked():
    assert isinstance(getting(manager(UserManager)), Getting)
    own = manager(Caching)
    assert getting(own) is own
    assert not gets_plainly(own)


def test_a_patched_get_is_called(ada, monkeypatch):
    calls = []
    for owner in (models.Manager, User._default_manager):
        with monkeypatch.context() as patched:
            patched.setattr(owner, "get", lambda *_args, **kwargs: calls.append(kwargs) or ada)
            assert bearer(str(AccessToken.for_user(ada))).status_code == 200
    assert len(calls) == 2


@pytest.mark.parametrize("name", ["first", "defer", "select_related", "filter"])
def test_a_patched_query_set_is_asked_for_an_issued_token(ada, monkeypatch, name):
    token = RefreshToken.for_user(ada)
    stock, calls = getattr(models.QuerySet, name), []

    def patched(self, *args, **kwargs):
        calls.append(name)
        return stock(self, *args, **kwargs)

    blacklist.find(token["jti"])
    monkeypatch.setattr(models.QuerySet, name, patched)
    assert blacklist.find(token["jti"]).jti == token["jti"]
    assert calls


# An issued token


@pytest.mark.parametrize("is_kept", [True, False])
def test_the_text_of_the_token_is_not_read(ada, monkeypatch, is_kept, django_assert_num_queries):
    if not is_kept:
        monkeypatch.setattr(kept, "VENDORS", frozenset())
    RefreshToken.for_user(ada).blacklist()
    token = RefreshToken.for_user(ada)
    for is_ended in (False, True):
        with django_assert_num_queries(1):
            found = blacklist.find(token["jti"])
            assert "token" not in vars(found)
            assert blacklist.is_blacklisted(found) == is_ended
            if is_ended:
                assert found.blacklistedtoken.token is found
        token.blacklist()
    assert found.token == str(token)
    assert (OutstandingToken.objects.count(), BlacklistedToken.objects.count()) == (2, 2)


def test_no_row_is_none():
    assert [blacklist.find("unknown") for _ in range(2)] == [None, None]
