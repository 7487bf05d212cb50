"""`manage.py jwtkeys`: the keys of SIMPLE_JWT['KEY_FILE'] on the command line, from cron, and from many processes."""

import json
import re
import stat
import subprocess
import sys
import time
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from oxijwt._core import KeyRotationPolicy
from oxijwt.keys import file as key_file
from oxijwt.management.commands import jwtkeys
from tests.leaks import require_absence

HOUR = 3600
POLICY = KeyRotationPolicy(publish_ahead=600, retain=86_400)
PRIVATE = ("d", "k", "p", "q", "dp", "dq", "qi")
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


@pytest.fixture
def path(tmp_path, settings):
    path = tmp_path / "keys.json"
    settings.SIMPLE_JWT = {"KEY_FILE": path}
    return path


@pytest.fixture
def told():
    """Everything that the commands of a test said."""
    return []


@pytest.fixture
def jwtkeys_says(told, path):
    """Run a command; what it says. No private part is in it."""

    def run(*arguments, **options):
        out, err = StringIO(), StringIO()
        try:
            call_command("jwtkeys", *arguments, stdout=out, stderr=err, **options)
        finally:
            require_absence(secrets_of(path), out.getvalue(), err.getvalue())
        assert err.getvalue() == ""
        told.append(out.getvalue())
        return out.getvalue()

    return run


@pytest.fixture
def refused(jwtkeys_says, path):
    """Run a command that is refused, and leaves the file as it was; why."""

    def run(*arguments):
        before = path.read_bytes() if path.exists() else None
        with pytest.raises(CommandError) as caught:
            jwtkeys_says(*arguments)
        assert (path.read_bytes() if path.exists() else None) == before
        assert caught.value.returncode == 1
        require_absence(secrets_of(path), str(caught.value))
        return str(caught.value)

    return run


@pytest.fixture
def old(path):
    """A key file with an ES256 key that was made an hour ago."""
    key_file.change(path, lambda keys: keys.rotate("ES256", POLICY, int(time.time()) - HOUR), may_create=True)
    return path


def secrets_of(path):
    if not path.exists():
        return []
    return [str(key[name]) for key in json.loads(path.read_bytes())["keys"] for name in PRIVATE if name in key]


def keys_of(path, now=None):
    """(kid, algorithm, phase) of each key in the file."""
    keys = key_file.read(path).keys(int(time.time() if now is None else now))
    return [(key.kid, key.algorithm, str(key.phase)) for key in keys]


def by_phase(path):
    return {phase: kid for kid, _algorithm, phase in keys_of(path)}


# generate


def test_generate_makes_a_private_file_with_a_key_that_signs(jwtkeys_says, path):
    said = jwtkeys_says("generate", "--algorithm", "ES256")
    [(kid, algorithm, phase)] = keys_of(path)
    assert (algorithm, phase) == ("ES256", "signing")
    assert f"Made key {kid}." in said
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("configured", ["HS256", "EdDSA"])
def test_generate_takes_the_algorithm_of_the_settings(jwtkeys_says, path, settings, configured):
    settings.SIMPLE_JWT = {"KEY_FILE": str(path), "ALGORITHM": configured}
    jwtkeys_says("generate")
    assert [algorithm for _kid, algorithm, _phase in keys_of(path)] == [configured]


def test_generate_leaves_a_key_in_force_alone(jwtkeys_says, old):
    before = old.stat()
    assert "is in force" in jwtkeys_says("generate", "--algorithm", "EdDSA")
    assert old.stat() == before


def test_generate_twice_is_once(jwtkeys_says, path):
    jwtkeys_says("generate")
    before = path.stat()
    assert "is in force" in jwtkeys_says("generate")
    assert path.stat() == before


