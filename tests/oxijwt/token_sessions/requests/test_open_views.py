"""What a project does to our views from outside: middleware, and arguments of `as_view`."""

from http import HTTPStatus

import pytest
from django.test import Client
from django.urls import reverse

from oxijwt import urls

pytestmark = pytest.mark.django_db

VIEWS = {pattern.name: {"pk": "0" * 8 + "-0000-0000-0000-" + "0" * 12} for pattern in urls.urlpatterns}


@pytest.fixture
def login_required(settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]


@pytest.mark.parametrize("name", VIEWS)
def test_no_view_is_behind_djangos_login_page(login_required, name):
    """LoginRequiredMiddleware sent who asked for the JWK Set to the login page of the site."""
    path = reverse(name, kwargs=VIEWS[name] if name == "session_detail" else {})
    client = Client()
    for method in (client.get, client.post, client.delete):
        assert HTTPStatus(method(path).status_code) not in {HTTPStatus.FOUND, HTTPStatus.FORBIDDEN}


def test_another_view_is_behind_djangos_login_page(login_required):
    assert Client().get("/admin/password_change/").status_code == HTTPStatus.FOUND
