"""A KEY_FILE that does not exist: a Warning for commands, an Error for servers, and tests that need no keys."""

import re
import sys
from pathlib import Path

import pytest
from django.core.checks import ERROR, WARNING
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import override_settings

from oxijwt import checks
from oxijwt.exceptions import KeyFileMissingError
from oxijwt.tokens import AccessToken, RefreshToken
from tests.sites.projects import finished, python

SITE = """
SECRET_KEY = "k" * 50
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "oxijwt", "oxijwt.token_sessions"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
ROOT_URLCONF = "oxijwt.urls"
MIDDLEWARE = []
ALLOWED_HOSTS = ["*"]
SIMPLE_JWT = {"KEY_FILE": "/no/such/file.json", "ALGORITHM": "ES256", "ROTATE_REFRESH_TOKENS": True}
"""
EXAMPLE = re.compile(r"```python\n(# shop/settings_test\.py\n.*?)```", re.DOTALL)


@pytest.fixture
def missing(settings, tmp_path):
    settings.SIMPLE_JWT = {"KEY_FILE": tmp_path / "keys.json", "ALGORITHM": "ES256"}


@pytest.fixture
def manage(tmp_path):
    """Run manage.py in a project whose key file does not exist: the exit status and the error output."""
    (tmp_path / "site_without_keys.py").write_text(SITE)

    def run(*arguments):
        variables = {"DJANGO_SETTINGS_MODULE": "site_without_keys"}
        process = python("-m", "django", *arguments, pythonpath=[tmp_path], variables=variables, stderr=-1)
        status, _output, errors = finished(process)
        return status, errors

    return run


@pytest.mark.usefixtures("missing")
def test_commands_get_a_warning():
    [finding] = checks.check_settings()
    assert (finding.id, finding.level) == ("oxijwt.W030", WARNING)
    assert "KEY_FILE" in finding.msg
    assert "jwtkeys generate" in finding.msg
    call_command("check")


@pytest.mark.usefixtures("missing")
@pytest.mark.parametrize("command", ["runserver", "runserver_plus", "testserver"])
def test_servers_get_an_error(monkeypatch, command):
    monkeypatch.setattr(sys, "argv", ["manage.py", command, "8000"])
    [finding] = checks.check_settings()
    assert (finding.id, finding.level) == ("oxijwt.E050", ERROR)


@pytest.mark.usefixtures("missing")
def test_a_deployment_gets_an_error():
    assert "oxijwt.E050" in [finding.id for finding in checks.check_deployment()]
    with pytest.raises(SystemCheckError, match=r"oxijwt\.E050"):
        call_command("check", deploy=True)


@pytest.mark.usefixtures("missing")
def test_the_first_use_raises():
    for use in (lambda: str(AccessToken()), lambda: AccessToken("a.b.c")):
        with pytest.raises(KeyFileMissingError, match="jwtkeys generate"):
            use()


def test_a_file_that_is_there_has_no_finding(missing, monkeypatch):
    call_command("jwtkeys", "generate", verbosity=0)
    assert checks.check_settings() == []
    monkeypatch.setattr(sys, "argv", ["manage.py", "runserver"])
    assert checks.check_settings() == []
    assert "oxijwt.E050" not in [finding.id for finding in checks.check_deployment()]


def test_another_fault_is_an_error_for_each_command(missing, settings):
    call_command("jwtkeys", "generate", verbosity=0)
    settings.SIMPLE_JWT["KEY_FILE"].chmod(0o644)
    assert [finding.id for finding in checks.check_settings()] == ["oxijwt.E027"]


@pytest.mark.parametrize("command", [["check"], ["migrate"], ["makemigrations", "--check"]])
def test_a_machine_without_keys_runs_commands(manage, command):
    """The check stopped each of them, in CI and while an image is built."""
    status, errors = manage(*command)
    assert (status, "Traceback" in errors, "oxijwt.E" in errors) == (0, False, False)
    assert "oxijwt.W030" in errors


@pytest.mark.parametrize("command", [["runserver", "--noreload", "127.0.0.1:0"], ["check", "--deploy"]])
def test_a_machine_without_keys_serves_nothing(manage, command):
    status, errors = manage(*command)
    assert status == 1
    assert "(oxijwt.E050) SIMPLE_JWT['KEY_FILE'] must name an existing file" in errors


@pytest.mark.usefixtures("missing")
@pytest.mark.parametrize("number", [0, 1])
def test_the_settings_of_the_testing_page_need_no_file(settings, number):
    """The two examples of docs/testing.md, with the settings of a site that has a KEY_FILE."""
    page = Path(__file__).parents[3] / "docs/testing.md"
    examples = EXAMPLE.findall(page.read_text())
    assert len(examples) == 2
    example = examples[number]
    lines = [line for line in example.splitlines() if "import *" not in line]
    names = {"SIMPLE_JWT": settings.SIMPLE_JWT}
    exec("\n".join(lines), names)  # noqa: S102  our own page
    with override_settings(SIMPLE_JWT=names["SIMPLE_JWT"]):
        assert checks.check_settings() == []
        assert AccessToken(str(RefreshToken().access_token))
