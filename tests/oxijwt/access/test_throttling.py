"""Throttles of the token views: nothing without rates, then by address and by user name."""

import json
from types import SimpleNamespace

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.test import AsyncRequestFactory, RequestFactory
from rest_framework.throttling import AnonRateThrottle, ScopedRateThrottle, SimpleRateThrottle
from rest_framework.views import APIView

from oxijwt import views
from oxijwt.serializers import TokenObtainPairSerializer
from oxijwt.throttling import UserNameRateThrottle
from oxijwt.token_sessions.client_info import default_client_info
from oxijwt.tokens import RefreshToken, SlidingToken
from oxijwt.views import cookies
from tests.client import PASSWORD, make_user
from tests.handovers import counted

pytestmark = pytest.mark.django_db

LOGINS = [
    views.TokenObtainPairView,
    views.TokenObtainSlidingView,
    views.AsyncTokenObtainPairView,
    views.AsyncTokenObtainSlidingView,
]
REFRESHES = [
    views.TokenRefreshView,
    views.TokenRefreshSlidingView,
    views.AsyncTokenRefreshView,
    views.AsyncTokenRefreshSlidingView,
]
COOKIE_LOGINS = [cookies.CookieLoginView, cookies.AsyncCookieLoginView]
COOKIE_REFRESHES = [cookies.CookieRefreshView, cookies.AsyncCookieRefreshView]
OTHERS = [views.TokenVerifyView, views.TokenBlacklistView, views.AsyncTokenVerifyView, views.AsyncTokenBlacklistView]
GOOD = {"username": "ada", "password": PASSWORD}
BY_NAME = {"token_obtain_username": "2/min"}


class AddedThrottle(ScopedRateThrottle):
    """A throttle that a project adds to those of the view."""


@pytest.fixture(autouse=True)
def empty_cache():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def ada():
    return make_user()


@pytest.fixture
def scoped_rates(monkeypatch):
    """Set rates for ScopedRateThrottle. DRF reads DEFAULT_THROTTLE_RATES once, so tests replace what it keeps."""
    return lambda **rates: monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", rates)


@pytest.fixture
def name_rate(settings):
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"DEFAULT_THROTTLE_RATES": BY_NAME}


def with_throttles(view, *throttles, **options):
    return view.as_view(throttle_classes=throttles, **options)


def send(view, body=GOOD, address="192.0.2.1", method="POST", csrf=True, **extra):
    """The view's answer to a JSON body, or to bytes of another content type. With `csrf`, it passes the CSRF check."""
    asynchronous = hasattr(view, "view_class") and issubclass(view.view_class, views.base.AsyncTokenView)
    factory = (AsyncRequestFactory if asynchronous else RequestFactory)()
    content_type = extra.pop("content_type", "application/json")
    request = getattr(factory, method.lower())("/", body, content_type=content_type)
    request.META.update(REMOTE_ADDR=address, **extra)
    request._dont_enforce_csrf_checks = csrf
    return async_to_sync(view)(request) if asynchronous else view(request)


def statuses(view, bodies, **extra):
    return [send(view, body, **extra).status_code for body in bodies]


def test_scopes_of_the_views():
    assert {view.throttle_scope for view in [*LOGINS, *COOKIE_LOGINS]} == {"token_obtain"}
    assert {view.throttle_scope for view in [*REFRESHES, *COOKIE_REFRESHES]} == {"token_refresh"}
    assert {view.throttle_scope for view in OTHERS} == {None}


@pytest.mark.parametrize("rates", [{}, {"orders": "1/min"}, {"token_obtain": None, "token_refresh": None}])
@pytest.mark.parametrize("view", [*LOGINS, *REFRESHES, *OTHERS])
def test_without_rates_nothing_is_throttled(ada, scoped_rates, view, rates):
    """A project that throttles views of its own by scope got a 500: DRF refuses a scope without a rate."""
    scoped_rates(**rates)
    throttled = with_throttles(view, ScopedRateThrottle)
    assert {send(throttled).status_code for _again in range(3)} <= {200, 400}


