"""Whatever ends a session, the end is published: at once, or later if the cache was down at that moment."""

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from oxijwt.token_sessions import api, ending
from oxijwt.token_sessions.models import OwedPublication, RevokeReason, TokenSession
from tests.oxijwt.token_sessions.client import (
    PASSWORD,
    answer,
    get,
    login,
    logout,
    make_user,
    post,
    refresh,
    refreshed,
    session_of,
    who_am_i,
)

REVOKED = (401, "session_revoked")


@pytest.fixture(autouse=True)
def _denylist(denylist):
    """Every test here has the list."""


def stateless(tokens):
    return answer(get("stateless/", tokens["access"]))


def ada():
    return get_user_model().objects.get(username="ada")


def reuse(tokens):
    """The token was spent long ago: `spent` has done that."""
    assert answer(refresh(tokens["refresh"])) == (401, "token_reused")


def deactivate_by_update(tokens):
    get_user_model().objects.update(is_active=False)
    assert who_am_i(tokens["access"]).status_code == 401


def deactivate(tokens):
    user = ada()
    user.is_active = False
    user.save()


ENDS = {
    "logout": lambda tokens: logout(tokens["refresh"]),
    "logout by access token": lambda tokens: logout(access=tokens["access"]),
    "logout everywhere": lambda tokens: logout(tokens["refresh"], scope="global"),
    "logout of the others": lambda tokens: logout(login()["refresh"], scope="others"),
    "blacklist": lambda tokens: post("blacklist/", {"refresh": tokens["refresh"]}),
    "reuse": reuse,
    "limit": lambda tokens: login(),
    "deactivation": deactivate,
    "deactivation by update": deactivate_by_update,
    "by the application": lambda tokens: api.revoke_for_user(ada()),
    "one by the application": lambda tokens: api.end_session(session_of(tokens["refresh"])),
    "several at once": lambda tokens: ending.end_several([session_of(tokens["refresh"])], RevokeReason.ADMIN),
    "deleted user": lambda tokens: ada().delete(),
    "deleted users": lambda tokens: get_user_model().objects.filter(username="ada").delete(),
    "deleted row": lambda tokens: session_of(tokens["refresh"]).delete(),
    "deleted rows": lambda tokens: TokenSession.objects.all().delete(),
}


@pytest.fixture(params=ENDS)
def end(request, clock, jwt_settings):
    """A way to end a session, and tokens for it."""
    tokens = login()
    if request.param == "reuse":
        tokens |= {"access": refreshed(tokens["refresh"])["access"]}
        clock.tick(31)
    if request.param == "limit":
        clock.tick(1)
        jwt_settings(SESSION_LIMIT_PER_USER=1)
    return lambda: ENDS[request.param](tokens), tokens


def test_an_end_is_published_at_once(end, denylist):
    act, tokens = end
    assert stateless(tokens) == (200, None)
    act()
    assert denylist.has(tokens)
    assert stateless(tokens) == REVOKED
    assert not OwedPublication.objects.filter(is_published=False).exists()


def test_an_end_without_the_cache_is_published_when_the_cache_is_back(end, denylist):
    """After the cache was back, the session was accepted until its access token expired."""
    act, tokens = end
    with denylist.lost():
        act()
    assert not denylist.has(tokens)
    make_user("bob")
    login("bob")
    assert denylist.has(tokens)
    assert stateless(tokens) == REVOKED


def test_an_end_survives_a_cache_that_was_emptied(end, denylist):
    """A deleted user's session was accepted again after the list was built anew."""
    act, tokens = end
    act()
    denylist.empty()
    make_user("bob")
    login("bob")
    assert stateless(tokens) == REVOKED


PAYERS = {
    "login": lambda: login("bob"),
    "sliding login": lambda: post("sliding/", {"username": "bob", "password": PASSWORD}),
    "end": lambda: api.revoke_for_user(get_user_model().objects.get(username="bob")),
    "publishrevocations": lambda: call_command("publishrevocations", verbosity=0),
    "flushexpiredtokens": lambda: call_command("flushexpiredtokens"),
}


