"""TOKEN_RESPONSE_STYLE and TOKEN_RESPONSE_EXPIRES_IN, view by view."""

import pytest
from django.core.checks import Error
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIRequestFactory

from oxijwt.checks import check_settings
from oxijwt.serializers import TokenObtainPairSerializer, TokenRefreshSerializer
from oxijwt.tokens import RefreshToken
from oxijwt.views import TokenObtainPairView
from tests.client import PASSWORD, login, make_user, post

from .callables import read, scopes_of

pytestmark = pytest.mark.django_db

OAUTH = {"TOKEN_RESPONSE_STYLE": "oauth", "ROTATE_REFRESH_TOKENS": True}


@pytest.fixture(autouse=True)
def ada(db):
    return make_user()


def names(response):
    assert response.status_code == 200, response.content
    return list(response.json())


PAIR = ["access_token", "refresh_token", "token_type", "expires_in"]
SLIDING = ["access_token", "token_type", "expires_in"]
STYLES = {
    # setting → (login, refresh, sliding login, sliding refresh, verify, blacklist)
    "simplejwt": (["refresh", "access"], ["access", "refresh"], ["token"], ["token"], [], []),
    "oauth": (PAIR, PAIR, SLIDING, SLIDING, [], []),
    "jsonapi": (["refresh", "access"], ["access", "refresh"], ["token"], ["token"], [], []),
}


@pytest.mark.parametrize("style", STYLES)
def test_every_view_answers_in_the_style(settings, style):
    settings.SIMPLE_JWT = OAUTH | {"TOKEN_RESPONSE_STYLE": style}
    pair = login()
    refresh = pair.json().get("refresh", pair.json().get("refresh_token"))
    refreshed = post("token_refresh", {"refresh": refresh})
    sliding = login(name="token_obtain_sliding")
    token = sliding.json().get("token", sliding.json().get("access_token"))
    answers = (
        pair,
        refreshed,
        sliding,
        post("token_refresh_sliding", {"token": token}),
        post("token_verify", {"token": token}),
        post("token_blacklist", {"refresh": refreshed.json().get("refresh", refreshed.json().get("refresh_token"))}),
    )
    assert tuple(sorted(names(answer)) for answer in answers) == tuple(map(sorted, STYLES[style]))


def test_an_unknown_style_is_an_error_of_a_check(settings):
    settings.SIMPLE_JWT = {"TOKEN_RESPONSE_STYLE": "jsonapi"}
    assert [(type(found), found.id) for found in check_settings(None)] == [(Error, "oxijwt.E055")]


@pytest.mark.parametrize(
    "given", [{"refresh_token": "good"}, {"refresh": "good"}, {"refresh": "good", "refresh_token": "x"}]
)
@pytest.mark.parametrize("form", [True, False], ids=["form", "json"])
def test_refresh_takes_either_name(settings, given, form):
    settings.SIMPLE_JWT = OAUTH
    token = login().json()["refresh_token"]
    body = {name: token if value == "good" else value for name, value in given.items()}
    answer = Client().post(reverse("token_refresh"), body) if form else post("token_refresh", body)
    assert sorted(names(answer)) == sorted(PAIR)


def test_without_the_style_refresh_token_is_an_unknown_field():
    refresh = login().json()["refresh"]
    assert post("token_refresh", {"refresh_token": refresh}).status_code == 400


@pytest.mark.parametrize(
    "body", [[], "x", 7, None, {"refresh_token": None}, {"refresh_token": ["x"]}, {"refresh_token": {}}]
)
def test_other_bodies_are_400(settings, body):
    settings.SIMPLE_JWT = OAUTH
    assert post("token_refresh", body).status_code == 400


def test_the_answer_says_what_rfc_6749_asks_for(settings):
    """RFC 6749 section 5.1: `token_type`, and `expires_in` in seconds. Section 5.1 also wants no-store."""
    settings.SIMPLE_JWT = OAUTH | {"USER_SCOPES": scopes_of}
    response = login()
    answer = response.json()
    assert answer["token_type"] == "Bearer"
    assert 298 <= answer["expires_in"] <= 300
    assert answer["scope"] == "orders:read orders:write reports:read" == read(answer["access_token"])["scope"]
    assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.parametrize("switched_on", [True, False])
def test_simplejwts_style_has_expires_in_if_it_is_asked_for(settings, switched_on):
    settings.SIMPLE_JWT = {"TOKEN_RESPONSE_EXPIRES_IN": switched_on}
    answers = login().json(), login(name="token_obtain_sliding").json()
    assert [("expires_in" in answer) for answer in answers] == [switched_on] * 2


def test_a_serializer_keeps_simplejwts_names(settings, ada):
    """Projects call serializers themselves; the views alone have a style."""
    settings.SIMPLE_JWT = OAUTH
    serializer = TokenRefreshSerializer(data={"refresh": str(RefreshToken.for_user(ada))})
    assert serializer.is_valid()
    assert sorted(serializer.validated_data) == ["access", "refresh"]


def own_serializer(changes):
    """A class whose answer has other members than ours."""

    class Serializer(TokenObtainPairSerializer):
        def validate(self, attrs):
            return super().validate(attrs) | changes

    return Serializer


def log_in_with(changes):
    """The body of an answer to a login, whose serializer makes these changes."""
    view = TokenObtainPairView.as_view(serializer_class=own_serializer(changes))
    return view(APIRequestFactory().post("/", {"username": "ada", "password": PASSWORD})).data


def test_a_projects_own_names_stay(settings):
    settings.SIMPLE_JWT = OAUTH
    assert log_in_with({"greeting": "hello"})["greeting"] == "hello"


@pytest.mark.parametrize("token", ["opaque", "a.b.c"])
def test_a_token_that_only_the_project_can_read_has_no_expires_in(settings, token):
    """The answer to a login comes after the session was started, so it must not fail."""
    settings.SIMPLE_JWT = OAUTH
    answer = log_in_with({"access": token})
    assert (answer["access_token"], answer["token_type"]) == (token, "Bearer")
    assert "expires_in" not in answer


def test_a_refused_login_has_the_same_body_in_both_styles(settings):
    plain = login(password="wrong").json()
    settings.SIMPLE_JWT = OAUTH
    assert (
        login(password="wrong").json()
        == plain
        == {"detail": plain["detail"]} | ({"code": plain["code"]} if "code" in plain else {})
    )
    assert PASSWORD not in str(plain)
