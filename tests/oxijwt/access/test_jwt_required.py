"""`jwt_required`: plain Django views, sync and async, functions and classes, each gate open and shut."""

import re

import pytest
from asgiref.sync import async_to_sync, iscoroutinefunction
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import OperationalError, connection
from django.http import JsonResponse
from django.test import AsyncClient, Client, RequestFactory
from django.utils.translation import override
from django.views import View
from django.views.decorators.csrf import csrf_protect

from oxijwt.authentication import JWTStatelessUserAuthentication
from oxijwt.decorators import jwt_required
from oxijwt.tokens import AccessToken
from tests.client import CHALLENGE, INVALID_TOKEN, PASSWORD, REFUSED, claims, forge, make_user
from tests.leaks import require_absence
from tests.sites.views import WhoAmI

from . import plain_views
from .plain_views import FAULTS, VIEWS, Plain, function

pytestmark = [pytest.mark.django_db, pytest.mark.urls(plain_views.__name__)]


@pytest.fixture
def ada():
    return make_user()


@pytest.fixture(params=VIEWS)
def view(request):
    return request.param


@pytest.fixture
def classes(settings):
    """Set DRF's DEFAULT_AUTHENTICATION_CLASSES."""

    def change(*kinds):
        settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"DEFAULT_AUTHENTICATION_CLASSES": kinds}

    return change


def call(url, token=None, method="get", **extra):
    """The answer to a request with a token, checked by Django's CSRF middleware if it is installed."""
    if token is not None:
        extra["headers"] = {"Authorization": token if " " in token else f"Bearer {token}"}
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    return getattr(client, method)(url, **extra)


# Open and shut


def test_a_good_token(ada, view):
    answer = call(f"/{view}/", str(AccessToken.for_user(ada)))
    assert (answer.status_code, answer.json()) == (200, {"user": str(ada.pk), "token": True, "kind": "User"})


def test_arguments_of_the_url(ada, view):
    assert call(f"/{view}/7/", str(AccessToken.for_user(ada))).status_code == 200


@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_request(ada, view, case):
    make, code, challenge = REFUSED[case]
    answer = call(f"/{view}/", make(ada))
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/json")
    assert (answer.json()["code"], answer["WWW-Authenticate"]) == (code, challenge)
    assert (answer["Cache-Control"], answer.has_header("Retry-After")) == ("no-store", False)


def test_the_body_is_that_of_a_drf_view(ada):
    for token in ("not.a.token", "Bearer a b", forge(claims("access", user_id="4711"))):
        header = {"Authorization": token if " " in token else f"Bearer {token}"}
        drf = WhoAmI.as_view()(RequestFactory().get("/", headers=header)).render()
        plain = function(RequestFactory().get("/", headers=header))
        assert plain.status_code == drf.status_code
        assert plain.headers["WWW-Authenticate"] == drf.headers["WWW-Authenticate"]
        assert JsonResponse(drf.data).content == plain.content


def test_an_inactive_user(ada, view):
    token = str(AccessToken.for_user(ada))
    type(ada).objects.update(is_active=False)
    assert call(f"/{view}/", token).json()["code"] == "user_inactive"


def test_texts_are_translated_for_the_request(view):
    with override("de"):
        assert call(f"/{view}/").json()["detail"] == "Anmeldedaten fehlen."


def test_a_session_of_django_is_no_token(ada, view):
    """A user who is logged in by a cookie has sent no token."""
    client = Client()
    client.login(username="ada", password=PASSWORD)
    assert client.get(f"/{view}/").status_code == 401


def test_the_user_of_the_token_replaces_that_of_the_session(ada, view):
    grace = make_user("grace")
    client = Client()
    client.login(username="ada", password=PASSWORD)
    header = {"Authorization": f"Bearer {AccessToken.for_user(grace)}"}
    assert client.get(f"/{view}/", headers=header).json() == {"user": str(grace.pk), "token": True, "kind": "User"}


# Which classes authenticate


