"""SECRET_KEY is changed while nodes with the old and the new one serve side by side."""

from contextlib import contextmanager
from io import StringIO
from itertools import pairwise

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import override_settings

from oxijwt._core import UserState
from oxijwt.token_sessions.api import sessions_of
from oxijwt.token_sessions.models import TokenSession
from oxijwt.token_sessions.password import auth_hash, auth_state
from tests.oxijwt.token_sessions.client import (
    PASSWORD,
    answer,
    claims,
    get,
    login,
    make_user,
    refresh,
    refreshed,
    session_of,
    who_am_i,
)

pytestmark = pytest.mark.django_db
OLD, NEW = "the old secret key, which is long enough", "the new secret key, which is long enough"
BEFORE = {"SECRET_KEY": OLD, "SECRET_KEY_FALLBACKS": []}
KNOWING = {"SECRET_KEY": OLD, "SECRET_KEY_FALLBACKS": [NEW]}
SWAPPED = {"SECRET_KEY": NEW, "SECRET_KEY_FALLBACKS": [OLD]}
AFTER = {"SECRET_KEY": NEW, "SECRET_KEY_FALLBACKS": []}
STEPS = [BEFORE, KNOWING, SWAPPED, AFTER]
GRACE = 31


@pytest.fixture(autouse=True)
def ada(clock):
    return make_user()


@pytest.fixture(params=["KEYS", "KEY_FILE"])
def ring(request, settings, clock, tmp_path):
    """Tokens are signed with keys of their own."""
    key = {"kid": "one", "algorithm": "HS256", "signing_key": "a key of its own, and long enough for HS256"}
    value = [key] if request.param == "KEYS" else str(tmp_path / "keys.json")
    settings.SIMPLE_JWT = settings.SIMPLE_JWT | {request.param: value}
    if request.param == "KEY_FILE":
        call_command("jwtkeys", "generate", "--algorithm", "ES256", stdout=StringIO())


@contextmanager
def on(node):
    with override_settings(**node):
        yield


def served(clock, tokens, *nodes):
    """The tokens after each node in turn has served a request, a refresh and a repeat with them."""
    for node in nodes:
        clock.tick(GRACE)
        with on(node):
            assert who_am_i(tokens["access"]).status_code == 200
            spent, tokens = tokens, refreshed(tokens["refresh"])
            assert claims(refreshed(spent["refresh"])["refresh"]) == claims(tokens["refresh"])
            assert len(get("token/sessions/", tokens["access"]).json()) == TokenSession.objects.count()
    return tokens


# With keys of their own


@pytest.mark.parametrize(("first", "second"), [(BEFORE, SWAPPED), (SWAPPED, BEFORE), (BEFORE, AFTER), (AFTER, BEFORE)])
def test_with_keys_of_their_own_nodes_need_no_common_secret_key(ring, clock, first, second):
    """36 logins ended (`password_changed`): a node with the new key had restated their hash, or made it."""
    with on(first):
        tokens = login()
    served(clock, tokens, second, first, second, first)


def test_a_changed_password_is_seen_on_both(ring, clock, ada):
    for node in (BEFORE, SWAPPED):
        with on(node):
            tokens = login()
            ada.set_password("another")
            ada.save()
        for reader in (BEFORE, SWAPPED):
            with on(reader):
                assert answer(who_am_i(tokens["access"])) == (401, "password_changed")
                assert answer(refresh(tokens["refresh"])) == (401, "password_changed")
        ada.set_password(PASSWORD)
        ada.save()


def test_sessions_of_the_time_before_the_ring_go_on_and_back(ring, settings, clock):
    """While KEY_FILE or KEYS is added, some nodes still sign with SECRET_KEY. Requests need the session only."""
    with_ring = settings.SIMPLE_JWT
    without = {name: value for name, value in with_ring.items() if not name.startswith("KEY")}
    hashes = []
    for changes in (without, with_ring, without):
        settings.SIMPLE_JWT = changes
        hashes.append(auth_hash(get_user_model().objects.get()))
    assert hashes[0] == hashes[2] != hashes[1]
    for first, second in pairwise([without, with_ring, without]):
        settings.SIMPLE_JWT = first
        session = session_of(login()["refresh"])
        settings.SIMPLE_JWT = second
        user = get_user_model().objects.get()
        assert auth_state(user, session) == UserState.MATCHES_FALLBACK
        assert session in sessions_of(user)


def test_a_hash_of_the_project_follows_its_own_rules(ring, monkeypatch, ada):
    """It may depend on more than the password. The secret key counts if it does."""
    monkeypatch.setattr(get_user_model(), "get_session_auth_hash", lambda user: f"{user.email} {user.password}")
    tokens = login()
    get_user_model().objects.update(email="new@example.org")
    assert answer(who_am_i(tokens["access"])) == (401, "password_changed")


def test_the_hash_is_not_the_password_hash_and_differs_between_users(ring, ada):
    bob = make_user("bob")
    assert len({auth_hash(ada), auth_hash(bob), ada.password.encode(), bob.password.encode()}) == 4
    assert len(auth_hash(ada)) == 32


# With SECRET_KEY as the signing key


@pytest.mark.parametrize(("older", "newer"), list(pairwise(STEPS)))
def test_in_steps_nobody_is_logged_out(clock, older, newer):
    """First the new key as a fallback everywhere, then the swap. Then the old key goes, when no session needs it."""
    for first, second in [(older, newer), (newer, older)]:
        with on(first):
            tokens = login()
        served(clock, tokens, second, first, second, first)
        TokenSession.objects.all().delete()


def test_in_one_step_the_older_nodes_log_out(clock):
    """Why there are steps."""
    with on(BEFORE):
        tokens = login()
    tokens = served(clock, tokens, SWAPPED)
    with on(BEFORE):
        assert answer(refresh(tokens["refresh"])) == (401, "token_not_valid")


def test_after_the_swap_a_refresh_lets_the_old_key_go(clock):
    with on(KNOWING):
        tokens = login()
    tokens = served(clock, tokens, SWAPPED)
    served(clock, tokens, AFTER)


def test_a_session_that_is_never_restated_needs_the_old_key(clock, jwt_settings):
    """A refresh that does not rotate writes nothing, and a sliding token's neither."""
    jwt_settings(ROTATE_REFRESH_TOKENS=False)
    with on(KNOWING):
        tokens = login()
    with on(SWAPPED):
        access = refreshed(tokens["refresh"])["access"]
    with on(AFTER):
        assert answer(who_am_i(access)) == (401, "password_changed")
