"""The helpers that projects use in their tests, on a site with sessions, with the blacklist and with neither."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps
from django.core.cache import cache
from django.test import AsyncClient, Client
from django.urls import path
from django.utils import timezone
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from oxijwt import testing
from oxijwt.permissions import RequireRecentLogin
from oxijwt.serializers import TokenObtainPairSerializer
from oxijwt.tokens import AccessToken, RefreshToken, SlidingToken
from oxijwt.utils import aware_utcnow, datetime_from_epoch, datetime_from_micros, now_micros
from tests.client import make_user
from tests.sites.aio.views import AsyncWhoAmI
from tests.sites.projects import finished, python

pytest_plugins = ["oxijwt.testing.plugin"]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

HAS_SESSIONS = apps.is_installed("oxijwt.token_sessions")
HOME = "/home/"


class Home(APIView):
    permission_classes = (IsAuthenticated,)

    def get(self, request):
        return Response({"user": request.user.get_username(), "plan": request.auth.get("plan")})


class Money(Home):
    permission_classes = (IsAuthenticated, RequireRecentLogin(timedelta(minutes=10)))


urlpatterns = [path("home/", Home.as_view()), path("money/", Money.as_view()), path("async/", AsyncWhoAmI.as_view())]


@pytest.fixture
def ada():
    return make_user()


@pytest.fixture(params=["with the apps of the site", "without apps"])
def apps_of_the_site(request, settings):
    if request.param == "without apps":
        ours = {"oxijwt.token_blacklist", "oxijwt.token_sessions"}
        settings.INSTALLED_APPS = [name for name in settings.INSTALLED_APPS if name not in ours]


@pytest.mark.usefixtures("apps_of_the_site")
def test_a_client_is_logged_in(ada, auth_client):
    client = auth_client(ada)
    assert client.get(HOME).json()["user"] == "ada"
    client.credentials()
    assert client.get(HOME).status_code == 401


def test_another_client_is_not(ada, auth_client):
    auth_client(ada)
    assert Client().get(HOME).status_code == 401


def test_a_client_sends_the_token_that_it_is_given(ada, auth_client):
    token = AccessToken.for_user(ada)
    token["plan"] = "free"
    assert auth_client(token).get(HOME).json()["plan"] == "free"
    assert auth_client(RefreshToken.for_user(ada)).get(HOME).status_code == 401


class WithPlan(TokenObtainPairSerializer):
    @classmethod
    def get_token(cls, user):
        token = super().get_token(user)
        token["plan"] = "gold"
        return token


def test_a_projects_serializer_makes_the_token(ada, auth_client, settings):
    settings.SIMPLE_JWT = getattr(settings, "SIMPLE_JWT", {}) | {"TOKEN_OBTAIN_SERIALIZER": f"{__name__}.WithPlan"}
    assert auth_client(ada).get(HOME).json()["plan"] == "gold"


@pytest.mark.parametrize("classes", [["SlidingToken"], ["AccessToken", "SlidingToken"]])
def test_sliding_tokens_where_no_other_is_accepted(ada, auth_client, log_in, settings, classes):
    names = [f"oxijwt.tokens.{name}" for name in classes]
    settings.SIMPLE_JWT = getattr(settings, "SIMPLE_JWT", {}) | {"AUTH_TOKEN_CLASSES": names}
    login = log_in(ada)
    is_sliding = len(classes) == 1
    assert (type(login.access) is SlidingToken, login.refresh is None) == (is_sliding, is_sliding)
    assert auth_client(ada).get(HOME).status_code == 200


def test_the_header_of_the_site_is_used(ada, settings):
    settings.SIMPLE_JWT = getattr(settings, "SIMPLE_JWT", {}) | {
        "AUTH_HEADER_NAME": "HTTP_X_SHOP_TOKEN",
        "AUTH_HEADER_TYPES": ["JWT", "Bearer"],
    }
    headers = testing.auth_headers(ada)
    assert [(name, text.split()[0]) for name, text in headers.items()] == [("X-Shop-Token", "JWT")]
    for client in (testing.auth_client(ada), Client(headers=headers)):
        assert client.get(HOME).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_djangos_async_client_takes_the_header(ada):
    from asgiref.sync import async_to_sync  # noqa: PLC0415

    get = async_to_sync(AsyncClient().get)
    assert get("/async/", headers=testing.auth_headers(ada)).status_code == 200
    assert get("/async/").status_code == 401


@pytest.mark.django_db(transaction=True)
def test_an_async_test_logs_in(ada):
    """`auth_headers(user)` in an event loop raises Django's SynchronousOnlyOperation."""
    from asgiref.sync import async_to_sync  # noqa: PLC0415

    async def get():
        login = await testing.alog_in(ada)
        return login, await AsyncClient().get("/async/", headers=testing.auth_headers(login.access))

    login, response = async_to_sync(get)()
    assert (login.session is not None) is HAS_SESSIONS
    assert response.json() == {"id": str(ada.pk)}