def test_generate_fills_an_empty_set(jwtkeys_says, path):
    path.write_text('{"keys": []}')
    path.chmod(0o640)
    jwtkeys_says("generate")
    assert [phase for _kid, _algorithm, phase in keys_of(path)] == ["signing"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_generate_for_later(jwtkeys_says, path):
    said = jwtkeys_says("generate", "--not-before", "2999-01-31T12:00:00+01:00")
    assert "2999-01-31T11:00:00Z" in said
    assert [phase for _kid, _algorithm, phase in keys_of(path)] == ["published"]
    assert "is in force" in jwtkeys_says("generate")


@pytest.mark.parametrize(
    ("text", "reason"), [("2999-01-31T12:00:00", "time zone"), ("tomorrow", "ISO 8601"), ("1700000000.5", "ISO 8601")]
)
def test_generate_for_no_time(refused, text, reason):
    assert reason in refused("generate", "--not-before", text)


def test_generate_of_no_algorithm(refused):
    assert "invalid choice" in refused("generate", "--algorithm", "none")


# list


def test_the_table(jwtkeys_says, old):
    lines = jwtkeys_says("list").splitlines()
    [(kid, *_rest)] = keys_of(old)
    assert len(lines) == 2
    assert re.fullmatch("kid +algorithm +phase +made +signs from +dropped at", lines[0])
    assert re.fullmatch(rf"{re.escape(kid)} +ES256 +signing +{TIME} +{TIME} +-", lines[1])


def test_the_table_is_aligned(jwtkeys_says, old):
    jwtkeys_says("rotate", "--algorithm", "HS512")
    head, *rows = jwtkeys_says("list").splitlines()
    assert len(rows) == 2
    starts = [head.index(name) for name in jwtkeys.HEADINGS]
    for row in rows:
        assert all(row[start - 1] == " " and row[start] != " " for start in starts[1:])
    assert sum(row.endswith("Z") for row in rows) == 1


def test_a_table_without_keys(jwtkeys_says, path):
    path.write_text('{"keys": []}')
    path.chmod(0o600)
    assert len(jwtkeys_says("list").splitlines()) == 1


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "-"), (0, "-"), (1, "1970-01-01T00:00:01Z"), (10**15, "1000000000000000")]
)
def test_times_of_every_kind(seconds, text):
    assert jwtkeys.utc(seconds) == text


# rotate


def test_a_planned_rotation_publishes_the_next_key(jwtkeys_says, old):
    said = jwtkeys_says("rotate")
    assert [(algorithm, phase) for _kid, algorithm, phase in keys_of(old)] == [
        ("ES256", "signing"),
        ("ES256", "published"),
    ]
    assert f"Made key {by_phase(old)['published']}." in said


def test_a_planned_rotation_keeps_the_schedule(jwtkeys_says, old, settings):
    settings.SIMPLE_JWT = {"KEY_FILE": old, "KEY_PUBLISH_AHEAD": timedelta(minutes=2)}
    before = time.time()
    jwtkeys_says("rotate")
    keys = key_file.read(old).keys(int(before))
    assert before + 119 <= max(key.signs_from for key in keys) <= time.time() + 121


def test_a_second_rotation_does_nothing_and_says_which_key_waits(jwtkeys_says, old):
    jwtkeys_says("rotate")
    before = old.stat()
    assert f"There is nothing to do: key {by_phase(old)['published']} waits" in jwtkeys_says(
        "rotate", "--algorithm", "EdDSA"
    )
    assert old.stat() == before


def test_a_rotation_to_another_algorithm(jwtkeys_says, old):
    jwtkeys_says("rotate", "--algorithm", "EdDSA")
    assert sorted(algorithm for _kid, algorithm, _phase in keys_of(old)) == ["ES256", "EdDSA"]


def test_the_next_key_has_the_last_ones_algorithm(jwtkeys_says, old):
    jwtkeys_says("rotate", "--now", "--algorithm", "EdDSA")
    jwtkeys_says("rotate", "--now")
    assert sorted(algorithm for _kid, algorithm, _phase in keys_of(old)) == ["ES256", "EdDSA", "EdDSA"]


def test_a_rotation_of_an_empty_set_follows_the_settings(jwtkeys_says, path, settings):
    settings.SIMPLE_JWT = {"KEY_FILE": str(path), "ALGORITHM": "EdDSA"}
    path.write_text('{"keys": []}')
    path.chmod(0o600)
    jwtkeys_says("rotate")
    assert [key[1:] for key in keys_of(path)] == [("EdDSA", "signing")]


def test_a_leaked_key_is_replaced_at_once(jwtkeys_says, old):
    leaked = by_phase(old)["signing"]
    jwtkeys_says("rotate", "--now")
    assert by_phase(old)["retiring"] == leaked
    assert by_phase(old)["signing"] != leaked


