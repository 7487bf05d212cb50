"""The check of `check --database`, open and shut."""

import sys
import types
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.checks import ERROR, WARNING, run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.utils.timezone import now

from oxijwt.checks import check_databases, check_settings
from oxijwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from oxijwt.tokens import RefreshToken

pytestmark = pytest.mark.django_db


@pytest.fixture
def removed(settings):
    """A call removes the app, and leaves its tables."""

    def remove():
        settings.INSTALLED_APPS = [name for name in settings.INSTALLED_APPS if name != "oxijwt.token_blacklist"]

    return remove


def log_out(name):
    token = RefreshToken.for_user(User.objects.create_user(name))
    token.blacklist()
    return str(token)


def ids(**databases):
    return [(found.id, found.level) for found in check_databases(**databases)]


def test_logged_out_tokens_are_accepted_again(removed):
    """94 of 215 tokens were, and nothing said so."""
    logged_out = [log_out("one"), log_out("two")]
    assert ids(databases=["default"]) == []
    removed()
    assert [RefreshToken(text).payload["token_type"] for text in logged_out] == ["refresh"] * 2
    [finding] = check_databases(databases=["default"])
    assert (finding.id, finding.level) == ("oxijwt.E040", ERROR)
    assert finding.msg.startswith("The database 'default' has 2 blacklisted tokens")
    assert finding.hint
    assert not any(text in finding.msg + finding.hint for text in logged_out)


def test_tokens_that_have_expired_or_were_not_logged_out_do_no_harm(removed):
    log_out("one")
    OutstandingToken.objects.update(expires_at=now() - timedelta(seconds=1))
    RefreshToken.for_user(User.objects.create_user("two"))
    assert (BlacklistedToken.objects.count(), OutstandingToken.objects.count()) == (1, 2)
    removed()
    assert ids(databases=["default"]) == []
    OutstandingToken.objects.update(expires_at=now() + timedelta(seconds=60))
    assert ids(databases=["default"]) == [("oxijwt.E040", ERROR)]


def test_only_databases_that_may_be_asked_are(removed, django_assert_num_queries):
    log_out("one")
    removed()
    with django_assert_num_queries(0):
        assert ids() == ids(databases=None) == ids(databases=[]) == []
        assert [found for found in run_checks() if found.id == "oxijwt.E040"] == []


def test_the_command_reports_it(removed):
    log_out("one")
    removed()
    call_command("check")
    with pytest.raises(SystemCheckError, match=r"oxijwt\.E040"):
        call_command("check", databases=["default"])


@pytest.mark.parametrize("installed", [False, True])
def test_the_blacklist_must_be_with_the_users(settings, removed, installed):
    assert check_settings() == []
    settings.DATABASE_ROUTERS = ["tests.sites.routers.UsersElsewhere"]
    if not installed:
        removed()
    found = check_settings()
    assert [(finding.id, finding.level) for finding in found] == [("oxijwt.W040", WARNING)] * installed
    assert all(finding.hint for finding in found)


def test_under_the_hook_it_is_a_warning(removed, monkeypatch):
    log_out("one")
    removed()
    monkeypatch.setitem(sys.modules, "oxijwt.as_simplejwt", types.ModuleType("oxijwt.as_simplejwt"))
    assert ids(databases=["default"]) == [("oxijwt.E040", WARNING)]
