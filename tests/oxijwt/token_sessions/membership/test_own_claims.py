"""A project's own claims `sid` and `gen`."""

import uuid

import pytest
from django.core.exceptions import ImproperlyConfigured

from oxijwt import serializers
from oxijwt.authentication import authenticate_token
from oxijwt.token_sessions import api
from oxijwt.token_sessions.models import TokenSession
from oxijwt.tokens import AccessToken, RefreshToken, SlidingToken
from tests.client import claims as plain_claims
from tests.client import forge
from tests.oxijwt.token_sessions.client import (
    PASSWORD,
    answer,
    changed,
    claims,
    get,
    login,
    logout,
    make_user,
    post,
    refresh,
    verify,
    who_am_i,
)

pytestmark = pytest.mark.django_db

OWN = {"number": 42, "text": "shop-7", "uuid": str(uuid.uuid4()), "list": ["a"]}


@pytest.fixture(autouse=True)
def ada():
    return make_user()


# Tokens in the wild


@pytest.mark.parametrize("sid", OWN.values(), ids=OWN)
def test_accept_leaves_it_alone(ada, jwt_settings, sid):
    """Every such token was refused."""
    jwt_settings(TOKEN_SESSIONS="accept", REVOCATION_CACHE="default")
    access, token, sliding = (
        forge(plain_claims(kind, user_id=str(ada.pk), sid=sid)) for kind in ("access", "refresh", "sliding")
    )
    for path in ("whoami/", "stateless/", "own-lookup/"):
        assert get(path, access).status_code == 200
    assert authenticate_token(access)[0] == ada
    for text in (access, token, sliding):
        assert verify(text).status_code == 200
    assert claims(refresh(token).json()["access"])["sid"] == sid
    assert post("sliding/refresh/", {"token": sliding}).status_code == 200
    api.update_session_auth_hash(claims(access), ada)
    assert not TokenSession.objects.exists()


@pytest.mark.parametrize("sid", OWN.values(), ids=OWN)
def test_issue_refuses_it(ada, jwt_settings, sid):
    access, token = (forge(plain_claims(kind, user_id=str(ada.pk), sid=sid, gen=0)) for kind in ("access", "refresh"))
    for response in (who_am_i(access), refresh(token), verify(token), logout(token), logout(access=access)):
        assert response.status_code == 401


def test_accept_knows_our_own_tokens(jwt_settings):
    """Also if the row is gone: a session of ours must not become a token without one."""
    tokens = login()
    jwt_settings(TOKEN_SESSIONS="accept")
    assert who_am_i(tokens["access"]).status_code == 200
    TokenSession.objects.all()._raw_delete("default")
    assert answer(refresh(tokens["refresh"])) == (401, "session_revoked")
    assert answer(verify(tokens["refresh"])) == (401, "session_revoked")


# Setting it


class OwnSid(serializers.TokenObtainPairSerializer):
    """A project's serializer from before sessions."""

    @classmethod
    def get_token(cls, user):
        token = super().get_token(user)
        token["sid"] = "shop-7"
        return token


def test_a_login_that_sets_it_is_an_error_that_names_the_setting(jwt_settings):
    """It made a login whose tokens never worked."""
    jwt_settings(TOKEN_OBTAIN_SERIALIZER=f"{__name__}.OwnSid")
    with pytest.raises(ImproperlyConfigured, match=r"SIMPLE_JWT\['SESSION_ID_CLAIM'\]"):
        post("", {"username": "ada", "password": PASSWORD})


@pytest.mark.parametrize("setting", ["accept", "another name"])
def test_it_is_right_where_it_is_no_claim_of_a_session(jwt_settings, setting):
    changes = {"accept": {"TOKEN_SESSIONS": "accept"}, "another name": {"SESSION_ID_CLAIM": "login"}}[setting]
    jwt_settings(TOKEN_OBTAIN_SERIALIZER=f"{__name__}.OwnSid", **changes)
    tokens = post("", {"username": "ada", "password": PASSWORD}).json()
    assert claims(tokens["access"])["sid"] == "shop-7"
    assert who_am_i(tokens["access"]).status_code == 200
    assert refresh(tokens["refresh"]).status_code == 200


@pytest.mark.parametrize(
    ("make", "claim", "value"),
    [
        (RefreshToken.for_user, "sid", "shop-7"),
        (RefreshToken.for_user, "gen", 7),
        (RefreshToken.for_user, "gen", "seventh"),
        (AccessToken.for_user, "sid", 42),
        (AccessToken.for_user, "gen", 7),
        (SlidingToken.for_user, "sid", str(uuid.uuid4())),
        (lambda user: RefreshToken.for_user(user).access_token, "sid", "shop-7"),
    ],
    ids=["refresh sid", "refresh gen", "refresh gen as text", "access sid", "access gen", "sliding sid", "derived sid"],
)
def test_each_kind_of_token_says_so(ada, make, claim, value):
    token = make(ada)
    assert str(token)
    token[claim] = value
    with pytest.raises(ImproperlyConfigured, match=r"SIMPLE_JWT\['SESSION_GENERATION_CLAIM'\]"):
        str(token)


def test_a_token_that_was_read_says_so_too():
    token = RefreshToken(login()["refresh"])
    token["sid"] = "shop-7"
    with pytest.raises(ImproperlyConfigured):
        token.access_token.__str__()


# Rolling back


def test_a_node_without_sessions_does_not_copy_the_generation(settings):
    """It did, and nodes with sessions answered "Token has wrong type" to the access token."""
    token = login()["refresh"]
    with_app = settings.INSTALLED_APPS
    settings.INSTALLED_APPS = [name for name in with_app if name != "oxijwt.token_sessions"]
    access = str(RefreshToken(token).access_token)
    settings.INSTALLED_APPS = with_app
    assert "gen" not in claims(access)
    assert "sid" in claims(access)
    assert who_am_i(access).status_code == 200


def test_it_copies_a_projects_own_claim(settings):
    settings.INSTALLED_APPS = [name for name in settings.INSTALLED_APPS if name != "oxijwt.token_sessions"]
    for own in ({"gen": 3}, {"gen": "third", "sid": "shop-7"}):
        token = RefreshToken(forge(plain_claims("refresh", **own)))
        assert claims(str(token.access_token)).items() >= own.items()


def test_accept_takes_a_login_back(jwt_settings):
    tokens = login()
    jwt_settings(TOKEN_SESSIONS="accept")
    copied = changed(tokens["access"], gen=0)
    assert who_am_i(copied).status_code == 200
    assert refresh(tokens["refresh"]).status_code == 200
