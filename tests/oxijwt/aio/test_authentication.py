"""`aauthenticate` answers as `authenticate`, with the same statements, and hands nothing to a thread by itself."""

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.db import OperationalError, models
from django.test import RequestFactory

from oxijwt.authentication import JWTAuthentication, JWTStatelessUserAuthentication, aauthenticate_token
from oxijwt.exceptions import AuthenticationFailed, InvalidToken, ServiceUnavailable
from oxijwt.tokens import AccessToken, RefreshToken, SlidingToken
from tests.both_ways import answer_of, bearer_request, statements_of, sync_and_async
from tests.client import MISSING, claims, forge, make_user
from tests.handovers import counted

pytestmark = pytest.mark.django_db

ACCESS, SLIDING = "oxijwt.tokens.AccessToken", "oxijwt.tokens.SlidingToken"


@pytest.fixture
def ada():
    return make_user()


@pytest.fixture
def jwt_settings(settings):
    """Change settings of SIMPLE_JWT: `jwt_settings(NAME=value)`."""

    def change(**changes):
        settings.SIMPLE_JWT = {**getattr(settings, "SIMPLE_JWT", {}), **changes}

    return change


def awaited_for(token, authentication=JWTAuthentication):
    """What `aauthenticate` answers to a request with a token."""
    return async_to_sync(authentication().aauthenticate)(bearer_request(token))


TOKENS = {
    "good": lambda ada: str(AccessToken.for_user(ada)),
    "none": lambda ada: None,
    "malformed": lambda ada: "not.a.token",
    "two parts": lambda ada: "a token",
    "expired": lambda ada: forge(claims("access", user_id=str(ada.pk), exp=1)),
    "refresh": lambda ada: str(RefreshToken.for_user(ada)),
    "without user": lambda ada: forge(claims("access")),
    "of nobody": lambda ada: forge(claims("access", user_id="4711")),
    "of null": lambda ada: forge(claims("access", user_id=None)),
    "of a bool": lambda ada: forge(claims("access", user_id=True)),
    "of a float": lambda ada: forge(claims("access", user_id=1.0)),
    "of a padded id": lambda ada: forge(claims("access", user_id=f" {ada.pk}")),
    "of a huge id": lambda ada: forge(claims("access", user_id="9" * 40)),
    "of text": lambda ada: forge(claims("access", user_id="ada")),
    "without jti": lambda ada: forge(claims("access", user_id=str(ada.pk), jti=MISSING)),
    "good sliding": lambda ada: str(SlidingToken.for_user(ada)),
    "blacklisted sliding": lambda ada: blacklisted(SlidingToken.for_user(ada)),
}


def blacklisted(token):
    text = str(token)
    SlidingToken(text).blacklist()
    return text


@pytest.mark.parametrize("classes", [[ACCESS], [ACCESS, SLIDING], [SLIDING]], ids=str)
@pytest.mark.parametrize("kind", TOKENS)
def test_both_ways_answer_the_same(ada, jwt_settings, kind, classes):
    jwt_settings(AUTH_TOKEN_CLASSES=classes)
    token = TOKENS[kind](ada)
    sync, awaited = sync_and_async(token)
    assert awaited == sync
    sync, awaited = sync_and_async(token, JWTStatelessUserAuthentication)
    assert awaited == sync


def test_a_good_token_is_accepted(ada):
    user, token = awaited_for(TOKENS["good"](ada))
    assert (user, token["user_id"]) == (ada, str(ada.pk))


@pytest.mark.parametrize("changes", [{"is_active": False}, {"password": "another"}], ids=str)
@pytest.mark.parametrize("checked", [True, False])
def test_a_changed_user_is_refused_the_same(ada, jwt_settings, changes, checked):
    jwt_settings(CHECK_USER_IS_ACTIVE=checked, CHECK_REVOKE_TOKEN=checked)
    token = TOKENS["good"](ada)
    get_user_model().objects.update(**changes)
    sync, awaited = sync_and_async(token)
    assert awaited == sync
    assert (sync[0][0] is AuthenticationFailed) is checked


def test_a_deleted_user_is_refused(ada):
    token = TOKENS["good"](ada)
    ada.delete()
    sync, awaited = sync_and_async(token)
    assert awaited == sync
    assert sync[0][1]["code"] == "user_not_found"


@pytest.mark.parametrize("kind", ["good", "good sliding", "of nobody", "blacklisted sliding"])
def test_the_package_hands_nothing_over(ada, jwt_settings, kind):
    jwt_settings(AUTH_TOKEN_CLASSES=[ACCESS, SLIDING])
    token = TOKENS[kind](ada)
    with counted() as seen:
        _answer, statements = statements_of(
            lambda: async_to_sync(JWTAuthentication().aauthenticate)(bearer_request(token))
        )
    assert seen.ours == []
    assert seen == ["django.db.models.query"] * len(statements)
    assert statements


def test_a_request_without_the_database_hands_nothing_over(ada):
    with counted() as seen:
        answer_of(lambda: awaited_for("not.a.token"))
        answered = answer_of(lambda: awaited_for(TOKENS["good"](ada), JWTStatelessUserAuthentication))
    assert answered[1] == str(ada.pk)
    assert seen == []


