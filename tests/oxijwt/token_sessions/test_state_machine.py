"""Users, their sessions and a thief who keeps every token ever issued, against a small model of docs/dev/sessions.md.

The model is written from the specification and knows nothing of the code: a session is a handful of fields, and a token
is what was issued, when, for which generation. After each step the invariants are looked at.
"""

import os
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from freezegun import freeze_time
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from oxijwt.token_sessions import api, ending
from oxijwt.token_sessions.models import RevokeReason, TokenSession

from .client import claims, get, login, logout, make_user, post, refresh, verify, who_am_i

START = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
GRACE, ACCESS, IDLE, ABSOLUTE, SKEW = 30, 300, 3600, 7200, 60
SIMPLE_JWT = {
    "ROTATE_REFRESH_TOKENS": True,
    "REFRESH_REUSE_GRACE": timedelta(seconds=GRACE),
    "ACCESS_TOKEN_LIFETIME": timedelta(seconds=ACCESS),
    "REFRESH_TOKEN_LIFETIME": timedelta(seconds=IDLE),
    "SESSION_ABSOLUTE_LIFETIME": timedelta(seconds=ABSOLUTE),
}
NAMED = ("sid", "gen", "jti", "iat", "exp")
STEPS = (1, 2, 7, GRACE - 1, GRACE, GRACE + 1, GRACE + 1, ACCESS, ACCESS + 1)
LONG_STEPS = (IDLE - 1, IDLE, ABSOLUTE - IDLE, ABSOLUTE)
STEPS_BACK = (-1, -GRACE, -SKEW, -SKEW - 1, -IDLE)


@dataclass
class User:
    """A user as the model knows them."""

    name: str
    password: str
    is_active: bool = True
    is_gone: bool = False


@dataclass
class Session:
    """A session as the model knows it; times are seconds since the start."""

    user: User
    created_at: int
    password: str
    generation: int = 0
    rotated_at: int | None = None
    expires_at: int = 0
    absolute: int = 0
    revoked: bool = False
    reused: bool = False
    named: dict = field(default_factory=dict)

    def refusal(self, now):
        """Whether the session gives nothing to anybody at `now`."""
        if self.user.is_gone or self.revoked or now >= min(self.expires_at, self.absolute):
            return True
        return not self.user.is_active or self.password != self.user.password

    def ask(self, token, now):
        """A request with a token of this session. If its user is deactivated, that ends the session."""
        over = self.user.is_gone or self.revoked or now >= min(self.expires_at, self.absolute)
        known = token.kind == "refresh" or self.password == self.user.password
        if token.is_timely(now) and known and not over and not self.user.is_active:
            self.revoked = True

    def elapsed(self, now):
        """Since the last rotation; None where the clock is too far behind."""
        since = self.created_at if self.rotated_at is None else self.rotated_at
        return None if now - since < -SKEW else max(now - since, 0)

    def decide(self, generation, now):
        """What the table of docs/dev/sessions.md says."""
        elapsed = self.elapsed(now)
        forgiven = self.rotated_at is not None and elapsed is not None and elapsed < GRACE
        if self.refusal(now) or generation > self.generation:
            return "refuse"
        if generation == self.generation:
            return "repeat" if forgiven else "rotate"
        if generation == self.generation - 1 and elapsed is None:
            return "refuse"
        return "repeat" if generation == self.generation - 1 and forgiven else "reuse"

    def rotate(self, now):
        """The row after a rotation."""
        elapsed = self.elapsed(now)
        since = self.created_at if self.rotated_at is None else self.rotated_at
        at = now if elapsed is None else max(now, since)
        self.generation += 1
        self.rotated_at = at
        self.expires_at = min(at + IDLE, self.absolute)


@dataclass(frozen=True)
class Token:
    """One that was issued, and what the model knows of it."""

    text: str
    session: Session = field(hash=False, compare=False)
    kind: str
    generation: int
    issued_at: int
    exp: int

    def is_timely(self, now):
        """Whether `exp` and `iat` let it pass: a token from further in the future than clocks differ is none."""
        return self.issued_at <= now + SKEW and now < self.exp


