"""A request that is refused because its user is deactivated ends its session, whatever becomes of its transaction.

SQLite in memory has no second connection. tests.sites.sqlite_file has SQLite in a file.
"""

import pytest
from django.db import connection, transaction
from django.test import override_settings
from django.urls import include, path
from rest_framework.response import Response
from rest_framework.views import APIView

from oxijwt.exceptions import SessionError
from oxijwt.token_sessions.models import RevokeReason, TokenSession
from oxijwt.tokens import AccessToken, RefreshToken
from tests.oxijwt.token_sessions.client import answer, get, login, logout, make_user, refresh, rows, session_of, verify
from tests.oxijwt.token_sessions.reuse.test_reuse import has_second_connection, roll_back_refusals

pytestmark = pytest.mark.django_db(transaction=True)

MIDDLEWARE = [f"{__name__}.{roll_back_refusals.__name__}"]


class Home(APIView):
    """A project's view, inside of ATOMIC_REQUESTS."""

    def get(self, request):
        return Response({"user": request.user.pk})


urlpatterns = [path("api/token/", include("oxijwt.urls")), path("api/home/", Home.as_view())]


@pytest.fixture(autouse=True)
def urls():
    with override_settings(ROOT_URLCONF=__name__):
        yield


@pytest.fixture
def ada(clock):
    return make_user()


@pytest.fixture
def tokens(ada):
    """The tokens of a user who was deactivated by `update()`, of which no signal tells."""
    given = login()
    type(ada).objects.update(is_active=False)
    return given


def warnings_of(caplog):
    return [record.levelname for record in caplog.records if record.name == "oxijwt.security"]


def assert_ended_for_good(tokens, user):
    """Activating the user again revives nothing."""
    assert session_of(tokens["refresh"]).revoke_reason == RevokeReason.DEACTIVATED
    type(user).objects.update(is_active=True)
    assert answer(get("home/", tokens["access"])) == (401, "session_revoked")
    assert answer(refresh(tokens["refresh"])) == (401, "session_revoked")


def refused_at_once(tokens):
    assert answer(get("home/", tokens["access"])) == (401, "user_inactive")


def refused_by_hand(tokens):
    with pytest.raises(SessionError), transaction.atomic():
        RefreshToken(tokens["refresh"])


def refused_access_token(tokens):
    with pytest.raises(SessionError), transaction.atomic():
        AccessToken(tokens["access"]).records.find_user()


@pytest.fixture
def atomic_requests(monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)


@pytest.mark.usefixtures("atomic_requests")
@pytest.mark.parametrize("refuse", [refused_at_once, refused_by_hand, refused_access_token])
def test_it_ends_though_the_transaction_is_rolled_back(tokens, ada, caplog, heard, refuse):
    """ATOMIC_REQUESTS undid the end, and the session lived again when the user was activated."""
    heard.clear()
    refuse(tokens)
    if has_second_connection():
        assert (warnings_of(caplog), heard.names) == ([], ["session_revoked"])
        assert heard[0][1]["reason"] == RevokeReason.DEACTIVATED
        assert_ended_for_good(tokens, ada)
    else:
        assert (warnings_of(caplog), heard.names) == (["WARNING"], [])


def test_it_ends_behind_a_middleware_that_rolls_back(tokens, ada, caplog, settings):
    settings.MIDDLEWARE = MIDDLEWARE
    for act in (lambda: get("home/", tokens["access"]), lambda: refresh(tokens["refresh"])):
        TokenSession.objects.update(revoked_at=None, revoke_reason=None)
        assert act().status_code == 401
        if has_second_connection():
            assert session_of(tokens["refresh"]).revoke_reason == RevokeReason.DEACTIVATED
    settings.MIDDLEWARE = []
    if has_second_connection():
        assert warnings_of(caplog) == []
        assert_ended_for_good(tokens, ada)
    else:
        assert warnings_of(caplog) == ["WARNING"] * 2


@pytest.mark.django_db(transaction=False)
def test_it_ends_inside_a_test_case(tokens, ada, caplog):
    """Another connection does not see the row there."""
    refused_at_once(tokens)
    assert not connection.needs_rollback
    assert warnings_of(caplog) == ["WARNING"]
    assert_ended_for_good(tokens, ada)


def test_a_loser_of_a_race_whose_user_was_deactivated_ends_the_session(ada):
    """Only the first reading ended it."""
    given = login()
    late = RefreshToken(given["refresh"])
    TokenSession.objects.update(generation=1)
    type(ada).objects.update(is_active=False)
    with pytest.raises(SessionError):
        late.rotate()
    assert_ended_for_good(given, ada)


@pytest.mark.parametrize("scope", ["others", "global"])
def test_a_refused_logout_ends_it_too(tokens, ada, scope):
    assert answer(logout(tokens["refresh"], scope=scope)) == (401, "user_inactive")
    assert_ended_for_good(tokens, ada)


def test_verify_ends_nothing(tokens):
    before = rows()
    assert answer(verify(tokens["refresh"])) == (401, "user_inactive")
    assert rows() == before
