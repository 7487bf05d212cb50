"""The key file: a private JWK Set on disk. All processes read it; one at a time changes it.

Readers take no lock, since a writer replaces the whole file. The permissions are checked on the descriptor that is
read. An error names the setting and the reason, but never the path (a key may have been pasted there) or the content.
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
"""Seconds between two looks at the file in one process."""
LOCK_WAIT = 30.0
"""Seconds that a writer waits for the lock."""
LOCK_RETRY_INTERVAL = 0.02

# O_NONBLOCK: opening a FIFO doesn't wait for its writer. O_NOCTTY: a terminal doesn't become the process's own.
READING = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
HAS_MODES = os.name == "posix"
FORBIDDEN = stat.S_IRWXO | stat.S_IWGRP


class Content(NamedTuple):
    """The text of a key file and its status. Its repr shows neither."""

    text: bytes
    status: os.stat_result

    def __repr__(self) -> str:
        return "<Content>"


@sensitive_variables()
def read(path: str | os.PathLike[str]) -> KeySet:
    """The keys of the file behind `path`; symbolic links are followed. Raises KeyConfigurationError."""
    return parse(read_content(as_path(path)).text)


@sensitive_variables()
def change(
    path: str | os.PathLike[str], plan: Callable[[KeySet], KeySetChange], *, may_create: bool = False
) -> KeySetChange:
    """Apply `plan` to the file's keys, write the result, and return it.

    One process at a time reads, plans and writes, also if several machines share the file. With `may_create`, a
    missing file counts as an empty set. Raises KeyConfigurationError; the file is then unchanged, unless the message
    says that it was written. Exceptions of `plan` pass through.
    """
    path = as_path(path)
    if attempt("can't be changed", path.is_symlink):
        raise KeyConfigurationError(
            f"{SETTING} can't be changed, since it is a symbolic link, as in a mounted Kubernetes secret. Change the"
            " keys at their source."
        )
    if not may_create:
        require_existing(path)  # before a lock file is made in vain
    with locked(path) as lock:
        old = None if may_create and not attempt("can't be read", path.exists) else read_content(path)
        if old is not None:
            hand_over(lock, old.status)
        planned = plan(KeySet.empty() if old is None else parse(old.text))
        if planned.key_set is not None:
            attempt("can't be written", replace, path, planned.key_set.text(), None if old is None else old.status)
            attempt("was written, but a power failure may undo it", sync, path.parent)
    return planned


class WatchedKeyFile:
    """The keys of a file that other processes change. It is looked at once a second at most, and parsed if it changed.

    If the file can't be used, the first caller gets an error. Later the keys in use stay, and the fault is logged
    once. Threads don't wait for each other: one looks at the file, and the others use the keys that were read before.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = as_path(path)
        self._key_set: KeySet | None = None
        self._digest = b""
        self._fault = ""
        self._looked_at = float("-inf")
        self._begin()

    def _begin(self) -> None:
        # After a fork the threads of the parent process don't run here, so a lock that one of them held stays locked.
        self._looking = threading.Lock()
        self._stamp: tuple[int, ...] | None = None
        self._process = os.getpid()  # set last: a thread that reads this number uses the lock that is there

    def key_set(self) -> KeySet:
        """The keys as they are in the file, or were up to a second ago.

        Raises KeyConfigurationError if the file could never be read.
        """
        if self._key_set is None or self._is_due():
            self._take_turn(wait=self._key_set is None)
        return self._in_use()

    def look_again(self) -> KeySet:
        """The keys as they are in the file now: the same object as before if they are the same.

        Raises KeyConfigurationError if the file could never be read.
        """
        self._take_turn(wait=True, even_if_not_due=True)
        return self._in_use()

    def _in_use(self) -> KeySet:
        if self._key_set is None:
            raise KeyConfigurationError(self._fault)
        return self._key_set

    def _is_due(self) -> bool:
        return time.monotonic() - self._looked_at >= LOOK_INTERVAL

    def _take_turn(self, *, wait: bool, even_if_not_due: bool = False) -> None:
        if self._process != os.getpid():
            self._begin()
        looking = self._looking
        if looking.acquire(blocking=wait):
            try:
                if even_if_not_due or self._is_due():  # another thread may have looked while this one waited
                    self._look()
            finally:
                looking.release()

    @sensitive_variables()
    def _look(self) -> None:
        self._looked_at = time.monotonic()
        stamp = stamp_of(self._path)
        if stamp is not None and stamp == self._stamp:
            return
        self._stamp = None
        try:
            text = read_content(self._path).text
            self._stamp = stamp  # even if the text can't be used: it stays the same until the stamp changes
            digest = hashlib.sha256(text).digest()
            if digest != self._digest:
                self._key_set, self._digest = parse(text), digest
        except KeyConfigurationError as error:
            self._report(str(error))
        else:
            self._fault = ""

    def _report(self, fault: str) -> None:
        if self._key_set is not None and fault != self._fault:
            logger.error("%s; the keys that were read before stay in use", fault)
        self._fault = fault


def as_path(setting: object) -> Path:
    """KEY_FILE as a Path. Raises KeyConfigurationError for anything but a str or a path."""
    if isinstance(setting, str | os.PathLike):
        return Path(setting)
    raise KeyConfigurationError(f"{SETTING} must be a path, not {type(setting).__name__}")


