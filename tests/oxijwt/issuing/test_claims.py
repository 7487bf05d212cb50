"""CLAIMS is asked for each token that authenticates requests, and again at each refresh."""

from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import reverse

from oxijwt.settings import api_settings
from oxijwt.tokens import AccessToken, RefreshToken, SlidingToken
from tests.client import login, make_user, post

from .callables import read, roles

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ada(db):
    return make_user(is_staff=True)


@pytest.fixture
def asked(settings):
    """The calls of CLAIMS: (user, request, token)."""
    calls = []

    def claims(user, request, token):
        calls.append((user, request, token))
        return roles(user, request, token)

    settings.SIMPLE_JWT = {"CLAIMS": claims, "ROTATE_REFRESH_TOKENS": True}
    return calls


def test_a_login_asks_once_with_the_user_and_the_request(ada, asked):
    access = read(login().json()["access"])
    assert (access["name"], access["is_staff"]) == ("ada", True)
    [(user, request, token)] = asked
    assert user == ada
    assert request.path.endswith("/token/")
    assert isinstance(token, RefreshToken)


def test_the_refresh_token_carries_no_claim_that_could_get_old(asked):
    assert not {"name", "is_staff"} & set(read(login().json()["refresh"]))


def test_a_refresh_asks_again(ada, asked):
    pair = login().json()
    ada.is_staff, ada.username = False, "ada.lovelace"
    ada.save()
    access = read(post("token_refresh", {"refresh": pair["refresh"]}).json()["access"])
    assert access["name"] == "ada.lovelace"
    assert "is_staff" not in access
    assert len(asked) == 2


def test_a_sliding_refresh_asks_again_and_drops_what_is_gone(ada, asked):
    first = login(name="token_obtain_sliding").json()["token"]
    assert read(first)["is_staff"] is True
    ada.is_staff = False
    ada.save()
    second = read(post("token_refresh_sliding", {"token": first}).json()["token"])
    assert "is_staff" not in second
    assert second["name"] == "ada"


def test_a_projects_own_view_asks_too(ada, asked):
    """As in a view that refreshes by `RefreshToken(raw).access_token`, without a serializer."""
    refresh = str(RefreshToken.for_user(ada))
    ada.is_staff = False
    ada.save()
    assert "is_staff" not in RefreshToken(refresh).access_token


@pytest.mark.parametrize("kind", [AccessToken, SlidingToken])
def test_for_user_asks(ada, asked, kind):
    assert kind.for_user(ada)["is_staff"] is True
    [(_user, request, _token)] = asked
    assert request is None


def test_claims_of_get_token_stay_and_are_overridden_by_claims(ada, asked):
    refresh = RefreshToken.for_user(ada)
    refresh["team"], refresh["name"] = "blue", "set by hand"
    access = refresh.access_token
    assert (access["team"], access["name"]) == ("blue", "ada")


RESERVED = ["exp", "iat", "jti", "sub", "auth_time", "scope", "user_id", "token_type", "sid", "gen"]


@pytest.mark.parametrize("claim", RESERVED)
def test_it_can_not_set_claims_that_have_a_meaning(settings, ada, claim):
    settings.SIMPLE_JWT = {"CLAIMS": lambda *_: {claim: 1}}
    with pytest.raises(ImproperlyConfigured, match=claim):
        RefreshToken.for_user(ada)


def test_another_setting_can_reserve_a_claim(settings, ada):
    settings.SIMPLE_JWT = {"CLAIMS": lambda *_: {"owner": 1}, "USER_ID_CLAIM": "owner"}
    with pytest.raises(ImproperlyConfigured, match="owner"):
        AccessToken.for_user(ada)
    settings.SIMPLE_JWT = {"CLAIMS": lambda *_: {"owner": 1}}
    assert AccessToken.for_user(ada)["owner"] == 1


@pytest.mark.parametrize("answer", [None, [], "x", {1: 2}])
def test_another_answer_than_a_dict_is_an_error(settings, ada, answer):
    settings.SIMPLE_JWT = {"CLAIMS": lambda *_: answer}
    with pytest.raises(ImproperlyConfigured, match="CLAIMS"):
        AccessToken.for_user(ada)


def test_a_refresh_that_fails_in_claims_writes_nothing(settings, ada):
    settings.SIMPLE_JWT = {"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True}
    refresh = login().json()["refresh"]
    settings.SIMPLE_JWT = settings.SIMPLE_JWT | {"CLAIMS": lambda *_: {"exp": 1}}
    failing = Client(raise_request_exception=False)
    assert failing.post(reverse("token_refresh"), {"refresh": refresh}).status_code == 500
    del settings.SIMPLE_JWT["CLAIMS"]
    settings.SIMPLE_JWT = dict(settings.SIMPLE_JWT)
    assert post("token_refresh", {"refresh": refresh}).status_code == 200


def test_a_dotted_path_names_it(settings, ada):
    settings.SIMPLE_JWT = {"CLAIMS": "tests.oxijwt.issuing.callables.roles"}
    assert AccessToken.for_user(ada)["name"] == "ada"


def test_nobody_is_asked_without_the_setting(ada, monkeypatch):
    monkeypatch.setattr("oxijwt.tokens.issuing.asked_claims", None)
    pair = login().json()
    assert post("token_refresh", {"refresh": pair["refresh"]}).status_code == 200
    assert RefreshToken.for_user(ada).grant is None


def test_set_exp_still_says_how_long_a_login_lives(ada, asked):
    refresh = RefreshToken.for_user(ada)
    refresh.set_exp(lifetime=timedelta(days=90))
    assert refresh["exp"] - refresh["iat"] == 90 * 86400
    assert refresh.access_token["exp"] - refresh["iat"] == api_settings.ACCESS_TOKEN_LIFETIME.total_seconds()
