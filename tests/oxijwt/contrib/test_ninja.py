"""The real django-ninja: operations with `oxijwt.contrib.ninja`, sync and async, each gate open and shut."""

import re

import pytest
from asgiref.sync import async_to_sync
from django.core.cache import cache
from django.db import OperationalError, connection
from django.test import AsyncClient, Client, RequestFactory
from django.utils.translation import override
from ninja import NinjaAPI
from ninja.testing import TestAsyncClient, TestClient

from oxijwt.contrib.ninja import JWTAuth, JWTCookieAuth
from oxijwt.tokens import AccessToken
from tests.client import CHALLENGE, INVALID_TOKEN, REFUSED, claims, forge, make_user
from tests.leaks import require_absence
from tests.sites.views import WhoAmI

from . import ninja_site

pytestmark = [pytest.mark.django_db, pytest.mark.urls(ninja_site.__name__)]

COOKIES = {"AUTH_COOKIE_ACCESS": "access"}
COOKIE, SECRET = "__Host-access", "a" * 32


@pytest.fixture
def ada():
    return make_user()


@pytest.fixture
def token(ada):
    return str(AccessToken.for_user(ada))


@pytest.fixture(params=["", "async/"], ids=["sync", "async"])
def prefix(request):
    return f"/api/{request.param}"


@pytest.fixture
def with_cookies(settings):
    settings.SIMPLE_JWT = COOKIES


def call(url, token=None, method="get", **extra):
    """The answer to a request with a token in the header."""
    if token is not None:
        extra["headers"] = {"Authorization": token if " " in token else f"Bearer {token}"}
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    return getattr(client, method)(url, **extra)


def call_with_cookie(url, token, method="get", csrf=SECRET):
    """The answer to a request with a token in the cookie."""
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.cookies.load({COOKIE: token, "csrftoken": SECRET})
    return getattr(client, method)(url, headers={"X-CSRFToken": csrf} if csrf else {})


def said(answer):
    return answer.status_code, answer.json().get("code"), answer.headers.get("WWW-Authenticate")


# Open and shut


@pytest.mark.parametrize("name", ["header", "swapped", "key", "both", "cookie"])
def test_a_good_token(token, prefix, name):
    answer = call(f"{prefix}{name}/", token)
    assert (answer.status_code, answer.json()) == (200, {"user": "ada", "token": True})


def test_a_good_token_at_a_router(token):
    assert call("/api/routed/", token).status_code == 200
    assert said(call("/api/routed/")) == (401, "not_authenticated", CHALLENGE)


@pytest.mark.parametrize("name", ["header", "swapped", "both"])
@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_request(ada, prefix, name, case):
    make, code, challenge = REFUSED[case]
    answer = call(f"{prefix}{name}/", make(ada))
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("application/json", "no-store")
    assert said(answer) == (401, code, challenge)


def test_the_body_is_that_of_a_drf_view(prefix):
    for raw in ("not.a.token", "Bearer a b", forge(claims("access", user_id="4711"))):
        header = {"Authorization": raw if " " in raw else f"Bearer {raw}"}
        drf = WhoAmI.as_view()(RequestFactory().get("/", headers=header)).render()
        answer = call(f"{prefix}header/", raw)
        assert (answer.status_code, answer.json()) == (drf.status_code, drf.data)
        assert answer["WWW-Authenticate"] == drf["WWW-Authenticate"]


def test_an_inactive_user(ada, token, prefix):
    type(ada).objects.update(is_active=False)
    assert said(call(f"{prefix}header/", token)) == (401, "user_inactive", INVALID_TOKEN)


def test_texts_are_translated_for_the_request(prefix):
    with override("de"):
        assert call(f"{prefix}header/").json()["detail"] == "Anmeldedaten fehlen."


def test_a_session_of_django_is_no_token(ada, prefix):
    client = Client()
    client.force_login(ada)
    assert said(client.get(f"{prefix}header/")) == (401, "not_authenticated", CHALLENGE)


