"""The key file on disk: who may read it, how it is changed, and how processes notice."""

import errno
import json
import logging
import os
import stat
import subprocess
import sys
import threading
from collections import Counter

import pytest

from oxijwt._core import CoreError, KeyRotationPolicy
from oxijwt.exceptions import KeyConfigurationError
from oxijwt.keys import file as key_file
from oxijwt.keys import strict_modes
from oxijwt.keys.file import WatchedKeyFile
from tests.leaks import require_absence, texts_of

POLICY = KeyRotationPolicy(publish_ahead=600, retain=86_400)
NOW = 1_800_000_000
LATER = NOW + 1_000
"""A planned rotation at this time adds a key to a file that was made at NOW."""

ROOT = os.geteuid() == 0


def first(keys):
    return keys.rotate("ES256", POLICY, NOW)


def rotation(keys):
    return keys.rotate("ES256", POLICY, LATER)


def no_change(keys):
    return keys.prune(NOW)


def unread(path):
    """What only a writer changes: a reader may change the time of access."""
    found = path.stat()
    return (found.st_ino, found.st_size, found.st_mode, found.st_mtime_ns, found.st_ctime_ns)


def kids(keys):
    return {key.kid for key in keys.keys(NOW)}


def secrets_of(path):
    return [value for key in json.loads(path.read_bytes())["keys"] for name, value in key.items() if name == "d"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys.json"


@pytest.fixture
def made(path):
    """A key file with one key."""
    key_file.change(path, first, may_create=True)
    return path


@pytest.fixture
def clock(monkeypatch):
    """What `time.monotonic` says; tests move it by hand."""
    times = [100.0]
    monkeypatch.setattr(key_file.time, "monotonic", lambda: times[0])
    return times


@pytest.fixture
def stats(monkeypatch):
    """How often each path was looked at."""
    seen, really = Counter(), os.stat

    def count(path, *arguments, **named):
        seen[path] += 1
        return really(path, *arguments, **named)

    monkeypatch.setattr(os, "stat", count)
    return seen


@pytest.fixture
def parsed(monkeypatch):
    """The texts that were parsed."""
    texts, really = [], key_file.parse

    def keep(text):
        texts.append(text)
        return really(text)

    monkeypatch.setattr(key_file, "parse", keep)
    return texts


@pytest.fixture
def logged(caplog):
    caplog.set_level(logging.INFO, logger="oxijwt")
    return lambda: [(record.levelname, record.getMessage()) for record in caplog.records if record.name == "oxijwt"]


def refusal(action, *arguments, **named):
    """The text of the refusal, which names the setting, and no path even in the errors behind it."""
    with pytest.raises(KeyConfigurationError) as caught:
        action(*arguments, **named)
    text = str(caught.value)
    assert "SIMPLE_JWT['KEY_FILE']" in text
    assert not [said for said in texts_of(caught.value) if "/keys.json" in said and not said.startswith("  File")]
    return text


def left_in(folder):
    return {found.name for found in folder.iterdir()}


# Reading


def test_a_file_is_what_was_written(made):
    [key] = key_file.read(made).keys(NOW)
    assert (key.algorithm, key.made_at) == ("ES256", NOW)
    assert kids(key_file.read(str(made))) == {key.kid}


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640, 0o440, 0o700])
def test_modes_that_are_private_enough(made, mode):
    made.chmod(mode)
    assert kids(key_file.read(made))


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602, 0o601, 0o660, 0o620, 0o666])
def test_modes_that_are_too_open(made, mode):
    made.chmod(mode)
    text = refusal(key_file.read, made)
    assert f"has mode {mode:04o}" in text
    assert refusal(key_file.change, made, rotation) == text
    assert refusal(WatchedKeyFile(made).key_set) == text


def test_where_there_are_no_modes_they_are_not_asked_for(made, monkeypatch):
    made.chmod(0o666)
    monkeypatch.setattr(strict_modes, "HAS_MODES", False)
    assert kids(key_file.read(str(made)))


