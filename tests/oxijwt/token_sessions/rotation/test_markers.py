"""Markers: what keeps older refresh tokens of a user from being adopted later. Runs under tests.sites.adoption."""

from datetime import date, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core.management import call_command
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from oxijwt.token_sessions.models import RevokeReason, TokenSession
from oxijwt.tokens import RefreshToken
from tests.oxijwt.token_sessions.client import PASSWORD, answer, login, logout, make_user, refresh, refreshed, verify
from tests.oxijwt.token_sessions.test_adoption import UNTIL, on

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "another password"


class Few(PBKDF2PasswordHasher):
    """Last year's number of iterations."""

    iterations = 2


class Many(PBKDF2PasswordHasher):
    """This year's."""

    iterations = 3


@pytest.fixture(autouse=True)
def ada(clock):
    return make_user()


@pytest.fixture
def old(clock):
    """The refresh token of a login before sessions, a while ago."""
    with on("library"):
        token = login()["refresh"]
    clock.tick(5)
    return token


@pytest.fixture(params=["issue", "sessions only"])
def adopting(request, old):
    """A node that adopts, with the blacklist app and without."""
    with on(request.param):
        yield request.param


def markers():
    return TokenSession.objects.filter(revoke_reason=RevokeReason.MARKER)


def by_save(user):
    user.set_password(NEW_PASSWORD)
    user.save()


def by_its_field(user):
    user.set_password(NEW_PASSWORD)
    user.save(update_fields=["password"])


def by_a_proxy(user):
    class Proxy(get_user_model()):
        class Meta:
            proxy = True
            app_label = "markers"

    by_save(Proxy.objects.get(pk=user.pk))


def to_the_same(user):
    """A new hash of the same password, outside of a login: nothing tells it from a change."""
    user.set_password(PASSWORD)
    user.save()


def to_none(user):
    user.set_unusable_password()
    user.save()


CHANGES = [by_save, by_its_field, by_a_proxy, to_the_same, to_none]


@pytest.mark.filterwarnings("ignore:Model 'markers.proxy' was already registered")
@pytest.mark.parametrize("change", CHANGES)
def test_a_token_from_before_a_changed_password_is_not_adopted(ada, adopting, old, clock, change):
    """A thief's old token became a session that nothing but its absolute end could end."""
    change(ada)
    clock.tick(5)
    assert answer(refresh(old)) == answer(verify(old)) == (401, "session_revoked")
    assert not TokenSession.objects.filter(revoked_at=None).exists()


def test_a_token_from_after_it_is_adopted(ada, adopting, old, clock):
    by_save(ada)
    clock.tick(5)
    with on("library"):
        newer = login(password=NEW_PASSWORD)["refresh"]
    with on(adopting):
        assert refreshed(newer)
        assert refresh(old).status_code == 401


@pytest.mark.parametrize("node", ["accept", "issue"])
def test_a_password_that_changes_before_adopting_counts_too(ada, old, node):
    with on(node):
        by_save(ada)
    with on("issue"):
        assert answer(refresh(old)) == (401, "session_revoked")


def test_a_mere_rehash_at_login_leaves_none(old):
    with on("issue"), override_settings(PASSWORD_HASHERS=[f"{__name__}.Few"]):
        grace = make_user("grace")
        before = grace.password
        with on("library"):
            token = login("grace")["refresh"]
        with override_settings(PASSWORD_HASHERS=[f"{__name__}.Many"]):
            login("grace")
        grace.refresh_from_db()
        assert grace.password != before
        assert not markers().exists()
        assert refreshed(token)


def nothing_changed(user):
    user.first_name = "Ada"
    user.save()


def a_new_user(_user):
    make_user("grace")


def another_field(user):
    user.set_password(NEW_PASSWORD)
    user.save(update_fields=["first_name"])


def a_fixture(user):
    user.set_password(NEW_PASSWORD)
    user.save_base(raw=True)


@pytest.mark.parametrize("save", [nothing_changed, a_new_user, another_field, a_fixture])
def test_what_changes_no_password_leaves_none(ada, adopting, old, save):
    save(ada)
    assert not markers().exists()
    assert refreshed(old)