def test_a_database_that_is_down(token, prefix):
    def down(execute, sql, *rest):
        raise OperationalError("server closed the connection")

    with connection.execute_wrapper(down):
        answer = call(f"{prefix}header/", token)
    assert (answer.status_code, answer["Retry-After"], answer.json()["code"]) == (503, "1", "service_unavailable")


def test_an_async_client(token):
    """In a running event loop: nothing may ask the database in it."""

    async def answers(path):
        client = AsyncClient()
        good = await client.get(path, headers={"Authorization": f"Bearer {token}"})
        bad = await client.get(path, headers={"Authorization": "Bearer a.b.c"})
        return good.status_code, (await client.get(path)).status_code, bad.status_code

    for name in ("header", "async/header", "async/swapped", "async/both"):
        assert async_to_sync(answers)(f"/api/{name}/") == (200, 401, 401)


@pytest.mark.parametrize(("client", "prefix"), [(TestClient, "/"), (TestAsyncClient, "/async/")])
def test_the_test_clients_of_ninja(token, client, prefix):
    """Their requests have an `auth` from the start, which is None. They pass names of headers on as they are."""

    async def awaited(answer):
        return await answer

    def ask(**headers):
        answer = client(ninja_site.api).get(f"{prefix}header/", headers=headers)
        return async_to_sync(awaited)(answer) if client is TestAsyncClient else answer

    good, missing, bad = ask(AUTHORIZATION=f"Bearer {token}"), ask(), ask(AUTHORIZATION="Bearer a.b.c")
    assert (good.status_code, good.json()) == (200, {"user": "ada", "token": True})
    assert [(answer.status_code, answer.json()["code"]) for answer in (missing, bad)] == [
        (401, "not_authenticated"),
        (401, "token_not_valid"),
    ]


# What an entry of `auth` wants


@pytest.mark.parametrize(("name", "claim"), [("audience", {"aud": "orders"}), ("tenant", {"aud": "orders"})])
def test_an_audience(ada, token, prefix, name, claim):
    assert call(f"{prefix}{name}/", token).json()["code"] == "token_not_valid"
    right = forge(claims("access", user_id=str(ada.pk)) | claim)
    assert call(f"{prefix}{name}/", right).status_code == 200
    assert call(f"{prefix}{name}/", forge(claims("access", user_id=str(ada.pk), aud="bills"))).status_code == 401


def test_an_issuer(ada, token, prefix):
    assert call(f"{prefix}issuer/", token).json()["code"] == "token_not_valid"
    right = forge(claims("access", user_id=str(ada.pk), iss="https://other.example"))
    assert call(f"{prefix}issuer/", right).status_code == 200


SCOPES = {
    # scope of the token, method: the scopes that the challenge names, or None if the request is served
    ("", "get"): "orders:read",
    ("orders:write", "get"): "orders:read",
    ("orders:read", "get"): None,
    ("orders:read", "post"): "orders:read orders:write",
    ("orders:read orders:write", "post"): None,
    ("orders:read orders:write", "put"): "",
}


@pytest.mark.parametrize(("scope", "method"), SCOPES)
def test_required_scopes(ada, prefix, scope, method):
    needed = SCOPES[scope, method]
    raw = forge(claims("access", user_id=str(ada.pk)) | ({"scope": scope} if scope else {}))
    answer = call(f"{prefix}scopes/", raw, method)
    if needed is None:
        assert answer.status_code == 200
    else:
        names = f', scope="{needed}"' if needed else ""
        challenge = f'{CHALLENGE}, error="insufficient_scope"{names}'
        assert said(answer) == (403, "insufficient_scope", challenge)


def test_required_scopes_as_a_text(ada, token, prefix):
    assert call(f"{prefix}scope/", token).status_code == 403
    right = forge(claims("access", user_id=str(ada.pk), scope="orders:read"))
    assert call(f"{prefix}scope/", right).status_code == 200
    assert call(f"{prefix}scope/").status_code == 401


def test_a_projects_own_class(prefix):
    tokens = {name: forge(claims("access", user_id=str(make_user(name).pk), aud="orders")) for name in ("ada", "eve")}
    assert call(f"{prefix}tenant/", tokens["ada"]).status_code == 200
    refused = call(f"{prefix}tenant/", tokens["eve"])
    assert said(refused) == (401, "user_not_found", 'Bearer realm="tenant", error="invalid_token"')


