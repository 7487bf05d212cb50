"""Tokens with a session are pickled and copied; the copy asks again whether the session lives."""

import copy
import pickle

import pytest

from oxijwt.exceptions import SessionError, TokenReusedError
from oxijwt.tokens import AccessToken, RefreshToken, SlidingToken

from .client import login, logout, make_user, refreshed, session_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ada():
    return make_user()


def pickled(token):
    return pickle.loads(pickle.dumps(token))


def test_a_pickle_has_neither_the_session_nor_the_user(ada):
    token = RefreshToken(login()["refresh"])
    text = pickle.dumps(token)
    assert token.session.user == ada
    for secret in (ada.password.encode(), bytes(token.session.auth_hash)):
        assert secret not in text
    assert pickle.loads(text).session is None


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy], ids=["copy", "deepcopy"])
def test_a_copy_keeps_the_session(duplicate):
    token = RefreshToken(login()["refresh"])
    assert duplicate(token).session == token.session
    assert duplicate(SlidingToken.for_user(token.session.user)).session is not None


def test_an_unpickled_refresh_token_rotates():
    token = pickled(RefreshToken(login()["refresh"]))
    rotated = RefreshToken(token.rotate())
    assert (rotated["gen"], rotated["sid"]) == (1, token["sid"])
    assert session_of(str(rotated)).generation == 1


def test_a_token_that_was_just_issued_rotates_too(ada):
    token = RefreshToken.for_user(ada)
    assert RefreshToken(token.rotate())["gen"] == 1


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickled], ids=["copy", "deepcopy", "pickle"])
def test_a_copy_asks_again(duplicate):
    tokens = login()
    token = duplicate(RefreshToken(tokens["refresh"]))
    assert logout(tokens["refresh"]).status_code == 204
    with pytest.raises(SessionError) as caught:
        token.rotate()
    assert caught.value.code == "session_revoked"


def test_an_unpickled_token_that_is_spent_is_seen(clock):
    token = RefreshToken(login()["refresh"])
    clock.tick(31)
    successor = refreshed(refreshed(str(token))["refresh"])
    clock.tick(31)
    with pytest.raises(TokenReusedError):
        pickled(token).rotate()
    assert successor


def test_an_unpickled_access_token_finds_its_user(ada):
    tokens = login()
    token = pickled(AccessToken(tokens["access"]))
    assert token.records.find_user() == ada
    logout(tokens["refresh"])
    with pytest.raises(SessionError):
        pickled(token).records.find_user()
