"""Checks of what authenticates a request, open and shut."""

from datetime import timedelta

import pytest
from django.core.checks import ERROR, WARNING

from oxijwt.checks import check_settings
from oxijwt.tokens import AccessToken, RefreshToken, SlidingToken, Token, UntypedToken

APPS = ["django.contrib.auth", "django.contrib.contenttypes"]
SESSIONS = [*APPS, "oxijwt.token_sessions"]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}}
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
CLASSES = "oxijwt.authentication"
STATELESS = f"{CLASSES}.JWTStatelessUserAuthentication"


class OwnRefresh(RefreshToken):
    """Accepted wherever RefreshToken is."""


class LikeRefresh(AccessToken):
    token_type = "refresh"


class OwnUntyped(UntypedToken):
    token_type = "own"


class Renamed(RefreshToken):
    """A type of its own: tokens for `refresh/` are not accepted."""

    token_type = "ticket"


class Ticket(Token):
    token_type = "ticket"
    lifetime = 2 * DAY


def findings(settings, apps=APPS, default=f"{CLASSES}.JWTAuthentication", **simple_jwt):
    settings.INSTALLED_APPS, settings.CACHES = apps, CACHES
    settings.REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": [default]}
    settings.SIMPLE_JWT = {"ROTATE_REFRESH_TOKENS": True, "REFRESH_TOKEN_LIFETIME": 9 * DAY} | simple_jwt
    return [(found.id.removeprefix("oxijwt."), found.level) for found in check_settings()]


@pytest.mark.parametrize(
    "wrong", [RefreshToken, UntypedToken, OwnRefresh, LikeRefresh, OwnUntyped, "oxijwt.tokens.RefreshToken"]
)
def test_a_refresh_token_authenticates_no_request(settings, wrong):
    assert findings(settings, AUTH_TOKEN_CLASSES=[wrong]) == [("E039", ERROR)]
    assert findings(settings, AUTH_TOKEN_CLASSES=(AccessToken, wrong)) == [("E039", ERROR)]


@pytest.mark.parametrize("right", [AccessToken, SlidingToken, Renamed, Ticket, "oxijwt.tokens.AccessToken"])
def test_any_other_class_may(settings, right):
    assert findings(settings, AUTH_TOKEN_CLASSES=[right]) == []


@pytest.mark.parametrize("default", [STATELESS, f"{CLASSES}.JWTTokenUserAuthentication"])
@pytest.mark.parametrize("apps", [APPS, SESSIONS], ids=["", "sessions"])
@pytest.mark.parametrize(
    "lives",
    [
        {"ACCESS_TOKEN_LIFETIME": DAY},
        {"ACCESS_TOKEN_LIFETIME": 5 * DAY},
        {"AUTH_TOKEN_CLASSES": [AccessToken, Ticket]},
        {
            "AUTH_TOKEN_CLASSES": [SlidingToken],
            "SLIDING_TOKEN_LIFETIME": DAY,
            "SLIDING_TOKEN_REFRESH_LIFETIME": 2 * DAY,
        },
    ],
)
def test_a_stateless_default_accepts_tokens_for_days(settings, default, apps, lives):
    assert findings(settings, apps, default, **lives) == [("W017", WARNING)]
    assert findings(settings, apps, default, REVOCATION_CACHE="default", **lives) == []
    assert findings(settings, apps, **lives) == []


@pytest.mark.parametrize(
    "lives",
    [
        {},
        {"ACCESS_TOKEN_LIFETIME": DAY - MINUTE},
        {"SLIDING_TOKEN_LIFETIME": DAY},  # not one of AUTH_TOKEN_CLASSES
    ],
)
def test_a_stateless_default_may_accept_tokens_for_hours(settings, lives):
    assert findings(settings, APPS, STATELESS, **lives) == []


def test_a_default_that_can_not_be_imported_is_for_drf_to_report(settings):
    assert findings(settings, APPS, "no.such.Class", ACCESS_TOKEN_LIFETIME=DAY) == []


@pytest.mark.parametrize(
    ("apps", "checked", "expected"),
    [(SESSIONS, False, [("W018", WARNING)]), (SESSIONS, True, []), (APPS, False, [])],
)
def test_sessions_of_deactivated_users(settings, apps, checked, expected):
    assert findings(settings, apps, CHECK_USER_IS_ACTIVE=checked) == expected