def test_a_hand_over_by_the_package_would_be_seen(ada):
    with counted() as seen:
        awaited_for(TOKENS["good"](ada), OwnUser)
    assert seen.ours == ["oxijwt.aio.loop"]


def test_a_refused_request_gets_the_challenge(ada):
    for kind, challenge in [("malformed", 'Bearer realm="api", error="invalid_token"'), ("none", 'Bearer realm="api"')]:
        request = bearer_request(TOKENS[kind](ada))
        answer_of(lambda request=request: async_to_sync(JWTAuthentication().aauthenticate)(request))
        assert JWTAuthentication().authenticate_header(request) == challenge


class OwnUser(JWTAuthentication):
    """A project's class that asks the database for more."""

    def get_user(self, validated_token):
        user = super().get_user(validated_token)
        if user.groups.filter(name="banned").exists():
            raise AuthenticationFailed(code="banned")
        return user


def refusing(base, name):
    """A project's class with a sync method that asks the database, and refuses."""

    def refuse(*_arguments):
        get_user_model().objects.count()
        raise AuthenticationFailed(code="own")

    return type(f"{base.__name__}.{name}", (base,), {name: refuse})


REFUSING = [
    *(refusing(JWTAuthentication, name) for name in ("authenticate", "authenticate_token", "get_validated_token")),
    *(refusing(JWTAuthentication, name) for name in ("get_user", "check_session")),
    *(refusing(JWTStatelessUserAuthentication, name) for name in ("get_user", "check_session")),
]


@pytest.mark.parametrize("own", REFUSING, ids=lambda own: own.__name__)
def test_a_sync_method_of_a_project_counts_in_async_code(ada, own):
    sync, awaited = sync_and_async(TOKENS["good"](ada), own)
    assert awaited == sync
    assert awaited[0][1]["code"] == "own"


def test_a_project_may_refuse_a_user(ada):
    ada.groups.create(name="banned")
    sync, awaited = sync_and_async(TOKENS["good"](ada), OwnUser)
    assert awaited == sync
    assert awaited[0][1]["code"] == "banned"


class BothWays(OwnUser):
    async def aget_user(self, _validated_token):
        raise AuthenticationFailed(code="awaited")


def test_an_async_method_of_a_project_counts(ada):
    _sync, awaited = sync_and_async(TOKENS["good"](ada), BothWays)
    assert awaited[0][1]["code"] == "awaited"


class CountingToken(AccessToken):
    """A project's token that asks the database."""

    def verify(self):
        super().verify()
        get_user_model().objects.count()


class ForeignToken:
    """A project's class that is not a Token."""

    token_type = "access"

    def __init__(self, token):
        get_user_model().objects.count()
        self.payload = AccessToken(token).payload

    def __contains__(self, name):
        return name in self.payload

    def get(self, name, default=None):
        return self.payload.get(name, default)


class PerTenant(AccessToken):
    """A project's token whose keys are in the database."""

    def get_token_backend(self):
        get_user_model().objects.count()
        return super().get_token_backend()


@pytest.mark.parametrize("token_class", [CountingToken, ForeignToken, PerTenant], ids=lambda own: own.__name__)
def test_a_token_of_a_project_may_ask_the_database(ada, jwt_settings, token_class):
    jwt_settings(AUTH_TOKEN_CLASSES=[f"{__name__}.{token_class.__name__}"])
    sync, awaited = sync_and_async(TOKENS["good"](ada))
    assert awaited == sync
    assert (awaited[0][1], awaited[1]) == (str(ada.pk), ["SELECT", "SELECT"])


class OwnGet(models.Manager):
    """A manager that hides users."""

    def get(self, *_args, **_kwargs):
        raise self.model.DoesNotExist


def test_a_manager_with_its_own_get_is_asked(ada, monkeypatch):
    manager = OwnGet()
    manager.model = get_user_model()
    monkeypatch.setattr(get_user_model()._meta, "default_manager", manager)
    sync, awaited = sync_and_async(TOKENS["good"](ada))
    assert awaited == sync
    assert awaited[0][1]["code"] == "user_not_found"


def fail(*args, **kwargs):
    raise OperationalError("down")


@pytest.mark.parametrize("kind", ["good", "good sliding"])
def test_a_database_that_is_down_is_503(ada, jwt_settings, monkeypatch, kind):
    jwt_settings(AUTH_TOKEN_CLASSES=[ACCESS, SLIDING])
    token = TOKENS[kind](ada)
    monkeypatch.setattr(models.QuerySet, "_fetch_all", fail)
    assert (
        answer_of(lambda: async_to_sync(JWTAuthentication().aauthenticate)(bearer_request(token)))[0]
        is ServiceUnavailable
    )
    assert answer_of(lambda: async_to_sync(aauthenticate_token)(token))[0] is ServiceUnavailable


def test_aauthenticate_token_takes_the_audience(ada):
    token = str(AccessToken.for_user(ada, audience="mobile"))
    assert answer_of(lambda: async_to_sync(aauthenticate_token)(token, audience="mobile"))[1] == str(ada.pk)
    assert answer_of(lambda: async_to_sync(aauthenticate_token)(token, audience="web"))[0] is InvalidToken


def test_another_scheme_is_not_a_token():
    request = RequestFactory().get("/", headers={"Authorization": "Basic abc"})
    assert async_to_sync(JWTAuthentication().aauthenticate)(request) is None
