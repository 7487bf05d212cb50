"""`aauthenticate` with sessions: the same answers, statements, signals and log lines as `authenticate`."""

from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.core.exceptions import FieldError
from django.db import OperationalError, connections
from django.db.models import Manager

from oxijwt.authentication import JWTAuthentication, JWTStatelessUserAuthentication
from oxijwt.exceptions import ServiceUnavailable
from oxijwt.records import has_blacklist
from oxijwt.token_sessions.models import TokenSession
from oxijwt.tokens import AccessToken
from tests.both_ways import answer_of, bearer_request, statements_of, sync_and_async
from tests.handovers import counted
from tests.oxijwt.token_sessions.client import changed, claims, login, logout, post, session_of
from tests.sites.session_urls import OwnLookup

pytestmark = pytest.mark.django_db(transaction=True)


def sliding_token():
    return post("sliding/", {"username": "ada", "password": "a password of the tests"}).json()["token"]


def awaited_for(token, authentication=JWTAuthentication):
    """What `aauthenticate` answers to a request with a token."""
    return async_to_sync(authentication().aauthenticate)(bearer_request(token))


def other_generation(tokens):
    return changed(tokens["access"], gen=1)


BLACKLIST = ["SELECT"] if has_blacklist() else []
"""The statement that asks the blacklist about a sliding token."""

CHANGES = {
    "nothing": lambda tokens: tokens["access"],
    "logout": lambda tokens: (logout(tokens["refresh"]), tokens["access"])[1],
    "deleted session": lambda tokens: (TokenSession.objects.all().delete(), tokens["access"])[1],
    "deleted user": lambda tokens: (get_user_model().objects.all().delete(), tokens["access"])[1],
    "expired session": lambda tokens: (
        TokenSession.objects.update(expires_at=session_of(tokens["access"]).created_at - timedelta(days=1)),
        tokens["access"],
    )[1],
    "refresh token": lambda tokens: tokens["refresh"],
    "no sid": lambda tokens: changed(tokens["access"], sid=None),
    "sid of a project": lambda tokens: changed(tokens["access"], sid="mine"),
    "sid of nobody": lambda tokens: changed(tokens["access"], sid="0" * 8 + "-0000-4000-8000-" + "0" * 12),
    "no user id": lambda tokens: changed(tokens["access"], user_id=None),
    "another user id": lambda tokens: changed(tokens["access"], user_id="4711"),
    "gen": other_generation,
}
SETTINGS = {
    "issue": {},
    "accept": {"TOKEN_SESSIONS": "accept"},
    "without types": {"TOKEN_TYPE_CLAIM": None},
    "sliding": {"AUTH_TOKEN_CLASSES": ["oxijwt.tokens.SlidingToken", "oxijwt.tokens.AccessToken"]},
}


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("authentication", [JWTAuthentication, OwnLookup, JWTStatelessUserAuthentication])
def test_both_ways_answer_the_same(tokens, jwt_settings, change, setting, authentication):
    token = CHANGES[change](tokens)
    jwt_settings(**SETTINGS[setting])
    sync, awaited = sync_and_async(token, authentication)
    assert awaited[0] == sync[0]
    if setting != "without types":  # there a refused token may cost a statement
        assert awaited[1] == sync[1]


def test_a_good_token_gets_its_session(ada, tokens):
    user, token = awaited_for(tokens["access"])
    assert (user, token.session) == (ada, session_of(tokens["access"]))


def test_a_request_is_one_statement_that_only_django_hands_over(tokens):
    with counted() as seen:
        answered, statements = statements_of(lambda: awaited_for(tokens["access"]))
    assert answered[1] == claims(tokens["access"])["user_id"]
    assert (statements, seen) == (["SELECT"], ["django.db.models.query"])


def test_a_sliding_token_too(jwt_settings):
    jwt_settings(AUTH_TOKEN_CLASSES=["oxijwt.tokens.SlidingToken"])
    token = sliding_token()
    with counted() as seen:
        _answered, statements = statements_of(lambda: awaited_for(token))
    assert statements == ["SELECT", *BLACKLIST]
    assert seen == ["django.db.models.query"] * len(statements)


