"""Tokens are pickled, copied and cached as simplejwt's are; no key travels with them."""

import base64
import copy
import pickle
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import caches
from django.test import RequestFactory, TestCase
from rest_framework.request import Request

from oxijwt.authentication import JWTAuthentication, JWTStatelessUserAuthentication
from oxijwt.backends import TokenBackend
from oxijwt.exceptions import TokenError
from oxijwt.models import TokenUser
from oxijwt.state import token_backend
from oxijwt.tokens import AccessToken, BlacklistMixin, RefreshToken, SlidingToken, Token, UntypedToken
from tests.client import claims, forge, make_user
from tests.key_material import ALGORITHMS, key_settings

KEY = "an unmistakable signing key of forty-five bytes"
CLASSES = [AccessToken, RefreshToken, SlidingToken]
PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


class CardToken(BlacklistMixin["CardToken"], AccessToken):
    """A project's own, with an attribute of its own."""

    shown = 0


@pytest.fixture(autouse=True)
def known_key(settings):
    settings.SIMPLE_JWT = {"SIGNING_KEY": KEY}


def same(one, other):
    return (type(one), one.payload, str(one)) == (type(other), other.payload, str(other))


def made_and_read():
    """A token of each class that was made, that was read, and that was read unverified; all have used the backend."""
    tokens = []
    for token_class in (*CLASSES, CardToken):
        made = token_class()
        made["a"] = [1]
        text = str(made)
        tokens += [made, token_class(text, verify=False)]
    tokens += [UntypedToken(str(AccessToken())), AccessToken(str(AccessToken()))]
    for token in tokens:
        str(token)
    return tokens


def holds_a_key(pickled, key=KEY):
    """Whether bytes hold a key as text, or as some encoding of it."""
    raw = key.encode() if isinstance(key, str) else key
    return any(form in pickled for form in (raw, base64.b64encode(raw)[:-2], raw.hex().encode()))


@pytest.mark.django_db
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_token_is_pickled_without_its_key(protocol):
    for token in made_and_read():
        pickled = pickle.dumps(token, protocol)
        assert same(pickle.loads(pickled), token)
        assert not holds_a_key(pickled)
        assert b"TokenBackend" not in pickled


def test_the_search_would_find_a_key():
    assert holds_a_key(pickle.dumps({"key": KEY}))
    assert holds_a_key(pickle.dumps(TokenBackend("HS256", KEY)))
    assert not holds_a_key(b"")


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_a_backend_that_was_set_stays_behind(algorithm):
    token, keys = AccessToken(), key_settings(algorithm)
    token._token_backend = TokenBackend(algorithm, **keys)
    text = str(token)
    pickled = pickle.dumps(token)
    for key in keys.values():
        assert not holds_a_key(pickled, key[40:80])
    unpickled = pickle.loads(pickled)
    assert unpickled.token_backend is token_backend
    assert (unpickled.payload, str(copy.copy(token)).split(".")[0]) == (token.payload, text.split(".", maxsplit=1)[0])


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy], ids=["copy", "deepcopy"])
def test_a_copy_signs_with_the_same_backend(duplicate):
    token = RefreshToken()
    token._token_backend = TokenBackend("HS256", KEY * 2)
    token.shown = [1]
    other = duplicate(token)
    assert other is not token
    assert same(other, token)
    assert other.token_backend is token.token_backend
    assert (other.current_time, other.token) == (token.current_time, token.token)
    assert (other.payload is token.payload, other.shown is token.shown) == (
        (True, True) if duplicate is copy.copy else (False, False)
    )


def test_a_deep_copy_has_claims_of_its_own():
    token = AccessToken(forge(claims("access", a=[1]), key=KEY))
    other = copy.deepcopy(token)
    other["a"].append(2)
    assert (token["a"], other["a"]) == ([1], [1, 2])
    assert other.verified.claims is other.payload
    assert other.signed_by is token.signed_by


@pytest.mark.django_db
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_authenticates_a_request_is_pickled(protocol):
    user = make_user()
    text = str(AccessToken.for_user(user))
    for authentication in (JWTAuthentication, JWTStatelessUserAuthentication):
        request = Request(
            RequestFactory().get("/", headers={"Authorization": f"Bearer {text}"}), authenticators=[authentication()]
        )
        for thing in (request.auth, request.user):
            pickled = pickle.dumps(thing, protocol)
            assert pickle.loads(pickled) == thing or same(pickle.loads(pickled), thing)
            assert not holds_a_key(pickled)
        assert copy.deepcopy(request.user).pk == copy.copy(request.user).pk == request.user.pk


def test_a_stateless_user_keeps_its_claims(settings):
    user = TokenUser(AccessToken(forge(claims("access", user_id="7", is_staff=True, tenant="a"), key=KEY)))
    assert user.id == "7"
    for other in (copy.copy(user), copy.deepcopy(user), pickle.loads(pickle.dumps(user))):
        assert (other, other.id, other.is_staff, other.tenant) == (user, "7", True, "a")


@pytest.mark.django_db
def test_a_cache_keeps_tokens():
    cache = caches["default"]
    for number, token in enumerate(made_and_read()):
        cache.set(f"token-{number}", token)
        assert same(cache.get(f"token-{number}"), token)


@pytest.mark.django_db
def test_an_unpickled_refresh_token_still_rotates_and_is_asked_about_again(settings):
    settings.SIMPLE_JWT |= {"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True}
    token = RefreshToken(str(RefreshToken.for_user(make_user())))
    first, second = (pickle.loads(pickle.dumps(token)) for _copy in range(2))
    assert RefreshToken(first.rotate())
    with pytest.raises(TokenError, match="blacklisted"):
        second.rotate()


class SharedToken(TestCase):
    """A project's test case, which makes its tokens once."""

    @classmethod
    def setUpTestData(cls):
        cls.user = get_user_model().objects.create_user("grace", password="of this test")
        cls.refresh = RefreshToken.for_user(cls.user)
        cls.access, cls.sliding = cls.refresh.access_token, SlidingToken.for_user(cls.user)
        cls.stateless = TokenUser(cls.access)

    def test_each_test_gets_its_own(self):
        self.refresh.payload["changed"] = True
        self.refresh.blacklist()
        assert str(self.access)

    def test_and_finds_it_as_it_was(self):
        assert "changed" not in self.refresh.payload
        assert RefreshToken(str(self.refresh))["user_id"] == str(self.user.pk)
        assert SlidingToken(str(self.sliding))
        assert self.stateless.id == str(self.user.pk)


def test_an_unpickled_token_follows_todays_settings(settings):
    pickled = pickle.dumps(AccessToken())
    settings.SIMPLE_JWT = {"SIGNING_KEY": KEY * 2, "ACCESS_TOKEN_LIFETIME": timedelta(hours=1)}
    token = pickle.loads(pickled)
    assert isinstance(token, Token)
    assert AccessToken(str(token)).payload == token.payload