def test_the_mode_is_that_of_the_very_file_that_is_read(made, monkeypatch):
    """Another file may take the name between a look and the opening."""
    really = os.open

    def exchange(name, *arguments):
        made.chmod(0o644)
        return really(name, *arguments)

    monkeypatch.setattr(os, "open", exchange)
    assert "has mode 0644" in refusal(key_file.read, made)


def test_a_missing_file(path):
    assert "jwtkeys generate" in refusal(key_file.read, path)
    assert "jwtkeys generate" in refusal(key_file.change, path, rotation)
    assert "jwtkeys generate" in refusal(WatchedKeyFile(path).key_set)
    assert left_in(path.parent) == set()


def test_a_directory(path):
    path.mkdir()
    assert "must be a regular file" in refusal(key_file.read, path)
    assert "must be a regular file" in refusal(key_file.change, path, first, may_create=True)


def test_a_fifo_is_refused_at_once(path):
    os.mkfifo(path, 0o600)
    said = []
    reading = threading.Thread(target=lambda: said.append(refusal(key_file.read, path)), daemon=True)
    reading.start()
    reading.join(10)
    assert "must be a regular file" in said[0]


def test_a_device():
    assert "must be a regular file" in refusal(key_file.read, "/dev/zero")


def test_a_huge_file(made):
    with made.open("ab") as file:
        file.write(b" " * (key_file.MAX_BYTES - made.stat().st_size))
    assert kids(key_file.read(made))
    with made.open("ab") as file:
        file.write(b" ")
    assert "larger than 1048576 bytes" in refusal(key_file.read, made)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"no JSON", b"\xff\xfe", b'{"keys": {}}', b"{}"])
def test_what_is_no_jwk_set(made, text):
    made.write_bytes(text)
    assert "can't be used" in refusal(key_file.read, made)


def test_a_truncated_file_tells_no_secret(made):
    [secret] = secrets_of(made)
    made.write_bytes(made.read_bytes()[:-3])
    with pytest.raises(KeyConfigurationError) as caught:
        key_file.read(made)
    require_absence([secret], *texts_of(caught.value))


def test_two_keys_of_one_kid_are_named(made):
    keys = json.loads(made.read_bytes())
    made.write_text(json.dumps({"keys": keys["keys"] * 2}))
    [secret] = secrets_of(made)[:1]
    with pytest.raises(KeyConfigurationError) as caught:
        key_file.read(made)
    assert keys["keys"][0]["kid"] in str(caught.value)
    require_absence([secret], *texts_of(caught.value))


@pytest.mark.parametrize("mistake", ["{}", "{}" * 10, "\0{}", "\ud800{}", "/{}", "/dev/null/{}"])
def test_a_key_that_was_pasted_for_the_path_is_not_quoted(made, mistake):
    wrong = mistake.replace("{}", made.read_text())
    for action in (key_file.read, WatchedKeyFile.look_again, lambda path: key_file.change(path, rotation)):
        with pytest.raises(KeyConfigurationError) as caught:
            action(WatchedKeyFile(wrong) if action is WatchedKeyFile.look_again else wrong)
        require_absence(secrets_of(made), *texts_of(caught.value))


@pytest.mark.parametrize("wrong", [5, None, b"/keys.json", ["keys.json"]])
def test_what_is_no_path(wrong):
    assert f"not {type(wrong).__name__}" in refusal(WatchedKeyFile, wrong)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EMFILE, errno.EIO])
def test_a_file_that_can_not_be_opened(made, monkeypatch, number):
    def fail(name, *arguments):
        raise OSError(number, os.strerror(number), str(name))

    monkeypatch.setattr(os, "open", fail)
    assert refusal(key_file.read, made) == f"SIMPLE_JWT['KEY_FILE'] can't be read: {os.strerror(number)}"


# Links