def stamp_of(path: Path) -> tuple[int, ...] | None:
    """Figures of a file of which every change alters at least one; None if the file can't be looked at."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def require_existing(path: Path) -> None:
    """Raise KeyConfigurationError if the file does not exist."""
    if not attempt("can't be read", path.exists):
        raise KeyConfigurationError(f"{SETTING} must name an existing file; `manage.py jwtkeys generate` makes it")


def read_content(path: Path) -> Content:
    """The text of a key file. Raises KeyConfigurationError if it can't be read or is not private."""
    require_existing(path)
    descriptor = attempt("can't be read", os.open, path, READING)
    try:
        status = os.fstat(descriptor)
        require_private(status)
        return Content(attempt("can't be read", read_all, descriptor), status)
    finally:
        os.close(descriptor)


def require_private(status: os.stat_result) -> None:
    """Raise KeyConfigurationError unless it is a regular file that only its owner can write and others can't read."""
    if not stat.S_ISREG(status.st_mode):
        raise KeyConfigurationError(f"{SETTING} must be a regular file")
    mode = stat.S_IMODE(status.st_mode)
    if HAS_MODES and mode & FORBIDDEN:
        raise KeyConfigurationError(
            f"{SETTING} has mode {mode:04o}: only its owner may write it, and only its owner and its group"
            " may read it. Use 0600, or 0640 for a group of readers"
        )


def read_all(descriptor: int) -> bytes:
    """The bytes of an open file. Raises KeyConfigurationError for more than MAX_BYTES, and OSError."""
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        text = file.read(MAX_BYTES + 1)
    if len(text) > MAX_BYTES:
        raise KeyConfigurationError(f"{SETTING} must not be larger than {MAX_BYTES} bytes")
    return text


def parse(text: bytes) -> KeySet:
    """The keys in the text of a key file. Raises KeyConfigurationError."""
    try:
        return KeySet.read(text)
    except CoreError as error:
        raise KeyConfigurationError(f"{SETTING} can't be used: {error.args[1]}") from error


@contextmanager
def locked(path: Path) -> Iterator[int]:
    """Hold the lock of a key file; gives the descriptor of its lock file. Raises KeyConfigurationError.

    The lock file is never deleted: two writers could otherwise lock two files of one name. The lock is `flock`, not
    `lockf`: `flock` also excludes other threads, and is kept when other code closes the same file. The kernel
    releases it when the process dies. Over NFS, Linux turns it into a lock on the server, for which the file must be
    open for writing.
    """
    if sys.platform == "win32":
        raise KeyConfigurationError(f"{SETTING} can be changed on POSIX systems only")
    lock = Path(f"{path}.lock")
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
    descriptor = attempt("can't be changed, since its lock file can't be opened", os.open, lock, flags, 0o600)
    try:
        attempt("can't be locked", wait_for_lock, descriptor)
        yield descriptor
    finally:
        os.close(descriptor)


def hand_over(lock: int, old: os.stat_result) -> None:
    """If root made the lock file, give it to the key file's owner, who could not open it otherwise.

    If the file has a second name, it may be any file of root's, linked by somebody who can write the directory.
    """
    if os.geteuid() == 0 and os.fstat(lock).st_nlink == 1:
        with suppress(PermissionError):  # an NFS server that maps root to nobody
            os.fchown(lock, old.st_uid, old.st_gid)


def wait_for_lock(descriptor: int) -> None:
    """Lock a file for this process. Raises TimeoutError after LOCK_WAIT seconds."""
    give_up = time.monotonic() + LOCK_WAIT
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= give_up:
                held = f"another process has held the lock for {LOCK_WAIT:.0f} s"
                raise TimeoutError(errno.ETIMEDOUT, held) from None
        time.sleep(LOCK_RETRY_INTERVAL)


def replace(path: Path, text: bytes, old: os.stat_result | None) -> None:
    """Replace a file by one with this text, and with the owner, group and mode in `old`; 0600 for a new file."""
    new = Path(f"{path}.new")
    new.unlink(missing_ok=True)  # a killed writer left it: this process holds the lock, so nobody else writes it
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(text)
            file.flush()
            if old is not None:
                copy_permissions(file.fileno(), old)
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def copy_permissions(descriptor: int, old: os.stat_result) -> None:
    """Set owner and group, then the mode: in this order another group can't read the file at any moment."""
    made = os.fstat(descriptor)
    if (made.st_uid, made.st_gid) != (old.st_uid, old.st_gid):
        attempt("can't be written with its owner and group", os.fchown, descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(old.st_mode))


def sync(directory: Path) -> None:
    """Write a directory's entries to the disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def attempt(what: str, action: Callable[..., T], *arguments: object) -> T:
    """Call `action`; raises KeyConfigurationError, which says `what` and why, if it raises OSError or ValueError."""
    try:
        return action(*arguments)
    except OSError as error:
        reason = error.strerror or type(error).__name__
    except ValueError:
        reason = "it must be a valid path"
    # Not in the handlers: an OSError quotes the path, and would become this error's context.
    raise KeyConfigurationError(f"{SETTING} {what}: {reason}")