def test_a_kept_statement_is_awaited(tokens):
    """The second request runs the same text, and the ORM writes none."""
    awaited_for(tokens["access"])
    with counted() as seen:
        awaited_for(tokens["access"])
    kept = vars(connections["default"])["oxijwt_statements"]
    assert any(model is get_user_model() for model, *_ in kept)
    assert seen == ["django.db.models.query"]


ENDED = {"access": ["SELECT", "UPDATE"], "sliding": ["SELECT", "UPDATE", *BLACKLIST, "UPDATE"]}
"""The statements of a deactivated user's request. A sliding token is checked twice: when it is read, and for access."""


@pytest.mark.parametrize("way", ["sync", "async"])
@pytest.mark.parametrize("kind", ENDED)
def test_a_deactivated_users_session_ends(ada, jwt_settings, heard, kind, way):
    jwt_settings(AUTH_TOKEN_CLASSES=["oxijwt.tokens.AccessToken", "oxijwt.tokens.SlidingToken"])
    token = login()["access"] if kind == "access" else sliding_token()
    get_user_model().objects.update(is_active=False)
    ask = awaited_for if way == "async" else lambda token: JWTAuthentication().authenticate(bearer_request(token))
    answered, statements = statements_of(lambda: ask(token))
    assert (answered[1]["code"], statements) == ("user_inactive", ENDED[kind])
    assert [named["user_id"] for named in heard.of("session_revoked")] == [ada.pk]
    answered, statements = statements_of(lambda: ask(token))
    assert statements == ["SELECT"]


def refuse_everybody(user):
    return user is not None and get_user_model().objects.count() == 0


def test_a_rule_of_the_project_may_ask_the_database(tokens, jwt_settings):
    jwt_settings(USER_AUTHENTICATION_RULE=f"{__name__}.refuse_everybody")
    with counted() as seen:
        answered, run = statements_of(lambda: awaited_for(tokens["access"]))
    assert (answered[1]["code"], run) == ("user_inactive", ["SELECT", "SELECT"])
    assert seen == ["django.db.models.query", "oxijwt.aio.loop"]


def test_the_revocation_cache_is_asked_in_a_thread(tokens, jwt_settings):
    jwt_settings(REVOCATION_CACHE="default")
    cache.clear()
    with counted() as seen:
        assert awaited_for(tokens["access"], JWTStatelessUserAuthentication)
    assert seen == ["oxijwt.aio.loop"]
    logout(tokens["refresh"])
    sync, awaited = sync_and_async(tokens["access"], JWTStatelessUserAuthentication)
    assert awaited == sync
    assert awaited[0][1]["code"] == "session_revoked"


class Hiding(Manager):
    """A manager that the kept statement leaves to the ORM."""

    def get_queryset(self):
        return super().get_queryset().filter(is_staff=False)


def test_the_orm_answers_for_a_managers_own_query_set(ada, tokens, monkeypatch):
    manager = Hiding()
    manager.model = get_user_model()
    monkeypatch.setattr(get_user_model()._meta, "default_manager", manager)
    assert awaited_for(tokens["access"])[0] == ada
    get_user_model().objects.update(is_staff=True)
    sync, awaited = sync_and_async(tokens["access"])
    assert awaited == sync
    assert awaited[0][1]["code"] == "user_not_found"


class NotJoining(Manager):
    """A manager that can't join sessions."""

    def using(self, _alias):
        raise FieldError


def test_two_statements_run_in_one_thread_if_the_manager_cant_join(tokens, monkeypatch):
    manager = NotJoining()
    manager.model = get_user_model()
    monkeypatch.setattr(get_user_model()._meta, "default_manager", manager)
    sync, awaited = sync_and_async(tokens["access"])
    assert awaited == sync
    assert awaited[1] == ["SELECT", "SELECT"]


def fail(*_args, **_kwargs):
    raise OperationalError("down")


def test_a_database_that_is_down_is_503(tokens, monkeypatch):
    monkeypatch.setattr("oxijwt.statements.kept.KeptGet.rows", fail)
    assert answer_of(lambda: awaited_for(tokens["access"]))[0] is ServiceUnavailable


def test_reading_a_refresh_token_checks_its_session(tokens):
    token = async_to_sync(AccessToken.aread)(tokens["access"])
    assert token.session is None
