"""The real django-axes with the settings and the receiver of docs/throttling.md: it locks each of our login views."""

import pytest
from asgiref.sync import async_to_sync
from axes.models import AccessAttempt
from axes.signals import user_locked_out
from django.conf import settings as site
from django.contrib.sessions.models import Session
from django.core.checks import run_checks
from django.db import connection
from django.test import AsyncClient, Client
from django.urls import reverse

from oxijwt.token_sessions.models import TokenSession
from tests.client import CHALLENGE, PASSWORD
from tests.oxijwt.token_sessions.client import make_user

from .locking import RECEIVER

pytestmark = pytest.mark.django_db

LIMIT = site.AXES_FAILURE_LIMIT
LOGINS = {
    "pair": "/api/token/",
    "sliding": "/api/token/sliding/",
    "cookies": reverse("cookie_login", "tests.suites.neighbours.locking_urls"),
    "async pair": "/api/async/token/",
    "async sliding": "/api/async/token/sliding/",
    "async cookies": "/api/async/cookies/",
}
CSRF = "a" * 32


@pytest.fixture(autouse=True)
def ada():
    return make_user()


@pytest.fixture(params=LOGINS)
def login(request):
    """The answer to a login, with a JSON body, at one of the views."""
    return lambda password=PASSWORD, **more: attempt(LOGINS[request.param], password, **more)


@pytest.fixture
def receiver():
    """That of the page, connected."""
    names = {}
    exec(RECEIVER, names)  # noqa: S102  our own page
    yield
    user_locked_out.disconnect(names["answer_locked_out"])


def attempt(path, password=PASSWORD, username="ada", client=Client, **form):
    """The answer to a login. `form=True` sends a form."""
    kind = {} if form.get("form") else {"content_type": "application/json"}
    client = client(REMOTE_ADDR=form.get("address", "127.0.0.1"))
    client.cookies.load({"csrftoken": CSRF})
    headers = {"X-CSRFToken": CSRF, "Origin": "https://testserver"}
    call = client.post if isinstance(client, Client) else async_to_sync(client.post)
    return call(path, {"username": username, "password": password}, headers=headers, secure=True, **kind)


def lock(login):
    """Send wrong passwords until axes locks. The answers."""
    return [login("wrong") for _count in range(LIMIT)]


def refused(answer):
    """Whether an answer is that of a wrong password."""
    text = {"detail": "No active account found with the given credentials"}
    return (answer.status_code, answer.json(), answer["WWW-Authenticate"]) == (401, text, CHALLENGE)


def failures():
    return sum(AccessAttempt.objects.values_list("failures_since_start", flat=True))


def test_refused_logins_lock(login):
    assert all(map(refused, lock(login)))
    assert failures() == LIMIT
    assert refused(login())
    assert not TokenSession.objects.exists()


def test_one_less_does_not_lock(login):
    for _count in range(LIMIT - 1):
        assert refused(login("wrong"))
    assert login().status_code == 200


def test_a_form_counts_too():
    for _count in range(LIMIT):
        assert refused(attempt("/api/token/", "wrong", form=True))
    assert refused(attempt("/api/token/", form=True))
    kept = AccessAttempt.objects.get()
    assert (kept.username, kept.ip_address) == ("ada", "127.0.0.1")
    assert "wrong" not in kept.post_data


def test_another_name_and_another_address_are_free(login):
    make_user("grace")
    lock(login)
    assert login(username="grace").status_code == 200
    assert login(address="127.0.0.2").status_code == 200
    assert refused(login())


def test_a_good_login_starts_again(login):
    for _again in range(2):
        for _count in range(LIMIT - 1):
            login("wrong")
        assert login().status_code == 200
        assert failures() == 0


def test_without_the_signal_nothing_starts_again(login, settings):
    """Why the page sets SEND_USER_LOGGED_IN."""
    settings.SIMPLE_JWT = settings.SIMPLE_JWT | {"SEND_USER_LOGGED_IN": False}
    login("wrong")
    assert login().status_code == 200
    assert failures() == 1


@pytest.mark.parametrize("disabled", [True, False])
def test_djangos_sessions(login, settings, disabled):
    """Why the page sets AXES_DISABLE_ACCESS_LOG."""
    settings.AXES_DISABLE_ACCESS_LOG = disabled
    answer = login()
    assert answer.status_code == 200
    assert Session.objects.exists() is not disabled
    assert ("sessionid" in answer.cookies) is not disabled


def nobody(_user):
    """A USER_AUTHENTICATION_RULE."""
    return False


def test_the_rule_of_the_project_counts(login, settings):
    settings.SIMPLE_JWT = settings.SIMPLE_JWT | {"USER_AUTHENTICATION_RULE": f"{__name__}.nobody"}
    for count in range(1, LIMIT + 1):
        assert refused(login())
        assert failures() == count


@pytest.mark.usefixtures("receiver")
def test_the_receiver_tells_how_long(login):
    *first, last = lock(login)
    assert all(map(refused, first))
    for answer in (last, login(), login("wrong")):
        assert (answer.status_code, answer["Retry-After"]) == (429, "900")
        assert "throttled" in answer.json()["detail"]
    assert not TokenSession.objects.exists()


@pytest.mark.usefixtures("receiver")
@pytest.mark.parametrize("path", ["/api/async/token/", "/api/token/"])
def test_under_asgi(path):
    statuses = [attempt(path, "wrong", client=AsyncClient).status_code for _count in range(LIMIT)]
    assert statuses == [401] * (LIMIT - 1) + [429]
    assert attempt(path, client=AsyncClient).status_code == 429


@pytest.mark.usefixtures("receiver")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/api/token/", LOGINS["cookies"]])
def test_an_atomic_request_keeps_the_count(path):
    """DRF rolls back the transaction of a view that raises. The login views have none."""
    connection.settings_dict["ATOMIC_REQUESTS"] = True
    try:
        statuses = [attempt(path, "wrong").status_code for _count in range(LIMIT + 1)]
    finally:
        connection.settings_dict["ATOMIC_REQUESTS"] = False
    assert statuses == [401] * (LIMIT - 1) + [429] * 2


def test_sessions_go_on(login):
    tokens = attempt("/api/token/").json()
    lock(login)
    answer = Client().post("/api/token/refresh/", {"refresh": tokens["refresh"]}, content_type="application/json")
    assert answer.status_code == 200
    headers = {"Authorization": f"Bearer {answer.json()['access']}"}
    assert Client(headers=headers).get("/api/whoami/").status_code == 200


def test_no_check_finds_anything():
    assert [found.id for found in run_checks() if found.id.startswith(("axes", "oxijwt.E"))] == []
