"""System checks of sessions: each open and shut."""

import sys
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core import checks
from django.core.cache.backends.locmem import LocMemCache
from django.test import override_settings

from oxijwt.checks import check_databases, check_settings
from oxijwt.exceptions import TokenError
from oxijwt.tokens import AccessToken

BOTH = ["django.contrib.auth", "django.contrib.contenttypes", "oxijwt.token_sessions", "oxijwt.token_blacklist"]
ALONE = [name for name in BOTH if name != "oxijwt.token_blacklist"]
NEITHER = BOTH[:2]
ADOPTING = {"ADOPT_UNTIL": datetime.now(tz=UTC) + timedelta(days=1)}
GOOD = {"ROTATE_REFRESH_TOKENS": True}
BACKENDS = "django.core.cache.backends"
CACHES = {
    "default": {"BACKEND": f"{BACKENDS}.locmem.LocMemCache"},
    "dummy": {"BACKEND": f"{BACKENDS}.dummy.DummyCache"},
    "database": {"BACKEND": f"{BACKENDS}.db.DatabaseCache", "LOCATION": "cache"},
    "file": {"BACKEND": f"{BACKENDS}.filebased.FileBasedCache", "LOCATION": "/nowhere"},
    "own": {"BACKEND": f"{__name__}.OwnCache"},
    "memcached": {"BACKEND": f"{BACKENDS}.memcached.PyMemcacheCache", "LOCATION": "127.0.0.1:1"},
    "redis": {"BACKEND": f"{BACKENDS}.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"},
}


class OwnCache(LocMemCache):
    """A project's own class."""


def found(apps=ALONE, **changes):
    with override_settings(INSTALLED_APPS=apps, CACHES=CACHES, SIMPLE_JWT=GOOD | changes):
        return {(finding.id.removeprefix("oxijwt."), finding.level) for finding in check_settings()}


def test_a_good_configuration_has_no_finding():
    assert found() == set()


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"ROTATE_REFRESH_TOKENS": False}, "W002"),
        ({"REFRESH_REUSE_GRACE": timedelta(seconds=150)}, "W003"),
        ({"ACCESS_TOKEN_LIFETIME": timedelta(seconds=60)}, "W003"),
        ({"apps": BOTH} | ADOPTING, "W004"),
        ({"REVOCATION_CACHE": "default"}, "E005"),
        ({"REVOCATION_CACHE": "dummy"}, "E005"),
        ({"REVOCATION_CACHE": "database"}, "E005"),
        ({"REVOCATION_CACHE": "file"}, "E005"),
        ({"REVOCATION_CACHE": "own"}, "E005"),
        ({"REVOCATION_CACHE": "memcached"}, "W005"),
        ({"REVOCATION_MEMORY": timedelta(minutes=4)}, "W045"),
        ({"REVOCATION_MEMORY": 300}, "E010"),
        ({"REVOCATION_CACHE": "nowhere"}, "E006"),
        ({"REVOCATION_CACHE": ""}, "E006"),
        ({"REVOCATION_CACHE": ["redis"]}, "E006"),
        ({"REVOCATION_CACHE": 7}, "E006"),
        ({"SESSION_CLIENT_INFO": "no.such.module"}, "E016"),
        ({"SESSION_CLIENT_INFO": 7}, "E016"),
        ({"SESSION_LIMIT_PER_USER": 0}, "E017"),
        ({"REQUIRE_SESSION": True, "TOKEN_SESSIONS": "accept"}, "E041"),
        ({"REFRESH_REUSE_GRACE_SAME_AGENT": True, "SESSION_CLIENT_INFO": None}, "W020"),
        # Nothing is compared with what is no timedelta.
        ({"REFRESH_REUSE_GRACE": 30}, "E010"),
        ({"ACCESS_TOKEN_LIFETIME": "5m"}, "E010"),
    ],
)
def test_what_is_wrong_is_found(changes, finding):
    level = checks.ERROR if finding.startswith("E") else checks.WARNING
    assert found(**changes) == {(finding, level)}


@pytest.mark.parametrize(
    "changes",
    [
        {"REFRESH_REUSE_GRACE": timedelta(seconds=149)},
        {"REFRESH_REUSE_GRACE": timedelta(0)},
        {"ACCESS_TOKEN_LIFETIME": timedelta(seconds=61)},
        {"REVOCATION_CACHE": "redis"},
        {"REVOCATION_MEMORY": timedelta(minutes=5)},
        {"REQUIRE_SESSION": True},
        {"REQUIRE_SESSION": False, "TOKEN_SESSIONS": "accept"},
        {"TOKEN_SESSIONS": "accept"},
        {"REFRESH_REUSE_GRACE_SAME_AGENT": True},
        {"SESSION_CLIENT_INFO": None},
        {"SESSION_CLIENT_INFO": "oxijwt.token_sessions.client_info.default_client_info"},
        {"SESSION_CLIENT_INFO": lambda request: (None, "")},
        {"apps": NEITHER, "ROTATE_REFRESH_TOKENS": False, "REFRESH_REUSE_GRACE": timedelta(days=1)},
    ],
)
def test_what_is_right_is_not(changes):
    assert found(**changes) == set()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"W004", "W019"}),
        ({"REQUIRE_SESSION": False}, {"W004", "W019"}),
        (ADOPTING, {"W004"}),
        ({"ADOPT_UNTIL": datetime.now(tz=UTC) - timedelta(days=1)}, {"W004"}),
        ({"TOKEN_SESSIONS": "accept"}, {"W004"}),
        ({"apps": ALONE}, set()),
    ],
)
def test_a_migration_that_adopts_nothing(changes, expected):
    """Everybody who was logged in without a session was logged out."""
    assert {name for name, _level in found(**{"apps": BOTH} | changes)} == expected