def test_rotating_at_once_promotes_a_key_that_waits(jwtkeys_says, old):
    jwtkeys_says("rotate")
    waiting = by_phase(old)["published"]
    assert "signs now" in jwtkeys_says("rotate", "--now")
    assert by_phase(old)["signing"] == waiting
    assert len(keys_of(old)) == 2


def test_a_revoked_key_is_gone_and_another_signs(jwtkeys_says, old):
    leaked = by_phase(old)["signing"]
    said = jwtkeys_says("rotate", f"--revoke={leaked}")
    assert f"Removed key {leaked}." in said
    [(kid, algorithm, phase)] = keys_of(old)
    assert (algorithm, phase) == ("ES256", "signing")
    assert f"Made key {kid}." in said
    assert leaked not in jwtkeys_says("list")


def test_a_kid_that_begins_with_a_hyphen_can_be_revoked(jwtkeys_says, old):
    keys = json.loads(old.read_bytes())
    keys["keys"][0]["kid"] = "-kid"
    old.write_text(json.dumps(keys))
    assert "Removed key -kid." in jwtkeys_says("rotate", "--revoke=-kid")


def test_an_unknown_kid_is_not_revoked(refused, old):
    assert "no-such-kid" in refused("rotate", "--revoke", "no-such-kid")


def test_a_clock_that_is_behind_makes_no_key(refused, path):
    key_file.change(path, lambda keys: keys.rotate("ES256", POLICY, int(time.time()) + HOUR), may_create=True)
    assert keys_of(path)[0][0] in refused("rotate")


@pytest.mark.parametrize("other", [["--now"], ["--algorithm", "ES256"]])
def test_revoking_stands_alone(refused, old, other):
    assert "--revoke" in refused("rotate", "--revoke", by_phase(old)["signing"], *other)


# prune, export


def test_prune_removes_dropped_keys_only(jwtkeys_says, path):
    past = int(time.time()) - 1_000_000
    key_file.change(path, lambda keys: keys.rotate("ES256", POLICY, past), may_create=True)
    key_file.change(path, lambda keys: keys.rotate("ES256", POLICY, past + HOUR))
    dropped, signing = by_phase(path)["dropped"], by_phase(path)["signing"]
    assert f"Removed key {dropped}." in jwtkeys_says("prune")
    assert keys_of(path) == [(signing, "ES256", "signing")]
    before = path.stat()
    assert "no key" in jwtkeys_says("prune")
    assert path.stat() == before


def test_export_prints_the_public_set(jwtkeys_says, old):
    jwtkeys_says("rotate", "--algorithm", "EdDSA")
    exported = json.loads(jwtkeys_says("export"))["keys"]
    assert sorted(key["kid"] for key in exported) == sorted(kid for kid, *_rest in keys_of(old))
    assert not [name for key in exported for name in key if name in PRIVATE]


def test_export_of_secrets_is_an_empty_set(jwtkeys_says, path):
    jwtkeys_says("generate", "--algorithm", "HS256")
    assert json.loads(jwtkeys_says("export")) == {"keys": []}


# Refusals


ACTIONS = ["generate", "list", "rotate", "prune", "export"]


@pytest.mark.parametrize("action", ACTIONS)
def test_without_a_key_file(settings, action):
    settings.SIMPLE_JWT = {}
    with pytest.raises(CommandError, match="KEY_FILE'] is not set"):
        call_command("jwtkeys", action)


@pytest.mark.parametrize("action", ["list", "rotate", "prune", "export"])
def test_only_generate_makes_a_file(refused, path, action):
    assert "jwtkeys generate" in refused(action)
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("action", ACTIONS)
def test_a_file_that_others_may_read(refused, old, action):
    old.chmod(0o644)
    assert "has mode 0644" in refused(action)


@pytest.mark.parametrize("action", ACTIONS)
def test_a_broken_file(refused, path, action):
    path.write_bytes(b'{"keys": [')
    path.chmod(0o600)
    with pytest.raises(CommandError, match="can't be used"):
        call_command("jwtkeys", action)