def test_a_projects_default_class(ada, prefix, settings):
    """A class that refuses more than JWTAuthentication does may not be passed by."""
    settings.REST_FRAMEWORK = {
        "DEFAULT_AUTHENTICATION_CLASSES": [
            "rest_framework.authentication.SessionAuthentication",
            f"{ninja_site.__name__}.Tenant",
        ]
    }
    assert call(f"{prefix}header/", str(AccessToken.for_user(ada))).status_code == 200
    assert call(f"{prefix}header/", str(AccessToken.for_user(make_user("eve")))).json()["code"] == "user_not_found"


def test_drfs_own_default_classes(ada, token, prefix, settings):
    settings.REST_FRAMEWORK = {}
    assert call(f"{prefix}header/", token).status_code == 200


# Several entries


def test_the_next_entry_is_asked_without_a_token(token, prefix):
    assert call(f"{prefix}key/?key=right").json() == {"user": "", "token": False}
    assert said(call(f"{prefix}key/?key=wrong")) == (401, "not_authenticated", CHALLENGE)


def test_the_next_entry_is_not_asked_after_a_bad_token(prefix):
    assert said(call(f"{prefix}key/?key=right", "a.b.c")) == (401, "token_not_valid", INVALID_TOKEN)


# Cookies


@pytest.mark.usefixtures("with_cookies")
@pytest.mark.parametrize("name", ["cookie", "both"])
def test_a_token_in_the_cookie(token, prefix, name):
    for method in ("get", "post"):
        answer = call_with_cookie(f"{prefix}{name}/", token, method)
        assert (answer.status_code, answer.json()["user"]) == (200, "ada")
        assert "Cookie" in answer["Vary"]


@pytest.mark.usefixtures("with_cookies")
@pytest.mark.parametrize("name", ["cookie", "both"])
def test_the_cookie_needs_the_csrf_check(token, prefix, name):
    assert call_with_cookie(f"{prefix}{name}/", token, csrf="").status_code == 200
    for wrong in ("", "b" * 32):
        answer = call_with_cookie(f"{prefix}{name}/", token, "post", wrong)
        assert said(answer) == (403, "csrf_failed", None)


@pytest.mark.usefixtures("with_cookies")
@pytest.mark.parametrize("name", ["cookie", "both"])
def test_a_bad_cookie_is_deleted(prefix, name):
    answer = call_with_cookie(f"{prefix}{name}/", "a.b.c")
    assert said(answer) == (401, "not_authenticated", INVALID_TOKEN)
    assert answer.cookies[COOKIE]["max-age"] == 0


@pytest.mark.usefixtures("with_cookies")
def test_the_header_alone_reads_no_cookie(token, prefix):
    assert said(call_with_cookie(f"{prefix}header/", token)) == (401, "not_authenticated", CHALLENGE)


# Answers


def test_an_answer_varies_by_what_it_was_made_from(token, prefix):
    for raw in (None, "a.b.c", token):
        assert {"Authorization", "Cookie"} <= set(re.split(r", *", call(f"{prefix}header/", raw)["Vary"]))


def test_an_operation_without_it_is_left_alone(prefix):
    answer = call(f"{prefix}open/", "a.b.c")
    assert (answer.status_code, answer.json()) == (200, {"user": "", "token": False})
    assert "Authorization" not in answer.get("Vary", "")


def test_django_keeps_answers_for_one_token_only(token):
    cache.clear()
    tokens = {"ada": token, "grace": str(AccessToken.for_user(make_user("grace")))}
    for _again in range(2):
        assert {name: call("/api/kept/", raw).json() for name, raw in tokens.items()} == {
            "ada": "ada",
            "grace": "grace",
        }
        assert call("/api/kept/").status_code == 401
    cache.clear()


def test_the_operations_own_refusal_is_ninjas(token):
    for answer in (call("/api/refusing/", token), call("/api/open-refusing/")):
        assert (answer.status_code, answer.json()) == (401, {"detail": "The operation's own."})