def test_links_are_followed_when_reading(made):
    """As Kubernetes mounts a secret: keys.json → ..data/keys.json, and ..data → a directory of its own."""
    folder = made.parent / "mounted"
    (folder / "..2026_01").mkdir(parents=True)
    made.rename(folder / "..2026_01" / "keys.json")
    (folder / "..data").symlink_to("..2026_01")
    link = folder / "keys.json"
    link.symlink_to("..data/keys.json")
    assert kids(key_file.read(link))


def test_the_mode_behind_the_link_counts(made):
    link = made.with_name("link")
    link.symlink_to(made)
    made.chmod(0o644)
    assert "has mode 0644" in refusal(key_file.read, link)


@pytest.mark.parametrize("target", ["keys.json", "nothing"])
def test_nothing_is_written_through_a_link(made, target):
    link = made.with_name("link")
    link.symlink_to(target)
    before = made.read_bytes()
    assert "symbolic link" in refusal(key_file.change, link, rotation, may_create=True)
    assert link.is_symlink()
    assert made.read_bytes() == before
    assert left_in(made.parent) == {"keys.json", "keys.json.lock", "link"}


def test_a_linked_directory_is_no_link(made):
    """/srv/current → /srv/release-7: the lock and the new file lie where the file is."""
    current = made.parent / "current"
    current.symlink_to(made.parent)
    assert key_file.change(current / "keys.json", rotation).added in kids(key_file.read(made))
    assert left_in(made.parent) == {"keys.json", "keys.json.lock", "current"}


# Writing


def test_files_are_made_private(made):
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.with_name("keys.json.lock").stat().st_mode) == 0o600
    assert left_in(made.parent) == {"keys.json", "keys.json.lock"}


def test_files_are_private_under_any_umask(path):
    umask = os.umask(0)
    try:
        key_file.change(path, first, may_create=True)
    finally:
        os.umask(umask)
    assert {stat.S_IMODE(found.stat().st_mode) for found in path.parent.iterdir()} == {0o600}


def test_the_new_file_is_private_from_the_beginning(made, monkeypatch):
    made.chmod(0o640)
    modes, really = [], os.fchmod

    def look_first(descriptor, mode):
        modes.append((stat.S_IMODE(os.fstat(descriptor).st_mode), mode))
        really(descriptor, mode)

    monkeypatch.setattr(os, "fchmod", look_first)
    key_file.change(made, rotation)
    assert modes == [(0o600, 0o640)]


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640, 0o440])
def test_a_change_keeps_the_mode(made, mode):
    made.chmod(mode)
    key_file.change(made, rotation)
    assert stat.S_IMODE(made.stat().st_mode) == mode


@pytest.mark.skipif(not ROOT, reason="only root gives files away")
def test_a_change_by_root_keeps_owner_and_group(made):
    os.chown(made, 1234, 2345)
    made.chmod(0o640)
    key_file.change(made, rotation)
    status = made.stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (1234, 2345, 0o640)


@pytest.mark.skipif(not ROOT, reason="only root gives files away")
def test_roots_visit_does_not_lock_the_owner_out(made):
    os.chown(made, 1234, 2345)
    made.with_name("keys.json.lock").unlink()
    key_file.change(made, no_change)
    lock = made.with_name("keys.json.lock").stat()
    assert (lock.st_uid, stat.S_IMODE(lock.st_mode)) == (1234, 0o600)


@pytest.mark.skipif(not ROOT, reason="only root gives files away")
def test_root_gives_no_file_away_that_has_another_name(made):
    """/etc/shadow, say, linked to the lock's name by whoever may write the directory."""
    lock, other = made.with_name("keys.json.lock"), made.with_name("other")
    other.touch(0o600)
    lock.unlink()
    lock.hardlink_to(other)
    os.chown(made, 1234, 2345)
    key_file.change(made, rotation)
    assert other.stat().st_uid == 0


