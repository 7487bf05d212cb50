"""`oxijwt.health`: each problem, as a function, as a view and as a check."""

import json
from datetime import timedelta

import freezegun
import pytest
from django.apps import apps
from django.core import checks
from django.core.cache import cache
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import OperationalError, connection
from freezegun import freeze_time

from oxijwt import health
from oxijwt.token_sessions import database
from oxijwt.utils import EPOCH


@pytest.fixture(autouse=True)
def clock_difference(denylist, monkeypatch):
    """A process that is well: its clock is the database's. A function sets the difference in seconds."""

    def differ(seconds):
        monkeypatch.setitem(apps.get_app_config("token_sessions").__dict__, "clock_difference", seconds)

    differ(lambda: 0.0)
    return differ


def ids():
    return [problem.id.removeprefix("oxijwt.") for problem in health.problems()]


def asked(rf):
    response = health.view(rf.get("/health/"))
    return response.status_code, json.loads(response.content)


def test_a_process_that_is_well(rf):
    assert ids() == []
    assert asked(rf) == (200, {"status": "ok"})


def test_the_view_names_problems_by_their_ids(rf):
    cache.clear()
    assert asked(rf) == (503, {"status": "failing", "problems": ["oxijwt.E070"]})


def test_a_cache_that_does_not_answer(denylist, jwt_settings):
    with denylist.lost():
        assert ids() == ["E070"]
    jwt_settings(REVOCATION_CACHE=None)
    with denylist.lost():
        assert ids() == []


def test_keys_that_can_not_be_used(jwt_settings, tmp_path):
    path = tmp_path / "keys.json"
    jwt_settings(KEY_FILE=path, ALGORITHM="ES256")
    call_command("jwtkeys", "generate", verbosity=0)
    assert ids() == []
    path.chmod(0o644)
    assert ids() == ["E027"]
    jwt_settings(KEY_FILE=None, SIGNING_KEY="no key")
    assert set(ids()) == {"E002"}


@pytest.mark.parametrize(
    ("grace", "ahead", "expected"),
    [(30, 9.9, []), (30, 10.1, ["E072"]), (30, -10.1, ["E072"]), (3, 4.9, []), (0, 5.1, ["E072"]), (60, 19, [])],
)
def test_clocks_that_differ(clock_difference, jwt_settings, grace, ahead, expected):
    clock_difference(lambda: ahead)
    jwt_settings(REFRESH_REUSE_GRACE=timedelta(seconds=grace))
    assert ids() == expected


def test_a_database_that_does_not_answer(clock_difference):
    def fail():
        raise OperationalError

    clock_difference(fail)
    assert ids() == ["E071"]


@pytest.mark.parametrize("ahead", [-3600, 0, 3600])
def test_the_clock_of_the_database_is_asked(clock, ahead):
    """The tests' databases are on this machine. SQLite has no clock of its own."""
    with freeze_time(real_time() + timedelta(seconds=ahead)):
        found = database.clock_difference()
    assert found == pytest.approx(0 if connection.vendor == "sqlite" else ahead, abs=5)


def real_time():
    """The time that is not frozen."""
    return EPOCH + timedelta(seconds=freezegun.api.real_time())


def test_the_check_is_asked_for_by_its_tag():
    cache.clear()
    with pytest.raises(SystemCheckError, match=r"oxijwt\.E070"):
        call_command("check", deploy=True, tags=[health.TAG], databases=["default"])


def test_no_other_command_runs_it():
    cache.clear()
    found = checks.run_checks() + checks.run_checks(databases=["default"])
    found += checks.run_checks(include_deployment_checks=True)
    assert "oxijwt.E070" not in {finding.id for finding in found}
