"""What a password change ends, and what only looks like one."""

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.test import override_settings
from django.utils.functional import SimpleLazyObject

from oxijwt.token_sessions import api, password
from oxijwt.token_sessions.models import TokenSession
from oxijwt.tokens import AccessToken, RefreshToken

from .client import PASSWORD, answer, changed, login, make_user, post, refresh, refreshed, session_of, who_am_i


class Few(PBKDF2PasswordHasher):
    """Last year's number of iterations."""

    iterations = 2


class Many(PBKDF2PasswordHasher):
    """This year's."""

    iterations = 3


FEW = override_settings(PASSWORD_HASHERS=[f"{__name__}.Few"])
MANY = override_settings(PASSWORD_HASHERS=[f"{__name__}.Many"])
OLD_KEY, NEW_KEY = "the secret key of last year, which is long enough", "the secret key of this year, long enough too"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ada(clock):
    return make_user()


def change_password(user, password="another password"):  # noqa: S107  a password of the tests
    user.set_password(password)
    user.save()


def alive(tokens):
    return who_am_i(tokens["access"]).status_code == 200


def test_it_ends_the_sessions_of_a_lazy_user(ada):
    """`request.user` of a Django request is not of the user's type. Its sessions had no hash of the password."""
    lazy = SimpleLazyObject(lambda: ada)
    refresh_token = RefreshToken.for_user(lazy)
    tokens = {"refresh": str(refresh_token), "access": str(refresh_token.access_token)}
    single = {"access": str(AccessToken.for_user(lazy))}
    assert alive(tokens)
    assert alive(single)
    change_password(ada)
    assert answer(refresh(tokens["refresh"])) == (401, "password_changed")
    assert (alive(tokens), alive(single)) == (False, False)


def test_a_session_that_a_lazy_user_keeps_ends_with_the_next_change(ada):
    tokens = login()
    change_password(ada)
    api.update_session_auth_hash(AccessToken(tokens["access"]), SimpleLazyObject(lambda: ada))
    assert alive(tokens)
    change_password(ada, "a third password")
    assert not alive(tokens)


@pytest.mark.parametrize("password", ["another password", PASSWORD])
def test_a_new_password_ends_every_session_even_if_it_is_the_old_one(ada, password):
    tokens = [login(), login()]
    change_password(ada, password)
    for each in tokens:
        assert answer(refresh(each["refresh"])) == (401, "password_changed")
        assert answer(who_am_i(each["access"])) == (401, "password_changed")
    assert alive(login(password=password))


def test_an_unusable_password_ends_every_session(ada):
    tokens = login()
    ada.set_unusable_password()
    ada.save()
    assert not alive(tokens)


@pytest.mark.parametrize("kind", [AccessToken, RefreshToken])
@pytest.mark.parametrize("check_revoke_token", [False, True])
def test_the_login_in_which_it_was_changed_is_kept(ada, jwt_settings, clock, kind, check_revoke_token):
    """Under CHECK_REVOKE_TOKEN the kept session was refused for the claim made at login."""
    jwt_settings(CHECK_REVOKE_TOKEN=check_revoke_token)
    kept, other = login(), login()
    token = kind(kept["access" if kind is AccessToken else "refresh"])
    change_password(ada)
    api.update_session_auth_hash(token, ada)
    assert (alive(kept), alive(other)) == (True, False)
    clock.tick(31)
    assert alive(refreshed(kept["refresh"]))


def test_keeping_a_token_without_session_does_nothing(ada, jwt_settings):
    """A token from before sessions made it fail."""
    jwt_settings(REQUIRE_SESSION=False)
    other = login()
    token = AccessToken(changed(other["access"], sid=None))
    change_password(ada)
    api.update_session_auth_hash(token, ada)
    assert not alive(other)


@pytest.mark.parametrize("auth", [None, object(), "a token of another package"])
def test_what_another_authentication_class_puts_into_the_request_does_nothing(ada, auth):
    """A view that takes Django's sessions too has a `request.auth` of None, and raised TypeError."""
    other = login()
    change_password(ada)
    api.update_session_auth_hash(auth, ada)
    assert not alive(other)


def test_another_users_session_is_not_kept(ada):
    grace = make_user("grace")
    tokens = login()
    before = bytes(session_of(tokens["refresh"]).auth_hash)
    api.update_session_auth_hash(AccessToken(tokens["access"]), grace)
    assert bytes(session_of(tokens["refresh"]).auth_hash) == before


def test_a_changed_password_claim_still_counts_without_an_auth_hash(ada, jwt_settings):
    """CHECK_REVOKE_TOKEN is asked where the session can't say."""
    jwt_settings(CHECK_REVOKE_TOKEN=True)
    tokens = login()
    TokenSession.objects.update(auth_hash=b"")
    assert alive(tokens)
    change_password(ada)
    assert answer(who_am_i(tokens["access"])) == (401, "password_changed")
    assert answer(refresh(tokens["refresh"]))[0] == 401