def test_a_stateless_class(ada, view, classes, django_assert_num_queries):
    classes("oxijwt.authentication.JWTStatelessUserAuthentication")
    with django_assert_num_queries(0):
        assert call(f"/{view}/", str(AccessToken.for_user(ada))).json()["kind"] == "TokenUser"


@pytest.mark.parametrize(
    "kinds",
    [
        [],
        ["rest_framework.authentication.SessionAuthentication", "rest_framework.authentication.BasicAuthentication"],
        ["rest_framework.authentication.SessionAuthentication", "oxijwt.authentication.JWTAuthentication"],
    ],
    ids=["none", "others", "JWTAuthentication"],
)
def test_other_classes_are_left_out(ada, view, classes, kinds):
    classes(*kinds)
    assert call(f"/{view}/", str(AccessToken.for_user(ada))).json()["kind"] == "User"
    assert call(f"/{view}/", "Basic YWRhOng=")["WWW-Authenticate"] == CHALLENGE


def test_a_class_of_the_project(ada, view, classes):
    classes(f"{plain_views.__name__}.ByQuery", "oxijwt.authentication.JWTAuthentication")
    token = str(AccessToken.for_user(ada))
    assert call(f"/{view}/?jwt={token}").status_code == 200
    assert call(f"/{view}/", token).status_code == 200
    answer = call(f"/{view}/?jwt=x")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="shop"')


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("NeedsCsrf", (403, "csrf_failed", None, None)),
        ("IsDown", (503, "service_unavailable", None, "1")),
        ("Slow", (429, "throttled", None, "2")),
        ("Plainly", (401, "authentication_failed", INVALID_TOKEN, None)),
    ],
)
def test_other_refusals(ada, view, classes, kind, expected):
    classes(f"{plain_views.__name__}.{kind}")
    answer = call(f"/{view}/", str(AccessToken.for_user(ada)))
    headers = (answer.headers.get(name) for name in ("WWW-Authenticate", "Retry-After"))
    assert (answer.status_code, answer.json()["code"], *headers) == expected
    assert answer["Cache-Control"] == "no-store"


def test_a_database_that_is_down(ada, view):
    token = str(AccessToken.for_user(ada))

    def down(execute, sql, *rest):
        raise OperationalError("server closed the connection")

    with connection.execute_wrapper(down):
        answer = call(f"/{view}/", token)
    assert (answer.status_code, answer["Retry-After"], answer.json()["code"]) == (503, "1", "service_unavailable")


def test_a_class_may_change_the_answer(ada, view, classes):
    classes(f"{plain_views.__name__}.Finished", "oxijwt.authentication.JWTAuthentication")
    for token, status in ((None, 401), (str(AccessToken.for_user(ada)), 200)):
        answer = call(f"/{view}/", token)
        assert (answer.status_code, answer.cookies["stale"].value) == (status, "")


# Middleware and decorators


@pytest.mark.parametrize(
    "middleware",
    ["django.middleware.csrf.CsrfViewMiddleware", "django.contrib.auth.middleware.LoginRequiredMiddleware"],
)
def test_djangos_middleware_leaves_the_view_alone(ada, view, settings, middleware):
    """A token in a header needs no CSRF token, and its client follows no redirect to a login page."""
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, middleware]
    assert call(f"/{view}/", str(AccessToken.for_user(ada)), "post").status_code == 200
    assert call(f"/{view}/", method="post").status_code == 401


def test_a_view_that_asks_for_csrf_gets_it(ada):
    guarded = jwt_required(csrf_protect(Plain.as_view()))
    request = RequestFactory(enforce_csrf_checks=True).post(
        "/", headers={"Authorization": f"Bearer {AccessToken.for_user(ada)}"}
    )
    assert guarded(request).status_code == 403


def test_the_view_keeps_its_names(view):
    decorated = VIEWS[view]
    assert decorated.__doc__ == "A view."
    assert decorated.__module__ == plain_views.__name__
    assert decorated.csrf_exempt
    assert not decorated.login_required
    assert iscoroutinefunction(decorated) == ("async" in view)
    if "class" in view:
        assert issubclass(decorated.view_class, View)
        assert decorated.view_initkwargs == {}
    else:
        assert decorated.__name__ == view.replace("-", "_")


