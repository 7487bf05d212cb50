"""Refresh tokens with a session on nodes that have the blacklist app too. Runs under tests.sites.adoption.

Nodes without sessions know the token's `jti` only: they copy `sid` and `gen`, and leave the row as it is.
"""

import pytest
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from oxijwt.exceptions import TokenError, TokenReusedError
from oxijwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from oxijwt.token_sessions import reading, revocation_cache
from oxijwt.token_sessions.models import RevokeReason, TokenSession
from oxijwt.token_sessions.publications import publish_committed
from oxijwt.tokens import RefreshToken
from tests.oxijwt.token_sessions.client import (
    answer,
    changed,
    claims,
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
from tests.oxijwt.token_sessions.test_adoption import UNTIL, on

pytestmark = pytest.mark.django_db

REUSED = (401, "token_reused")


@pytest.fixture(autouse=True)
def ada(clock):
    return make_user()


@pytest.fixture
def tokens():
    """The tokens of a login, on a node that starts sessions."""
    with on("issue"):
        return login()


def rotated_without_sessions(token):
    """What a node without sessions answers to a session's refresh token."""
    with on("library"):
        new = refreshed(token)["refresh"]
    assert [claims(new)[name] for name in ("sid", "gen")] == [claims(token)[name] for name in ("sid", "gen")]
    return new


def logged_out_without_sessions(token):
    """A logout on a node without sessions, as it answers it: of the token only."""
    with on("library"):
        assert post("blacklist/", {"refresh": token}).status_code == 200


def assert_ended_for_reuse(token):
    assert session_of(token).revoke_reason == RevokeReason.REUSE


@pytest.mark.parametrize("age", [0, 31])
def test_the_rotated_token_is_taken_and_the_one_before_is_reuse(tokens, clock, heard, age):
    """The old one was refused, and ended nothing: a thief's successor went on."""
    newer = rotated_without_sessions(tokens["refresh"])
    clock.tick(age)
    with on("issue"):
        again = refreshed(newer)
        assert claims(again["refresh"])["gen"] == 1
        assert who_am_i(again["access"]).status_code == 200
        heard.clear()
        assert answer(refresh(tokens["refresh"])) == REUSED
        assert heard.names == ["session_revoked", "refresh_reuse_detected"]
        assert answer(who_am_i(again["access"])) == (401, "session_revoked")
    assert_ended_for_reuse(tokens["refresh"])


@pytest.mark.parametrize("spend", [rotated_without_sessions, logged_out_without_sessions])
def test_the_log_admits_that_the_time_is_not_known(tokens, clock, caplog, spend):
    """It said "spent 0 seconds ago". The blacklist's node left no time in the row."""
    spend(tokens["refresh"])
    clock.tick(3600)
    with on("issue"), caplog.at_level("WARNING", "oxijwt.security"):
        assert answer(refresh(tokens["refresh"])) == REUSED
    message = next(record.getMessage() for record in caplog.records if record.name == "oxijwt.security")
    assert ", spent at an unknown time. It came from" in message


def test_a_rotated_token_is_its_own_answer_while_the_row_is_young(tokens):
    with on("issue"):
        new = refreshed(tokens["refresh"])["refresh"]
    newer = rotated_without_sessions(new)
    with on("issue"):
        assert refreshed(newer).get("refresh", newer) == newer
    assert session_of(new).generation == 1


def test_a_repeat_never_says_a_blacklisted_jti_again(tokens):
    """It did, and the client held a token that was refused everywhere."""
    with on("issue"):
        current = refreshed(tokens["refresh"])["refresh"]
        assert claims(refreshed(tokens["refresh"])["refresh"])["jti"] == claims(current)["jti"]
    rotated_without_sessions(current)
    with on("issue"):
        assert answer(verify(tokens["refresh"])) == REUSED
        assert answer(refresh(tokens["refresh"])) == REUSED
    assert_ended_for_reuse(current)


@pytest.mark.parametrize("end", [rotated_without_sessions, logged_out_without_sessions])
def test_what_was_ended_without_sessions_ends_the_session(tokens, end):
    """Which of the two it was can't be told. The access token went on."""
    end(tokens["refresh"])
    with on("issue"):
        assert answer(refresh(tokens["refresh"])) == REUSED
        assert answer(who_am_i(tokens["access"])) == (401, "session_revoked")
        assert answer(refresh(tokens["refresh"])) == (401, "session_revoked")
    assert_ended_for_reuse(tokens["refresh"])


@pytest.mark.parametrize("node", ["accept", "issue", "issue without adopting"])
@pytest.mark.parametrize(
    "look",
    [verify, lambda token: logout(token, scope="others"), lambda token: logout(token, scope="global")],
    ids=["verify", "others", "global"],
)
def test_the_others_agree_and_end_nothing(tokens, look, node, heard):
    logged_out_without_sessions(tokens["refresh"])
    before = rows()
    heard.clear()
    with on(node):
        assert answer(look(tokens["refresh"])) == REUSED
        assert (rows(), heard) == (before, [])
        with pytest.raises(TokenReusedError):
            RefreshToken(tokens["refresh"])
    assert_ended_for_reuse(tokens["refresh"])


def test_logout_takes_a_blacklisted_token_as_a_logout(tokens):
    rotated_without_sessions(tokens["refresh"])
    with on("issue"):
        assert logout(tokens["refresh"]).status_code == 204
    assert session_of(tokens["refresh"]).revoke_reason == RevokeReason.LOGOUT


def test_the_loser_of_a_race_asks_again(tokens):
    """Between reading and writing a session node rotates the token, and a node without sessions rotates the answer."""
    with on("issue"):
        late = RefreshToken(tokens["refresh"])
        current = refreshed(tokens["refresh"])["refresh"]
    rotated_without_sessions(current)
    with on("issue"), pytest.raises(TokenReusedError):
        late.rotate()
    assert_ended_for_reuse(current)


def test_a_session_that_is_over_is_refused_before_the_blacklist_is_asked(tokens):
    logged_out_without_sessions(tokens["refresh"])
    TokenSession.objects.update(revoked_at="2026-03-04T05:06:07Z", revoke_reason=RevokeReason.ADMIN)
    with on("issue"), CaptureQueriesContext(connection) as captured:
        assert answer(refresh(tokens["refresh"])) == (401, "session_revoked")
    assert len(captured) == 1


def test_an_adopted_token_is_decided_by_its_row(ada, clock):
    """Adoption itself blacklists it."""
    with on("library"):
        old = login()["refresh"]
    with on("issue"):
        new = refreshed(old)["refresh"]
        assert BlacklistedToken.objects.filter(token__jti=claims(old)["jti"]).exists()
        assert claims(refreshed(old)["refresh"])["jti"] == claims(new)["jti"]


def test_a_token_whose_adoption_and_end_were_forgotten_is_not_adopted_again(settings):
    """REVOCATION_CACHE remembers the end; the database remembers nothing."""
    with on("library"):
        old = login()["refresh"]
    with on("sessions only"), override_settings(SIMPLE_JWT=settings.SIMPLE_JWT | {"REVOCATION_CACHE": "default"}):
        publish_committed()
        revocation_cache.publish([session_of(refreshed(old)["refresh"]).pk])
        TokenSession.objects.all()._raw_delete(DEFAULT_DB_ALIAS)  # `delete` would keep the row
        assert answer(verify(old)) == answer(refresh(old)) == (401, "session_revoked")
    assert not TokenSession.objects.exists()


def look_at_both(look, *arguments):
    """The response of a request that runs one statement, apart from an UPDATE: it reads both apps' tables."""
    with CaptureQueriesContext(connection) as captured:
        response = look(*arguments)
    assert response.status_code == 200
    reads = [query["sql"] for query in captured if not query["sql"].startswith("UPDATE")]
    assert len(reads) == 1
    assert "token_sessions" in reads[0]
    return "token_blacklist" in reads[0]


@pytest.mark.parametrize("look", [refresh, verify])
def test_one_statement_asks_both(tokens, look):
    with on("issue"):
        assert look_at_both(look, tokens["refresh"])
        new = refreshed(tokens["refresh"])["refresh"]
        for token in (tokens["refresh"], new):
            assert look_at_both(look, token)


def test_a_request_does_not_ask_the_blacklist(tokens):
    with on("issue"):
        assert not look_at_both(who_am_i, tokens["access"])


@pytest.mark.parametrize("single_use", [True, False])
def test_one_statement_verifies_an_access_token(tokens, settings, single_use):
    """The blacklist is asked for the same setting as without sessions."""
    with on("issue"), override_settings(SIMPLE_JWT=settings.SIMPLE_JWT | {"BLACKLIST_AFTER_ROTATION": single_use}):
        assert look_at_both(verify, tokens["access"]) == single_use


def test_a_blacklisted_access_token_is_not_valid(tokens, settings):
    """A project may blacklist any `jti`."""
    token = OutstandingToken.objects.create(jti=claims(tokens["access"])["jti"], token="", expires_at=UNTIL)
    with on("issue"), override_settings(SIMPLE_JWT=settings.SIMPLE_JWT | {"BLACKLIST_AFTER_ROTATION": True}):
        assert verify(tokens["access"]).status_code == 200
        BlacklistedToken.objects.create(token=token)
        assert verify(tokens["access"]).json() == {"non_field_errors": ["Token is blacklisted"]}
        logout(tokens["refresh"])
        assert answer(verify(tokens["access"])) == (401, "session_revoked")  # the session comes first


@pytest.fixture(params=["another manager", "another database"])
def asked_apart(request, monkeypatch):
    """The blacklist can't be asked by the statement that reads the session."""
    if request.param == "another manager":
        monkeypatch.setattr("oxijwt.records.blacklist.is_plain", lambda _manager: False)
    else:
        monkeypatch.setattr(reading, "can_be_asked_in", lambda _alias: False)


@pytest.mark.usefixtures("asked_apart")
@pytest.mark.parametrize(("look", "kind"), [(refresh, "refresh"), (verify, "refresh"), (verify, "access")])
def test_a_second_statement_asks_a_blacklist_apart(tokens, settings, look, kind):
    with on("issue"), override_settings(SIMPLE_JWT=settings.SIMPLE_JWT | {"BLACKLIST_AFTER_ROTATION": True}):
        with CaptureQueriesContext(connection) as captured:
            assert look(tokens[kind]).status_code == 200
        asked = ["token_blacklist" in query["sql"] for query in captured if not query["sql"].startswith("UPDATE")]
        assert asked == [False, True]
        token = OutstandingToken.objects.create(jti=claims(tokens[kind])["jti"], token="", expires_at=UNTIL)
        BlacklistedToken.objects.create(token=token)
        assert look(tokens[kind]).status_code == (401 if kind == "refresh" else 400)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("field", ["refresh", "access"])
def test_a_login_and_a_logout_run_two(field):
    with on("issue"):
        with CaptureQueriesContext(connection) as captured:
            tokens = login()
        assert len(captured) == 2
        with CaptureQueriesContext(connection) as captured:
            assert logout(**{field: tokens[field]}).status_code == 204
        assert len(captured) == 2


def test_without_jti_claim_nothing_is_asked(ada):
    with on("issue"), override_settings(SIMPLE_JWT={"ROTATE_REFRESH_TOKENS": True, "JTI_CLAIM": None}):
        token = login()["refresh"]
        with CaptureQueriesContext(connection) as captured:
            refreshed(token)
    assert not [query for query in captured if "token_blacklist" in query["sql"]]


@pytest.mark.parametrize("jti", [None, 5, "", "\0"])
def test_a_token_whose_jti_no_table_can_hold_is_refused(tokens, jti):
    odd = changed(tokens["refresh"], jti=jti)
    before = rows()
    with on("issue"):
        assert answer(refresh(odd)) == answer(verify(odd)) == (401, "token_not_valid")
    assert rows() == before


class Refusing(RefreshToken):
    """A project's own token, which looks for something of its own."""

    asked = 0

    def check_blacklist(self):
        super().check_blacklist()
        type(self).asked += 1
        if self.get("barred"):
            raise TokenError("barred")


def test_a_projects_check_blacklist_is_called_and_costs_no_statement(tokens):
    Refusing.asked = 0
    with on("issue"):
        with CaptureQueriesContext(connection) as captured:
            Refusing(tokens["refresh"])
        assert len([query for query in captured if "token_blacklist" in query["sql"]]) == 1
        assert Refusing.asked == 1
        with pytest.raises(TokenError, match="barred"):
            Refusing(changed(tokens["refresh"], barred=True))


def test_check_blacklist_by_itself_asks_the_table(tokens):
    logged_out_without_sessions(tokens["refresh"])
    with on("issue"), pytest.raises(TokenError, match="blacklisted"):
        RefreshToken(tokens["refresh"], verify=False).check_blacklist()


def test_rows_are_kept_as_long_as_nodes_without_sessions_extend_their_tokens(clock):
    """The row was flushed, and with it the session of a token that a node without sessions had made last."""
    with on("issue"):
        token = login()["refresh"]
    clock.tick(14 * 24 * 3600 - 60)
    newer = rotated_without_sessions(token)
    clock.tick(13 * 24 * 3600)
    with on("issue"):
        call_command("flushexpiredtokens")
        assert TokenSession.objects.count() == 1
        assert claims(refreshed(newer)["refresh"])["gen"] == 1
    assert OutstandingToken.objects.exists()
