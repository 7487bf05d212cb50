"""Users and sessions in different databases. Runs under tests.sites.apart.

A login was 200, and every request with its tokens 500. More files run on this site, such as `ends/test_ends.py`.
"""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connections, transaction
from django.db.utils import OperationalError
from django.test import Client
from django.test.utils import CaptureQueriesContext

from oxijwt.checks import check_databases, check_settings
from oxijwt.exceptions import SessionError, TokenReusedError
from oxijwt.token_sessions import reading
from oxijwt.token_sessions.api import revoke_for_user, sessions_of
from oxijwt.token_sessions.models import RevokeReason, TokenSession
from oxijwt.tokens import RefreshToken
from tests.client import claims as client_claims
from tests.client import forge
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
    verify,
    who_am_i,
)
from tests.sites.routers import SessionsApart

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")
USERS, SESSIONS = "default", "sessions"
INSERT = ("INSERT INTO", "token_sessions_tokensession")
CREDENTIALS = {"username": "ada", "password": PASSWORD}


@pytest.fixture(autouse=True)
def ada(clock):
    return make_user()


@pytest.fixture
def tokens(ada):
    return login()


@contextmanager
def statements(users, sessions):
    """Exactly so many inside in each of the two databases."""
    with CaptureQueriesContext(connections[USERS]) as one, CaptureQueriesContext(connections[SESSIONS]) as other:
        yield
    run = [[query["sql"] for query in captured.captured_queries] for captured in (one, other)]
    assert [len(found) for found in run] == [users, sessions], run


@contextmanager
def deleted_before_the_insert():
    """Inside, ada is deleted just before a session is inserted."""
    done = []

    def delete_first(execute, sql, *rest):
        if sql.startswith(INSERT[0]) and INSERT[1] in sql and not done:
            done.append(sql)
            get_user_model().objects.filter(username="ada").delete()
        return execute(sql, *rest)

    with connections[SESSIONS].execute_wrapper(delete_first):
        yield
    assert done


@contextmanager
def down(alias):
    """Inside, a database refuses each statement."""

    def refuse(execute, sql, *rest):
        raise OperationalError("the connection is closed")

    with connections[alias].execute_wrapper(refuse):
        yield


def adoptable(user):
    return forge(client_claims("refresh", user_id=str(user.pk)))


@pytest.fixture
def adopting(jwt_settings):
    jwt_settings(ADOPT_UNTIL=datetime.now(tz=UTC) + timedelta(days=1))


# Tables


def test_each_table_is_in_one_database_and_no_constraint_joins_them():
    for alias, has_users in [(USERS, True), (SESSIONS, False)]:
        with connections[alias].cursor() as cursor:
            names = connections[alias].introspection.table_names(cursor)
        assert ("auth_user" in names, INSERT[1] in names) == (has_users, not has_users)
    with connections[SESSIONS].cursor() as cursor:
        constraints = connections[SESSIONS].introspection.get_constraints(cursor, INSERT[1])
    assert not any(found["foreign_key"] for found in constraints.values())
    assert any(found["columns"] == ["user_id"] and found["index"] for found in constraints.values())


def test_the_checks_find_no_fault():
    assert check_databases(databases=[USERS, SESSIONS]) == []
    assert check_settings() == []


def test_a_flush_deletes_what_is_over(tokens, clock):
    clock.tick(timedelta(days=3))
    call_command("flushexpiredtokens")
    assert TokenSession.objects.count() == 0


# Requests


def test_a_login_is_served_until_its_logout(clock, tokens):
    assert who_am_i(tokens["access"]).status_code == 200
    assert verify(tokens["refresh"]).status_code == verify(tokens["access"]).status_code == 200
    clock.tick(1)
    new = refreshed(tokens["refresh"])
    assert refreshed(tokens["refresh"])["refresh"] == refreshed(new["refresh"])["refresh"] == new["refresh"]
    assert [session["current"] for session in get("token/sessions/", new["access"]).json()] == [True]
    assert logout(new["refresh"]).status_code == 204
    assert answer(who_am_i(new["access"])) == answer(refresh(new["refresh"])) == (401, "session_revoked")


def test_reuse_ends_the_session(clock, tokens):
    new = refreshed(tokens["refresh"])
    clock.tick(31)
    assert answer(refresh(tokens["refresh"])) == (401, "token_reused")
    assert answer(who_am_i(new["access"])) == (401, "session_revoked")


def test_reuse_ends_the_session_though_the_caller_rolls_back(clock, tokens):
    refreshed(tokens["refresh"])
    clock.tick(31)
    with transaction.atomic(using=USERS), transaction.atomic(using=SESSIONS):
        with pytest.raises(TokenReusedError):
            RefreshToken(tokens["refresh"])
        for alias in (USERS, SESSIONS):
            transaction.set_rollback(True, using=alias)
    assert session_of(tokens["refresh"]).revoke_reason == RevokeReason.REUSE