@pytest.fixture
def dj_rest_auth(tmp_path, monkeypatch):
    """An app of this name. The real one is in tests/suites/neighbours."""
    (tmp_path / "dj_rest_auth").mkdir()
    (tmp_path / "dj_rest_auth/__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    yield "dj_rest_auth"
    sys.modules.pop("dj_rest_auth", None)


OUR_BLACKLIST = "oxijwt.token_blacklist"
JWT = {"USE_JWT": True}


@pytest.mark.parametrize(
    ("apps", "options", "expected"),
    [
        (ALONE, JWT, {"W035"}),
        (ALONE, JWT | {"SESSION_LOGIN": False}, {"W035"}),
        (BOTH, JWT, {"W004", "W035"}),  # by a name that dj-rest-auth does not know
        ([*NEITHER, OUR_BLACKLIST], JWT, {"W035"}),
        (NEITHER, JWT, set()),  # nothing could end a token
        (ALONE, {"USE_JWT": False}, set()),  # it makes tokens of its own
        (ALONE, None, set()),
    ],
)
def test_a_logout_of_dj_rest_auth_that_ignores_the_refresh_token(dj_rest_auth, settings, apps, options, expected):
    settings.REST_AUTH = options
    assert {name for name, _level in found(apps=[*apps, dj_rest_auth], **ADOPTING)} == expected


def test_without_dj_rest_auth_its_settings_mean_nothing(settings):
    settings.REST_AUTH = JWT
    assert found() == set()


@pytest.mark.parametrize(("options", "words"), [(JWT, "keep"), ({}, "remove")])
def test_dj_rest_auth_keeps_the_blacklist(dj_rest_auth, settings, options, words):
    """The hint told its projects to break their logout."""
    settings.REST_AUTH = options
    with override_settings(INSTALLED_APPS=[*BOTH, dj_rest_auth], SIMPLE_JWT=GOOD | ADOPTING):
        [finding] = [found for found in check_settings() if found.id == "oxijwt.W004"]
    assert f"{words} token_blacklist" in finding.hint


@override_settings(SIMPLE_JWT=GOOD | {"REQUIRE_SESSION": True, "TOKEN_SESSIONS": "accept"})
def test_a_required_session_that_nobody_starts():
    """Each token was refused as soon as it was made."""
    text = str(AccessToken.for_user(User(pk=1)))
    with pytest.raises(TokenError, match="no session"):
        AccessToken(text)


@pytest.mark.parametrize("cache", ["default", "dummy", "nowhere"])
def test_the_cache_is_checked_where_no_session_is_read_too(cache):
    """A stateless service has no such app, and it is the one that asks the cache."""
    assert len(found(apps=NEITHER, REVOCATION_CACHE=cache)) == 1


def test_a_cache_that_is_none_is_not_shown_and_those_that_are_are_named():
    """A cache's URL, put where its alias belongs, has a password in it."""
    with override_settings(CACHES=CACHES, SIMPLE_JWT=GOOD | {"REVOCATION_CACHE": "redis://:password@host/0"}):
        [finding] = check_settings()
    assert "password" not in finding.msg + finding.hint
    assert "default, dummy, database" in finding.hint


@pytest.mark.django_db
def test_a_database_without_the_blacklists_tables_has_no_finding():
    assert check_databases(databases=["default"]) == []


@pytest.mark.django_db
def test_a_constraint_on_users_of_another_database_is_found():
    """Each login was 401: the row's user is not in the database of the row."""
    assert check_databases(databases=["default"]) == []
    with override_settings(DATABASE_ROUTERS=["tests.sites.routers.UsersElsewhere"]):
        [finding] = check_databases(databases=["default"])
        assert check_databases(databases=[]) == check_databases() == []
        with override_settings(INSTALLED_APPS=NEITHER):
            assert check_databases(databases=["default"]) == []
    assert (finding.id, finding.level) == ("oxijwt.E060", checks.ERROR)
    assert "'users'" in finding.msg
    assert finding.hint.startswith("Drop the constraint on token_sessions_tokensession.user_id")


def test_every_finding_has_a_hint():
    with override_settings(INSTALLED_APPS=BOTH, CACHES=CACHES, SIMPLE_JWT={"REVOCATION_CACHE": "dummy"}):
        findings = check_settings()
    assert len(findings) == 4
    assert all(finding.hint for finding in findings)


def test_migrations_are_complete():
    from django.core.management import call_command  # noqa: PLC0415

    call_command("makemigrations", "token_sessions", check=True, dry_run=True, verbosity=0)


test_migrations_are_complete = pytest.mark.django_db(test_migrations_are_complete)