@pytest.mark.parametrize("check_revoke_token", [False, True])
def test_more_iterations_at_one_login_leave_the_other_sessions_alive(jwt_settings, clock, check_revoke_token):
    jwt_settings(CHECK_REVOKE_TOKEN=check_revoke_token)
    with FEW:
        grace = make_user("grace")
        before = [login("grace"), login("grace")]
    with MANY:
        after = login("grace")
        stored = type(grace).objects.get(pk=grace.pk).password
        assert "$3$" in stored
        assert [alive(each) for each in (*before, after)] == [True] * 3
        clock.tick(31)
        assert alive(refreshed(before[0]["refresh"]))
        change_password(grace)
        assert [alive(each) for each in (*before, after)] == [False] * 3


def test_a_wrong_password_renews_nothing():
    with FEW:
        make_user("grace")
        before = login("grace")
    with MANY:
        assert post("", {"username": "grace", "password": "wrong"}).status_code == 401
        assert alive(before)


def test_more_iterations_do_not_revive_what_an_earlier_change_ended():
    with FEW:
        grace = make_user("grace")
        ended = login("grace")
        change_password(grace)
        kept = login("grace", "another password")
    with MANY:
        login("grace", "another password")
        assert (alive(ended), alive(kept)) == (False, True)


def test_a_password_changed_inside_a_login_is_a_change(ada):
    """Only a hash of the very password that is being checked is a renewal."""
    tokens = login()

    with password.following(PASSWORD):
        ada.set_password("another password")
        ada.save(update_fields=["password"])
    assert not alive(tokens)


def test_a_renewal_outside_our_logins_is_taken_for_a_change():
    """The password isn't known there, so nothing tells it from a change."""
    with FEW:
        grace = make_user("grace")
        tokens = login("grace")
    with MANY:
        assert grace.check_password(PASSWORD)
        assert not alive(tokens)


def test_a_new_secret_key_keeps_sessions_and_restates_their_hash(ada, clock):
    with override_settings(SECRET_KEY=OLD_KEY):
        tokens = login()
        old_hash = bytes(session_of(tokens["refresh"]).auth_hash)
    with override_settings(SECRET_KEY=NEW_KEY, SECRET_KEY_FALLBACKS=[OLD_KEY]):
        assert alive(tokens)
        newer = refreshed(tokens["refresh"])
        assert bytes(session_of(newer["refresh"]).auth_hash) == password.auth_hash(ada) != old_hash
    with override_settings(SECRET_KEY=NEW_KEY):
        assert alive(newer)
        clock.tick(31)
        assert alive(refreshed(newer["refresh"]))


def test_without_the_fallback_a_new_secret_key_ends_sessions(jwt_settings):
    jwt_settings(SIGNING_KEY="a signing key of its own, which stays the same")
    with override_settings(SECRET_KEY=OLD_KEY):
        tokens = login()
    with override_settings(SECRET_KEY=NEW_KEY):
        assert answer(refresh(tokens["refresh"])) == (401, "password_changed")
        assert answer(who_am_i(tokens["access"])) == (401, "password_changed")


def test_a_new_secret_key_and_a_new_password_end_sessions(ada):
    with override_settings(SECRET_KEY=OLD_KEY):
        tokens = login()
    with override_settings(SECRET_KEY=NEW_KEY, SECRET_KEY_FALLBACKS=[OLD_KEY]):
        change_password(ada)
        assert not alive(tokens)


def test_a_new_secret_key_and_more_iterations_at_once_keep_sessions():
    """A session whose hash was made under the old key was not found when the password hash was renewed."""
    with FEW, override_settings(SECRET_KEY=OLD_KEY):
        make_user("grace")
        before = login("grace")
    with MANY, override_settings(SECRET_KEY=NEW_KEY, SECRET_KEY_FALLBACKS=[OLD_KEY]):
        login("grace")
        assert alive(before)


class TestUsersWithoutTheMethod:
    """A user model of its own need not have `get_session_auth_hash`, or its fallback."""

    def test_no_hash_is_kept_and_none_compared(self, ada, monkeypatch):
        monkeypatch.delattr("django.contrib.auth.base_user.AbstractBaseUser.get_session_auth_hash")
        tokens = login()
        assert bytes(session_of(tokens["refresh"]).auth_hash) == b""
        assert alive(tokens)
        assert alive(refreshed(tokens["refresh"]))
        change_password(ada)
        assert alive(tokens)

    def test_without_the_fallback_method_a_change_is_still_a_change(self, ada, monkeypatch):
        """It was asked for without looking whether it is there."""
        monkeypatch.delattr("django.contrib.auth.base_user.AbstractBaseUser.get_session_auth_fallback_hash")
        tokens = login()
        assert alive(tokens)
        change_password(ada)
        assert answer(who_am_i(tokens["access"])) == (401, "password_changed")

    @pytest.mark.parametrize("text", ["", "short", "zz", "00" * 32, "x" * 500])
    def test_any_text_will_do_as_a_hash(self, monkeypatch, text):
        monkeypatch.setattr(
            "django.contrib.auth.base_user.AbstractBaseUser.get_session_auth_hash", lambda user: text
        )  # fmt: skip
        tokens = login()
        assert len(session_of(tokens["refresh"]).auth_hash) == 32
        assert alive(tokens)
