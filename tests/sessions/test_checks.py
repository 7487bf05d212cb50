"""System checks of sessions: each open and shut."""

import importlib
from datetime import timedelta

import pytest
from django.apps import apps
from django.core import checks
from django.test import override_settings

from oxijwt.checks import check_settings

BOTH = ["django.contrib.auth", "django.contrib.contenttypes", "oxijwt.token_sessions", "oxijwt.token_blacklist"]
ALONE = [name for name in BOTH if name != "oxijwt.token_blacklist"]
NEITHER = BOTH[:2]
GOOD = {"ROTATE_REFRESH_TOKENS": True}
BACKENDS = "django.core.cache.backends"
CACHES = {
    "default": {"BACKEND": f"{BACKENDS}.locmem.LocMemCache"},
    "dummy": {"BACKEND": f"{BACKENDS}.dummy.DummyCache"},
    "redis": {"BACKEND": f"{BACKENDS}.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"},
}


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
        ({"apps": BOTH}, "W004"),
        ({"REVOCATION_CACHE": "default"}, "W005"),
        ({"REVOCATION_CACHE": "dummy"}, "E005"),
        ({"REVOCATION_CACHE": "nowhere"}, "E006"),
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
        {"apps": NEITHER, "ROTATE_REFRESH_TOKENS": False, "REFRESH_REUSE_GRACE": timedelta(days=1)},
    ],
)
def test_what_is_right_is_not(changes):
    assert found(**changes) == set()


@pytest.mark.parametrize("cache", ["default", "dummy", "nowhere"])
def test_the_cache_is_checked_where_no_session_is_read_too(cache):
    """A stateless service has no such app, and it is the one that asks the cache."""
    assert len(found(apps=NEITHER, REVOCATION_CACHE=cache)) == 1


def test_every_finding_has_a_hint():
    with override_settings(INSTALLED_APPS=BOTH, CACHES=CACHES, SIMPLE_JWT={"REVOCATION_CACHE": "dummy"}):
        findings = check_settings()
    assert len(findings) == 3
    assert all(finding.hint for finding in findings)


def test_migrations_are_complete():
    from django.core.management import call_command  # noqa: PLC0415

    call_command("makemigrations", "token_sessions", check=True, dry_run=True, verbosity=0)


test_migrations_are_complete = pytest.mark.django_db(test_migrations_are_complete)


def test_the_blacklists_models_belong_to_its_own_app_or_to_none():
    """Imported without their app they became models of the app `oxijwt`, and broke the creation of a database."""
    importlib.import_module("oxijwt.token_blacklist.models")
    assert list(apps.get_app_config("oxijwt").get_models()) == []