@pytest.mark.parametrize("pay", PAYERS.values(), ids=PAYERS)
@pytest.mark.parametrize("is_emptied", [False, True])
def test_who_publishes_what_is_owed_and_rebuilds_a_lost_list(denylist, pay, is_emptied):
    """Only a stateless view on a node with the database noticed that the list was lost."""
    make_user("bob")
    tokens = login()
    with denylist.lost():
        assert logout(tokens["refresh"]).status_code == 503
    if is_emptied:
        denylist.empty()
    pay()
    assert denylist.has(tokens)
    assert denylist.is_complete
    assert not OwedPublication.objects.exists()


@pytest.mark.parametrize("kind", ["refresh", "repeat", "sliding refresh"])
def test_a_refresh_does_so_too(denylist, jwt_settings, kind):
    make_user("bob")
    theirs = login("bob")
    if kind == "repeat":
        refreshed(theirs["refresh"])
    jwt_settings(AUTH_TOKEN_CLASSES=["oxijwt.tokens.AccessToken", "oxijwt.tokens.SlidingToken"])
    sliding = post("sliding/", {"username": "bob", "password": PASSWORD}).json()
    tokens = login()
    with denylist.lost():
        logout(tokens["refresh"])
    denylist.empty()
    response = post("sliding/refresh/", sliding) if kind == "sliding refresh" else refresh(theirs["refresh"])
    assert response.status_code == 200
    assert denylist.is_complete
    assert denylist.has(tokens)


def test_a_stateless_request_at_the_process_that_owes_publishes_too(denylist, monkeypatch):
    tokens = login()
    with monkeypatch.context() as patch:
        patch.setattr("oxijwt.token_sessions.revocation_cache.cache", lambda: 1 / 0)
        assert logout(tokens["refresh"]).status_code == 503
        assert stateless(tokens) == (503, "service_unavailable")
    assert stateless(tokens) == REVOKED


def test_a_delete_that_could_not_be_published_may_be_repeated(denylist):
    """The repeated one was 404 and published nothing."""
    own, other = login(), login()
    path = f"/api/token/sessions/{session_of(other['refresh']).pk}/"
    with denylist.lost():
        assert delete(path, own) == 503
        assert delete(path, own) == 503
    assert delete(path, own) == 404
    assert denylist.has(other)


def delete(path, tokens):
    from django.test import Client  # noqa: PLC0415

    return Client().delete(path, HTTP_AUTHORIZATION=f"Bearer {tokens['access']}").status_code


def test_a_lost_cache_fails_no_login_and_no_save(denylist, jwt_settings, clock):
    jwt_settings(SESSION_LIMIT_PER_USER=1)
    login()
    with denylist.lost():
        clock.tick(1)
        login()
        deactivate(None)
    assert OwedPublication.objects.count() == 2


def test_what_is_rolled_back_is_neither_owed_nor_published(denylist):
    tokens = login()
    with transaction.atomic():
        api.revoke_for_user(ada())
        ada().delete()
        transaction.set_rollback(True)
    login()
    assert not denylist.has(tokens)
    assert not OwedPublication.objects.exists()
    assert stateless(tokens) == (200, None)


def test_an_end_costs_one_insert_and_one_delete(denylist):
    session = session_of(login()["refresh"])
    with CaptureQueriesContext(
        connection,
    ) as captured:
        api.end_session(session)
    verbs = [query["sql"].split()[0] for query in captured]
    assert [verb for verb in verbs if verb in {"INSERT", "DELETE", "UPDATE"}] == ["UPDATE", "INSERT", "DELETE"]


def test_without_the_setting_nothing_is_owed(jwt_settings, denylist):
    jwt_settings(REVOCATION_CACHE=None)
    tokens = login()
    with CaptureQueriesContext(connection) as captured:
        api.end_session(session_of(tokens["refresh"]))
        logout(login()["refresh"])
        login()
        ada().delete()
    assert not any("owedpublication" in query["sql"] for query in captured)


def test_a_deleted_users_ends_are_forgotten_when_they_do_not_matter_any_more(denylist, clock):
    login()
    ada().delete()
    call_command("flushexpiredtokens")
    assert OwedPublication.objects.count() == 1
    clock.tick(481)
    call_command("flushexpiredtokens")
    assert not OwedPublication.objects.exists()


def test_a_session_that_has_just_ended_is_remembered_after_its_users_deletion(denylist):
    tokens = login()
    with denylist.lost():
        logout(tokens["refresh"])
        ada().delete()
    denylist.empty()
    make_user("bob")
    login("bob")
    assert denylist.has(tokens)
    denylist.empty()
    login("bob")
    assert denylist.has(tokens)
