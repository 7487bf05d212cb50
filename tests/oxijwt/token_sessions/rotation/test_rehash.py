"""Django renews the hash of an unchanged password at login. Several logins at once may do so: no session dies."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from django.db import connection
from django.test import override_settings

from oxijwt.token_sessions import password as passwords
from tests.oxijwt.token_sessions.client import PASSWORD, answer, login, make_user, post, refresh, who_am_i
from tests.oxijwt.token_sessions.crowd import PATIENCE, ROUNDS, tell
from tests.sites.settings import DATABASE


class Few(PBKDF2PasswordHasher):
    """The hasher of the Django release before."""

    iterations = 2


class Many(PBKDF2PasswordHasher):
    """The hasher of this release."""

    iterations = 3


FEW = {"PASSWORD_HASHERS": [f"{__name__}.Few"]}
MANY = {"PASSWORD_HASHERS": [f"{__name__}.Many"]}

pytestmark = pytest.mark.django_db(transaction=True)


def lives(tokens):
    return who_am_i(tokens["access"]).status_code == 200 and refresh(tokens["refresh"]).status_code == 200


@pytest.fixture
def older():
    """Two sessions from before the new hasher."""
    with override_settings(**FEW):
        make_user("grace")
        return [login("grace"), login("grace")]


@pytest.mark.skipif(DATABASE == "sqlite", reason="SQLite has one writer; OXIJWT_DATABASE=postgres or mariadb races")
@pytest.mark.parametrize("logins", [1, 2, 4])
def test_simultaneous_logins_end_no_session(logins, capsys):
    """In 15 of 15 rounds one of two was dead at birth, and in 14 all older sessions died."""
    dead_at_birth = older_dead = 0
    start = threading.Barrier(logins, timeout=PATIENCE)

    def log_in(username):
        try:
            start.wait()
            return login(username)
        finally:
            connection.close()

    with ThreadPoolExecutor(logins) as pool:
        for number in range(ROUNDS):
            with override_settings(**FEW):
                make_user(f"grace{number}")
                before = [login(f"grace{number}"), login(f"grace{number}")]
            with override_settings(**MANY):
                after = list(pool.map(log_in, [f"grace{number}"] * logins))
                assert "$3$" in User.objects.get(username=f"grace{number}").password
                dead_at_birth += sum(not lives(tokens) for tokens in after)
                older_dead += sum(not lives(tokens) for tokens in before)
    tell(
        capsys, f"{logins} logins renew a hash, {ROUNDS} rounds: {dead_at_birth} dead at birth, {older_dead} older died"
    )
    assert (dead_at_birth, older_dead) == (0, 0)


@pytest.fixture
def meanwhile(monkeypatch):
    """Let something happen after a login has read the old hash, and before it writes the new one."""
    fits_both = passwords.fits_both

    def let(act):
        acts = [act]

        def checked(*arguments):
            if acts:
                acts.pop()()
            return fits_both(*arguments)

        monkeypatch.setattr(passwords, "fits_both", checked)

    return let


def test_the_login_that_comes_second_takes_the_hash_of_the_first(older, meanwhile):
    first = []
    meanwhile(lambda: first.append(login("grace")))
    with override_settings(**MANY):
        second = login("grace")
        assert [lives(tokens) for tokens in (*older, *first, second)] == [True] * 4


def test_a_password_that_is_changed_during_a_login_stays_changed(older, meanwhile):
    """The login wrote a hash of the old password over the new one."""

    def change():
        grace = User.objects.get(username="grace")
        grace.set_password("another password")
        grace.save()

    meanwhile(change)
    with override_settings(**MANY):
        assert post("", {"username": "grace", "password": PASSWORD}).status_code == 401
        assert [lives(tokens) for tokens in older] == [False, False]
        assert lives(login("grace", "another password"))


def test_a_user_who_is_deleted_during_a_login_gets_no_session(older, meanwhile):
    meanwhile(lambda: User.objects.filter(username="grace").delete())
    with override_settings(**MANY):
        assert answer(post("", {"username": "grace", "password": PASSWORD})) == (401, None)
