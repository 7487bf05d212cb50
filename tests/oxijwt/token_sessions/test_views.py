"""The endpoints of sessions, each gate open and shut."""

import itertools
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.core.cache import caches
from django.db import connection
from django.test import Client, RequestFactory, override_settings

from oxijwt.backends import TokenBackend
from oxijwt.exceptions import TokenError
from oxijwt.state import token_backend
from oxijwt.token_sessions import api, ending
from oxijwt.token_sessions.models import RevokeReason, TokenSession
from oxijwt.tokens import RefreshToken, SlidingToken
from oxijwt.verifier import SignedBy
from tests.client import CHALLENGE, INVALID_TOKEN
from tests.leaks import FAULT, break_down, require_absence

from .client import (
    PASSWORD,
    USER_AGENT,
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


@pytest.fixture(autouse=True)
def ada(clock):
    return make_user()


def alive(tokens):
    return who_am_i(tokens["access"]).status_code == 200


# Logout


@pytest.mark.parametrize("kind", ["refresh", "access"])
@pytest.mark.parametrize(
    ("scope", "survivors"),
    [
        (None, "others and grace's"),
        ("local", "others and grace's"),
        ("others", "own and grace's"),
        ("global", "grace's"),
    ],
)
def test_logout_ends_what_its_scope_says(kind, scope, survivors, heard):
    make_user("grace")
    own, other, grace = login(), login(), login("grace")
    body = {} if scope is None else {"scope": scope}
    assert logout(**{kind: own[kind]}, **body).status_code == 204
    assert (alive(own), alive(other), alive(grace)) == ("own" in survivors, "others" in survivors, True)
    reasons = {"others": RevokeReason.LOGOUT_OTHERS, "global": RevokeReason.LOGOUT_GLOBAL}
    assert [told["reason"] for told in heard.of("session_revoked")] == [reasons.get(scope, RevokeReason.LOGOUT)]


@pytest.mark.parametrize("scope", ["others", "global"])
@pytest.mark.parametrize(("age", "code"), [(1, "token_reused"), (31, "token_reused"), (86400, "token_not_valid")])
def test_a_retired_or_expired_token_ends_no_other_session(clock, scope, age, code):
    own, other = login(), login()
    refreshed(own["refresh"])
    clock.tick(age)
    before = rows()
    assert answer(logout(own["refresh"], scope=scope)) == (401, code)
    assert rows() == before
    assert refresh(other["refresh"]).status_code == (401 if age == 86400 else 200)


@pytest.mark.parametrize("age", [1, 31, 86400])
def test_a_retired_or_expired_token_ends_its_own_session_without_a_word_of_reuse(clock, heard, age):
    own, other = login(), login()
    refreshed(own["refresh"])
    clock.tick(age)
    assert logout(own["refresh"]).status_code == 204
    assert session_of(own["refresh"]).revoke_reason == RevokeReason.LOGOUT
    assert session_of(other["refresh"]).revoked_at is None
    assert "refresh_reuse_detected" not in heard.names


def test_a_logout_may_be_repeated_with_a_refresh_token(heard):
    tokens = login()
    assert [logout(tokens["refresh"]).status_code for _ in range(3)] == [204] * 3
    assert len(heard.of("session_revoked")) == 1


def test_a_logout_ends_the_session_of_a_user_who_may_not_log_in_any_more(ada):
    """Logging out while deactivated left the session to a later reactivation."""
    tokens = login()
    type(ada).objects.update(is_active=False)
    assert logout(tokens["refresh"]).status_code == 204
    type(ada).objects.update(is_active=True)
    assert not alive(tokens)


def test_a_logout_ends_a_session_restored_from_a_backup():
    """The row has forgotten the token's `gen`. The token is still this session's."""
    tokens = login()
    newer = refreshed(tokens["refresh"])
    TokenSession.objects.update(generation=0, rotated_at=None)
    assert logout(newer["refresh"]).status_code == 204
    assert not alive(tokens)


BAD_BODIES = [
    {"scope": "everything"},
    {"scope": ["local"]},
    {"refresh": ""},
    {"refresh": None},
    {"refresh": {"a": 1}},
    {"refresh": ["x"]},
    ["refresh"],
    "refresh",
    b"{",
    b'{"refresh": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
]


@pytest.mark.parametrize("body", BAD_BODIES, ids=lambda body: str(body)[:30])
def test_logout_answers_400_to_what_it_cannot_read(body):
    tokens = login()
    before = rows()
    assert post("logout/", body, tokens["access"]).status_code == 400
    assert rows() == before


REFUSED = {
    "nothing": {},
    "no token": {"refresh": "no token"},
    "a forged one": {"refresh": "eyJhbGciOiJIUzI1NiJ9.e30.AAAA"},
    "an access token as refresh token": lambda tokens: {"refresh": tokens["access"]},
    "a refresh token as access token": lambda tokens: {"access": tokens["refresh"]},
    "an access token without session": lambda tokens: {"access": changed(tokens["access"], sid=None)},
}


@pytest.mark.parametrize("scope", ["local", "others", "global"])
@pytest.mark.parametrize("name", REFUSED)
def test_logout_refuses_what_is_no_token_of_a_session(name, scope):
    tokens = login()
    before = rows()
    arguments = REFUSED[name](tokens) if callable(REFUSED[name]) else REFUSED[name]
    response = logout(**arguments, scope=scope)
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == (INVALID_TOKEN if arguments else CHALLENGE)
    assert response["Cache-Control"] == "no-store"
    assert rows() == before


def test_logout_refuses_the_access_token_of_an_ended_session():
    tokens = login()
    logout(tokens["refresh"])
    assert answer(logout(access=tokens["access"])) == (401, "session_revoked")


def test_client_fields_are_blanked_when_a_session_ends():
    tokens = login(HTTP_USER_AGENT=USER_AGENT, REMOTE_ADDR="192.0.2.7")
    session = session_of(tokens["refresh"])
    assert (session.ip_address, session.user_agent) == ("192.0.2.7", USER_AGENT)
    logout(tokens["refresh"])
    session.refresh_from_db()
    assert (session.ip_address, session.user_agent) == (None, "")


# The list


def test_the_list_has_the_users_live_sessions_with_the_current_one_marked(clock, ada):
    make_user("grace")
    login("grace")
    login(HTTP_USER_AGENT="phone")
    clock.tick(1)
    second = login(HTTP_USER_AGENT="laptop")
    logout(login()["refresh"])
    answered = get("token/sessions/", second["access"], HTTP_USER_AGENT="laptop")
    assert answered["Cache-Control"] == "no-store"
    listed = answered.json()
    assert [(row["user_agent"], row["current"]) for row in listed] == [("laptop", True), ("phone", False)]
    assert set(listed[0]) == {
        "id", "created_at", "last_used_at", "expires_at", "ip_address", "user_agent", "current"
    }  # fmt: skip


def test_the_current_session_shows_the_client_of_the_request(ada):
    """A refresh from another address showed in the list: who polled it with a stolen token learned of the rotation."""
    stolen = login(REMOTE_ADDR="192.0.2.1", HTTP_USER_AGENT="phone")
    post("refresh/", {"refresh": stolen["refresh"]}, REMOTE_ADDR="192.0.2.2", HTTP_USER_AGENT="laptop")
    thief = {"REMOTE_ADDR": "198.51.100.7", "HTTP_USER_AGENT": "curl"}
    (row,) = get("token/sessions/", stolen["access"], **thief).json()
    assert (row["ip_address"], row["user_agent"]) == ("198.51.100.7", "curl")
    (row,) = (row for row in get("token/sessions/", login()["access"]).json() if not row["current"])
    assert (row["ip_address"], row["user_agent"]) == ("192.0.2.2", "laptop")


def listed(tokens):
    """The times in the list: of the current session, and of the others."""
    times = {current: [] for current in (True, False)}
    for row in get("token/sessions/", tokens["access"]).json():
        shown = (row[name] for name in ("created_at", "last_used_at", "expires_at"))
        times[row["current"]].append(tuple(str(datetime.fromisoformat(time).astimezone(UTC))[:19] for time in shown))
    [current] = times[True]
    return current, times[False]


def test_the_list_does_not_show_when_a_session_rotated(clock, jwt_settings):
    """`last_used_at` and `expires_at` showed the moment of each rotation to a thief who polled."""
    jwt_settings(ACCESS_TOKEN_LIFETIME=timedelta(days=5))
    polled, other = login(), login()
    clock.tick(60)
    current, [another] = listed(polled)
    assert current == ("2026-03-04 05:06:07", "2026-03-04 05:07:07", "2026-03-05 05:07:07")
    assert another == ("2026-03-04 05:06:07", "2026-03-04 05:06:07", "2026-03-06 00:00:00")
    for tokens in (polled, other):
        refreshed(tokens["refresh"])
    assert listed(polled) == (current, [another])


def test_the_list_shows_the_day_on_which_another_session_was_used(clock, jwt_settings):
    jwt_settings(ACCESS_TOKEN_LIFETIME=timedelta(days=5))
    polled, other = login(), login()
    clock.move_to("2026-03-05 04:00:00")
    refreshed(polled["refresh"])
    newer = refreshed(other["refresh"])
    _current, [another] = listed(polled)
    assert another == ("2026-03-04 05:06:07", "2026-03-05 00:00:00", "2026-03-07 00:00:00")
    clock.tick(timedelta(hours=7))
    refreshed(newer["refresh"])
    assert listed(polled)[1] == [another]


@pytest.mark.parametrize("lifetime", [timedelta(hours=30), None])
def test_the_list_shows_no_end_after_the_absolute_one(clock, jwt_settings, lifetime):
    jwt_settings(SESSION_ABSOLUTE_LIFETIME=lifetime, ACCESS_TOKEN_LIFETIME=timedelta(days=5))
    polled, _other = login(), login()
    clock.tick(timedelta(hours=20))
    refreshed(polled["refresh"])
    (*_times, current), [(*_times, another)] = listed(polled)
    assert current == ("2026-03-06 01:06:07" if lifetime is None else "2026-03-05 11:06:07")
    assert another == ("2026-03-06 00:00:00" if lifetime is None else "2026-03-05 11:06:07")


def test_the_list_shows_the_last_times_there_are(clock, jwt_settings):
    """A day after the last one can't be shown."""
    last = datetime.max.replace(hour=5, tzinfo=UTC)
    polled, _other = login(), login()
    TokenSession.objects.update(expires_at=last, absolute_expires_at=None)
    current, [another] = listed(polled)
    assert (current[2][:4], another[2][:4]) == ("9999", "9999")


def test_the_list_leaves_out_what_ended_with_the_old_password(ada):
    """Sessions that a changed password had ended were listed as if they went on."""
    login()
    kept = login()
    ada.set_password("another")
    ada.save()
    api.update_session_auth_hash(claims(kept["access"]), ada)
    assert [row["current"] for row in get("token/sessions/", kept["access"]).json()] == [True]


@pytest.mark.parametrize("path", ["token/sessions/", f"token/sessions/{uuid4()}/"])
def test_the_list_wants_a_token(path):
    assert get(path).status_code == 401
    assert Client().delete(f"/api/{path}").status_code == 401


def delete(sid, access):
    return Client().delete(f"/api/token/sessions/{sid}/", HTTP_AUTHORIZATION=f"Bearer {access}")


def test_a_session_can_be_deleted_by_its_user_only_and_once():
    make_user("grace")
    own, other, grace = login(), login(), login("grace")
    assert delete(claims(grace["refresh"])["sid"], own["access"]).status_code == 404
    assert alive(grace)
    assert delete(claims(other["refresh"])["sid"], own["access"]).status_code == 204
    assert not alive(other)
    assert delete(claims(other["refresh"])["sid"], own["access"]).status_code == 404
    assert delete(uuid4(), own["access"]).status_code == 404
    assert delete("no-uuid", own["access"]).status_code == 404
    assert delete(claims(own["refresh"])["sid"], own["access"]).status_code == 204
    assert not alive(own)


# Verify


@pytest.mark.parametrize(
    ("age", "expected"), [(0, (200, None)), (29, (200, None)), (30, (401, "token_reused")), (31, (401, "token_reused"))]
)
def test_verify_answers_what_a_refresh_would_and_ends_nothing(clock, heard, age, expected):
    """Verify turned to 401 the moment a token was spent, so a thief who polled knew when to refresh."""
    tokens = login()
    newer = refreshed(tokens["refresh"])
    clock.tick(age)
    before = rows()
    assert answer(verify(tokens["refresh"])) == expected
    assert rows() == before
    assert verify(newer["refresh"]).status_code == 200
    assert verify(tokens["access"]).status_code == 200
    assert set(heard.names) == {"session_started", "session_refreshed"}


@pytest.mark.parametrize("kind", ["refresh", "access"])
def test_verify_agrees_with_authentication_about_an_inactive_user(ada, kind):
    tokens = login()
    type(ada).objects.update(is_active=False)
    assert answer(verify(tokens[kind])) == (401, "user_inactive")


# Tabs and thieves


@pytest.mark.parametrize("order", sorted(set(itertools.permutations([0, 1, 2, 0, 1, 2]))))
def test_three_tabs_refreshing_within_grace_in_any_order_stay_logged_in(clock, order):
    start = login()
    tabs = [start] * 3
    for turn, tab in enumerate(order):
        tabs[tab] = refreshed(tabs[tab]["refresh"])
        clock.tick(4 if turn < 5 else 0)
    assert all(alive(tab) for tab in tabs)
    assert session_of(start["refresh"]).generation == 1


def test_a_thief_after_grace_ends_the_session_for_both_at_once(clock, heard):
    stolen = login()
    victim = refreshed(stolen["refresh"])
    clock.tick(45)
    response = refresh(stolen["refresh"])
    assert answer(response) == (401, "token_reused")
    assert response["WWW-Authenticate"] == INVALID_TOKEN
    assert answer(who_am_i(stolen["access"])) == (401, "session_revoked")
    assert answer(who_am_i(victim["access"])) == (401, "session_revoked")
    assert answer(refresh(victim["refresh"])) == (401, "session_revoked")
    [reuse] = heard.of("refresh_reuse_detected")
    assert reuse["age"] == timedelta(seconds=45)
    assert reuse["session"].pk == session_of(stolen["refresh"]).pk
    assert reuse["request"].path == "/api/token/refresh/"
    assert session_of(stolen["refresh"]).revoke_reason == RevokeReason.REUSE


def test_a_thief_who_refreshes_first_is_caught_when_the_victim_comes(clock, heard):
    tokens = login()
    thief = refreshed(tokens["refresh"])
    clock.tick(31)
    assert answer(refresh(tokens["refresh"])) == (401, "token_reused")
    assert not alive(thief)


@pytest.mark.django_db(transaction=True)
def test_the_end_that_reuse_makes_is_committed_under_atomic_requests(clock, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    tokens = login()
    refreshed(tokens["refresh"])
    clock.tick(31)
    assert answer(refresh(tokens["refresh"])) == (401, "token_reused")
    assert session_of(tokens["refresh"]).revoke_reason == RevokeReason.REUSE


def test_reuse_leaves_a_test_case_transaction_usable(clock):
    tokens = login()
    refreshed(tokens["refresh"])
    clock.tick(31)
    refresh(tokens["refresh"])
    assert not connection.needs_rollback
    assert TokenSession.objects.count() == 1


# Settings of the refresh


def test_strict_grace_rotates_every_time_and_ends_at_once(jwt_settings, heard):
    jwt_settings(REFRESH_REUSE_GRACE=timedelta(0))
    tokens = login()
    newer = refreshed(tokens["refresh"])
    newest = refreshed(newer["refresh"])
    assert claims(newest["refresh"])["gen"] == 2
    assert answer(refresh(newer["refresh"])) == (401, "token_reused")
    assert not alive(newest)


def test_the_loser_of_a_strict_race_ends_the_session(jwt_settings, heard):
    """Who lost a race under G = 0 was refused, but the session went on."""
    jwt_settings(REFRESH_REUSE_GRACE=timedelta(0))
    text = login()["refresh"]
    late = RefreshToken(text)
    refreshed(text)
    with pytest.raises(TokenError):
        late.rotate()
    assert session_of(text).revoke_reason == RevokeReason.REUSE
    assert len(heard.of("refresh_reuse_detected")) == 1


def test_without_rotation_an_access_token_comes_alone_and_nothing_is_written(jwt_settings):
    jwt_settings(ROTATE_REFRESH_TOKENS=False)
    tokens = login()
    before = rows()
    answers = [refreshed(tokens["refresh"]) for _ in range(3)]
    assert [set(each) for each in answers] == [{"access"}] * 3
    assert all(alive(each) for each in answers)
    assert rows() == before
    logout(tokens["refresh"])
    assert not alive(answers[0])


def test_without_an_absolute_end_sessions_go_on_as_long_as_they_are_used(clock, jwt_settings):
    jwt_settings(SESSION_ABSOLUTE_LIFETIME=None)
    tokens = login()
    for _ in range(60):
        clock.tick(timedelta(days=1, seconds=-1))
        tokens = refreshed(tokens["refresh"])
    assert session_of(tokens["refresh"]).absolute_expires_at is None


def test_claim_names_are_settings(jwt_settings):
    jwt_settings(SESSION_ID_CLAIM="login", SESSION_GENERATION_CLAIM="turn")
    tokens = refreshed(login()["refresh"])
    assert claims(tokens["refresh"])["turn"] == 1
    assert not {"sid", "gen"} & set(claims(tokens["refresh"]))
    assert claims(tokens["access"])["login"] == claims(tokens["refresh"])["login"]
    assert "turn" not in claims(tokens["access"])
    assert alive(tokens)
    assert logout(tokens["refresh"]).status_code == 204
    assert not alive(tokens)


def test_a_token_type_claim_is_not_needed(jwt_settings, clock):
    """A retired token could not log out without TOKEN_TYPE_CLAIM, and `gen` alone tells the two tokens apart."""
    jwt_settings(TOKEN_TYPE_CLAIM=None)
    tokens = login()
    refreshed(tokens["refresh"])
    assert answer(refresh(tokens["access"])) == (401, "token_not_valid")
    assert who_am_i(tokens["refresh"]).status_code == 401
    assert get("stateless/", tokens["refresh"]).status_code == 401
    assert get("stateless/", tokens["access"]).status_code == 200
    clock.tick(31)
    assert logout(tokens["refresh"]).status_code == 204


@pytest.mark.parametrize("limit", [1, 2])
def test_the_least_recently_refreshed_session_goes_when_there_are_too_many(clock, jwt_settings, limit, heard):
    jwt_settings(SESSION_LIMIT_PER_USER=limit)
    make_user("grace")
    grace = login("grace")
    first = login()
    clock.tick(40)
    second = login()
    clock.tick(40)
    if limit == 2:
        first = refreshed(first["refresh"])
        clock.tick(40)
    third = login()
    assert [alive(each) for each in (first, second, third, grace)] == [limit == 2, False, True, True]
    assert {told["reason"] for told in heard.of("session_revoked")} == {RevokeReason.LIMIT}


@pytest.mark.parametrize("ahead", [timedelta(milliseconds=1), timedelta(seconds=3), timedelta(seconds=50)], ids=str)
@pytest.mark.parametrize("limit", [1, 2])
def test_a_new_login_lives_though_another_nodes_clock_is_ahead(clock, jwt_settings, limit, ahead):
    """It counted as older than the login before it, and was dead at birth."""
    jwt_settings(SESSION_LIMIT_PER_USER=limit)
    begun = clock()
    earlier = []
    for number in range(limit):
        clock.move_to(begun + ahead + timedelta(seconds=number))
        earlier.append(login())
    clock.move_to(begun)
    newest = login()
    assert [alive(each) for each in (*earlier, newest)] == [False, *[True] * limit]


def test_the_limit_does_not_count_what_a_new_password_ended(ada, clock, jwt_settings):
    jwt_settings(SESSION_LIMIT_PER_USER=2)
    kept = login()
    clock.tick(1)
    login()
    ada.set_password(PASSWORD)
    ada.save()
    api.update_session_auth_hash(claims(kept["access"]), ada)
    login()
    assert alive(kept)


# simplejwt's idioms


@pytest.mark.parametrize("age", [0, 1, 31])
def test_the_blacklist_view_ends_the_session_with_any_of_its_tokens(clock, age):
    """A retired token was refused there, and the session went on."""
    tokens = login()
    newest = refreshed(tokens["refresh"]) if age else tokens
    clock.tick(age)
    assert answer(post("blacklist/", {"refresh": tokens["refresh"]})) == (200, None)
    assert not alive(newest)


def test_blacklist_of_a_token_ends_its_session():
    tokens = login()
    RefreshToken(tokens["refresh"]).blacklist()
    assert not alive(tokens)
    with pytest.raises(TokenError):
        RefreshToken(tokens["refresh"])


def test_reading_a_refresh_token_writes_nothing_unless_it_is_reused(clock, heard):
    tokens = login()
    newer = refreshed(tokens["refresh"])
    before, names = rows(), list(heard.names)
    assert RefreshToken(newer["refresh"]).access_token["sid"] == claims(newer["refresh"])["sid"]
    assert RefreshToken(tokens["refresh"]).access_token["sid"] == claims(newer["refresh"])["sid"]
    assert (rows(), heard.names) == (before, names)
    clock.tick(31)
    with pytest.raises(TokenError) as refusal:
        RefreshToken(tokens["refresh"])
    assert refusal.value.code == "token_reused"
    assert not alive(newer)


def test_for_user_begins_a_session_without_client_fields_or_auth_time(ada):
    token = RefreshToken.for_user(ada)
    session = session_of(str(token))
    assert (session.user, session.ip_address, session.user_agent) == (ada, None, "")
    assert "auth_time" not in token
    assert alive({"access": str(token.access_token)})
    assert claims(refreshed(str(token))["refresh"])["gen"] == 1


def test_custom_claims_and_auth_time_are_carried_over(clock):
    tokens = login()
    entered = claims(tokens["refresh"])["auth_time"]
    assert entered == claims(tokens["access"])["auth_time"] == 1772600767
    custom = changed(tokens["refresh"], tenant="engines")
    for _ in range(3):
        clock.tick(31)
        tokens = refreshed(custom)
        custom = tokens["refresh"]
    for token in tokens.values():
        assert (claims(token)["auth_time"], claims(token)["tenant"]) == (entered, "engines")


# Authentication


def test_without_types_a_token_with_a_generation_authenticates_nobody(jwt_settings):
    jwt_settings(TOKEN_TYPE_CLAIM=None)
    tokens = login()
    assert answer(who_am_i(tokens["refresh"])) == (401, "token_not_valid")
    assert get("stateless/", tokens["refresh"]).status_code == 401
    assert who_am_i(tokens["access"]).status_code == 200


def test_a_generation_that_another_node_has_copied_authenticates():
    """A node without sessions copies `gen` into access tokens: they were "Token has wrong type"."""
    copied = changed(login()["access"], gen=0)
    assert who_am_i(copied).status_code == 200
    assert get("stateless/", copied).status_code == 200
    assert get("own-lookup/", copied).status_code == 200
    assert verify(copied).status_code == 200


def test_a_class_with_its_own_get_user_still_has_the_session_checked():
    tokens = login()
    assert get("own-lookup/", tokens["access"]).status_code == 200
    logout(tokens["refresh"])
    assert answer(get("own-lookup/", tokens["access"])) == (401, "session_revoked")


def test_the_sid_of_another_issuer_means_nothing(ada, monkeypatch):
    """Sessions apply to tokens that our own keys verified."""
    tokens = login()
    ours = token_backend.decode(tokens["refresh"])

    class Backend:
        """A project's own, with simplejwt's methods only."""

        jwks_client = None

        def decode(self, *_arguments, **_options):
            return dict(ours)

        def get_leeway(self):
            return timedelta(0)

    monkeypatch.setattr("oxijwt.state.token_backend", Backend())
    assert RefreshToken(tokens["refresh"]).session is not None
    monkeypatch.setattr(Backend, "jwks_client", object())
    token = RefreshToken(tokens["refresh"])
    assert (token.session, token.signed_by) == (None, SignedBy.JWK_URL)


class Prefixed(TokenBackend):
    """A project's own, whose tokens look otherwise."""

    def decode(self, token, verify=True, **options):
        text = token.decode() if isinstance(token, bytes) else token
        return super().decode(text.removeprefix("own."), verify, **options)

    def encode(self, payload):
        return f"own.{super().encode(payload)}"


def test_a_backend_of_the_projects_own_can_log_out(monkeypatch):
    """Logout read the token without the backend's `decode`, and refused what `RefreshToken` reads."""
    monkeypatch.setattr("oxijwt.state.token_backend", Prefixed("HS256", token_backend.signing_key))
    tokens = login()
    assert tokens["refresh"].startswith("own.")
    assert who_am_i(tokens["access"]).status_code == 200
    assert logout(tokens["refresh"]).status_code == 204
    assert answer(who_am_i(tokens["access"])) == (401, "session_revoked")


@pytest.mark.parametrize(("age", "status"), [(0, 200), (600, 200), (601, 401)])
def test_a_sensitive_view_wants_a_recent_login(clock, jwt_settings, age, status):
    jwt_settings(ACCESS_TOKEN_LIFETIME=timedelta(hours=1))
    tokens = login()
    clock.tick(age)
    # A refresh is no login: the time is carried over.
    access = refreshed(tokens["refresh"])["access"]
    response = get("transfer/", access)
    assert answer(response) == (status, None if status == 200 else "login_required")


@pytest.mark.parametrize("auth_time", [None, "now", True, 1e9, [], {}])
def test_a_sensitive_view_wants_a_time_of_login(auth_time):
    access = changed(login()["access"], auth_time=auth_time)
    assert answer(get("transfer/", access)) == (401, "login_required")


@pytest.mark.parametrize(("ahead", "status"), [(0, 200), (60, 200), (61, 401), (600, 401), (10**9, 401)])
def test_a_login_in_the_future_is_not_recent(ahead, status):
    """A time of login far in the future counted as recent for ever."""
    tokens = login()
    access = changed(tokens["access"], auth_time=claims(tokens["access"])["auth_time"] + ahead)
    assert get("transfer/", access).status_code == status


@pytest.mark.parametrize("auth", [None, object(), "text", {"auth_time": 1772600767}])
def test_a_sensitive_view_refuses_other_authentication_classes(auth):
    """What another class left in `request.auth` was asked for a claim it can't have."""
    from oxijwt.exceptions import AuthenticationFailed  # noqa: PLC0415
    from tests.sites.session_urls import TransferMoney  # noqa: PLC0415

    request = RequestFactory().get("/")
    request.auth = auth
    with pytest.raises(AuthenticationFailed):
        TransferMoney.permission_classes[1]().has_permission(request, None)


# Sliding tokens


@pytest.fixture
def sliding(jwt_settings):
    jwt_settings(AUTH_TOKEN_CLASSES=["oxijwt.tokens.SlidingToken"])
    return lambda: post("sliding/", {"username": "ada", "password": PASSWORD}).json()["token"]


def slid(token):
    return post("sliding/refresh/", {"token": token})


def test_sliding_tokens_have_a_session_and_their_refresh_writes_nothing(sliding, clock):
    token = sliding()
    assert "gen" not in claims(token)
    assert {"sid", "auth_time"} <= set(claims(token))
    before = rows()
    clock.tick(60)
    newer = slid(token).json()["token"]
    assert claims(newer)["exp"] == claims(token)["exp"] + 60
    assert claims(newer)["sid"] == claims(token)["sid"]
    assert rows() == before
    TokenSession.objects.revoke_for_user(session_of(token).user)
    for each in (token, newer):
        assert answer(who_am_i(each))[0] == 401
        assert slid(each).status_code == 401
        assert verify(each).status_code == 401


def test_sliding_tokens_end_at_the_absolute_end(sliding, clock, jwt_settings):
    jwt_settings(SESSION_ABSOLUTE_LIFETIME=timedelta(minutes=12), SLIDING_TOKEN_REFRESH_LIFETIME=timedelta(days=9))
    token = sliding()
    end = session_of(token).absolute_expires_at.timestamp()
    assert claims(token)["refresh_exp"] == int(end)
    for _ in range(2):
        clock.tick(timedelta(minutes=4))
        token = slid(token).json()["token"]
    assert claims(token)["exp"] == int(end)
    clock.tick(timedelta(minutes=4))
    assert who_am_i(token).status_code == 401
    assert slid(token).status_code == 401


def test_a_sliding_token_refreshed_at_the_last_moment_lives_as_long_as_it_says(sliding, clock, jwt_settings):
    """The session was over when refreshing was, before the last token's `exp`."""
    jwt_settings(SLIDING_TOKEN_LIFETIME=timedelta(hours=1), SLIDING_TOKEN_REFRESH_LIFETIME=timedelta(minutes=30))
    token = sliding()
    clock.tick(timedelta(minutes=29))
    token = slid(token).json()["token"]
    clock.tick(timedelta(minutes=59))
    assert who_am_i(token).status_code == 200
    assert slid(token).status_code == 401


def test_blacklisting_a_sliding_token_ends_its_session(sliding):
    token = sliding()
    SlidingToken(token).blacklist()
    assert who_am_i(token).status_code == 401


# Signals


def test_signals_of_a_whole_life(heard, ada):
    tokens = login()
    refreshed(tokens["refresh"])
    refreshed(tokens["refresh"])
    logout(tokens["refresh"])
    assert heard.names == ["session_started", "session_refreshed", "refresh_repeated", "session_revoked"]
    session = session_of(tokens["refresh"])
    paths = ["/api/token/", "/api/token/refresh/", "/api/token/refresh/", "/api/token/logout/"]
    assert [arguments["request"].path for _name, arguments in heard] == paths
    assert [arguments["sender"] for _name, arguments in heard] == [TokenSession] * 4
    assert [arguments["session"].pk for _name, arguments in heard[:3]] == [session.pk] * 3
    assert heard.of("session_started")[0]["adopted"] is False
    revoked = heard.of("session_revoked")[0]
    assert (revoked["session_ids"], revoked["user_id"], revoked["reason"]) == ([session.pk], ada.pk, 1)


def test_a_repeat_for_the_current_token_is_not_worth_a_signal(heard):
    tokens = refreshed(login()["refresh"])
    refreshed(tokens["refresh"])
    assert heard.names == ["session_started", "session_refreshed"]


def test_revoke_for_user_names_the_sessions_it_ended_and_no_others(clock, heard, ada):
    kept, ended, over = (claims(login()["refresh"])["sid"] for _ in range(3))
    ending.end(over, ada.pk)
    clock.tick(1)
    heard.clear()
    assert TokenSession.objects.revoke_for_user(ada, except_=[kept]) == 1
    [told] = heard.of("session_revoked")
    assert [str(sid) for sid in told["session_ids"]] == [ended]
    assert (told["user_id"], told["reason"], told["request"]) == (ada.pk, RevokeReason.REVOKED, None)
    assert TokenSession.objects.revoke_for_user(ada, except_=[kept]) == 0
    assert len(heard.of("session_revoked")) == 1


@pytest.fixture
def django_signals(transactional_db):
    seen = []

    def receive(signal, **arguments):
        seen.append((signal, arguments))

    signals = (user_logged_in, user_logged_out, user_login_failed)
    for signal in signals:
        signal.connect(receive)
    yield seen
    for signal in signals:
        signal.disconnect(receive)


@pytest.mark.parametrize("wanted", [True, False])
def test_user_logged_in_is_opt_in(django_signals, jwt_settings, wanted, ada):
    jwt_settings(SEND_USER_LOGGED_IN=wanted)
    login()
    assert [signal for signal, _arguments in django_signals] == [user_logged_in] * wanted
    ada.refresh_from_db()
    assert (ada.last_login is not None) is wanted


@pytest.mark.parametrize("wanted", [True, False])
def test_update_last_login(jwt_settings, wanted, ada):
    jwt_settings(UPDATE_LAST_LOGIN=wanted)
    login()
    ada.refresh_from_db()
    assert (ada.last_login is not None) is wanted


@override_settings(AUTHENTICATION_BACKENDS=["django.contrib.auth.backends.AllowAllUsersModelBackend"])
def test_user_login_failed_is_sent_once_for_a_user_our_rule_refuses(django_signals):
    make_user("grace", is_active=False)
    assert post("", {"username": "grace", "password": PASSWORD}).status_code == 401
    [(signal, arguments)] = django_signals
    assert signal is user_login_failed
    assert arguments["credentials"] == {"username": "grace", "password": "*" * 20}
    assert TokenSession.objects.count() == 0


def test_user_login_failed_is_sent_once_for_a_wrong_password(django_signals):
    post("", {"username": "ada", "password": "wrong"})
    assert [signal for signal, _arguments in django_signals] == [user_login_failed]


@pytest.mark.parametrize("kind", ["refresh", "access"])
@pytest.mark.parametrize(("scope", "times"), [("local", 1), ("others", 0), ("global", 1)])
def test_user_logged_out_is_sent_on_logout(django_signals, ada, kind, scope, times):
    logout(**{kind: login()[kind]}, scope=scope)
    assert [(signal, told["user"]) for signal, told in django_signals] == [(user_logged_out, ada)] * times


@pytest.mark.parametrize("age", [31, 90000])
def test_user_logged_out_is_sent_for_a_retired_or_expired_token_too(clock, django_signals, ada, age):
    """Only a current token's logout was told."""
    tokens = login()
    refreshed(tokens["refresh"])
    clock.tick(age)
    for _ in range(2):
        assert logout(tokens["refresh"]).status_code == 204
    assert [(signal, told["user"]) for signal, told in django_signals] == [(user_logged_out, ada)]


# USE_TZ


@override_settings(USE_TZ=False, TIME_ZONE="Asia/Kolkata")
def test_the_whole_life_without_time_zones(clock):
    tokens = login()
    assert session_of(tokens["refresh"]).created_at.isoformat() == "2026-03-04T05:06:07"
    clock.tick(31)
    newer = refreshed(tokens["refresh"])
    assert alive(newer)
    assert len(get("token/sessions/", newer["access"]).json()) == 1
    clock.tick(31)
    assert answer(refresh(tokens["refresh"])) == (401, "token_reused")
    tokens = login()
    clock.tick(timedelta(days=1))
    assert refresh(tokens["refresh"]).status_code == 401


# A logout that REVOCATION_CACHE missed


class Unreachable:
    """A cache whose server is gone."""

    def __getattr__(self, name):
        raise ConnectionError


@pytest.fixture
def lost_cache(jwt_settings, monkeypatch):
    """Inside, the cache can't be reached; outside, it is there."""
    jwt_settings(REVOCATION_CACHE="default")
    caches["default"].clear()

    @contextmanager
    def lose():
        with monkeypatch.context() as patch:
            patch.setattr("oxijwt.token_sessions.revocation_cache.cache", Unreachable)
            yield

    yield lose
    caches["default"].clear()


def stateless(tokens):
    return answer(get("stateless/", tokens["access"]))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["refresh", "access"])
@pytest.mark.parametrize("scope", ["local", "others", "global"])
def test_a_logout_that_could_not_be_published_may_be_repeated(lost_cache, heard, kind, scope):
    """The second attempt met an ended session: it was refused, or published nothing."""
    own, other = login(), login()
    assert (stateless(own), stateless(other)) == ((200, None), (200, None))
    with lost_cache():
        assert logout(**{kind: own[kind]}, scope=scope).status_code == 503
    # The database has committed, and whoever listens was told.
    assert [told["reason"] for told in heard.of("session_revoked")] == [
        {"local": 1, "others": 2, "global": 3}[scope]
    ]  # fmt: skip
    assert logout(**{kind: own[kind]}, scope=scope).status_code == 204
    ended = {"local": [own], "others": [other], "global": [own, other]}[scope]
    for tokens in (own, other):
        assert stateless(tokens) == ((401, "session_revoked") if tokens in ended else (200, None))


@pytest.mark.django_db(transaction=True)
def test_repeating_another_scope_than_was_asked_for_ends_nothing_more(lost_cache):
    own, other = login(), login()
    with lost_cache():
        assert logout(own["refresh"]).status_code == 503
    for scope in ("others", "global"):
        assert answer(logout(own["refresh"], scope=scope)) == (401, "session_revoked")
        assert answer(logout(access=own["access"], scope=scope)) == (401, "session_revoked")
    assert alive(other)


@pytest.mark.django_db(transaction=True)
def test_reuse_is_told_though_it_could_not_be_published(lost_cache, heard, clock):
    tokens = login()
    refreshed(tokens["refresh"])
    clock.tick(31)
    with lost_cache():
        assert answer(refresh(tokens["refresh"])) == (401, "token_reused")
    assert len(heard.of("refresh_reuse_detected")) == 1
    assert session_of(tokens["refresh"]).revoke_reason == RevokeReason.REUSE


# Reports of what fails


FAILING = {
    "refresh read": (lambda tokens: refresh(tokens["refresh"]), "SELECT"),
    "refresh write": (lambda tokens: refresh(tokens["refresh"]), "UPDATE"),
    "logout": (lambda tokens: logout(tokens["refresh"]), "UPDATE"),
    "logout by access token": (lambda tokens: logout(access=tokens["access"]), "oxijwt.token_sessions.views.end"),
    "request": (lambda tokens: who_am_i(tokens["access"]), "SELECT"),
    "list": (lambda tokens: get("token/sessions/", tokens["access"]), "SELECT"),
    "login": (lambda _tokens: login(), "INSERT"),
    "rehash": (lambda _tokens: login(), "oxijwt.serializers.following_rehash"),
}


@pytest.mark.parametrize(("act", "fault"), FAILING.values(), ids=FAILING)
def test_no_report_shows_a_secret(reported, monkeypatch, settings, act, fault):
    tokens = login()
    with break_down(monkeypatch, fault), pytest.raises(RuntimeError, match=FAULT):
        act(tokens)
    texts = reported()
    assert any(FAULT in text and "<!DOCTYPE html>" in text for text in texts), "a report was mailed"
    require_absence([*tokens.values(), PASSWORD, settings.SECRET_KEY], *texts)