def test_the_view_itself_is_not_marked():
    """A class without the decorator keeps its CSRF check."""
    inner = Plain.as_view()
    jwt_required(inner)
    assert not hasattr(inner, "csrf_exempt")
    assert not hasattr(inner, "login_required")


def test_django_keeps_answers_for_one_token_only(ada):
    """`cache_page` looks at no Authorization header unless the answer varies by it."""
    cache.clear()
    tokens = [str(AccessToken.for_user(user)) for user in (ada, make_user("grace"))]
    for _again in range(2):
        assert [call("/cached/", token).content for token in tokens] == [b"ada", b"grace"]
        assert call("/cached/").status_code == 401
    cache.clear()


def test_a_refusal_is_not_kept_by_a_browser():
    """The page would still see it after the login."""
    assert "no-store" in call("/kept/")["Cache-Control"]


def test_an_answer_varies_by_what_it_was_made_from(ada, view):
    for token in (None, str(AccessToken.for_user(ada))):
        assert {"Authorization", "Cookie"} <= set(re.split(r", *", call(f"/{view}/", token)["Vary"]))


def test_another_header_is_named_too(view, settings):
    settings.SIMPLE_JWT = {"AUTH_HEADER_NAME": "HTTP_X_ACCESS_TOKEN"}
    assert "X-Access-Token" in re.split(r", *", call(f"/{view}/")["Vary"])


# Faults of the view


@pytest.mark.parametrize("url", ["/failing/", "/async-failing/"])
@pytest.mark.parametrize(("fault", "status"), [*zip(FAULTS, (404, 403, 500, 500, 500), strict=True)])
def test_exceptions_of_the_view_are_djangos(ada, url, fault, status):
    """The decorator handles what authentication raises. DRF's exceptions in a plain view are the project's mistake."""
    answer = call(f"{url}{fault}/", str(AccessToken.for_user(ada)))
    assert (answer.status_code, answer.headers.get("WWW-Authenticate")) == (status, None)


@pytest.mark.parametrize("url", ["/failing/", "/async-failing/"])
def test_an_error_report_shows_no_token(ada, url, reported):
    token = str(AccessToken.for_user(ada))
    assert call(f"{url}500/", token).status_code == 500
    require_absence([token.rpartition(".")[2]], *reported())


def test_an_error_report_of_an_authentication_class_shows_no_token(ada, view, classes, reported):
    classes(f"{plain_views.__name__}.Broken")
    token = str(AccessToken.for_user(ada))
    assert call(f"/{view}/", token).status_code == 500
    require_absence([token.rpartition(".")[2]], *reported())


# Under ASGI


@pytest.mark.parametrize("name", ["async-function", "async-class"])
def test_an_async_client(ada, name, classes):
    """In a running event loop: nothing may ask the database in it."""
    token = str(AccessToken.for_user(ada))

    async def answers():
        client = AsyncClient()
        good = await client.get(f"/{name}/", headers={"Authorization": f"Bearer {token}"})
        return good.status_code, (await client.get(f"/{name}/")).status_code

    assert async_to_sync(answers)() == (200, 401)
    classes(f"{JWTStatelessUserAuthentication.__module__}.{JWTStatelessUserAuthentication.__name__}")
    assert async_to_sync(answers)() == (200, 401)


@pytest.mark.django_db(transaction=True)
def test_a_refusal_rolls_the_request_back(classes):
    """As DRF does with ATOMIC_REQUESTS: on PostgreSQL, a transaction whose statement failed can't be committed."""
    connection.settings_dict["ATOMIC_REQUESTS"] = True
    classes(f"{plain_views.__name__}.Writes")
    try:
        assert call("/function/", "x.y.z").status_code == 401
    finally:
        connection.settings_dict["ATOMIC_REQUESTS"] = False
    assert not get_user_model().objects.exists()