@pytest.mark.parametrize("action", ["generate", "rotate", "prune"])
def test_a_link(refused, old, settings, action):
    link = old.with_name("link")
    link.symlink_to(old)
    settings.SIMPLE_JWT = {"KEY_FILE": str(link)}
    assert "symbolic link" in refused(action)


@pytest.mark.parametrize("action", ["list", "export"])
def test_reading_follows_links(jwtkeys_says, old, settings, action):
    link = old.with_name("link")
    link.symlink_to(old)
    settings.SIMPLE_JWT = {"KEY_FILE": str(link)}
    assert keys_of(old)[0][0] in jwtkeys_says(action)


def test_without_an_action():
    with pytest.raises(CommandError, match="action"):
        call_command("jwtkeys")


def test_generate_runs_where_the_checks_find_no_key_file():
    """A check that refuses a missing file would refuse the command that makes it."""
    assert jwtkeys.Command.requires_system_checks == []


# Many processes

ROTATING = """
import json, os, sys, time
from io import StringIO
import django
from django.conf import settings
from django.core.management import call_command

path, rounds = sys.argv[1], int(sys.argv[2])
apps = ["django.contrib.contenttypes", "django.contrib.auth", "oxijwt"]
settings.configure(INSTALLED_APPS=apps, SIMPLE_JWT={"KEY_FILE": path, "ALGORITHM": "ES256"})
django.setup()
from oxijwt.keys import file as key_file
from oxijwt._core import KeyRotationPolicy

POLICY = KeyRotationPolicy(publish_ahead=600, retain=86400)
PROCESSES = 20

def forked(work, *arguments):
    child = os.fork()
    if not child:
        try:
            os._exit(work(*arguments))
        finally:
            os._exit(99)
    return child

def rotate(start):
    while time.monotonic() < start:
        pass
    said = StringIO()
    call_command("jwtkeys", "rotate", stdout=said)
    return 1 if "Made key" in said.getvalue() else 2 if "waits, or was just made" in said.getvalue() else 3

def read_until_told(told, pipe):
    os.set_blocking(told, False)
    reads, found, is_over = 0, set(), False
    while True:
        found.add(len(key_file.read(path).keys(0)))
        reads += 1
        if is_over:  # what was read last is what the last writer left
            break
        if reads == 1:
            os.write(pipe, b"!")
        try:
            is_over = not os.read(told, 1)
        except BlockingIOError:
            pass
    os.write(pipe, json.dumps([reads, sorted(found)]).encode())
    return 0

report = []
for number in range(rounds):
    os.path.exists(path) and os.unlink(path)
    now = int(time.time()) - 3600
    key_file.change(path, lambda keys: keys.rotate("ES256", POLICY, now), may_create=True)
    told, tell = os.pipe()
    result, pipe = os.pipe()
    reader = os.fork()
    if not reader:
        os.close(tell)
        try:
            os._exit(read_until_told(told, pipe))
        finally:
            os._exit(99)
    os.read(result, 1)  # the reader has begun
    begun = time.monotonic()
    writers = [forked(rotate, begun + 0.2) for _ in range(PROCESSES)]
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in writers]
    seconds = time.monotonic() - begun
    os.close(tell)
    reader_code = os.waitstatus_to_exitcode(os.waitpid(reader, 0)[1])
    reads, sizes = json.loads(os.read(result, 1000)) if not reader_code else (0, [])
    report.append({"codes": codes, "reader": reader_code, "reads": reads, "sizes": sizes, "seconds": seconds})
print(json.dumps(report))
"""


def test_twenty_processes_that_rotate_at_once_are_one(path):
    """A valid file at every read, and one rotation counted."""
    command = [sys.executable, "-c", ROTATING, str(path), "5"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603  our own
    assert (ended.returncode, ended.stderr) == (0, "")
    rounds = json.loads(ended.stdout)
    assert len(rounds) == 5
    for found in rounds:
        assert sorted(found["codes"]) == [1] + [2] * 19
        assert (found["reader"], found["sizes"]) == (0, [1, 2])
        assert found["reads"] > 20
    assert sorted(phase for _kid, _algorithm, phase in keys_of(path)) == ["published", "signing"]
    assert {found.name for found in path.parent.iterdir()} == {"keys.json", "keys.json.lock"}
