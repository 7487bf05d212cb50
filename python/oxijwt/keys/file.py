"""The key file: a private JWK Set on disk, read by every process and changed by one at a time.

Readers take no lock: a file is replaced as a whole. Who may read it is looked at on the very descriptor that is read.
An error names the setting and the reason, never the path (a key may have been pasted there) or the content.
"""

import errno
import hashlib
import os
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, TypeVar

from django.views.decorators.debug import sensitive_variables

from oxijwt._core import CoreError, KeySet, KeySetChange
from oxijwt.exceptions import KeyConfigurationError
from oxijwt.utils import logger

if sys.platform != "win32":
    import fcntl

T = TypeVar("T")

SETTING = "SIMPLE_JWT['KEY_FILE']"
MAX_BYTES = 1 << 20
LOOK_INTERVAL = 1.0
LOCK_WAIT = 30.0
LOCK_RETRY_INTERVAL = 0.02

# A FIFO would wait for its writer, a terminal become ours.
READING = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
HAS_MODES = os.name == "posix"
FORBIDDEN = stat.S_IRWXO | stat.S_IWGRP


class Content(NamedTuple):
    """What a key file held, and whose it was; the text is in no repr."""

    text: bytes
    status: os.stat_result

    def __repr__(self) -> str:
        return "<Content>"


@sensitive_variables()
def read(path: str | os.PathLike[str]) -> KeySet:
    """The keys of the file behind `path`, links followed. Raises KeyConfigurationError."""
    return _parsed(_content(_path(path)).text)


@sensitive_variables()
def change(
    path: str | os.PathLike[str], plan: Callable[[KeySet], KeySetChange], *, may_create: bool = False
) -> KeySetChange:
    """What `plan` says about the file's keys, written before it is returned.

    One process at a time, over all machines on one file, reads, plans and writes. With `may_create` a missing file is
    an empty set. Raises KeyConfigurationError, and then the file is as it was unless the message says that it is
    written; what `plan` raises passes through.
    """
    path = _path(path)
    if _attempt("can't be changed", path.is_symlink):
        raise KeyConfigurationError(
            f"{SETTING} can't be changed: it is a symbolic link, as in a mounted Kubernetes secret. Change the keys"
            " where they come from"
        )
    if not may_create:
        _require_existing(path)  # before there is a lock file for nothing
    with _locked(path) as lock:
        old = None if may_create and not _exists(path) else _content(path)
        if old is not None:
            _hand_over(lock, old.status)
        planned = plan(KeySet.empty() if old is None else _parsed(old.text))
        if planned.key_set is not None:
            _attempt("can't be written", _replace, path, planned.key_set.text(), None if old is None else old.status)
            _attempt("is written, but a power failure may undo it", _sync, path.parent)
    return planned


class WatchedKeyFile:
    """The keys of a file that others change: looked at once a second at most, read and parsed where it changed.

    A file that can't be used is an error of the first caller. Later it leaves the keys in use as they are, and is
    logged once. Threads don't wait for each other: one looks, and the others go on with what there is.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = _path(path)
        self._key_set: KeySet | None = None
        self._digest = b""
        self._fault = ""
        self._looked_at = float("-inf")
        self._begin()

    def _begin(self) -> None:
        # Whatever a thread was about when this process was forked from its own: it does not go on here.
        self._looking = threading.Lock()
        self._stamp: tuple[int, ...] | None = None
        self._process = os.getpid()  # the last: another thread that reads it takes the lock as it finds it

    def key_set(self) -> KeySet:
        """The keys as they were a second ago or later. Raises KeyConfigurationError where none were ever read."""
        if self._key_set is None or self._is_due():
            self._take_turn(self._look_if_due, wait=self._key_set is None)
        return self._in_use()

    def look_again(self) -> KeySet:
        """The keys as they are now: the same object as before where they are the same."""
        self._take_turn(self._look, wait=True)
        return self._in_use()

    def _in_use(self) -> KeySet:
        if self._key_set is None:
            raise KeyConfigurationError(self._fault)
        return self._key_set

    def _is_due(self) -> bool:
        return time.monotonic() - self._looked_at >= LOOK_INTERVAL

    def _take_turn(self, look: Callable[[], None], *, wait: bool) -> None:
        if self._process != os.getpid():
            self._begin()
        looking = self._looking
        if looking.acquire(blocking=wait):
            try:
                look()
            finally:
                looking.release()

    def _look_if_due(self) -> None:
        if self._is_due():  # whoever waited finds that another has looked
            self._look()

    @sensitive_variables()
    def _look(self) -> None:
        self._looked_at = time.monotonic()
        stamp = _stamp(self._path)
        if stamp is not None and stamp == self._stamp:
            return
        self._stamp = None
        try:
            text = _content(self._path).text
            self._stamp = stamp  # whatever the text is, only another one can be better
            self._take(text)
        except KeyConfigurationError as error:
            self._report(str(error))
        else:
            self._fault = ""

    def _take(self, text: bytes) -> None:
        digest = hashlib.sha256(text).digest()
        if digest != self._digest:
            self._key_set = _parsed(text)
            self._digest = digest

    def _report(self, fault: str) -> None:
        if self._key_set is not None and fault != self._fault:
            logger.error("%s; the keys read before stay in use", fault)
        self._fault = fault


def _path(setting: object) -> Path:
    if isinstance(setting, str | os.PathLike):
        return Path(setting)
    raise KeyConfigurationError(f"{SETTING} must be a path, not {type(setting).__name__}")


def _stamp(path: Path) -> tuple[int, ...] | None:
    """What no change leaves as it was; None where there is nothing to look at."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _exists(path: Path) -> bool:
    return _attempt("can't be read", path.exists)