@pytest.mark.parametrize("view", [*LOGINS, *REFRESHES])
@pytest.mark.parametrize(
    ("rates", "throttled"), [({}, False), ({"token_obtain": "2/min", "token_refresh": "2/min"}, True)]
)
def test_throttles_of_a_subclass(ada, scoped_rates, view, rates, throttled):
    """A project's get_throttles adds to the view's, and finds all of them, as django-jwt-allauth's does.

    A ScopedRateThrottle that it added was a 500 without a rate, and one of throttle_classes was missing. Both count in
    one place, so a request counts twice.
    """
    scoped_rates(**rates)
    seen = []

    class Adding(view):
        throttle_classes = [ScopedRateThrottle]

        def get_throttles(self):
            found = super().get_throttles()
            seen.append([type(throttle) for throttle in found])
            return [*found, AddedThrottle()]

    asked = Adding.as_view()
    assert [send(asked).status_code == 429 for _again in range(2)] == [False, throttled]
    assert {tuple(classes) for classes in seen} == {(ScopedRateThrottle,)}


@pytest.mark.parametrize("view", LOGINS)
def test_a_login_by_address(ada, scoped_rates, view):
    scoped_rates(token_obtain="2/min")
    throttled = with_throttles(view, ScopedRateThrottle)
    assert statuses(throttled, [GOOD] * 3) == [200, 200, 429]
    assert statuses(throttled, [GOOD], address="192.0.2.2") == [200]


@pytest.mark.parametrize("view", REFRESHES)
def test_a_refresh_by_address(ada, scoped_rates, view):
    scoped_rates(token_refresh="2/min", token_obtain="1/min")
    token_class = SlidingToken if "Sliding" in view.__name__ else RefreshToken
    body = dict.fromkeys(("refresh", "token"), str(token_class.for_user(ada)))
    throttled = with_throttles(view, ScopedRateThrottle)
    assert statuses(throttled, [body] * 3) == [200, 200, 429]


@pytest.mark.parametrize("view", [*COOKIE_LOGINS, *COOKIE_REFRESHES])
def test_cookie_views_too(scoped_rates, view):
    scoped_rates(token_obtain="1/min", token_refresh="1/min")
    throttled = with_throttles(view, ScopedRateThrottle)
    cookie = {"HTTP_COOKIE": "__Host-refresh_token=a.b.c"}
    assert [code == 429 for code in statuses(throttled, [GOOD] * 2, **cookie)] == [False, True]


@pytest.mark.usefixtures("name_rate")
@pytest.mark.parametrize("view", [*COOKIE_LOGINS, *COOKIE_REFRESHES])
def test_a_foreign_page_uses_up_no_rate(ada, scoped_rates, view):
    """Its requests fail the CSRF check. They could lock a user name, or the address of its visitor."""
    scoped_rates(token_obtain="1/min", token_refresh="1/min")
    throttled = with_throttles(view, ScopedRateThrottle, UserNameRateThrottle)
    cookie = {"HTTP_COOKIE": "__Host-refresh_token=a.b.c"}
    assert statuses(throttled, [GOOD] * 3, csrf=False, **cookie) == [403] * 3
    assert statuses(throttled, [GOOD], **cookie) != [429]


@pytest.mark.usefixtures("name_rate")
@pytest.mark.parametrize("view", COOKIE_LOGINS)
def test_a_login_with_cookies_by_user_name(view):
    throttled = with_throttles(view, UserNameRateThrottle)
    assert [code == 429 for code in statuses(throttled, [GOOD] * 3)] == [False, False, True]
    assert 429 not in statuses(throttled, [GOOD | {"username": "grace"}])


@pytest.mark.parametrize("view", [LOGINS[0], LOGINS[2]])
def test_the_429(ada, scoped_rates, view):
    """RFC 6585 section 4: it may say when to come back. The answer must not be cached, as no answer of a token view."""
    scoped_rates(token_obtain="1/min")
    throttled = with_throttles(view, ScopedRateThrottle)
    send(throttled)
    answer = send(throttled)
    assert (answer.status_code, answer["Cache-Control"]) == (429, "no-store")
    assert 55 <= int(answer["Retry-After"]) <= 60