def test_a_login_has_its_session(ada, log_in):
    login = log_in(ada)
    assert str(RefreshToken(str(login.refresh))["user_id"]) == str(ada.pk)
    assert (login.session is not None) is HAS_SESSIONS
    if HAS_SESSIONS:
        assert login.session.user_id == ada.pk
        assert login.access["sid"] == login.refresh["sid"] == str(login.session.pk)


@pytest.mark.skipif(not HAS_SESSIONS, reason="needs token_sessions")
def test_a_client_whose_session_has_ended(ada, log_in, auth_client):
    from oxijwt.token_sessions.api import end_session  # noqa: PLC0415

    login = log_in(ada)
    client, other = auth_client(login.access), auth_client(ada)
    end_session(login.session)
    assert [client.get(HOME).status_code, other.get(HOME).status_code] == [401, 200]


# The clock


def test_an_access_token_expires(ada, auth_client, jwt_clock):
    client = auth_client(ada)
    jwt_clock.advance(timedelta(minutes=4, seconds=50))
    assert client.get(HOME).status_code == 200
    jwt_clock.advance(timedelta(seconds=11))
    assert client.get(HOME).status_code == 401
    assert auth_client(ada).get(HOME).status_code == 200


@pytest.mark.skipif(not HAS_SESSIONS, reason="without sessions no token says when the user logged in")
def test_a_login_is_recent_until_the_clock_moves(ada, log_in, auth_client, jwt_clock):
    refresh = log_in(ada).refresh
    assert auth_client(refresh.access_token).get("/money/").status_code == 200
    jwt_clock.advance(timedelta(minutes=11))
    later = RefreshToken(str(refresh)).access_token
    assert (auth_client(later).get(HOME).status_code, auth_client(later).get("/money/").status_code) == (200, 401)


def seconds_ahead():
    """How far each of the clocks that oxijwt reads is ahead of the project's own `timezone.now`."""
    now = timezone.now()
    token = AccessToken()
    moments = [aware_utcnow(), token.current_time, datetime_from_epoch(time.time()), datetime_from_micros(now_micros())]
    return [round((moment - now).total_seconds() / 60) * 60 for moment in moments]


def test_the_clock_goes_on_from_where_it_was_moved():
    with testing.moving_clock() as clock:
        clock.advance(timedelta(hours=1))
        clock.advance(timedelta(days=1))
        assert seconds_ahead() == [90_000] * 4
    assert seconds_ahead() == [0] * 4


def test_the_clock_keeps_naive_times(settings, jwt_clock):
    settings.USE_TZ = False
    jwt_clock.advance(timedelta(hours=1))
    assert aware_utcnow() - datetime.now(tz=UTC).replace(tzinfo=None) > timedelta(minutes=59)


def test_caches_follow_the_clock(jwt_clock):
    cache.set("a", 1, 60)
    jwt_clock.advance(timedelta(seconds=61))
    assert cache.get("a") is None


# Keys

SETTINGS = """
from oxijwt.testing import with_test_keys
SECRET_KEY = "k" * 50
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "rest_framework", "oxijwt"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
SIMPLE_JWT = with_test_keys({"KEY_FILE": "/no/such/file.json", "ALGORITHM": "ES256", "ISSUER": "https://shop.example"})
"""
READ = """
import django, sys
django.setup()
from django.core.management import call_command
from oxijwt.tokens import AccessToken
call_command("check", fail_level="WARNING", tags=["security"], stdout=sys.stderr)
text = str(AccessToken())
print(AccessToken(text)["iss"], text)
"""


def test_a_settings_module_needs_no_key_file(tmp_path):
    """The settings import the helper before Django knows them."""
    (tmp_path / "settings_test.py").write_text(SETTINGS)
    tokens = set()
    for _ in range(2):
        variables = {"DJANGO_SETTINGS_MODULE": "settings_test"}
        process = python("-W", "error", "-c", READ, pythonpath=[tmp_path], variables=variables, stderr=-1)
        status, output, errors = finished(process)
        assert status == 0, errors
        issuer, text = output.split()
        assert issuer == "https://shop.example"
        tokens.add(text)
    with pytest.raises(Exception, match="Token is invalid"):
        AccessToken(tokens.pop())
    assert tokens


def test_each_call_makes_another_key():
    first, second = ([key["signing_key"] for key in testing.with_test_keys()["KEYS"]] for _ in range(2))
    assert first != second
    assert len(first[0]) == 64
