"""REFRESH_REUSE_GRACE_SAME_AGENT: grace for the user agent of the rotation only. And who has sent a refresh."""

import pytest

from oxijwt.exceptions import TokenReusedError
from oxijwt.token_sessions.models import RevokeReason
from oxijwt.tokens import RefreshToken
from tests.oxijwt.token_sessions.client import USER_AGENT, answer, claims, login, make_user, post, session_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def ada(clock):
    return make_user()


def refresh_by(agent, token):
    return post("refresh/", {"refresh": token}, HTTP_USER_AGENT=agent)


def verify_by(agent, token):
    return post("verify/", {"token": token}, HTTP_USER_AGENT=agent)


@pytest.fixture
def spent(clock):
    """A token that was spent a moment ago, by USER_AGENT."""
    old = login(HTTP_USER_AGENT="the login's, which does not matter")["refresh"]
    assert refresh_by(USER_AGENT, old).status_code == 200
    return old


@pytest.mark.parametrize("agent", [USER_AGENT, "curl", ""], ids=["same", "other", "none"])
@pytest.mark.parametrize("on", [False, True])
def test_a_spent_token_of_another_agent_is_reuse_if_it_is_on(spent, heard, jwt_settings, on, agent):
    jwt_settings(REFRESH_REUSE_GRACE_SAME_AGENT=on)
    is_reuse = on and agent != USER_AGENT
    told = verify_by(agent, spent)
    assert session_of(spent).revoked_at is None
    assert answer(told) == answer(refresh_by(agent, spent)) == ((401, "token_reused") if is_reuse else (200, None))
    if is_reuse:
        assert heard.names[-2:] == ["session_revoked", "refresh_reuse_detected"]
        assert session_of(spent).revoke_reason == RevokeReason.REUSE
    else:
        assert heard.of("refresh_repeated")[-1]["other_agent"] is (agent != USER_AGENT)


def test_the_current_token_is_for_every_agent(spent, jwt_settings, clock):
    jwt_settings(REFRESH_REUSE_GRACE_SAME_AGENT=True)
    current = str(refresh_by(USER_AGENT, spent).json()["refresh"])
    assert refresh_by("curl", current).status_code == 200
    clock.tick(31)
    newer = refresh_by("curl", current)
    assert claims(newer.json()["refresh"])["gen"] == 2
    assert session_of(spent).user_agent == "curl"


def test_an_agent_that_is_not_known_is_not_another_one(spent, jwt_settings):
    jwt_settings(REFRESH_REUSE_GRACE_SAME_AGENT=True)
    assert RefreshToken(spent).rotate()
    jwt_settings(SESSION_CLIENT_INFO=None)
    assert refresh_by("curl", spent).status_code == 200


def test_a_session_without_an_agent_has_no_other_one(ada, jwt_settings):
    jwt_settings(REFRESH_REUSE_GRACE_SAME_AGENT=True)
    old = str(RefreshToken.for_user(ada))
    RefreshToken(old).rotate()
    assert refresh_by("curl", old).status_code == 200


def test_a_thief_who_hides_every_trait_is_another_agent(spent, jwt_settings):
    """Without an address and a user agent he must not count as unknown."""
    jwt_settings(REFRESH_REUSE_GRACE_SAME_AGENT=True, SESSION_CLIENT_INFO=f"{__name__}.agent_only")
    assert answer(refresh_by("", spent)) == (401, "token_reused")


def agent_only(request):
    return None, request.META.get("HTTP_USER_AGENT", "")


def test_the_loser_of_a_race_is_compared_with_the_winner(ada, jwt_settings, rf):
    """What the row says is another's when it is read again."""
    from oxijwt.context import handling  # noqa: PLC0415

    jwt_settings(REFRESH_REUSE_GRACE_SAME_AGENT=True)
    old = login(HTTP_USER_AGENT="curl")["refresh"]
    with handling(rf.get("/", headers={"User-Agent": "curl"})):
        late = RefreshToken(old)
        refresh_by(USER_AGENT, old)
        with pytest.raises(TokenReusedError):
            late.rotate()
    assert session_of(old).revoke_reason == RevokeReason.REUSE


# SESSION_CLIENT_INFO


def broken(request):
    raise RuntimeError


@pytest.mark.parametrize("same_agent", [False, True])
def test_a_client_info_that_raises_fails_no_refresh(spent, jwt_settings, clock, caplog, same_agent):
    """It was a 500. The row keeps the last address and user agent that are known."""
    jwt_settings(SESSION_CLIENT_INFO=f"{__name__}.broken", REFRESH_REUSE_GRACE_SAME_AGENT=same_agent)
    repeated = refresh_by("curl", spent)
    assert repeated.status_code == 200
    clock.tick(31)
    rotated = refresh_by("curl", repeated.json()["refresh"])
    assert claims(rotated.json()["refresh"])["gen"] == 2
    assert session_of(spent).user_agent == USER_AGENT
    assert caplog.text.count("SESSION_CLIENT_INFO raised an exception.") == 2


def test_a_refresh_asks_for_its_client_once(spent, jwt_settings, clock):
    asked.clear()
    jwt_settings(SESSION_CLIENT_INFO=f"{__name__}.counted")
    current = refresh_by("curl", spent)
    assert len(asked) == 1
    clock.tick(31)
    refresh_by("curl", current.json()["refresh"])
    assert len(asked) == 2
    clock.tick(31)
    assert answer(refresh_by("curl", spent)) == (401, "token_reused")
    assert len(asked) == 3


asked = []


def counted(request):
    asked.append(request)
    return "192.0.2.1", "counted"
