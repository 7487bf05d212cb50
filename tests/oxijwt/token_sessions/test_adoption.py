"""From simplejwt's tokens to sessions, without logging anybody out. Runs under tests.sites.adoption."""

from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

import tests.sites.token_urls  # noqa: F401  read while both apps are installed
from oxijwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from oxijwt.token_sessions.claims import adopted_session_id
from oxijwt.token_sessions.models import RevokeReason, TokenSession
from oxijwt.tokens import RefreshToken
from tests.client import forge

from .client import (
    PASSWORD,
    answer,
    changed,
    claims,
    get,
    login,
    logout,
    make_user,
    post,
    refresh,
    refreshed,
    rows,
    session_of,
    verify,
    who_am_i,
)

pytestmark = pytest.mark.django_db

APPS = [name for name in settings.INSTALLED_APPS if name not in {"oxijwt.token_blacklist", "oxijwt.token_sessions"}]
UNTIL = datetime(2026, 3, 10, tzinfo=UTC)
ROTATING = {"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True, "REFRESH_TOKEN_LIFETIME": timedelta(14)}
NODES = {
    "library": ({"oxijwt.token_blacklist"}, {}),
    "accept": ({"oxijwt.token_blacklist", "oxijwt.token_sessions"}, {"TOKEN_SESSIONS": "accept"}),
    "issue": ({"oxijwt.token_blacklist", "oxijwt.token_sessions"}, {"ADOPT_UNTIL": UNTIL}),
    "issue without adopting": ({"oxijwt.token_blacklist", "oxijwt.token_sessions"}, {}),
    "sessions only": ({"oxijwt.token_sessions"}, {"BLACKLIST_AFTER_ROTATION": False, "ADOPT_UNTIL": UNTIL}),
}
"""One node each of the rolling order: the apps it has of ours, and its settings."""


@contextmanager
def on(node):
    """What happens inside happens on such a node. All have one database."""
    apps, changes = NODES[node]
    with override_settings(INSTALLED_APPS=[*APPS, *sorted(apps)], SIMPLE_JWT=ROTATING | changes):
        yield


@pytest.fixture(autouse=True)
def ada(clock):
    return make_user()


@pytest.fixture
def old():
    """The tokens of a login before sessions."""
    with on("library"):
        tokens = login()
    assert "sid" not in claims(tokens["refresh"])
    return tokens


@pytest.fixture(params=["issue", "sessions only"])
def adopting(request, old):
    """A node that adopts, with the blacklist app and without."""
    with on(request.param):
        yield request.param


def alive(tokens):
    return who_am_i(tokens["access"]).status_code == 200


# Adopting


def test_a_token_without_session_is_adopted_by_its_next_refresh(adopting, old, heard, ada):
    new = refreshed(old["refresh"])
    session = session_of(new["refresh"])
    assert (session.user, session.generation, session.revoked_at) == (ada, 1, None)
    assert claims(new["refresh"])["gen"] == 1
    assert "auth_time" not in claims(new["refresh"])
    assert alive(new)
    assert alive(old)
    assert heard.names == ["session_started", "session_refreshed"]
    assert heard.of("session_started")[0]["adopted"] is True


def test_reading_verifying_and_logging_in_adopt_nothing(adopting, old):
    assert verify(old["refresh"]).status_code == 200
    assert RefreshToken(old["refresh"]).access_token
    assert who_am_i(old["access"]).status_code == 200
    assert TokenSession.objects.count() == 0


@pytest.mark.parametrize("spelling", [" {}", "{} ", "0{}", "+{}"])
def test_a_token_whose_user_id_is_spelt_differently_is_not_adopted(adopting, old, ada, spelling):
    broken = changed(old["refresh"], user_id=spelling.format(ada.pk))
    assert refresh(broken).status_code == 401
    assert TokenSession.objects.count() == 0


def test_custom_claims_are_kept(adopting, ada, clock):
    token = forge({"token_type": "refresh", "jti": "x" * 40, "exp": 1900000000, "user_id": str(ada.pk), "team": 7})
    assert claims(refreshed(token)["refresh"])["team"] == 7


def test_a_second_use_within_grace_is_a_repeat(adopting, old, clock, heard):
    first = refreshed(old["refresh"])
    clock.tick(29)
    second = refreshed(old["refresh"])
    for name in ("sid", "gen", "jti", "iat", "exp"):
        assert claims(first["refresh"])[name] == claims(second["refresh"])[name]
    assert TokenSession.objects.count() == 1
    assert heard.names[-1] == "refresh_repeated"


def test_a_use_after_grace_ends_the_session(adopting, old, clock):
    new = refreshed(old["refresh"])
    clock.tick(31)
    assert answer(refresh(old["refresh"])) == (401, "token_reused")
    assert answer(refresh(new["refresh"])) == (401, "session_revoked")
    assert answer(who_am_i(new["access"])) == (401, "session_revoked")


def test_the_loser_of_a_race_gets_the_winners_answer(adopting, old):
    late = RefreshToken(old["refresh"])
    winner = refreshed(old["refresh"])["refresh"]
    assert claims(late.rotate())["jti"] == claims(winner)["jti"]
    assert TokenSession.objects.count() == 1


@pytest.mark.parametrize("single_use", [False, True])
def test_verify_answers_what_a_refresh_would_for_an_adopted_token(adopting, old, clock, settings, single_use):
    """Verify turned to 401 the moment a token was adopted."""
    settings.SIMPLE_JWT = settings.SIMPLE_JWT | {"BLACKLIST_AFTER_ROTATION": single_use and adopting == "issue"}
    refreshed(old["refresh"])
    assert answer(verify(old["refresh"])) == (200, None)
    assert answer(refresh(old["refresh"])) == (200, None)
    clock.tick(31)
    assert answer(verify(old["refresh"])) == (401, "token_reused")
    assert TokenSession.objects.filter(revoked_at=None).count() == 1


def test_logout_with_the_adopted_token_ends_the_session(adopting, old):
    new = refreshed(old["refresh"])
    assert logout(old["refresh"]).status_code == 204
    assert not alive(new)


# Not adopting


def test_adopting_is_off_by_default(old):
    """Every token needs a session then."""
    with on("issue without adopting"):
        assert answer(refresh(old["refresh"])) == (401, "token_not_valid")
        assert TokenSession.objects.count() == 0


@pytest.mark.parametrize("node", ["accept", "library"])
def test_nodes_that_start_no_session_adopt_none(old, node):
    with on(node):
        new = refreshed(old["refresh"])
        assert "sid" not in claims(new["refresh"])
        assert TokenSession.objects.count() == 0
        assert answer(refresh(old["refresh"])) == (401, "token_not_valid")


@pytest.mark.parametrize(("moment", "adopted"), [(UNTIL - timedelta(seconds=1), True), (UNTIL, False)])
def test_adopting_ends_at_the_time_that_is_set(adopting, old, clock, moment, adopted):
    clock.move_to(moment)
    response = refresh(old["refresh"])
    if adopted:
        assert "sid" in claims(response.json()["refresh"])
    else:
        assert answer(response) == (401, "token_not_valid")


def test_without_rotation_nothing_is_adopted(adopting, old, settings):
    settings.SIMPLE_JWT = settings.SIMPLE_JWT | {"ROTATE_REFRESH_TOKENS": False, "BLACKLIST_AFTER_ROTATION": False}
    assert set(refreshed(old["refresh"])) == {"access"}
    assert TokenSession.objects.count() == 0


@pytest.mark.parametrize("node", ["issue", "issue without adopting", "accept", "sessions only"])
def test_what_was_adopted_is_decided_by_its_session_after_adopting_is_over(old, clock, node):
    """A spent token without `sid` was taken for an unspent one where nothing was adopted any more."""
    with on("sessions only"):
        refreshed(old["refresh"])
    clock.move_to(UNTIL + timedelta(days=1))
    with on(node):
        assert answer(refresh(old["refresh"])) == (401, "token_reused")


ENDED_BEFORE = {
    "blacklisted": lambda ada, old: post("blacklist/", {"refresh": old["refresh"]}),
    "rotated": lambda ada, old: refreshed(old["refresh"]),
    "blacklisted by hand": lambda ada, old: [
        BlacklistedToken.objects.create(token=token) for token in OutstandingToken.objects.all()
    ],
}


@pytest.mark.parametrize("name", ENDED_BEFORE)
def test_a_token_ended_before_is_not_adopted(ada, old, name):
    with on("library"):
        ENDED_BEFORE[name](ada, old)
    with on("issue"):
        assert answer(refresh(old["refresh"])) == (401, "token_not_valid")
        assert answer(logout(old["refresh"])) == (401, "token_not_valid")
    assert TokenSession.objects.count() == 0


ENDED_MEANWHILE = {
    "logged out": lambda ada, old: logout(old["refresh"]),
    "blacklisted": lambda ada, old: post("blacklist/", {"refresh": old["refresh"]}),
    "logged out everywhere": lambda ada, old: logout(login()["refresh"], scope="global"),
    "logged out elsewhere": lambda ada, old: logout(login()["refresh"], scope="others"),
    "revoked": lambda ada, old: TokenSession.objects.revoke_for_user(ada),
    "deactivated": lambda ada, old: type(ada).objects.update(is_active=False),
    # Django knows nothing of a table whose app is not installed.
    "deleted": lambda ada, old: (OutstandingToken.objects.update(user=None), ada.delete()),
}


@pytest.mark.parametrize("name", ENDED_MEANWHILE)
def test_a_token_ended_on_an_adopting_node_is_not_adopted(ada, adopting, old, clock, name):
    """Without the blacklist app a logout answered 204 and left the token to be adopted."""
    clock.tick(5)
    ENDED_MEANWHILE[name](ada, old)
    clock.tick(5)
    assert refresh(old["refresh"]).status_code == 401
    assert TokenSession.objects.filter(pk=adopted_session_id(claims(old["refresh"])["jti"])).count() == (
        1 if adopting == "sessions only" and name in {"logged out", "blacklisted"} else 0
    )
    clock.move_to(UNTIL)
    assert refresh(old["refresh"]).status_code == 401


@pytest.mark.parametrize("node", ["accept", "sessions only", "issue"])
def test_a_login_after_a_logout_everywhere_counts(ada, old, clock, node):
    with on(node):
        clock.tick(5)
        TokenSession.objects.revoke_for_user(ada)
        clock.tick(5)
        assert refreshed(login()["refresh"])
    with on("library"):
        plain = login()
    with on(node):
        assert refreshed(plain["refresh"])


def test_a_marker_is_left_only_where_something_may_be_adopted(ada, old):
    counts = {}
    for node in ("accept", "issue", "issue without adopting"):
        with on(node):
            TokenSession.objects.revoke_for_user(ada)
            counts[node] = TokenSession.objects.filter(revoke_reason=RevokeReason.MARKER).count()
    assert counts == {"accept": 1, "issue": 1, "issue without adopting": 1}


def test_a_changed_password_is_seen_through_its_claim(ada, clock):
    with on("library"), override_settings(SIMPLE_JWT=ROTATING | {"CHECK_REVOKE_TOKEN": True}):
        old = login()
    with on("library"):  # where no marker is left
        ada.set_password("another")
        ada.save()
    with on("issue"), override_settings(SIMPLE_JWT=settings.SIMPLE_JWT | {"CHECK_REVOKE_TOKEN": True}):
        assert refresh(old["refresh"]).status_code == 401
    assert TokenSession.objects.count() == 0


def test_an_inactive_users_token_cannot_be_rotated_past_the_view(ada, adopting, old):
    """Rotating without asking for the user answered with a token of a session that was never written."""
    token = RefreshToken(old["refresh"])
    assert token.session is None
    type(ada).objects.update(is_active=False)
    token = RefreshToken(old["refresh"])
    with pytest.raises(Exception, match="inactive"):
        token.rotate()
    assert TokenSession.objects.without_markers().count() == 0


# The row


def test_the_row_is_kept_until_the_adopted_token_has_expired(ada, clock):
    exp = int(datetime(2026, 9, 1, tzinfo=UTC).timestamp())
    token = forge({"token_type": "refresh", "jti": "a" * 32, "exp": exp, "iat": 1772000000, "user_id": str(ada.pk)})
    with on("sessions only"):
        new = refreshed(token)
        assert session_of(new["refresh"]).flush_after >= datetime.fromtimestamp(exp, tz=UTC).date()
        logout(new["refresh"])
        clock.move_to("2026-08-31")
        call_command("flushexpiredtokens")
        assert refresh(token).status_code == 401
        assert TokenSession.objects.count() == 1
        clock.move_to("2026-09-12")
        call_command("flushexpiredtokens")
        assert TokenSession.objects.count() == 0
        assert answer(refresh(token)) == (401, "token_not_valid")


@pytest.mark.parametrize("exp", [253402300799, 253402214399])
def test_a_token_that_hardly_ever_expires_is_adopted(ada, exp):
    """The day after the last day of the calendar was a 500."""
    token = forge({"token_type": "refresh", "jti": "a" * 32, "exp": exp, "iat": 1772000000, "user_id": str(ada.pk)})
    with on("sessions only"):
        assert refreshed(token)


def test_an_ended_session_whose_row_was_flushed_is_not_revived(old, clock):
    with on("issue"):
        new = refreshed(old["refresh"])
        logout(new["refresh"])
        clock.move_to("2026-06-01")
        call_command("flushexpiredtokens")
        assert TokenSession.objects.count() == 0
        for token in (old["refresh"], new["refresh"]):
            assert refresh(token).status_code == 401


def test_adopting_blacklists_the_old_token_in_the_same_transaction(old, monkeypatch):
    with on("issue"):
        monkeypatch.setattr("oxijwt.records.blacklist.blacklist", lambda record: (record, False))
        assert refresh(old["refresh"]).status_code == 401
        assert TokenSession.objects.count() == 0
        monkeypatch.undo()
        refreshed(old["refresh"])
        assert BlacklistedToken.objects.get().token.jti == claims(old["refresh"])["jti"]


# Both apps


def test_a_refresh_asks_both_apps_with_one_statement(old):
    with on("issue"):
        new = refreshed(old["refresh"])["refresh"]
        with CaptureQueriesContext(
            connection,
        ) as captured:
            refreshed(new)
        assert ["token_blacklist" in query["sql"] for query in captured] == [True]
        BlacklistedToken.objects.create(
            token=OutstandingToken.objects.create(jti=claims(new)["jti"], token=new, expires_at=UNTIL)
        )
        assert answer(refresh(new)) == (401, "token_reused")


def test_tokens_without_session_keep_the_blacklist(old):
    with on("accept"):
        new = refreshed(old["refresh"])
        assert answer(refresh(old["refresh"])) == (401, "token_not_valid")
        assert post("blacklist/", {"refresh": new["refresh"]}).status_code == 200
        assert answer(refresh(new["refresh"])) == (401, "token_not_valid")


def test_logins_in_sessions_are_not_recorded_as_outstanding():
    with on("issue"):
        refreshed(login()["refresh"])
    assert OutstandingToken.objects.count() == 0


@pytest.mark.parametrize("node", ["issue", "accept"])
def test_global_logout_blacklists_what_is_outstanding(ada, old, node, clock):
    grace = make_user("grace")
    with on("library"):
        other = login("grace")
    with on(node):
        clock.tick(5)
        TokenSession.objects.revoke_for_user(ada)
        assert answer(refresh(old["refresh"]))[0] == 401
        assert refreshed(other["refresh"])
    assert BlacklistedToken.objects.filter(token__user=ada).count() == 1
    assert grace.is_active


# The rolling order


def test_the_accept_step_serves_tokens_with_sid_and_issues_none(old):
    with on("issue"):
        session = login()
    with on("accept"):
        assert alive(session)
        newer = refreshed(session["refresh"])
        assert claims(newer["refresh"])["sid"] == claims(session["refresh"])["sid"]
        assert claims(newer["refresh"])["gen"] == 1
        plain = login()
        assert "sid" not in claims(plain["refresh"])
        assert "auth_time" not in claims(plain["refresh"])
        assert TokenSession.objects.count() == 1
        assert logout(newer["refresh"]).status_code == 204
        assert not alive(newer)


STEPS = [("library", "library"), ("library", "accept"), ("accept", "accept"), ("accept", "issue"), ("issue", "issue")]


def test_the_whole_rolling_order_with_two_nodes_logs_nobody_out(clock):
    """Every step has two kinds of nodes side by side; refreshes alternate between them."""
    clients = {}
    for step, nodes in enumerate(STEPS):
        for turn in range(4):
            clock.tick(timedelta(minutes=10))
            with on(nodes[turn % 2]):
                clients[step, turn] = login()
                clients = {name: refreshed(tokens["refresh"]) for name, tokens in clients.items()}
            with on(nodes[(turn + 1) % 2]):
                assert all(alive(tokens) for tokens in clients.values())
    assert {"sid" in claims(tokens["refresh"]) for tokens in clients.values()} == {True}
    assert TokenSession.objects.count() == len(clients)
    clock.move_to(UNTIL + timedelta(minutes=1))
    with on("sessions only"):
        clients = {name: refreshed(tokens["refresh"]) for name, tokens in clients.items()}
        assert all(alive(tokens) for tokens in clients.values())


@pytest.mark.parametrize("nodes", [*STEPS[:-1], ("issue", "accept")])
def test_side_by_side_a_token_is_spent_once_and_a_logout_counts_on_both(clock, nodes, old):
    """Within every step that runs two kinds of nodes, except that a node without sessions can't end one."""
    with on(nodes[1]):
        new = refreshed(old["refresh"])
    clock.tick(31)
    for node in nodes:
        with on(node):
            assert refresh(old["refresh"]).status_code == 401
    if nodes[1] == "issue":
        return
    with on(nodes[0]):
        assert post("blacklist/", {"refresh": new["refresh"]}).status_code == 200
    with on(nodes[1]):
        assert refresh(new["refresh"]).status_code == 401


def test_a_sliding_token_without_session_goes_on_and_gets_one(clock):
    with on("library"):
        token = post("sliding/", {"username": "ada", "password": PASSWORD}).json()["token"]
    for node in ("accept", "issue"):
        with on(node):
            clock.tick(60)
            token = post("sliding/refresh/", {"token": token}).json()["token"]
            assert ("sid" in claims(token)) is (node == "issue")


def test_access_tokens_from_before_go_on(old):
    for node in ("accept", "issue", "sessions only"):
        with on(node):
            assert alive(old)
            assert answer(get("token/sessions/", old["access"])) == (401, "token_not_valid")
            assert answer(logout(access=old["access"])) == (401, "token_not_valid")


@pytest.mark.parametrize("jti", [5, "", [], {}, True])
def test_an_odd_jti_is_no_500(adopting, old, jti):
    before = rows()
    response = refresh(changed(old["refresh"], jti=jti))
    assert response.status_code in {200, 401}
    assert (rows() == before) or jti == ""


# Deleted rows

DELETIONS = {
    "query set": lambda session, _user: TokenSession.objects.filter(pk=session.pk).delete(),
    "all": lambda _session, _user: TokenSession.objects.all().delete(),
    "of the user": lambda _session, user: user.token_sessions.all().delete(),
    "async": lambda session, _user: async_to_sync(TokenSession.objects.filter(pk=session.pk).adelete)(),
    "row": lambda session, _user: session.delete(),
}


@pytest.mark.parametrize("deletion", DELETIONS.values(), ids=DELETIONS)
def test_a_token_whose_session_was_deleted_is_not_adopted_again(adopting, old, ada, heard, deletion):
    """Without the blacklist app the old token got a new session, and all its access back."""
    new = refreshed(old["refresh"])
    session = session_of(new["refresh"])
    deletion(session, ada)
    for tokens in (old, new):
        assert answer(refresh(tokens["refresh"])) == (401, "session_revoked")
        assert not alive(new)
    assert session_of(new["refresh"]).revoke_reason == RevokeReason.REVOKED
    assert len(get("token/sessions/", login()["access"]).json()) == 1
    assert [told["reason"] for told in heard.of("session_revoked")] == [RevokeReason.REVOKED]


def test_a_deletion_says_how_many_rows_are_gone(adopting, old):
    refreshed(old["refresh"])
    login()
    login()
    assert TokenSession.objects.all().delete() == (2, {"token_sessions.TokenSession": 2})
    assert TokenSession.objects.all().delete() == (0, {})
    assert TokenSession.objects.get().revoked_at is not None


def test_a_deletion_leaves_the_users_other_old_tokens_alone(adopting, old):
    """A marker would have ended devices that have not refreshed yet."""
    with on("library"):
        other = login()
    TokenSession.objects.filter(pk=session_of(refreshed(old["refresh"])["refresh"]).pk).delete()
    assert refresh(other["refresh"]).status_code == 200


def test_a_deletion_leaves_markers(adopting, old, ada):
    TokenSession.objects.revoke_for_user(ada)
    TokenSession.objects.all().delete()
    assert refresh(old["refresh"]).status_code == 401


def test_a_deletion_keeps_nothing_when_no_token_can_be_adopted(adopting, old, clock):
    refreshed(old["refresh"])
    with on("issue without adopting"):
        TokenSession.objects.all().delete()
        assert not TokenSession.objects.exists()


def test_the_rows_that_were_kept_are_flushed(adopting, old, clock):
    refreshed(old["refresh"])
    TokenSession.objects.all().delete()
    clock.tick(timedelta(days=60))
    call_command("flushexpiredtokens")
    assert not TokenSession.objects.exists()


def test_a_deletion_refuses_what_djangos_refuses(adopting, old):
    refreshed(old["refresh"])
    for rows_of in (TokenSession.objects.all()[:1], TokenSession.objects.values("pk")):
        with pytest.raises(TypeError):
            rows_of.delete()
    assert not hasattr(TokenSession.objects, "delete")
    assert alive(old)


def test_leeway_keeps_the_row_of_an_adopted_token(ada):
    """A token that LEEWAY still accepts was adopted again after its row was flushed."""
    exp = int(datetime(2026, 9, 1, 21, tzinfo=UTC).timestamp())
    token = forge({"token_type": "refresh", "jti": "a" * 32, "exp": exp, "iat": 1772000000, "user_id": str(ada.pk)})
    with on("sessions only"), override_settings(SIMPLE_JWT=settings.SIMPLE_JWT | {"LEEWAY": 7200}):
        assert session_of(refreshed(token)["refresh"]).flush_after == date(2026, 9, 2)