def test_a_scope_of_the_projects_own_still_needs_a_rate(scoped_rates):
    """Only our two names are left out. A misspelt name of a project is its mistake, and DRF says so."""
    scoped_rates(orders="1/min")
    with pytest.raises(ImproperlyConfigured, match="'login'"):
        send(with_throttles(views.TokenObtainPairView, ScopedRateThrottle, throttle_scope="login"))


def test_a_rate_of_a_subclass_counts(ada):
    class OwnRate(ScopedRateThrottle):
        def get_rate(self):
            return "1/min"

    assert statuses(with_throttles(views.TokenObtainPairView, OwnRate), [GOOD] * 2) == [200, 429]


def test_other_throttles_stay(ada, scoped_rates):
    scoped_rates(anon="1/min")
    throttled = with_throttles(views.TokenObtainPairView, ScopedRateThrottle, AnonRateThrottle)
    assert statuses(throttled, [GOOD] * 2) == [200, 429]


@pytest.mark.parametrize(("rates", "handed_over"), [({}, 0), ({"token_refresh": "9/min"}, 1)])
def test_async_views_use_a_thread_for_throttles_only_if_there_is_a_rate(scoped_rates, rates, handed_over):
    """A throttle asks a cache, which may be a database."""
    scoped_rates(**rates)
    throttled = with_throttles(views.AsyncTokenRefreshView, ScopedRateThrottle)
    with counted() as seen:
        assert send(throttled, {"refresh": "not.a.token"}).status_code == 401
    assert len(seen.ours) == handed_over


# By user name


@pytest.mark.parametrize("view", LOGINS)
@pytest.mark.usefixtures("name_rate")
def test_a_login_by_user_name(ada, view):
    """From any address, and whether or not the password is right."""
    throttled = with_throttles(view, UserNameRateThrottle)
    assert send(throttled, GOOD | {"password": "wrong"}, address="192.0.2.1").status_code == 401
    assert send(throttled, GOOD, address="192.0.2.2").status_code == 200
    answer = send(throttled, GOOD, address="192.0.2.3")
    assert (answer.status_code, answer.has_header("Retry-After")) == (429, True)
    assert send(throttled, GOOD | {"username": "grace"}).status_code == 401


@pytest.mark.usefixtures("name_rate")
@pytest.mark.parametrize(
    "spelling",
    ["ADA", " ada ", "Àda", "a\u0300da", "\uff41da", "ad\u200ba", "a\u00adda", "ad\ud800a", "a\x00da", "\U0001d400da"],
    ids=ascii,
)
def test_another_spelling_is_the_same_user_name(spelling):
    """A database with a collation that ignores case, accents or invisible characters finds ada for each of them."""
    throttled = with_throttles(views.TokenObtainPairView, UserNameRateThrottle)
    bodies = [{"username": name, "password": "wrong"} for name in ("ada", spelling, "ada")]
    assert statuses(throttled, map(as_body, bodies))[-1] == 429


def as_body(body):
    """JSON as text, in which a lone surrogate is escaped."""
    return json.dumps(body)


@pytest.mark.usefixtures("name_rate")
def test_a_number_is_the_same_user_name_as_its_digits():
    throttled = with_throttles(views.TokenObtainPairView, UserNameRateThrottle)
    bodies = [{"username": name, "password": "wrong"} for name in ("7", 7, "7")]
    assert statuses(throttled, bodies) == [401, 401, 429]