def test_throttles_of_ninja_count_the_user(ada):
    cache.clear()
    statuses = [call("/api/throttled/", str(AccessToken.for_user(ada))).status_code for _count in range(3)]
    assert statuses == [200, 200, 429]
    cache.clear()


@pytest.mark.parametrize("prefix", ["/plain/", "/plain/async/"])
def test_without_register_the_status_is_right(ada, token, prefix):
    """And nobody is let in: only `code` and the headers are missing."""
    assert call(f"{prefix}header/", token).status_code == 200
    answers = call(f"{prefix}header/"), call(f"{prefix}header/", "a.b.c"), call(f"{prefix}scope/", token)
    assert [answer.status_code for answer in answers] == [401, 401, 403]
    assert answers[1].json() == {"detail": "Given token not valid for any token type"}
    assert answers[2].json() == {"detail": "The token does not have the scope that this request needs."}


def test_each_api_of_a_router_answers_as_it_is_registered(token):
    answers = [call(f"/{api}/routed/") for api in ("api", "plain", "second")]
    assert [answer.status_code for answer in answers] == [401, 401, 401]
    assert ["code" in answer.json() for answer in answers] == [True, False, True]
    assert ["no-store" in answer.headers.get("Cache-Control", "") for answer in answers] == [True, False, True]
    good = [call(f"/{api}/routed/", token) for api in ("api", "plain", "second")]
    assert [(answer.status_code, answer.headers.get("Vary")) for answer in good] == [
        (200, "Authorization, Cookie"),
        (200, None),
        (200, "Authorization, Cookie"),
    ]


def test_an_error_report_shows_no_token(ada, token, prefix, reported, monkeypatch):
    def fail(*_arguments):
        raise RuntimeError("made to fail")

    monkeypatch.setattr("oxijwt.authentication.JWTAuthentication.get_user", fail)
    assert call(f"{prefix}header/", token).status_code == 500
    require_absence([token.rpartition(".")[2]], *reported())


# The OpenAPI document


def schemes(auth):
    """The security schemes of an API with this `auth`."""
    api = NinjaAPI(auth=auth)
    api.get("/orders")(ninja_site.operation)
    document = api.get_openapi_schema(path_prefix="")
    return document["components"]["securitySchemes"], document["paths"]["/orders"]["get"]["security"]


def test_the_page_asks_for_a_bearer_token():
    bearer = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    assert schemes(JWTAuth()) == ({"JWTAuth": bearer}, [{"JWTAuth": []}])


def test_the_document_is_served():
    document = Client().get("/api/openapi.json").json()
    assert document["paths"]["/api/async/header/"]["get"]["security"] == [{"AsyncJWTAuth": []}]
    assert "security" not in document["paths"]["/api/open/"]["get"]


def test_the_page_names_another_header(settings):
    settings.SIMPLE_JWT = {"AUTH_HEADER_NAME": "HTTP_X_ACCESS_TOKEN"}
    scheme = schemes(JWTAuth())[0]["JWTAuth"]
    assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "header", "X-Access-Token")


def test_the_page_names_another_type(settings):
    settings.SIMPLE_JWT = {"AUTH_HEADER_TYPES": ("JWT",)}
    scheme = schemes(JWTAuth())[0]["JWTAuth"]
    assert (scheme["type"], scheme["name"]) == ("apiKey", "Authorization")
    assert "`JWT`" in scheme["description"]


def test_the_page_names_the_cookie(settings):
    assert schemes(JWTCookieAuth())[0]["JWTCookieAuth"]["type"] == "http"
    settings.SIMPLE_JWT = COOKIES
    found, security = schemes([JWTCookieAuth(), JWTAuth()])
    assert found["JWTCookieAuth"] == {"type": "apiKey", "in": "cookie", "name": COOKIE}
    assert security == [{"JWTCookieAuth": []}, {"JWTAuth": []}]


def test_the_page_sends_the_csrf_token():
    """ninja's page asks the entries of the API's `auth`."""
    for path, is_sent in (("/cookies/docs", True), ("/api/docs", False)):
        assert (b"X-CSRFToken" in Client().get(path).content) == is_sent
