"""`manage.py jwtkeys`: Django's own options before and behind the action, JSON, and what an HMAC key can't do."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import call_command

from oxijwt.keys import file as key_file
from oxijwt.management.commands.jwtkeys import Command
from tests.conftest import REPOSITORY

SETTINGS = """
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "oxijwt"]
SIMPLE_JWT = {"KEY_FILE": __file__ + ".json", "ALGORITHM": "ES256"}
"""
ACTIONS = ["generate", "list", "rotate", "prune", "export"]
NOTE = "It is an HMAC secret, so the JWK Set can't show it"


@pytest.fixture
def path(tmp_path, settings):
    path = tmp_path / "keys.json"
    settings.SIMPLE_JWT = {"KEY_FILE": path, "ALGORITHM": "ES256"}
    return path


def said(*arguments, **options):
    out = StringIO()
    call_command("jwtkeys", *arguments, stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def manage(tmp_path):
    """Run the command as a shell does, where only an option names the settings; status, output, errors."""
    (tmp_path / "site_of_keys.py").write_text(SETTINGS)
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    environment["PYTHONPATH"] = f"{REPOSITORY / 'python'}{os.pathsep}{environment.get('PYTHONPATH', '')}"

    def run(*arguments):
        command = [sys.executable, "-m", "django", "jwtkeys", *arguments]
        ended = subprocess.run(  # noqa: S603  our own
            command, capture_output=True, text=True, timeout=60, check=False, env=environment, cwd=tmp_path
        )
        return ended.returncode, ended.stdout, ended.stderr

    return run


def test_the_settings_may_stand_behind_the_action(manage, tmp_path):
    """They were "unrecognized arguments" there."""
    site = ["--settings", "site_of_keys", "--pythonpath", str(tmp_path)]
    status, output, errors = manage("generate", *site, "--traceback", "-v", "0")
    assert (status, output, errors) == (0, "", "")
    status, output, errors = manage(*site, "list", "--no-color", "--verbosity=2")
    assert (status, "ES256" in output, errors) == (0, True, "")
    status, output, errors = manage("rotate", *site, "--revoke=nothing")
    assert (status, output, "Traceback" in errors) == (1, "", False)
    status, output, errors = manage("rotate", *site, "--revoke=nothing", "--traceback")
    assert (status, output, "Traceback" in errors) == (1, "", True)


@pytest.mark.parametrize("action", ACTIONS)
def test_each_action_takes_each_option_of_django(action):
    parser = Command().create_parser("manage.py", "jwtkeys")
    before = ["--settings", "x", "--pythonpath", "y", "--traceback", "--force-color", "-v", "0"]
    for arguments in ([action, *before], [*before, action]):
        options = parser.parse_args(arguments)
        assert (options.settings, options.pythonpath, options.verbosity) == ("x", "y", 0)
        assert (options.action, options.traceback, options.force_color, options.no_color) == (action, True, True, False)
    assert parser.parse_args([action]).verbosity == 1
    assert parser.parse_args(["-v", "0", action, "-v", "3"]).verbosity == 3


def test_without_verbosity_only_what_was_asked_for_is_printed(path):
    assert said("generate", "-v", "0") == said("rotate", "--now", "-v", "0") == said("prune", verbosity=0) == ""
    assert said("generate", "-v", "0") == ""  # nothing to do
    keys = key_file.read(path).keys(0)
    assert len(keys) == 2
    assert all(key.kid in said("list", "-v", "0") for key in keys)
    assert json.loads(said("export", "-v", "0"))["keys"]


def test_the_list_as_json(path):
    said("generate", "-v", "0")
    said("rotate", "--now", "-v", "0")
    listed = json.loads(said("list", "--json"))
    assert [list(key) for key in listed] == [["kid", "algorithm", "phase", "made", "signs_from", "dropped_at"]] * 2
    keys = {key.kid: key for key in key_file.read(path).keys(int(datetime.now(tz=UTC).timestamp()))}
    assert {key["kid"] for key in listed} == set(keys)
    for key in listed:
        kept = keys[key["kid"]]
        assert (key["algorithm"], key["phase"]) == (kept.algorithm, str(kept.phase))
        assert datetime.fromisoformat(key["signs_from"]) == datetime.fromtimestamp(kept.signs_from, UTC)
        ends = None if kept.dropped_at is None else datetime.fromtimestamp(kept.dropped_at, UTC)
        assert (None if key["dropped_at"] is None else datetime.fromisoformat(key["dropped_at"])) == ends
    assert None in [key["dropped_at"] for key in listed]


def test_the_list_of_an_empty_file_is_json_too(path):
    path.write_text('{"keys": []}')
    path.chmod(0o600)
    assert json.loads(said("list", "--json")) == []


@pytest.mark.parametrize("algorithm", ["HS256", "HS512"])
def test_an_hmac_key_says_what_it_can_not_do(path, settings, algorithm):
    settings.SIMPLE_JWT |= {"ALGORITHM": algorithm}
    made = said("generate")
    assert NOTE in made
    assert "jwtkeys rotate --algorithm ES256" in made
    assert NOTE not in said("generate")  # made no key
    assert NOTE in said("rotate", "--now")
    assert NOTE not in said("rotate", "--now", "--algorithm", "ES256")
    assert NOTE not in said("list")


@pytest.mark.usefixtures("path")
def test_a_key_with_a_public_half_needs_no_note():
    assert "HMAC" not in said("generate") + said("rotate", "--now") + said("list")