@pytest.mark.usefixtures("name_rate")
@pytest.mark.parametrize("view", [LOGINS[0], LOGINS[2]])
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("[]", 400),
        ('"ada"', 400),
        ("null", 400),
        ("7", 400),
        ("{", 400),
        ("", 400),
        ("{}", 400),
        ('{"username": null, "password": "x"}', 400),
        ('{"username": true, "password": "x"}', 400),
        ('{"username": ["ada"], "password": "x"}', 400),
        ('{"username": {"a": 1}, "password": "x"}', 400),
        ('{"username": "", "password": "x"}', 400),
        ('{"username": "\\ud800", "password": "x"}', 400),
        ('{"username": "a\\u0000", "password": "x"}', 400),
        ('{"username": 1e400, "password": "x"}', 401),
        ('{"username": ' + "9" * 5000 + ', "password": "x"}', 400),
        ('{"username": "' + "a" * 2_000_000 + '", "password": "x"}', 401),
        ('{"username": "' + "\ufdfa" * 600_000 + '", "password": "x"}', 401),
        ("[" * 2000 + "]" * 2000, 400),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_hostile_body(view, body, status):
    """The throttle reads the body first. It answers as the serializer would, and nobody is counted as somebody else."""
    throttled = with_throttles(view, UserNameRateThrottle)
    assert send(throttled, body.encode()).status_code == status


@pytest.mark.usefixtures("name_rate")
@pytest.mark.parametrize("content_type", ["text/plain", "application/json; charset=punycode", "multipart/form-data"])
def test_a_body_of_another_type(content_type):
    throttled = with_throttles(views.TokenObtainPairView, UserNameRateThrottle)
    assert send(throttled, b"username=ada", content_type=content_type).status_code in {400, 415}


@pytest.mark.usefixtures("name_rate")
def test_a_form():
    throttled = with_throttles(views.TokenObtainPairView, UserNameRateThrottle)
    forms = [b"username=ada&password=x", b"username=ADA&password=x", b"username=ada&password=y"]
    assert statuses(throttled, forms, content_type="application/x-www-form-urlencoded") == [401, 401, 429]


@pytest.mark.usefixtures("name_rate")
@pytest.mark.parametrize("view", [*REFRESHES, *OTHERS])
def test_views_without_a_user_name_pass(view):
    throttled = with_throttles(view, UserNameRateThrottle)
    assert 429 not in statuses(throttled, [GOOD] * 3)


@pytest.mark.usefixtures("name_rate")
@pytest.mark.parametrize("method", ["GET", "OPTIONS", "PUT"])
def test_only_a_post_is_a_login(ada, method):
    throttled = with_throttles(views.TokenObtainPairView, UserNameRateThrottle)
    assert 429 not in statuses(throttled, [GOOD] * 3, method=method)
    assert send(throttled).status_code == 200


@pytest.mark.usefixtures("name_rate")
def test_a_project_may_list_it_for_all_views():
    class Orders(APIView):
        authentication_classes = permission_classes = ()
        throttle_classes = (UserNameRateThrottle,)

        def post(self, request):
            return views.base.Response(request.data)

    assert statuses(Orders.as_view(), [GOOD] * 3) == [200] * 3


class ByEmail(TokenObtainPairSerializer):
    username_field = "email"


@pytest.mark.usefixtures("name_rate")
def test_a_serializer_with_another_field():
    throttled = with_throttles(views.TokenObtainPairView, UserNameRateThrottle, serializer_class=ByEmail)
    bodies = [{"email": "ada@example.org", "username": str(number), "password": "x"} for number in range(3)]
    assert statuses(throttled, bodies) == [401, 401, 429]


@pytest.mark.usefixtures("name_rate")
def test_a_throttle_scope_of_the_projects_own_changes_nothing_about_user_names():
    throttled = with_throttles(views.TokenObtainPairView, UserNameRateThrottle, throttle_scope="login")
    assert statuses(throttled, [GOOD] * 3) == [401, 401, 429]


def test_rates_by_user_name_follow_the_settings(settings):
    throttled = with_throttles(views.TokenObtainPairView, UserNameRateThrottle)
    for rate, expected in (("1/min", [401, 429, 429]), ("2/min", [401, 401, 429]), (None, [401, 401, 401])):
        settings.REST_FRAMEWORK = {"DEFAULT_THROTTLE_RATES": {"token_obtain_username": rate}}
        assert statuses(throttled, [GOOD] * 3) == expected
        cache.clear()