def test_a_change_that_would_take_the_file_from_its_owner_is_refused(made, monkeypatch):
    """Who may write the directory, and is neither owner nor root, would leave a file that its readers can't read."""
    before, really = made.read_bytes(), os.fstat

    def someone_elses(descriptor):
        status = really(descriptor)
        gid = status.st_gid + (1 if status.st_ino == made.stat().st_ino else 0)
        return os.stat_result((*status[:5], gid, *status[6:]))

    def refuse(*arguments):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "fstat", someone_elses)
    monkeypatch.setattr(os, "fchown", refuse)
    assert "owner and group" in refusal(key_file.change, made, rotation)
    assert made.read_bytes() == before
    assert left_in(made.parent) == {"keys.json", "keys.json.lock"}


def test_without_a_plan_nothing_is_written(made):
    before = unread(made)
    assert key_file.change(made, no_change).key_set is None
    assert key_file.change(made, lambda keys: keys.rotate("ES256", POLICY, NOW)).added is None
    assert unread(made) == before


def test_what_a_plan_raises_leaves_the_file_and_the_lock(made):
    before = made.stat()
    with pytest.raises(CoreError):
        key_file.change(made, lambda keys: keys.revoke("no such kid", NOW))
    assert made.stat() == before
    assert key_file.change(made, rotation).added


@pytest.mark.parametrize("name", ["lock", "new"])
@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_where_nothing_can_be_written(made, monkeypatch, name, number):
    """A read-only mount, a directory of someone else's, a full disk. Root may write any directory, hence the fault."""
    before, really = made.read_bytes(), os.open

    def fail(opened, *arguments, **named):
        if str(opened).endswith(f".{name}"):
            raise OSError(number, os.strerror(number), str(opened))
        return really(opened, *arguments, **named)

    monkeypatch.setattr(os, "open", fail)
    assert os.strerror(number) in refusal(key_file.change, made, rotation)
    assert made.read_bytes() == before
    assert left_in(made.parent) == {"keys.json", "keys.json.lock"}


def test_a_missing_directory(tmp_path):
    assert os.strerror(errno.ENOENT) in refusal(key_file.change, tmp_path / "no" / "keys.json", first, may_create=True)


@pytest.mark.parametrize("step", ["fchmod", "fsync"])
def test_a_fault_half_way_leaves_the_old_file_and_nothing_else(made, monkeypatch, step):
    before = made.read_bytes()

    def fail(*arguments):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, step, fail)
    assert os.strerror(errno.EIO) in refusal(key_file.change, made, rotation)
    assert made.read_bytes() == before
    assert left_in(made.parent) == {"keys.json", "keys.json.lock"}
    monkeypatch.undo()
    assert key_file.change(made, rotation).added


def test_a_bind_mounted_file_can_not_be_replaced(made, monkeypatch):
    """A Kubernetes subPath, or one file mounted by Docker: EBUSY."""
    before = made.read_bytes()

    def busy(*arguments, **named):
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

    monkeypatch.setattr(os, "replace", busy)
    assert os.strerror(errno.EBUSY) in refusal(key_file.change, made, rotation)
    assert made.read_bytes() == before
    assert left_in(made.parent) == {"keys.json", "keys.json.lock"}


def test_the_file_is_on_disk_before_it_has_the_name(made, monkeypatch):
    steps, fsync, replace = [], os.fsync, os.replace

    def sync(descriptor):
        steps.append("directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def rename(*names):
        steps.append("replace")
        replace(*names)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "replace", rename)
    key_file.change(made, rotation)
    assert steps == ["file", "replace", "directory"]