@pytest.mark.parametrize("scope", ["others", "global"])
def test_other_sessions_end(tokens, scope):
    other = login()
    assert logout(access=tokens["access"], scope=scope).status_code == 204
    assert answer(who_am_i(other["access"])) == (401, "session_revoked")
    assert who_am_i(tokens["access"]).status_code == (200 if scope == "others" else 401)


def test_a_session_of_the_list_can_be_deleted(tokens):
    other = login()
    headers = {"HTTP_AUTHORIZATION": f"Bearer {tokens['access']}"}
    path = f"/api/token/sessions/{session_of(other['refresh']).pk}/"
    assert Client().delete(path, **headers).status_code == 204
    assert answer(who_am_i(other["access"])) == (401, "session_revoked")


def test_the_limit_counts_sessions(jwt_settings, clock, tokens):
    jwt_settings(SESSION_LIMIT_PER_USER=1)
    clock.tick(1)
    assert who_am_i(login()["access"]).status_code == 200
    assert answer(who_am_i(tokens["access"])) == (401, "session_revoked")


def test_a_sliding_token_is_served(jwt_settings):
    jwt_settings(AUTH_TOKEN_CLASSES=["oxijwt.tokens.SlidingToken"])
    token = post("sliding/", CREDENTIALS).json()["token"]
    assert who_am_i(token).status_code == post("sliding/refresh/", {"token": token}).status_code == 200


def test_each_database_is_asked_once(tokens):
    """The login asks once more at its end whether the user is still there, since no constraint does."""
    with statements(users=2, sessions=1):
        login()
    with statements(users=1, sessions=1):
        assert who_am_i(tokens["access"]).status_code == 200
    with statements(users=1, sessions=2):
        refreshed(tokens["refresh"])


@pytest.mark.parametrize("alias", [USERS, SESSIONS])
def test_either_database_that_is_down_is_503(tokens, alias):
    for request in (lambda: who_am_i(tokens["access"]), lambda: refresh(tokens["refresh"])):
        with down(alias):
            response = request()
        assert answer(response) == (503, "service_unavailable")


class NoReplica(SessionsApart):
    """A router whose replica of both databases must not be asked."""

    def db_for_read(self, model, **_hints):
        if model._meta.label_lower in {"auth.user", "token_sessions.tokensession"}:
            raise AssertionError("A replica was asked.")


def test_no_replica_decides(settings, clock, tokens):
    settings.DATABASE_ROUTERS = [NoReplica()]
    assert who_am_i(tokens["access"]).status_code == 200
    new = refreshed(tokens["refresh"])
    assert verify(new["refresh"]).status_code == 200
    assert len(get("token/sessions/", new["access"]).json()) == 1
    clock.tick(31)
    assert answer(refresh(tokens["refresh"])) == (401, "token_reused")
    assert logout(new["refresh"]).status_code == 204


# In a caller's transaction


def test_the_loser_of_a_race_reads_both_again(tokens):
    read = RefreshToken(tokens["refresh"]).records._reading
    new = refreshed(tokens["refresh"])
    with transaction.atomic(using=SESSIONS):
        again = reading.read_again(read)
    assert (again.session.generation, again.is_locked, again.user.username) == (1, True, "ada")
    assert again.session.pk == session_of(new["refresh"]).pk


def test_a_user_who_is_gone_loses_the_race(ada, tokens):
    read = RefreshToken(tokens["refresh"]).records._reading
    get_user_model()._base_manager.filter(pk=ada.pk)._raw_delete(USERS)
    with transaction.atomic(using=SESSIONS), pytest.raises(SessionError) as refusal:
        reading.read_again(read)
    assert refusal.value.code == "user_not_found"


# Passwords and users


def test_a_changed_password_ends_all(ada, tokens):
    ada.set_password("another")
    ada.save()
    assert answer(who_am_i(tokens["access"])) == answer(refresh(tokens["refresh"])) == (401, "password_changed")


def test_a_deactivated_user_loses_all(ada, tokens):
    for act in (ada.save, lambda: get_user_model().objects.update(is_active=False)):
        token = login()["access"]
        ada.is_active = False
        act()
        assert who_am_i(token).status_code == 401
        get_user_model().objects.update(is_active=True)
        assert answer(who_am_i(token)) == (401, "session_revoked")


@pytest.mark.parametrize("delete", ["object", "query set", "several"])
def test_a_deleted_users_sessions_are_deleted_after_the_commit(ada, tokens, delete):
    """Django's cascade would look for the table in the users' database."""
    bob = make_user("bob")
    bobs = login("bob")
    objects = get_user_model().objects
    deletions = {
        "object": ada.delete,
        "query set": objects.filter(pk=ada.pk).delete,
        "several": objects.filter(pk__lte=bob.pk).delete,
    }
    with transaction.atomic(using=USERS):
        deletions[delete]()
        assert TokenSession.objects.count() == 2
    assert TokenSession.objects.count() == (0 if delete == "several" else 1)
    assert answer(who_am_i(tokens["access"])) == (401, "user_not_found")
    assert who_am_i(bobs["access"]).status_code == (401 if delete == "several" else 200)


