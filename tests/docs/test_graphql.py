"""The GraphQL recipes of docs/howto/channels-graphql.md, with the real Strawberry."""

from types import ModuleType, SimpleNamespace

import pytest
from asgiref.sync import async_to_sync
from django.http import HttpResponse
from django.test import AsyncClient, AsyncRequestFactory, Client
from django.urls import path

from oxijwt.testing import log_in
from oxijwt.token_sessions import api
from tests.docs.blocks import REPOSITORY

PAGE = REPOSITORY / "docs/howto/channels-graphql.md"
ME = {"query": "{ me }"}
PATHS = ("/graphql/", "/async/graphql/")
ANONYMOUS = {"data": {"me": ""}}


@pytest.fixture
def shop(transactional_db, run, settings):
    """The names of the page. Its last URLs, with public fields, are the site's."""
    names = SimpleNamespace(**run(PAGE.read_text()).names)
    settings.ROOT_URLCONF = ModuleType("shop.urls")
    settings.ROOT_URLCONF.urlpatterns = names.urlpatterns
    return names


@pytest.fixture
def protected(shop, settings):
    """The names of the page. The URLs that need a token are the site's."""
    sync, asynchronous = shop.GraphQLView, shop.AsyncGraphQLView
    settings.ROOT_URLCONF = ModuleType("shop.protected_urls")
    settings.ROOT_URLCONF.urlpatterns = [
        path("graphql/", shop.jwt_required(sync.as_view(schema=shop.schema))),
        path("async/graphql/", shop.jwt_required(asynchronous.as_view(schema=shop.schema))),
    ]
    return shop


@pytest.fixture(params=[Client, AsyncClient], ids=["WSGI", "ASGI"])
def ask(request):
    """Sends the query under WSGI and under ASGI: `ask(path, header, session_of=user)`."""

    def ask(path, header=None, session_of=None):
        client = request.param(enforce_csrf_checks=True)
        if session_of is not None:
            client.force_login(session_of)
        post = client.post if request.param is Client else async_to_sync(client.post)
        return post(path, ME, content_type="application/json", headers={"Authorization": header} if header else {})

    return ask


@pytest.mark.parametrize("path", PATHS)
def test_a_token_names_the_user(shop, ask, path):
    login = log_in(shop.user)
    assert ask(path, f"Bearer {login.access}").json() == {"data": {"me": "ada"}}
    api.end_session(login.session)
    assert ask(path, f"Bearer {login.access}").json()["code"] == "session_revoked"


@pytest.mark.parametrize("header", ["Bearer x", "Basic YTpi"])
@pytest.mark.parametrize("path", PATHS)
def test_a_bad_token_is_refused(shop, ask, path, header):
    answer = ask(path, header)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer ")


@pytest.mark.parametrize("path", PATHS)
def test_without_a_token_nobody_is_asked_for(shop, ask, path):
    """The session of a browser does not count, since the view is exempt from the CSRF check."""
    answer = ask(path, session_of=shop.user)
    assert (answer.status_code, answer.json()) == (200, ANONYMOUS)
    assert "Authorization" in answer["Vary"]


@pytest.mark.parametrize("path", PATHS)
def test_a_protected_view_needs_a_token(protected, ask, path):
    assert ask(path, session_of=protected.user).status_code == 401
    assert ask(path, f"Bearer {log_in(protected.user).access}").json() == {"data": {"me": "ada"}}


def test_async_code_finds_no_session_either(shop):
    async def view(request):
        return HttpResponse((await request.auser()).get_username())

    request = AsyncRequestFactory().get("/")
    request.user, request.auser = shop.user, lambda: shop.user
    assert async_to_sync(shop.with_token(view))(request).content == b""