@pytest.mark.parametrize("node", ["issue without adopting", "sessions only"])
def test_where_nothing_is_adopted_later_a_save_costs_no_statement(ada, node, clock):
    with on(node), CaptureQueriesContext(connection) as captured:
        ada.first_name = "Ada"
        ada.save()
    assert len(captured) == (1 if node == "issue without adopting" else 2)
    clock.move_to(UNTIL)
    with on(node), CaptureQueriesContext(connection) as captured:
        by_save(ada)
    assert len(captured) == 1
    assert not markers().exists()


# One a user


def test_a_user_has_one_marker_and_the_last_one_counts(ada, adopting, clock):
    grace = make_user("grace")
    for _turn in range(3):
        TokenSession.objects.revoke_for_user(ada)
        clock.tick(60)
        by_save(ada)
    TokenSession.objects.revoke_for_user(grace)
    assert markers().filter(user=ada).count() == markers().filter(user=grace).count() == 1
    clock.tick(5)
    with on("library"):
        token = login(password=NEW_PASSWORD)["refresh"]
    with on(adopting):
        clock.tick(5)
        TokenSession.objects.revoke_for_user(ada)
        assert answer(refresh(token)) == (401, "session_revoked")


def test_a_marker_of_an_earlier_version_counts(ada, adopting, old, clock):
    """Those had a random id, and the day of a session."""
    TokenSession.objects.revoke_for_user(ada)
    marker = markers().get()
    markers().delete()
    marker.pk, marker.flush_after = "6f786a77-7400-4e55-8000-000000000000", date(2026, 3, 5)
    marker.save(force_insert=True)
    clock.tick(timedelta(days=3))
    call_command("flushexpiredtokens")
    assert answer(refresh(old)) == (401, "session_revoked")
    TokenSession.objects.revoke_for_user(ada)
    clock.move_to(UNTIL)
    call_command("flushexpiredtokens")
    assert not TokenSession.objects.exists()


@pytest.mark.parametrize(
    ("node", "moment", "left"),
    [
        ("issue", UNTIL - timedelta(seconds=1), 1),
        ("issue", UNTIL, 0),
        ("accept", UNTIL, 1),
        ("issue without adopting", UNTIL, 1),
    ],
)
def test_it_is_kept_until_adopting_was_on_and_is_over(ada, clock, node, moment, left):
    """It went with the lifetime of a refresh token, and the tokens of a node that was late were adopted again."""
    with on("accept"):
        TokenSession.objects.revoke_for_user(ada)
    clock.move_to(moment)
    with on(node):
        call_command("flushexpiredtokens")
    assert markers().count() == left


def test_a_deleted_user_takes_it_along(ada, adopting):
    if adopting == "sessions only":
        pytest.skip("Django knows nothing of the blacklist's table there")
    TokenSession.objects.revoke_for_user(ada)
    ada.delete()
    assert not TokenSession.objects.exists()


# Deactivated by `update()`


@pytest.mark.parametrize(
    "refuse",
    [refresh, RefreshToken, lambda token: logout(token, scope="global")],
    ids=["refresh", "by hand", "logout everywhere"],
)
def test_a_deactivated_users_token_is_not_adopted_after_activating_again(ada, adopting, old, refuse):
    """No session had ended, so activating the user again revived the token."""
    get_user_model().objects.update(is_active=False)
    refuse(old)
    get_user_model().objects.update(is_active=True)
    assert answer(refresh(old)) == (401, "session_revoked")


def test_verify_leaves_none(ada, adopting, old):
    get_user_model().objects.update(is_active=False)
    assert answer(verify(old)) == (401, "user_inactive")
    assert not markers().exists()


def test_a_users_token_that_a_rule_refuses_may_be_adopted_tomorrow(ada, adopting, old, settings):
    rule = {"USER_AUTHENTICATION_RULE": f"{__name__}.nobody"}
    with override_settings(SIMPLE_JWT=settings.SIMPLE_JWT | rule):
        assert refresh(old).status_code == 401
    assert not markers().exists()
    assert refreshed(old)


def nobody(user):
    return False
