"""REVOCATION_CACHE inside a TestCase, whose transaction never commits: a new connection does not see its rows."""

import pytest
from django.core.cache import cache
from django.db import transaction

from tests.oxijwt.token_sessions.client import answer, get, login, logout, make_user

REVOKED = (401, "session_revoked")

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _list(jwt_settings):
    jwt_settings(REVOCATION_CACHE="default")
    cache.clear()
    make_user()
    yield
    cache.clear()


def stateless(tokens):
    return answer(get("stateless/", tokens["access"]))


@pytest.mark.parametrize("is_nested", [False, True])
def test_a_stateless_view_refuses_an_ended_session(is_nested):
    tokens = login()
    logout(tokens["refresh"])
    if is_nested:
        with transaction.atomic():
            assert stateless(tokens) == REVOKED
    assert stateless(tokens) == REVOKED


def test_an_end_is_published_if_the_test_runs_its_hooks(django_capture_on_commit_callbacks):
    tokens = login()
    assert stateless(tokens) == (200, None)
    with django_capture_on_commit_callbacks(execute=True):
        logout(tokens["refresh"])
    assert stateless(tokens) == REVOKED
