"""A site that rotates refresh tokens, with the app of the settings: the blacklist or sessions."""

import pytest
from django.apps import apps

from tests.client import make_user

SITE = {"ROTATE_REFRESH_TOKENS": True, "AUTH_COOKIE_ACCESS": "access_token"}


def site(**simple_jwt):
    """SIMPLE_JWT of the site, changed."""
    return SITE | {"BLACKLIST_AFTER_ROTATION": apps.is_installed("oxijwt.token_blacklist")} | simple_jwt


@pytest.fixture(autouse=True)
def ada(settings, db):
    """The user of the tests. Both tokens are in cookies."""
    settings.SIMPLE_JWT = site()
    settings.CSRF_TRUSTED_ORIGINS = ["https://trusted.testserver"]
    return make_user()


@pytest.fixture(params=["", "/async"], ids=["sync", "async"])
def prefix(request):
    """Where the views are: the sync ones or the async ones."""
    return request.param