def test_a_class_that_is_listed_without_a_rate_is_a_mistake(settings):
    settings.REST_FRAMEWORK = {"DEFAULT_THROTTLE_RATES": {}}
    with pytest.raises(ImproperlyConfigured, match="token_obtain_username"):
        send(with_throttles(views.TokenObtainPairView, UserNameRateThrottle))


@pytest.mark.usefixtures("name_rate")
def test_the_cache_does_not_get_the_user_name(monkeypatch):
    keys = []
    fake = SimpleNamespace(get=lambda key, _empty: keys.append(key) or [], set=lambda *_stored: None)
    monkeypatch.setattr(UserNameRateThrottle, "cache", fake)
    send(with_throttles(views.TokenObtainPairView, UserNameRateThrottle))
    (key,) = keys
    assert "ada" not in key
    assert key.startswith("throttle_token_obtain_username_")
    assert len(key) < 250  # Memcached's limit


@pytest.mark.usefixtures("name_rate")
def test_an_address_that_is_refused_can_not_lock_a_user_name(ada, scoped_rates):
    """DRF asks every throttle, so each request of a refused address counted against the user name."""
    scoped_rates(token_obtain="1/min")
    throttled = with_throttles(views.TokenObtainPairView, ScopedRateThrottle, UserNameRateThrottle)
    assert statuses(throttled, [GOOD | {"password": "wrong"}] * 9) == [401] + [429] * 8
    assert send(throttled, GOOD, address="192.0.2.2").status_code == 200


@pytest.mark.usefixtures("name_rate")
def test_a_user_name_is_free_again_after_the_period(ada, monkeypatch):
    now = 1_000_000.0
    monkeypatch.setattr(UserNameRateThrottle, "timer", lambda _throttle: now)
    throttled = with_throttles(views.TokenObtainPairView, UserNameRateThrottle)
    assert statuses(throttled, [GOOD] * 3) == [200, 200, 429]
    now += 61
    assert send(throttled).status_code == 200


def test_the_user_model_of_these_tests_logs_in_by_user_name():
    assert get_user_model().USERNAME_FIELD == "username"


# Addresses behind proxies

PROXY, CLIENT, FORGED = "10.0.0.1", "198.51.100.7", "203.0.113.9"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        # Without NUM_PROXIES the header is never read.
        (None, None, PROXY),
        (None, FORGED, PROXY),
        (None, f"{FORGED}, {CLIENT}", PROXY),
        (0, None, PROXY),
        (0, FORGED, PROXY),
        # One proxy has written the last address. What comes before it is the client's own invention.
        (1, None, PROXY),
        (1, CLIENT, CLIENT),
        (1, f"{FORGED}, {CLIENT}", CLIENT),
        (1, f"{FORGED},{FORGED},{CLIENT}", CLIENT),
        (2, f"{FORGED}, {CLIENT}, {PROXY}", CLIENT),
        (2, CLIENT, CLIENT),
    ],
)
def test_client_info_follows_num_proxies(settings, proxies, forwarded, address):
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": proxies}
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    request = RequestFactory().get("/", headers={"User-Agent": "phone"} | headers, REMOTE_ADDR=PROXY)
    assert default_client_info(request) == (address, "phone")
    assert default_client_info(APIView().initialize_request(request)) == (address, "phone")


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "{}", [200, 429]),
        (1, "{}, " + CLIENT, [200, 429]),
        # Why docs/throttling.md asks for NUM_PROXIES: without it, each forged header is an address of its own.
        (None, "{}", [200, 200]),
    ],
)
@pytest.mark.usefixtures("ada")
def test_a_forged_header_escapes_only_without_num_proxies(settings, scoped_rates, proxies, forwarded, expected):
    scoped_rates(token_obtain="1/min")
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": proxies}
    throttled = with_throttles(views.TokenObtainPairView, ScopedRateThrottle)
    forged = [{"HTTP_X_FORWARDED_FOR": forwarded.format(f"203.0.113.{number}")} for number in range(2)]
    assert [send(throttled, **header).status_code for header in forged] == expected
