"""Who may own and write the key file and its directories, as sshd's StrictModes checks it."""

import os

import pytest
from django.core.management import CommandError, call_command

from oxijwt._core import KeyRotationPolicy
from oxijwt.checks import check_settings
from oxijwt.exceptions import KeyConfigurationError
from oxijwt.keys import file as key_file
from oxijwt.keys import strict_modes
from oxijwt.keys.file import WatchedKeyFile

POLICY = KeyRotationPolicy(publish_ahead=600, retain=86_400)
NOW = 1_700_000_000
ROOT = os.geteuid() == 0
STRANGER = 1234

only_root = pytest.mark.skipif(not ROOT, reason="only root gives files away")


def first(keys):
    return keys.rotate("ES256", POLICY, NOW)


@pytest.fixture
def made(tmp_path):
    """A key file two directories below the test's own."""
    folder = tmp_path / "site" / "keys"
    folder.mkdir(parents=True)
    key_file.change(folder / "keys.json", first, may_create=True)
    return folder / "keys.json"


def refusal(action, *arguments, **named):
    with pytest.raises(KeyConfigurationError) as caught:
        action(*arguments, **named)
    text = str(caught.value)
    assert "SIMPLE_JWT['KEY_FILE']" in text
    assert "/keys" not in text
    return text


def each_refuses(path, text):
    """A running process, one that starts, the system check, and the command."""
    assert text in refusal(WatchedKeyFile(path).key_set)
    assert text in refusal(key_file.read, path)
    assert text in refusal(key_file.change, path, first)


@pytest.mark.parametrize("mode", [0o775, 0o777, 0o770, 0o757, 0o702, 0o720, 0o2775])
@pytest.mark.parametrize("level", [0, 1])
def test_directories_that_others_may_write(made, mode, level):
    directory = made.parents[level]
    watched = WatchedKeyFile(made, stale=0)
    watched.key_set()
    directory.chmod(mode)
    each_refuses(made, f"has mode {mode:04o}")
    assert f"{len(directory.parts) - 1} levels below /" in refusal(watched.look_again)
    assert f"has mode {mode:04o}" in refusal(watched.look_again)
    directory.chmod(0o755)
    assert watched.look_again()


@pytest.mark.parametrize("mode", [0o700, 0o500, 0o750, 0o755, 0o711, 0o1777, 0o3777, 0o1775])
@pytest.mark.parametrize("level", [0, 1])
def test_directories_that_are_safe(made, mode, level):
    """With the sticky bit others can't replace a file of root's or ours; Kubernetes mounts secrets so."""
    made.parents[level].chmod(mode)
    assert WatchedKeyFile(made).key_set()
    assert key_file.read(made)


@only_root
def test_a_file_of_another_user(made):
    watched = WatchedKeyFile(made, stale=0)
    watched.key_set()
    os.chown(made, STRANGER, 0)
    assert "belongs to another user" in refusal(watched.look_again)
    assert "belongs to another user" in refusal(WatchedKeyFile(made).key_set)
    os.chown(made, 0, STRANGER)
    assert watched.look_again()


@only_root
@pytest.mark.parametrize("level", [0, 1])
@pytest.mark.parametrize("mode", [0o755, 0o1777])
def test_a_directory_of_another_user(made, level, mode):
    """The owner of a directory may replace what is in it, also with the sticky bit."""
    made.parents[level].chmod(mode)
    os.chown(made.parents[level], STRANGER, 0)
    each_refuses(made, "belongs to another user")


def test_the_owner_may_be_root_or_the_process_itself(made, monkeypatch):
    file = made.stat()
    assert strict_modes.file_problem(file, frozenset({0, file.st_uid})) is None
    assert "another user" in strict_modes.file_problem(file, frozenset({STRANGER}))
    monkeypatch.setattr(os, "geteuid", lambda: STRANGER)
    assert strict_modes.owners() == strict_modes.owners(file) == {0, STRANGER}
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert strict_modes.owners() == {0}


@only_root
def test_root_changes_the_file_for_its_owner(made):
    """Cron jobs of root's: the file and its directories may belong to the web processes' user, and nobody else."""
    for path in (made, made.parent):
        os.chown(path, STRANGER, STRANGER)
    assert key_file.read(made)
    assert key_file.change(made, lambda keys: keys.rotate("ES256", POLICY, NOW + 1000)).added
    assert made.stat().st_uid == STRANGER
    os.chown(made.parents[1], STRANGER + 1, 0)
    assert "belongs to another user" in refusal(key_file.read, made)


def test_a_new_file_needs_a_safe_place_too(tmp_path):
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    assert "has mode 0777" in refusal(key_file.change, folder / "keys.json", first, may_create=True)
    assert list(folder.iterdir()) == []
    folder.chmod(0o755)
    assert key_file.change(folder / "keys.json", first, may_create=True).added


@pytest.mark.parametrize("action", ["list", "rotate", "prune", "export", "generate"])
def test_the_command_and_the_check_refuse_too(made, settings, action):
    settings.SIMPLE_JWT = {"KEY_FILE": made, "ALGORITHM": "ES256"}
    assert check_settings() == []
    made.parent.chmod(0o777)
    with pytest.raises(CommandError, match="has mode 0777"):
        call_command("jwtkeys", action)
    assert [finding.id for finding in check_settings()] == ["oxijwt.E027"]


def test_a_kubernetes_secret(tmp_path):
    """keys.json → ..data/keys.json, ..data → a directory of its own; the mount point is sticky and 0777."""
    mount, data = tmp_path / "mounted", tmp_path / "mounted" / "..2026_01"
    data.mkdir(parents=True)
    key_file.change(data / "keys.json", first, may_create=True)
    (data / "keys.json").chmod(0o440)
    data.chmod(0o2755)
    mount.chmod(0o3777)
    (mount / "..data").symlink_to("..2026_01")
    (mount / "keys.json").symlink_to("..data/keys.json")
    assert WatchedKeyFile(mount / "keys.json").key_set()
    data.chmod(0o2775)
    assert "has mode 2775" in refusal(WatchedKeyFile(mount / "keys.json").key_set)
    data.chmod(0o2755)
    mount.chmod(0o777)
    assert "has mode 0777" in refusal(WatchedKeyFile(mount / "keys.json").key_set)


def test_the_directory_of_a_link_counts_too(made, tmp_path):
    """Who may replace the link chooses the keys: an older file of ours, with a revoked key, perhaps."""
    folder = tmp_path / "links"
    folder.mkdir()
    (folder / "link").symlink_to(made)
    assert WatchedKeyFile(folder / "link").key_set()
    folder.chmod(0o777)
    assert "has mode 0777" in refusal(WatchedKeyFile(folder / "link").key_set)


def test_a_relative_name_has_the_directories_of_the_working_directory(made, monkeypatch):
    monkeypatch.chdir(made.parent)
    assert WatchedKeyFile("keys.json").key_set()
    made.parents[1].chmod(0o777)
    assert "has mode 0777" in refusal(WatchedKeyFile("keys.json").key_set)