def test_a_directory_that_can_not_be_synced_is_said(made, monkeypatch):
    really = os.fsync

    def fail(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        really(descriptor)

    monkeypatch.setattr(os, "fsync", fail)
    assert "was written, but" in refusal(key_file.change, made, rotation)
    assert len(kids(key_file.read(made))) == 2


# The lock


def test_a_held_lock_is_waited_for_and_not_for_ever(made, monkeypatch):
    monkeypatch.setattr(key_file, "LOCK_WAIT", 0.1)
    with key_file.locked(made):
        assert "another process" in refusal(key_file.change, made, rotation)
        assert kids(key_file.read(made))  # readers don't care
    assert key_file.change(made, rotation).added


def test_the_lock_parts_threads(made):
    order = []

    def plan(keys):
        order.append("second")
        return rotation(keys)

    with key_file.locked(made):
        second = threading.Thread(target=key_file.change, args=(made, plan))
        second.start()
        second.join(0.2)
        order.append("first")
    second.join(10)
    assert order == ["first", "second"]


def test_the_lock_file_is_no_link(made):
    """Else whoever may write the directory has root open, and give away, a file of their choice."""
    lock, other = made.with_name("keys.json.lock"), made.with_name("other")
    other.touch(0o600)
    lock.unlink()
    lock.symlink_to(other)
    assert "lock file" in refusal(key_file.change, made, rotation)


def test_the_lock_file_is_open_for_writing(made):
    """Else there is no exclusive lock on it over NFS: flock(2)."""
    with key_file.locked(made) as lock:
        assert key_file.fcntl.fcntl(lock, key_file.fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDWR


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_not_written_to(made, monkeypatch, number):
    before = made.read_bytes()

    def fail(*arguments):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(key_file.fcntl, "flock", fail)
    assert os.strerror(number) in refusal(key_file.change, made, rotation)
    assert made.read_bytes() == before


def test_without_posix_locks_nothing_is_written(made, monkeypatch):
    monkeypatch.setattr(key_file.sys, "platform", "win32")
    assert "POSIX" in refusal(key_file.change, made, rotation)


# Processes that die

DYING = """
import os, signal, sys
from pathlib import Path
from oxijwt.keys import file as key_file
from oxijwt._core import KeyRotationPolicy

path, policy = Path(sys.argv[1]), KeyRotationPolicy(publish_ahead=600, retain=86400)

def rotate(keys):
    return keys.rotate("ES256", policy, NOW, at_once=True)
"""
NOW_IN = f"NOW = {LATER}\n"

AT_A_STEP = """
def die(*arguments, **named):
    os._exit(9)

def die_half_way(descriptor, *arguments):
    os.truncate(descriptor, 40)
    os._exit(9)

def die_in_the_plan(keys):
    os._exit(9)

def die_afterwards(*names, replace=os.replace):
    replace(*names)
    os._exit(9)

step = sys.argv[2]
if step == "half-written":
    os.fchmod = die_half_way
elif step == "written":
    os.replace = die
elif step == "replaced":
    os.replace = die_afterwards
key_file.change(path, die_in_the_plan if step == "locked" else rotate)
"""

AT_ANY_TIME = """
import random, time

def rotate_for_ever():
    global NOW
    while True:
        NOW += 1
        keys = key_file.change(path, rotate).key_set
        if len(keys.keys(NOW)) > 20:
            key_file.change(path, lambda keys: keys.prune(NOW + 10**6))

for _ in range(40):
    child = os.fork()
    if not child:
        rotate_for_ever()
    time.sleep(random.uniform(0.001, 0.03))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    NOW += 1000
    if not key_file.read(path).keys(NOW) or not key_file.change(path, rotate).added:
        sys.exit(1)
"""


def run(script, *arguments):
    command = [sys.executable, "-c", DYING + NOW_IN + script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603  our own


@pytest.mark.parametrize(
    ("step", "keys", "left"),
    [
        ("locked", 1, set()),
        ("half-written", 1, {"keys.json.new"}),
        ("written", 1, {"keys.json.new"}),
        ("replaced", 2, set()),
    ],
)
def test_a_writer_that_dies_leaves_a_valid_file_and_no_lock(made, monkeypatch, step, keys, left):
    monkeypatch.setattr(key_file, "LOCK_WAIT", 0)
    assert run(AT_A_STEP, made, step).returncode == 9
    assert len(kids(key_file.read(made))) == keys
    assert left_in(made.parent) == {"keys.json", "keys.json.lock"} | left
    again = key_file.change(made, lambda found: found.rotate("ES256", POLICY, LATER + 1_000, at_once=True))
    assert again.added in kids(key_file.read(made))
    assert left_in(made.parent) == {"keys.json", "keys.json.lock"}


def test_writers_killed_at_any_time(made):
    ended = run(AT_ANY_TIME, made)
    assert (ended.returncode, ended.stderr) == (0, "")


# Watching


def test_the_first_reading_raises_and_is_repeated_once_a_second(path, clock, stats, logged):
    watched = WatchedKeyFile(path)
    text = refusal(watched.key_set)
    looks = stats[path]
    assert refusal(watched.key_set) == text
    assert stats[path] == looks
    key_file.change(path, first, may_create=True)
    clock[0] += 1
    assert kids(watched.key_set())
    assert logged() == []


def test_a_broken_first_file_stays_an_error(made, clock):
    good = made.read_bytes()
    made.write_bytes(b"{")
    watched = WatchedKeyFile(made)
    texts = set()
    for _ in range(3):
        texts.add(refusal(watched.key_set))
        clock[0] += 1
    assert len(texts) == 1
    made.write_bytes(good)
    assert kids(watched.key_set())


def test_the_file_is_looked_at_once_a_second(made, clock, stats, parsed):
    watched = WatchedKeyFile(made)
    keys = watched.key_set()
    looks = stats[made]
    for _ in range(100):
        clock[0] += 0.0099
        assert watched.key_set() is keys
    assert stats[made] == looks
    clock[0] += 0.02
    assert watched.key_set() is keys
    assert stats[made] == looks + 1
    assert len(parsed) == 1


def test_a_change_is_seen_within_a_second(made, clock):
    watched = WatchedKeyFile(made)
    before = watched.key_set()
    added = key_file.change(made, rotation).added
    clock[0] += 0.9
    assert watched.key_set() is before
    clock[0] += 0.1
    assert kids(watched.key_set()) == kids(before) | {added}


def test_looking_again_is_at_once(made, clock, stats):
    watched = WatchedKeyFile(made)
    before = watched.key_set()
    looks = stats[made]
    assert watched.look_again() is before
    assert stats[made] == looks + 1
    added = key_file.change(made, rotation).added
    assert added in kids(watched.look_again())
    assert added in kids(watched.key_set())


def test_looking_again_may_be_the_first_look(path, made):
    assert kids(WatchedKeyFile(made).look_again())
    made.unlink()
    assert "jwtkeys generate" in refusal(WatchedKeyFile(path).look_again)


def test_a_touched_file_is_read_and_not_parsed(made, parsed):
    watched = WatchedKeyFile(made)
    before = watched.key_set()
    made.touch()
    assert watched.look_again() is before
    assert len(parsed) == 1


def test_a_file_as_it_was_is_not_read(made, monkeypatch):
    watched = WatchedKeyFile(made)
    before = watched.key_set()
    monkeypatch.setattr(key_file, "read_content", None)
    assert watched.look_again() is before


def test_a_secret_that_kubernetes_exchanges_is_seen(made):
    """It makes a directory for the new secret, then replaces the link ..data."""
    folder = made.parent
    for name in ("..1", "..2"):
        (folder / name).mkdir()
        key_file.change(folder / name / "keys.json", first, may_create=True)
    made.unlink()
    (folder / "..data").symlink_to("..1")
    made.symlink_to("..data/keys.json")
    watched = WatchedKeyFile(made)
    before = watched.key_set()
    (folder / "..new").symlink_to("..2")
    (folder / "..new").rename(folder / "..data")
    assert kids(watched.look_again()).isdisjoint(kids(before))


def test_a_fault_that_passes_by_itself_is_forgotten(made, monkeypatch):
    """Too many open files, an I/O error: the file's stat stays what it was, and it is tried again all the same."""
    watched = WatchedKeyFile(made)
    watched.key_set()
    added = key_file.change(made, rotation).added
    really = os.open

    def fail(name, *arguments):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, "open", fail)
    assert added not in kids(watched.look_again())
    monkeypatch.setattr(os, "open", really)
    assert added in kids(watched.look_again())


# Threads and forks


class Gate:
    """A slow disk: reading waits until it is opened."""

    def __init__(self, monkeypatch):
        self.reached, self.opened = threading.Event(), threading.Event()
        self._really = key_file.read_content
        monkeypatch.setattr(key_file, "read_content", self._wait)

    def _wait(self, path):
        self.reached.set()
        assert self.opened.wait(10)
        return self._really(path)


def test_threads_of_a_fork_never_take_the_lock_of_before(made, monkeypatch):
    """One that came between the new process id and the new lock could wait for ever for a thread left behind."""
    watched = WatchedKeyFile(made)
    watched.key_set()
    seen, new_lock = [], threading.Lock
    monkeypatch.setattr(key_file.os, "getpid", lambda: -1)
    monkeypatch.setattr(key_file.threading, "Lock", lambda: seen.append(watched._process) or new_lock())
    watched.look_again()
    assert watched._process == -1
    assert seen
    assert -1 not in seen


def test_a_files_content_has_no_representation(made):
    content = key_file.read_content(made)
    [secret] = secrets_of(made)
    for text in (repr(content), str(content), f"{content}"):
        assert secret not in text


def test_threads_go_on_while_one_looks(made, clock, monkeypatch):
    watched = WatchedKeyFile(made)
    before = watched.key_set()
    added = key_file.change(made, rotation).added
    gate = Gate(monkeypatch)
    clock[0] += 1
    looking = threading.Thread(target=watched.key_set)
    looking.start()
    assert gate.reached.wait(10)
    clock[0] += 1  # due again, and still somebody looks
    assert watched.key_set() is before
    gate.opened.set()
    looking.join(10)
    assert added in kids(watched.key_set())


def test_the_first_readers_wait_for_the_one_that_looks(made, parsed, monkeypatch):
    gate = Gate(monkeypatch)
    watched, seen = WatchedKeyFile(made), []
    threads = [threading.Thread(target=lambda: seen.append(watched.key_set())) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert gate.reached.wait(10)
    gate.opened.set()
    for thread in threads:
        thread.join(10)
    assert len(seen) == 8
    assert len({id(keys) for keys in seen}) == len(parsed) == 1


def test_looking_again_waits_for_the_one_that_looks(made, monkeypatch):
    """Its answer is about a look that began after the question."""
    watched, seen = WatchedKeyFile(made), []
    watched.key_set()
    added = key_file.change(made, rotation).added
    gate = Gate(monkeypatch)
    threads = [threading.Thread(target=lambda: seen.append(watched.look_again())) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert gate.reached.wait(10)
    assert seen == []
    gate.opened.set()
    for thread in threads:
        thread.join(10)
    assert len(seen) == 4
    assert all(added in kids(keys) for keys in seen)


FORKING = """
import os, sys, threading
from oxijwt.keys import file as key_file

watched = key_file.WatchedKeyFile(sys.argv[1])
if sys.argv[2] == "loaded":
    watched.key_set()
    os.utime(sys.argv[1])
reached, really = threading.Event(), key_file.read_content

def never_return(path):
    reached.set()
    threading.Event().wait()

key_file.read_content = never_return
threading.Thread(target=watched.look_again, daemon=True).start()
reached.wait()
child = os.fork()
if not child:
    key_file.read_content = really
    os._exit(len(watched.look_again().keys(0)))
os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.parametrize("parent", ["loaded", "fresh"])
def test_a_fork_while_a_thread_looks(made, parent):
    """The child has the lock as it was, and not the thread that would let go of it."""
    assert run(FORKING, made, parent).returncode == 1