def _require_existing(path: Path) -> None:
    if not _exists(path):
        raise KeyConfigurationError(f"{SETTING} names no file; `manage.py jwtkeys generate` makes it")


def _content(path: Path) -> Content:
    _require_existing(path)
    descriptor = _attempt("can't be read", os.open, path, READING)
    try:
        status = os.fstat(descriptor)
        _require_private(status)
        return Content(_attempt("can't be read", _bytes, descriptor), status)
    finally:
        os.close(descriptor)


def _require_private(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise KeyConfigurationError(f"{SETTING} is no regular file")
    mode = stat.S_IMODE(status.st_mode)
    if HAS_MODES and mode & FORBIDDEN:
        raise KeyConfigurationError(
            f"{SETTING} has mode {mode:04o}: nobody but its owner may write it, or have any right beside its group's to"
            " read. Use 0600, or 0640 for a group of readers"
        )


def _bytes(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        text = file.read(MAX_BYTES + 1)
    if len(text) > MAX_BYTES:
        raise KeyConfigurationError(f"{SETTING} is larger than {MAX_BYTES} bytes")
    return text


def _parsed(text: bytes) -> KeySet:
    try:
        return KeySet.read(text)
    except CoreError as error:
        raise KeyConfigurationError(f"{SETTING} can't be used: {error.args[1]}") from error


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    """Hold the lock of a key file; the descriptor of its lock file, which stays: a deleted lock would be two.

    `flock`, not `lockf`: it parts threads too, and is not lost when something else closes the same file. The kernel
    lets go of it when the process dies. Over NFS Linux makes it a lock on the server, for which it must be open for
    writing.
    """
    if sys.platform == "win32":
        raise KeyConfigurationError(f"{SETTING} can be changed on POSIX systems only")
    lock = Path(f"{path}.lock")
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
    descriptor = _attempt("can't be changed, as the lock file beside it can't be opened", os.open, lock, flags, 0o600)
    try:
        _attempt("can't be locked", _wait_for_lock, descriptor)
        yield descriptor
    finally:
        os.close(descriptor)


def _hand_over(lock: int, old: os.stat_result) -> None:
    """Give root's lock file to the key file's owner, who else couldn't open it next time.

    A file with a second name may be any file of root's, put there by whoever may write the directory.
    """
    if os.geteuid() == 0 and os.fstat(lock).st_nlink == 1:
        with suppress(PermissionError):  # a server that takes root for nobody
            os.fchown(lock, old.st_uid, old.st_gid)


def _wait_for_lock(descriptor: int) -> None:
    give_up = time.monotonic() + LOCK_WAIT
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= give_up:
                held = f"another process has held the lock for {LOCK_WAIT:.0f} s"
                raise TimeoutError(errno.ETIMEDOUT, held) from None
        time.sleep(LOCK_RETRY_INTERVAL)


def _replace(path: Path, text: bytes, old: os.stat_result | None) -> None:
    new = Path(f"{path}.new")
    new.unlink(missing_ok=True)  # of a writer that was killed: whoever holds the lock is the only one
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(text)
            file.flush()
            if old is not None:
                _make_alike(file.fileno(), old)
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _make_alike(descriptor: int, old: os.stat_result) -> None:
    """The owner, group and mode of the file before, in this order: no other group reads it even for a moment."""
    made = os.fstat(descriptor)
    if (made.st_uid, made.st_gid) != (old.st_uid, old.st_gid):
        _attempt("can't be written and keep its owner and group", os.fchown, descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(old.st_mode))


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _attempt(what: str, action: Callable[..., T], *arguments: object) -> T:
    try:
        return action(*arguments)
    except OSError as error:
        reason = error.strerror or type(error).__name__
    except ValueError:
        reason = "it is no path"
    # Outside the handler: an OSError quotes the path, and would come along as this error's context.
    raise KeyConfigurationError(f"{SETTING} {what}: {reason}")
