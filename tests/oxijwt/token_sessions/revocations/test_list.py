"""The list in REVOCATION_CACHE: when it counts as complete, who rebuilds it, and how long it remembers a session."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.core.management.base import CommandError

from oxijwt.token_sessions import publications, revocation_cache
from oxijwt.token_sessions.models import TokenSession
from oxijwt.tokens import AccessToken
from tests.oxijwt.token_sessions.client import answer, changed, claims, get, login, logout, who_am_i

REVOKED, UNKNOWN = (401, "session_revoked"), (503, "service_unavailable")
INVALID = (401, "token_not_valid")


class LongToken(AccessToken):
    """A project's own access token."""

    lifetime = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _denylist(denylist):
    """Every test here has the list."""


@pytest.fixture
def without_app(monkeypatch):
    """A service without the tables."""
    monkeypatch.setattr(revocation_cache, "session_app", lambda: None)


def stateless(access):
    return answer(get("stateless/", access))


# When the list is complete


def test_a_cache_that_is_emptied_during_a_rebuild_is_noticed(denylist, monkeypatch, without_app):
    """The sentinel was written after the entries were lost: ended sessions were accepted."""
    tokens = login()
    logout(tokens["refresh"])
    denylist.empty()
    publish = revocation_cache.publish

    def publish_and_lose(ids):
        publish(ids)
        denylist.empty()

    with monkeypatch.context() as patch:
        patch.setattr(revocation_cache, "publish", publish_and_lose)
        publications.publish_committed()
    assert stateless(tokens["access"]) == UNKNOWN
    publications.publish_committed()
    assert stateless(tokens["access"]) == REVOKED


@pytest.mark.parametrize("sentinel", [1, "old", {}, {"rebuild": ""}, {"memory": 480}, {"rebuild": None, "memory": 480}])
def test_a_sentinel_of_another_kind_is_none(without_app, sentinel):
    access = login()["access"]
    assert stateless(access) == (200, None)
    cache.set(revocation_cache.SENTINEL, sentinel)
    assert stateless(access) == UNKNOWN


def test_one_process_at_a_time_rebuilds_the_list(denylist):
    """Each request scanned the table, as long as the list was not there."""
    access = login()["access"]
    denylist.empty()
    cache.add(revocation_cache.REBUILDING, "another", timeout=revocation_cache.REBUILD_SECONDS)
    login()
    assert stateless(access) == UNKNOWN
    with pytest.raises(CommandError, match="Another process"):
        call_command("publishrevocations", stdout=StringIO())


def test_a_rebuild_that_has_died_stops_nobody_for_long(denylist, clock):
    denylist.empty()
    cache.add(revocation_cache.REBUILDING, "another", timeout=revocation_cache.REBUILD_SECONDS)
    clock.tick(revocation_cache.REBUILD_SECONDS + 1)
    login()
    assert denylist.is_complete


def test_a_rebuild_reads_the_ends_that_still_matter(denylist, clock, django_assert_max_num_queries):
    old, new = login(), login()
    logout(old["refresh"])
    clock.tick(481)
    logout(new["refresh"])
    denylist.empty()
    with django_assert_max_num_queries(3):
        publications.publish_committed()
    assert denylist.has(new)
    assert not denylist.has(old)


def test_the_time_of_an_end_has_an_index():
    assert TokenSession._meta.get_field("revoked_at").db_index


def test_a_longer_memory_rebuilds_the_list(denylist, jwt_settings, clock):
    """Else the entries of before would be forgotten too early."""
    tokens = login()
    logout(tokens["refresh"])
    jwt_settings(REVOCATION_MEMORY=timedelta(hours=1))
    assert not denylist.is_complete
    login()
    assert denylist.is_complete
    clock.tick(3599)
    assert denylist.has(tokens)


def test_a_process_with_a_shorter_memory_keeps_entries_as_long_as_the_others_expect(denylist, jwt_settings, clock):
    jwt_settings(REVOCATION_MEMORY=timedelta(hours=1))
    login()
    jwt_settings(REVOCATION_MEMORY=None)
    tokens = login()
    logout(tokens["refresh"])
    clock.tick(3599)
    assert denylist.has(tokens)


# How long it remembers


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [
        ({}, 480),
        ({"LEEWAY": 600}, 1080),
        ({"LEEWAY": timedelta(seconds=20)}, 500),
        ({"ACCESS_TOKEN_LIFETIME": timedelta(hours=2)}, 7380),
        ({"SLIDING_TOKEN_LIFETIME": timedelta(hours=2)}, 7380),
        ({"AUTH_TOKEN_CLASSES": [f"{__name__}.LongToken"]}, 3780),
        ({"REVOCATION_MEMORY": timedelta(minutes=7)}, 420),
    ],
)
def test_an_entry_outlives_every_access_token(jwt_settings, changes, seconds):
    jwt_settings(**changes)
    assert revocation_cache.memory() == seconds


@pytest.mark.parametrize("leeway", [0, 600])
def test_an_ended_session_is_refused_for_as_long_as_its_tokens_live(jwt_settings, clock, leeway):
    """Its entry was gone before the token."""
    jwt_settings(AUTH_TOKEN_CLASSES=[f"{__name__}.LongToken"], LEEWAY=leeway)
    tokens = login()
    token = AccessToken(tokens["access"])
    token.set_exp(lifetime=LongToken.lifetime)
    logout(tokens["refresh"])
    clock.tick(3600 + leeway - 1)
    assert stateless(str(token)) == REVOKED
    clock.tick(1)
    assert stateless(str(token)) == INVALID


@pytest.mark.parametrize(("lives", "outcome"), [(480, (200, None)), (481, INVALID), (3600, INVALID), (10**9, INVALID)])
def test_a_token_that_outlives_the_memory_is_refused(lives, outcome):
    """A token of another class was accepted after its entry was forgotten."""
    access = login()["access"]
    token = changed(access, exp=claims(access)["iat"] + lives)
    assert stateless(token) == outcome
    assert who_am_i(token).status_code == 200  # this view reads the session


@pytest.mark.parametrize("issued_at", [None, "now", True])
def test_a_token_that_does_not_say_when_it_was_issued_is_refused(issued_at):
    assert stateless(changed(login()["access"], iat=issued_at)) == INVALID


def test_a_service_with_a_long_leeway_refuses_a_token_that_the_list_may_have_forgotten(
    jwt_settings, clock, without_app
):
    access = login()["access"]
    jwt_settings(LEEWAY=600)
    clock.tick(299)
    assert stateless(access) == (200, None)
    clock.tick(2)
    assert stateless(access) == INVALID


def test_a_token_without_a_session_is_not_asked_for(jwt_settings):
    jwt_settings(REQUIRE_SESSION=False)
    assert stateless(changed(login()["access"], sid=None, iat=None)) == (200, None)


# The command


def test_the_command_says_what_it_did(denylist):
    tokens = login()
    with denylist.lost():
        logout(tokens["refresh"])
    assert "Published 1 ended sessions" in said()
    assert "was complete" in said()
    denylist.empty()
    assert "has been rebuilt" in said()


def said():
    out = StringIO()
    call_command("publishrevocations", stdout=out)
    return out.getvalue()


def test_the_command_fails_without_a_cache(denylist, jwt_settings):
    with denylist.lost(), pytest.raises(CommandError, match="does not answer"):
        said()
    jwt_settings(REVOCATION_CACHE=None)
    with pytest.raises(CommandError, match="must name a cache"):
        said()