ANY = st.one_of(st.integers(0, 3), st.integers(0, 12), st.integers(0, 60))
"""Any token ever issued: so many back from the last one, mostly a few."""
SELDOM = st.sampled_from([False, False, False, True])


class Logins(RuleBasedStateMachine):
    """Everything that can happen to logins, in any order."""

    decided = Counter()

    def __init__(self):
        super().__init__()
        self.now = 0
        self.users = {}
        self.sessions = {}
        self.issued = []
        self.rolled_back = transaction.atomic()
        self.rolled_back.__enter__()
        self.frozen = freeze_time(START)
        self.clock = self.frozen.start()

    def teardown(self):
        self.frozen.stop()
        transaction.set_rollback(True)
        self.rolled_back.__exit__(None, None, None)

    @initialize()
    def two_users(self):
        for name in ("ada", "grace"):
            make_user(name)
            self.users[name] = User(name, "a password of the tests")
            self.log_in(name)

    def _token(self, number):
        return self.issued[-1 - number % len(self.issued)]

    # What is issued

    def _issued(self, body, session):
        refresh_claims, access_claims = claims(body["refresh"]), claims(body["access"])
        assert access_claims["sid"] == refresh_claims["sid"]
        assert "gen" not in access_claims
        assert refresh_claims["gen"] == session.generation
        now = {name: refresh_claims[name] for name in NAMED}
        assert now == (session.named or now), "a token said again is equal"
        session.named = now
        start = int(START.timestamp())
        made = [
            Token(body[kind], session, kind, session.generation, said["iat"] - start, said["exp"] - start)
            for kind, said in (("refresh", refresh_claims), ("access", access_claims))
        ]
        assert all(token.exp <= session.absolute for token in made), "no child outlives the absolute end"
        assert made[0].exp == min(session.expires_at, session.absolute)
        self.issued += made

    @rule(name=st.sampled_from(["ada", "grace"]))
    def log_in(self, name):
        user = self.users[name]
        if user.is_gone or not user.is_active:
            response = post("", {"username": name, "password": user.password})
            assert response.status_code == 401
            return
        body = login(name, user.password)
        session = Session(user, self.now, user.password)
        session.absolute = self.now + ABSOLUTE
        session.expires_at = min(self.now + IDLE, session.absolute)
        self.sessions[claims(body["refresh"])["sid"]] = session
        self._issued(body, session)

    def _refresh(self, token):
        """(What the model expected, the response) of a refresh with any token."""
        session = token.session
        usable = token.kind == "refresh" and token.is_timely(self.now)
        expected = session.decide(token.generation, self.now) if usable else "refuse"
        response = refresh(token.text)
        self.decided[expected] += 1
        if expected in {"refuse", "reuse"}:
            assert response.status_code == 401, expected
            assert (response.json().get("code") == "token_reused") is (expected == "reuse")
        else:
            assert response.status_code == 200, (expected, response.json())
        if expected == "reuse":
            session.revoked = session.reused = True
        if usable:
            session.ask(token, self.now)
        if expected == "rotate":
            session.rotate(self.now)
            session.named = {}
        if response.status_code == 200:
            self._issued(response.json(), session)
        return expected, response

    @rule(token=ANY)
    def refresh_with_any_token(self, token):
        self._refresh(self._token(token))

    @rule(token=ANY)
    def lose_a_response_and_retry(self, token):
        token = self._token(token)
        expected, lost = self._refresh(token)
        again, response = self._refresh(token)
        if expected in {"rotate", "repeat"} and token.session.elapsed(self.now) is not None:
            assert again == "repeat"
            for name in NAMED:
                assert claims(lost.json()["refresh"])[name] == claims(response.json()["refresh"])[name]

    @rule(first=ANY, second=ANY, third=ANY)
    def three_tabs_refresh(self, first, second, third):
        for token in [self._token(number) for number in (first, second, third)]:
            self._refresh(token)

    @rule(token=ANY, seconds=st.sampled_from([GRACE - 1, GRACE, GRACE + 1]))
    def a_thief_waits(self, token, seconds):
        token = self._token(token)
        self._refresh(token)
        self._move(seconds)
        self._refresh(token)

    # What ends

    def _log_out_locally(self, token):
        session = token.session
        if token.kind == "access":
            counts = token.is_timely(self.now) and not session.refusal(self.now)
            assert logout(access=token.text).status_code == (204 if counts else 401)
            session.ask(token, self.now)
        else:
            # Whatever its age; only a user who is gone has no session to end.
            counts = not session.user.is_gone
            assert logout(token.text).status_code == (204 if counts else 401)
        session.revoked = session.revoked or counts

    @rule(token=ANY)
    def log_out(self, token):
        self._log_out_locally(self._token(token))

    @rule(token=ANY, scope=st.sampled_from(["others", "global"]), really=SELDOM)
    def log_out_more(self, token, scope, really):
        if not really:
            return
        token = self._token(token)
        session = token.session
        counts = token.is_timely(self.now) and not session.refusal(self.now)
        decided = session.decide(token.generation, self.now)
        if token.kind == "refresh":
            counts = counts and token.generation == session.generation and decided in {"rotate", "repeat"}
        before = {sid: other.revoked for sid, other in self.sessions.items()}
        arguments = {token.kind: token.text}
        assert logout(**arguments, scope=scope).status_code == (204 if counts else 401)
        session.ask(token, self.now)
        for sid, other in self.sessions.items():
            if counts and other.user is session.user and not (scope == "others" and other is session):
                other.revoked = True
            assert other.revoked >= before[sid]

    @rule(name=st.sampled_from(["ada", "grace"]), keep=st.none() | ANY, really=SELDOM)
    def change_the_password(self, name, keep, really):
        user = self.users[name]
        if user.is_gone or not really:
            return
        row = get_user_model().objects.get(username=name)
        user.password += "x"
        row.set_password(user.password)
        row.save()
        if not user.is_active:  # whatever is saved of a deactivated user ends the sessions
            self._end_all_of(user)
        if keep is not None:
            keep = self._token(keep)
            api.update_session_auth_hash(claims(keep.text), row)
            if keep.session.user is user:
                keep.session.password = user.password

    @rule(name=st.sampled_from(["ada", "grace"]), is_active=st.sampled_from([True, True, False]))
    def set_active(self, name, is_active):
        get_user_model().objects.filter(username=name).update(is_active=is_active)
        self.users[name].is_active = is_active

    @rule(name=st.sampled_from(["ada", "grace"]), really=SELDOM)
    def deactivate(self, name, really):
        user = self.users[name]
        if user.is_gone or not really:
            return
        row = get_user_model().objects.get(username=name)
        row.is_active = user.is_active = False
        row.save()
        self._end_all_of(user)

    def _end_all_of(self, user):
        for session in self.sessions.values():
            session.revoked = session.revoked or session.user is user

    @rule(name=st.sampled_from(["ada", "grace"]), really=SELDOM)
    def delete_the_user(self, name, really):
        # Little happens to those who are gone.
        if not really:
            return
        get_user_model().objects.filter(username=name).delete()
        self.users[name].is_gone = True

    @rule(token=ANY, really=SELDOM)
    def revoke_in_the_admin(self, token, really):
        if not really:
            return
        token = self._token(token)
        sid = claims(token.text)["sid"]
        ending.end(sid, None, RevokeReason.ADMIN)
        token.session.revoked = True

    @rule(name=st.sampled_from(["ada", "grace"]), keep=st.none() | ANY, really=SELDOM)
    def revoke_for_the_user(self, name, keep, really):
        user = self.users[name]
        if user.is_gone or not really:
            return
        keep = None if keep is None else self._token(keep)
        kept = [] if keep is None else [claims(keep.text)["sid"]]
        TokenSession.objects.revoke_for_user(get_user_model().objects.get(username=name), except_=kept)
        for session in self.sessions.values():
            if session.user is user and (keep is None or session is not keep.session):
                session.revoked = True

    # What only looks

    @rule(token=ANY)
    def authenticate(self, token):
        token = self._token(token)
        fine = token.kind == "access" and token.is_timely(self.now) and not token.session.refusal(self.now)
        assert who_am_i(token.text).status_code == (200 if fine else 401)
        if token.kind == "access":
            token.session.ask(token, self.now)

    @rule(token=ANY)
    def authenticate_without_the_database(self, token):
        token = self._token(token)
        fine = token.kind == "access" and token.is_timely(self.now)
        assert get("stateless/", token.text).status_code == (200 if fine else 401)

    @rule(token=ANY)
    def verify_any(self, token):
        token = self._token(token)
        fine = token.is_timely(self.now) and not token.session.refusal(self.now)
        if token.kind == "refresh":
            fine = fine and token.session.decide(token.generation, self.now) in {"rotate", "repeat"}
        assert verify(token.text).status_code == (200 if fine else 401)

    @rule(token=ANY)
    def list_sessions(self, token):
        token = self._token(token)
        response = get("token/sessions/", token.text)
        if token.kind == "access" and token.is_timely(self.now) and not token.session.refusal(self.now):
            mine = {sid for sid, each in self.sessions.items() if each.user is token.session.user}
            live = {sid for sid in mine if not self.sessions[sid].refusal(self.now)}
            assert {row["id"] for row in response.json()} == live
            assert [row["id"] for row in response.json() if row["current"]] == [claims(token.text)["sid"]]
        else:
            assert response.status_code == 401
        if token.kind == "access":
            token.session.ask(token, self.now)

    # Time

    @rule(seconds=st.sampled_from(STEPS))
    def time_passes(self, seconds):
        self._move(seconds)

    @rule(seconds=st.sampled_from(LONG_STEPS), really=SELDOM)
    def a_long_time_passes(self, seconds, really):
        self._move(seconds if really else 1)

    @rule(seconds=st.sampled_from(STEPS_BACK))
    def the_clock_steps_back(self, seconds):
        self._move(seconds)

    def _move(self, seconds):
        self.now = max(self.now + seconds, 0)
        self.clock.move_to(START + timedelta(seconds=self.now))

    # What holds always

    @invariant()
    def the_rows_are_the_models(self):
        rows = {str(row.pk): row for row in TokenSession.objects.all()}
        assert set(rows) == {sid for sid, session in self.sessions.items() if not session.user.is_gone}
        for sid, row in rows.items():
            session = self.sessions[sid]
            assert row.generation == session.generation
            assert (row.revoked_at is not None) == session.revoked
            assert row.expires_at == START + timedelta(seconds=session.expires_at)
            assert row.absolute_expires_at == START + timedelta(seconds=session.absolute)
            assert row.expires_at <= row.absolute_expires_at
            assert (row.revoke_reason == RevokeReason.REUSE) <= session.reused
            keeps = row.revoked_at is None or row.revoke_reason == RevokeReason.REUSE
            assert keeps or (row.ip_address, row.user_agent) == (None, "")

    @invariant()
    def nothing_is_left_half_done(self):
        assert not connection.needs_rollback


EXAMPLES = int(os.environ.get("OXIJWT_EXAMPLES", "200"))
Logins.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=30,
    deadline=None,
    derandomize=os.environ.get("CI") == "true",
    database=None,
    suppress_health_check=list(HealthCheck),
    # Making a failure smaller takes minutes: ask for it with OXIJWT_FULL=1.
    phases=(Phase.generate, Phase.shrink) if os.environ.get("OXIJWT_FULL") == "1" else (Phase.generate,),
)


@pytest.mark.django_db
def test_logins_do_what_the_specification_says(settings):
    settings.SIMPLE_JWT = SIMPLE_JWT
    Logins.decided.clear()
    Logins.TestCase().runTest()
    print(*Logins.decided.items())  # noqa: T201  how often each was met, seen with -s
    assert set(Logins.decided) == {"rotate", "repeat", "reuse", "refuse"}, Logins.decided
