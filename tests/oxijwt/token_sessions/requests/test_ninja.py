"""The real django-ninja with sessions: an ended session is refused at once, with one statement for a good request."""

import pytest
from django.test import Client

from tests.client import INVALID_TOKEN
from tests.oxijwt.contrib import ninja_site
from tests.oxijwt.token_sessions.client import login, logout, make_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("prefix", ["/api/", "/api/async/"])
@pytest.mark.parametrize("name", ["header", "swapped"])
def test_an_ended_session(settings, prefix, name, django_assert_num_queries):
    make_user()
    kept, logged_out = login(), login()
    logout(logged_out["refresh"])
    settings.ROOT_URLCONF = ninja_site.__name__
    with django_assert_num_queries(1):
        good = Client().get(f"{prefix}{name}/", headers={"Authorization": f"Bearer {kept['access']}"})
    assert good.status_code == 200
    ended = Client().get(f"{prefix}{name}/", headers={"Authorization": f"Bearer {logged_out['access']}"})
    assert (ended.status_code, ended.json()["code"]) == (401, "session_revoked")
    assert ended["WWW-Authenticate"] == INVALID_TOKEN
