"""Many requests on one session at the same moment. One UPDATE decides; everybody is told the same.

In autocommit, as token views run, and inside a caller's own transaction at either isolation level. There a request may
be answered 503, to be sent again; never 401, and never with another generation. OXIJWT_FULL=1 runs 1000 rounds each.
"""

import random
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import connections
from django.db.models import F
from django.test import RequestFactory

from oxijwt import signals
from oxijwt.authentication import JWTAuthentication
from oxijwt.exceptions import AuthenticationFailed, ServiceUnavailable
from oxijwt.records import blacklist as tables
from oxijwt.settings import api_settings
from oxijwt.token_sessions import refresh as refreshing
from oxijwt.token_sessions.claims import adopted_session_id
from oxijwt.token_sessions.models import RevokeReason, TokenSession
from oxijwt.tokens import RefreshToken
from oxijwt.views import token_obtain_pair, token_refresh
from tests.oxijwt.token_sessions.crowd import (
    PASSWORD,
    ROUNDS,
    THREADS,
    ask,
    claims,
    crowd_of_threads,
    in_another_thread,
    let_grace_pass,
    make_user,
    named,
    tell,
)
from tests.sites.settings import DATABASE

AUTOCOMMIT, READ_COMMITTED, REPEATABLE_READ = "autocommit", "read committed", "repeatable read"
ANSWERS_PER_THREAD = 2
ENDING_ROUNDS = max(ROUNDS // 4, 12) if ROUNDS < 1000 else ROUNDS
BUSY = "503 service_unavailable"

pytestmark = [
    pytest.mark.skipif(DATABASE == "sqlite", reason="SQLite has one writer; OXIJWT_DATABASE=postgres or mariadb races"),
    pytest.mark.django_db(transaction=True),
]


def isolation_option(level):
    if DATABASE != "postgres":
        return level
    import psycopg  # noqa: PLC0415  only where it is installed for

    return psycopg.IsolationLevel[level.upper().replace(" ", "_")]


@pytest.fixture(params=[AUTOCOMMIT, READ_COMMITTED, REPEATABLE_READ])
def crowd(request, monkeypatch):
    isolation = None if request.param == AUTOCOMMIT else request.param
    if isolation is not None:
        # A thread's connection copies the settings when the thread first asks for it.
        options = {**connections.settings["default"].get("OPTIONS", {}), "isolation_level": isolation_option(isolation)}
        monkeypatch.setitem(connections.settings["default"], "OPTIONS", options)
    with crowd_of_threads(isolation) as crowd:
        yield crowd


@pytest.fixture
def told(crowd, capsys, request):
    """Print the outcomes of the test."""
    yield
    counts = ", ".join(f"{count} x {outcome}" for outcome, count in sorted(crowd.outcomes.items()))
    tell(capsys, f"{DATABASE} {request.node.name}: {crowd.rounds} rounds of {THREADS} threads: {counts}")


@pytest.fixture
def rotations():
    """The generations that were announced as new."""
    seen = []

    def note(session, **kwargs):
        seen.append((session.pk, session.generation))

    signals.session_refreshed.connect(note)
    yield seen
    signals.session_refreshed.disconnect(note)


@pytest.fixture
def user():
    return make_user()


def allowed(crowd, *outcomes):
    return {*outcomes} if crowd.isolation is None else {*outcomes, BUSY}


def check_one_generation(crowd, answers):
    """Every answer is 200 and names the same token, or 503 in a transaction; the token."""
    assert {answer.outcome for answer in answers} <= allowed(crowd, "200"), crowd.outcomes
    yielded = [answer for answer in answers if answer.status == 200]
    assert len({named(answer) for answer in yielded}) == 1
    return yielded[0].body["refresh"]


@pytest.mark.usefixtures("told")
def test_simultaneous_refreshes_make_one_generation_and_all_name_it(crowd, user, rotations):
    token = str(RefreshToken.for_user(user))
    for generation in range(1, ROUNDS + 1):
        rotations.clear()
        let_grace_pass(user=user)
        token = check_one_generation(crowd, crowd.act([lambda text=token: crowd.refresh(text)] * THREADS))
        session = TokenSession.objects.get()
        assert claims(token)["gen"] == session.generation == generation
        assert rotations == [(session.pk, generation)]


@pytest.fixture
def restorations():
    """The generations that were announced as restored."""
    seen = []

    def note(session, **kwargs):
        seen.append((session.pk, session.generation))

    signals.session_restored.connect(note)
    yield seen
    signals.session_restored.disconnect(note)


@pytest.mark.usefixtures("told")
def test_simultaneous_refreshes_of_a_token_that_the_database_forgot_restore_it_once(crowd, user, restorations):
    token = str(RefreshToken.for_user(user))
    for generation in range(1, ROUNDS + 1):
        restorations.clear()
        let_grace_pass(user=user)
        token = crowd.act_alone(lambda text=token: crowd.refresh(text)).body["refresh"]
        TokenSession.objects.update(generation=F("generation") - 1)
        answered = check_one_generation(crowd, crowd.act([lambda text=token: crowd.refresh(text)] * THREADS))
        session = TokenSession.objects.get()
        assert claims(answered) == claims(token)
        assert claims(token)["gen"] == session.generation == generation
        assert restorations == [(session.pk, generation)]


def refresh_repeatedly(crowd, token):
    return [crowd.refresh(token) for _ in range(ANSWERS_PER_THREAD)]


def until_it_is_not_busy(action):
    while (answer := action()).status == 503:
        pass
    return answer


def end_by_logout(crowd, user, retired, current):
    assert until_it_is_not_busy(lambda: crowd.log_out(current)).status == 204


def end_by_logout_with_a_retired_token(crowd, user, retired, current):
    assert until_it_is_not_busy(lambda: crowd.log_out(retired)).status == 204


def end_by_reuse(crowd, user, retired, current):
    assert until_it_is_not_busy(lambda: crowd.refresh(retired)).outcome == "401 token_reused"


def end_by_password_change(crowd, user, retired, current):
    user.set_password(f"{PASSWORD}, another one")
    user.save(update_fields=["password"])


def end_everywhere(_crowd, user, *_tokens):
    while True:
        try:
            return TokenSession.objects.revoke_for_user(user, reason=RevokeReason.LOGOUT_GLOBAL)
        except ServiceUnavailable:
            pass


def end_by_deactivation(_crowd, user, *_tokens):
    user.is_active = False
    while True:
        try:
            return user.save(update_fields=["is_active"])
        except ServiceUnavailable:
            pass


ENDINGS = {
    end_by_logout: {"session_revoked"},
    end_by_logout_with_a_retired_token: {"session_revoked"},
    end_by_reuse: {"session_revoked"},
    end_by_password_change: {"password_changed"},
    end_everywhere: {"session_revoked"},
    end_by_deactivation: {"session_revoked", "no_active_account", "user_inactive"},
}
"""What refreshes and requests are told afterwards."""


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("end", ENDINGS, ids=lambda end: end.__name__)
def test_no_token_is_yielded_after_an_ending_that_races_refreshes(crowd, user, end):
    for _round in range(ENDING_ROUNDS):
        retired = str(RefreshToken.for_user(user))
        current = crowd.refresh(retired).body["refresh"]
        let_grace_pass(user=user)
        check_ending(crowd, user, end, retired, current)
        if end is end_by_deactivation:
            user.is_active = True
            user.save(update_fields=["is_active"])
            assert crowd.refresh(current).outcome == "401 session_revoked"


def check_ending(crowd, user, end, retired, current):
    def end_it():
        time.sleep(random.uniform(0, 0.01))  # noqa: S311  no secret
        end(crowd, user, retired, current)
        return time.monotonic()

    others = [lambda: refresh_repeatedly(crowd, current)] * (THREADS - 1)
    ended_at, *answers = crowd.act([end_it, *others])
    answers = [answer for some in answers for answer in some]

    refusals = {f"401 {code}" for code in ENDINGS[end]}
    assert {answer.outcome for answer in answers} <= allowed(crowd, "200", *refusals), crowd.outcomes
    yielded = [answer for answer in answers if answer.status == 200]
    assert not [answer for answer in yielded if answer.asked_at > ended_at]
    assert len({named(answer) for answer in yielded}) <= 1
    for token in {current, *(answer.body["refresh"] for answer in yielded)}:
        assert crowd.refresh(token).outcome in refusals
    for answer in yielded[:1]:
        assert refusal_of_access(answer.body["access"]) in ENDINGS[end]


def refusal_of_access(token):
    request = RequestFactory().get("/", HTTP_AUTHORIZATION=f"Bearer {token}")
    with pytest.raises(AuthenticationFailed) as error:
        JWTAuthentication().authenticate(request)
    return error.value.detail["code"]


def token_of_simplejwt(user):
    """A refresh token without a session, as a library without sessions made it."""
    token = RefreshToken()
    token[api_settings.USER_ID_CLAIM] = str(user.pk)
    token["jti"] = uuid4().hex
    token.outstand()
    return token


@pytest.fixture
def adopting(settings):
    settings.SIMPLE_JWT = {**settings.SIMPLE_JWT, "ADOPT_UNTIL": datetime.now(tz=UTC) + timedelta(days=1)}


@pytest.mark.usefixtures("told", "adopting")
def test_simultaneous_adoptions_make_one_session_and_all_name_it(crowd, user, rotations):
    for _round in range(ROUNDS):
        rotations.clear()
        token = token_of_simplejwt(user)
        text, sid = str(token), adopted_session_id(token["jti"])
        adopted = check_one_generation(crowd, crowd.act([lambda text=text: crowd.refresh(text)] * THREADS))
        assert (claims(adopted)["sid"], claims(adopted)["gen"]) == (str(sid), 1)
        assert rotations == [(sid, 1)]
    assert TokenSession.objects.count() == ROUNDS
    if apps.is_installed("oxijwt.token_blacklist"):
        from oxijwt.token_blacklist.models import BlacklistedToken  # noqa: PLC0415  only where it is installed

        assert BlacklistedToken.objects.count() == ROUNDS


@pytest.mark.usefixtures("told", "adopting")
def test_an_adoption_that_races_a_logout_everywhere_leaves_no_session(crowd):
    for round_number in range(ENDING_ROUNDS):
        user = make_user(f"user{round_number}")
        text = str(token_of_simplejwt(user))

        def end_it(user=user):
            time.sleep(random.uniform(0, 0.01))  # noqa: S311  no secret
            end_everywhere(crowd, user)

        _nothing, *answers = crowd.act([end_it, *[lambda text=text: crowd.refresh(text)] * (THREADS - 1)])
        # An adoption is a transaction in any case: MariaDB may call it and the logout's a deadlock.
        expected = {"200", "401 session_revoked", "401 token_not_valid", BUSY}
        assert {answer.outcome for answer in answers} <= expected
        assert not TokenSession.objects.filter(user=user, revoked_at=None).exists()
        assert crowd.refresh(text).status == 401


def once_before(monkeypatch, module, name, action):
    """Have an action happen just before a function is called for the first time, as if another request came first."""
    original = getattr(module, name)

    def overtaken(*args, **kwargs):
        monkeypatch.setattr(module, name, original)
        in_another_thread(action)
        return original(*args, **kwargs)

    monkeypatch.setattr(module, name, overtaken)


def nothing_else(user):
    pass


def a_logout(user):
    TokenSession.objects.revoke_for_user(user)


def a_password_change(user):
    end_by_password_change(None, user, None, None)


def a_deactivation(user):
    type(user).objects.update(is_active=False)


def a_deletion_of_the_session(user):
    TokenSession.objects.all().delete()


OVERTAKEN = {
    nothing_else: "200",
    a_logout: "401 session_revoked",
    a_password_change: "401 password_changed",
    a_deactivation: "401 user_inactive",
    a_deletion_of_the_session: "401 session_revoked",
}


def has_an_old_snapshot(crowd):
    """PostgreSQL aborts such a transaction; MariaDB reads again what it locks."""
    return DATABASE == "postgres" and crowd.isolation == REPEATABLE_READ


@pytest.mark.parametrize("change", OVERTAKEN, ids=lambda change: change.__name__)
def test_who_was_overtaken_is_decided_by_the_session_and_the_user_as_they_are_now(crowd, user, monkeypatch, change):
    token = str(RefreshToken.for_user(user))

    def overtake():
        assert ask(token_refresh, {"refresh": token}).status_code == 200
        change(user)

    once_before(monkeypatch, refreshing, "update_row", overtake)
    answer = crowd.act_alone(lambda: crowd.refresh(token))
    if has_an_old_snapshot(crowd):
        assert answer.status == 503
        answer = crowd.act_alone(lambda: crowd.refresh(token))
    expected = {"401 user_inactive": "401 no_active_account"} if has_an_old_snapshot(crowd) else {}
    assert answer.outcome == expected.get(OVERTAKEN[change], OVERTAKEN[change])
    assert answer.status == 401 or claims(answer.body["refresh"])["gen"] == 1


@pytest.mark.usefixtures("adopting")
@pytest.mark.parametrize(("module", "name"), [(refreshing, "insert_adopted"), (tables, "find")])
def test_who_was_overtaken_by_an_adoption_is_told_of_the_adopted_session(crowd, user, monkeypatch, module, name):
    if module is tables and not apps.is_installed("oxijwt.token_blacklist"):
        pytest.skip("nothing is looked up; tests.sites.adoption has the blacklist app")
    token = token_of_simplejwt(user)
    text = str(token)
    once_before(monkeypatch, module, name, lambda: ask(token_refresh, {"refresh": text}))
    answer = crowd.act_alone(lambda: crowd.refresh(text))
    if has_an_old_snapshot(crowd) and answer.status == 503:
        answer = crowd.act_alone(lambda: crowd.refresh(text))
    assert answer.outcome == "200"
    assert (claims(answer.body["refresh"])["gen"], TokenSession.objects.count()) == (1, 1)


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("limit", [1, 3])
def test_simultaneous_logins_leave_as_many_sessions_as_the_limit_says(crowd, user, settings, limit):
    if crowd.isolation is not None:
        pytest.skip("a transaction does not see the logins of others")
    settings.SIMPLE_JWT = {**settings.SIMPLE_JWT, "SESSION_LIMIT_PER_USER": limit}
    credentials = {"username": user.username, "password": PASSWORD}
    for _round in range(ROUNDS):
        answers = crowd.act([lambda: crowd.ask(token_obtain_pair, credentials)] * THREADS)
        assert {answer.status for answer in answers} == {200}
        assert TokenSession.objects.filter(user=user, revoked_at=None).count() == limit