def test_a_deletion_that_is_rolled_back_deletes_no_session(ada, tokens):
    with transaction.atomic(using=USERS):
        ada.delete()
        transaction.set_rollback(True, using=USERS)
    assert who_am_i(tokens["access"]).status_code == 200


def test_a_user_can_be_deleted_while_the_sessions_are_down(ada, tokens, caplog):
    with down(SESSIONS), transaction.atomic(using=USERS):
        ada.delete()
    assert not get_user_model().objects.exists()
    assert TokenSession.objects.count() == 1
    assert "on_commit" in caplog.text
    assert answer(who_am_i(tokens["access"])) == answer(verify(tokens["refresh"])) == (401, "user_not_found")
    assert answer(refresh(tokens["refresh"])) == (401, "no_active_account")
    assert str(TokenSession.objects.get()) == f"Session of {TokenSession.objects.get().user_id}"


@pytest.mark.parametrize("path", ["", "sliding/"])
def test_a_user_who_is_deleted_during_a_login_gets_401(path):
    with deleted_before_the_insert():
        response = post(path, CREDENTIALS)
    assert answer(response) == (401, "user_not_found")
    assert not TokenSession.objects.exists()


# Adoption


def test_an_old_token_is_adopted_once(ada, adopting):
    token = adoptable(ada)
    new = refreshed(token)
    assert refreshed(token)["refresh"] == new["refresh"]
    assert who_am_i(new["access"]).status_code == 200


def test_an_old_token_of_a_deleted_user_is_not_adopted(ada, adopting):
    with deleted_before_the_insert():
        assert refresh(adoptable(ada)).status_code == 401
    assert not TokenSession.objects.exists()


def test_a_logout_everywhere_marks_the_user(ada, adopting, clock):
    token = adoptable(ada)
    revoke_for_user(ada)
    assert answer(refresh(token)) == (401, "session_revoked")


# Python and the admin


def test_a_session_finds_its_user(ada, tokens):
    for sessions in (sessions_of(ada), TokenSession.objects.prefetch_related("user")):
        assert [session.user.username for session in sessions] == ["ada"]


@pytest.fixture
def admin(ada):
    staff = make_user("root", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(staff)
    return client


@pytest.mark.parametrize(
    "query",
    ["", "?q=ada", "?q={pk}", "?q={sid}", "?o=1", "?state=live", "?revoke_reason__exact=1", "?q=nobody", "?user={pk}"],
)
def test_the_admin_lists_and_finds_sessions(ada, admin, tokens, query):
    login("root")
    query = query.format(pk=ada.pk, sid=session_of(tokens["refresh"]).pk)
    page = admin.get(f"/admin/token_sessions/tokensession/{query}")
    assert page.status_code == 200
    listed = [str(session) for session in page.context["cl"].result_list]
    nobody = {"?q=nobody", "?revoke_reason__exact=1"}
    assert ("Session of ada" in listed) == (query not in nobody)
    assert ("Session of root" in listed) == (query in {"", "?o=1", "?state=live"})


def test_the_admin_shows_and_ends_a_session(admin, tokens):
    path = f"/admin/token_sessions/tokensession/{session_of(tokens['refresh']).pk}"
    assert b"ada" in admin.get(f"{path}/change/").content
    assert admin.post(f"{path}/end/").status_code == 302
    assert session_of(tokens["refresh"]).revoke_reason == RevokeReason.ADMIN


@pytest.mark.parametrize("action", ["end_sessions", "end_all_sessions"])
def test_the_admin_ends_several(admin, tokens, action):
    body = {"action": action, "_selected_action": [str(session_of(tokens["refresh"]).pk)]}
    assert admin.post("/admin/token_sessions/tokensession/", body).status_code == 302
    assert session_of(tokens["refresh"]).revoke_reason == RevokeReason.ADMIN


def test_the_admin_deletes_a_user(ada, admin, tokens):
    path = f"/admin/auth/user/{ada.pk}/delete/"
    assert admin.get(path).status_code == 200
    assert TokenSession.objects.count() == 1
    assert admin.post(path, {"post": "yes"}).status_code == 302
    assert TokenSession.objects.count() == 0


def test_the_admin_shows_a_session_without_a_user(ada, admin, tokens):
    get_user_model()._base_manager.filter(pk=ada.pk)._raw_delete(USERS)
    path = "/admin/token_sessions/tokensession/"
    assert admin.get(path).status_code == 200
    assert admin.get(f"{path}{session_of(tokens['refresh']).pk}/change/").status_code == 200
    assert [session.user_id for session in admin.get(path).context["cl"].result_list] == [ada.pk]
