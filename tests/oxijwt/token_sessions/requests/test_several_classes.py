"""AUTH_TOKEN_CLASSES with several classes: the answer has the code of the class whose token it was."""

from datetime import timedelta

import pytest

from oxijwt.token_sessions.models import TokenSession
from tests.oxijwt.token_sessions.client import (
    PASSWORD,
    answer,
    changed,
    login,
    make_user,
    post,
    session_of,
    verify,
    who_am_i,
)

pytestmark = pytest.mark.django_db

SLIDING, ACCESS = "oxijwt.tokens.SlidingToken", "oxijwt.tokens.AccessToken"
ORDERS = {"sliding only": (SLIDING,), "sliding first": (SLIDING, ACCESS), "sliding last": (ACCESS, SLIDING)}


@pytest.fixture
def ada():
    return make_user()


def sliding(ada):
    response = post("sliding/", {"username": "ada", "password": PASSWORD})
    return response.json()["token"]


def end(token, ada):
    assert post("logout/", {}, token).status_code == 204


def delete(token, ada):
    TokenSession.objects.all().delete()


def change_password(token, ada):
    ada.set_password("another")
    ada.save()


def expire(token, ada):
    TokenSession.objects.update(absolute_expires_at=session_of(token).created_at - timedelta(hours=1))


ENDS = {
    "session_revoked": end,
    "session_revoked, no row": delete,
    "password_changed": change_password,
    "session_expired": expire,
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("code", ENDS)
def test_a_sliding_token_of_an_ended_session_has_its_code(jwt_settings, ada, order, code):
    """It was `token_not_valid` as soon as another class was tried too."""
    jwt_settings(AUTH_TOKEN_CLASSES=ORDERS[order])
    token = sliding(ada)
    assert who_am_i(token).status_code == 200
    ENDS[code](token, ada)
    expected = (401, code.split(",")[0])
    assert answer(who_am_i(token)) == answer(verify(token)) == expected
    messages = who_am_i(token).json()["messages"]
    assert [each["token_class"] for each in messages] == [name.split(".")[-1] for name in ORDERS[order]]


@pytest.mark.parametrize("order", ORDERS)
def test_other_refusals_keep_their_code_and_their_words(jwt_settings, ada, order):
    jwt_settings(AUTH_TOKEN_CLASSES=ORDERS[order])
    token = sliding(ada)
    for bad in ("x", changed(token, exp=1), changed(token, token_type="refresh"), changed(token, jti=None)):
        response = who_am_i(bad)
        assert answer(response) == (401, "token_not_valid")
        assert response.json()["detail"] == "Given token not valid for any token type"
        assert len(response.json()["messages"]) == len(ORDERS[order])


@pytest.mark.parametrize("order", ["sliding first", "sliding last"])
def test_an_access_token_has_its_code_too(jwt_settings, ada, order):
    jwt_settings(AUTH_TOKEN_CLASSES=ORDERS[order])
    tokens = login()
    end(tokens["access"], ada)
    assert answer(who_am_i(tokens["access"])) == (401, "session_revoked")


@pytest.mark.parametrize("order", ORDERS)
def test_a_deactivated_user_is_named_first_and_the_end_of_the_session_then(jwt_settings, ada, order):
    jwt_settings(AUTH_TOKEN_CLASSES=ORDERS[order])
    token = sliding(ada)
    type(ada).objects.update(is_active=False)
    assert [answer(who_am_i(token)) for _again in range(2)] == [(401, "user_inactive"), (401, "session_revoked")]
