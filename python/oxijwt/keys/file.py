"""The key file: a private JWK Set on disk. All processes read it; one at a time changes it.

Readers take no lock, since a writer replaces the whole file. Owner and mode are checked on the descriptor that is
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
from oxijwt.exceptions import KeyConfigurationError, KeyFileMissingError
from oxijwt.utils import logger

from . import strict_modes

if sys.platform != "win32":
    import fcntl

T = TypeVar("T")

SETTING = "SIMPLE_JWT['KEY_FILE']"
MAX_BYTES = 1 << 20
LOOK_INTERVAL = 1.0
"""Seconds between two looks at the file in one process."""
STALE_LIMIT = 600.0
"""Seconds for which the keys of a file verify that can't be used any more: the default of KEY_FILE_STALE."""
REPORT_INTERVAL = 60.0
"""Seconds between two log lines about the same fault in one process."""
LOCK_WAIT = 30.0
"""Seconds that a writer waits for the lock."""
LOCK_RETRY_INTERVAL = 0.02

# O_NONBLOCK: opening a FIFO doesn't wait for its writer. O_NOCTTY: a terminal doesn't become the process's own.
READING = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)


class Content(NamedTuple):
    """The text of a key file and its status. Its repr shows neither."""

    text: bytes
    status: os.stat_result

    def __repr__(self) -> str:
        return "<Content>"


@sensitive_variables()
def read(path: str | os.PathLike[str]) -> KeySet:
    """The keys of the file behind `path`; symbolic links are followed. Root reads it for its owner.

    Raises KeyConfigurationError.
    """
    return parse(read_content(as_path(path), for_owner=True).text)


@sensitive_variables()
def change(
    path: str | os.PathLike[str], plan: Callable[[KeySet], KeySetChange], *, may_create: bool = False
) -> KeySetChange:
    """Apply `plan` to the file's keys, write the result, and return it.

    One process at a time reads, plans and writes, also if several machines share the file. With `may_create`, a
    missing file counts as an empty set. Root changes the file for its owner. Raises KeyConfigurationError; the file is
    then unchanged, unless the message says that it was written. Exceptions of `plan` pass through.
    """
    path = as_path(path)
    if attempt("can't be changed", path.is_symlink):
        raise KeyConfigurationError(
            f"{SETTING} can't be changed, since it is a symbolic link, as in a mounted Kubernetes secret. Change the"
            " keys at their source."
        )
    if not may_create:
        require_existing(path)  # before a lock file is made in vain
    elif not attempt("can't be read", exists, path):
        require_safe_place(path, None)
    with locked(path) as lock:
        old = None if may_create and not attempt("can't be read", exists, path) else read_content(path, for_owner=True)
        if old is not None:
            hand_over(lock, old.status)
        planned = plan(KeySet.empty() if old is None else parse(old.text))
        if planned.key_set is not None:
            attempt("can't be written", replace, path, planned.key_set.text(), None if old is None else old.status)
            attempt("was written, but a power failure may undo it", sync, path.parent)
    return planned


class WatchedKeyFile:
    """The keys of a file that other processes change. It is looked at once a second at most, and parsed if it changed.

    If the file can't be used any more, no token is signed. The keys that were read before verify for `stale` seconds
    after the file was last seen to be good, or not at all if the file is gone. The fault is logged each minute. Threads
    don't wait for each other: one looks at the file, and the others use what was found before.
    """

    def __init__(self, path: str | os.PathLike[str], stale: float = STALE_LIMIT) -> None:
        self._path = as_path(path)
        self._stale = stale
        self._key_set: KeySet | None = None
        self._digest = b""
        self._fault: KeyConfigurationError | None = None
        self._reported: tuple[str, float] = ("", float("-inf"))
        self._looked_at = self._good_at = float("-inf")
        self._begin()

    def _begin(self) -> None:
        # After a fork the threads of the parent process don't run here, so a lock that one of them held stays locked.
        self._looking = threading.Lock()
        self._stamp: tuple[object, ...] | None = None
        self._process = os.getpid()  # set last: a thread that reads this number uses the lock that is there

    def key_set(self) -> KeySet:
        """The keys that verify: as they are in the file, or were up to a second ago.

        Raises KeyConfigurationError if the file is gone or could never be read, or can't be used for too long.
        """
        # Each request calls this: it asks here whether to look, and goes on only if there is a fault.
        if self._key_set is None or time.monotonic() - self._looked_at >= LOOK_INTERVAL:
            self._take_turn(wait=self._key_set is None)
        return self._key_set if self._key_set is not None and self._fault is None else self._in_use()

    def signing_key_set(self) -> KeySet:
        """As `key_set`, for signing: also raises KeyConfigurationError as soon as the file can't be used."""
        key_set = self.key_set()
        if self._fault is not None:
            raise without_traceback(self._fault)
        return key_set

    def look_again(self) -> KeySet:
        """The keys as they are in the file now: the same object as before if they are the same.

        Raises KeyConfigurationError as `key_set` does.
        """
        self._take_turn(wait=True, even_if_not_due=True)
        return self._in_use()

    def _in_use(self) -> KeySet:
        keys, fault = self._key_set, self._fault
        if keys is None or (fault is not None and self._time_left(fault) <= 0):
            raise without_traceback(fault or KeyConfigurationError(SETTING))
        return keys

    def _time_left(self, fault: KeyConfigurationError) -> float:
        """The seconds for which the keys still verify."""
        is_gone = isinstance(fault, KeyFileMissingError)
        return 0 if is_gone else self._good_at + self._stale - time.monotonic()

    def _is_due(self) -> bool:
        return time.monotonic() - self._looked_at >= LOOK_INTERVAL

    @sensitive_variables()
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

    def _look(self) -> None:
        now = self._looked_at = time.monotonic()
        stamp = stamp_of(self._path)
        if stamp is None or stamp != self._stamp:
            self._read(stamp)
        if self._fault is None:
            self._good_at = now
        elif self._key_set is not None:
            self._report(self._fault, now)

    @sensitive_variables()
    def _read(self, stamp: tuple[object, ...] | None) -> None:
        self._stamp = None
        try:
            text = read_content(self._path).text
            self._stamp = stamp  # even if the text can't be used: it stays the same until the stamp changes
            digest = hashlib.sha256(text).digest()
            if digest != self._digest:
                self._key_set, self._digest = parse(text), digest
        except KeyConfigurationError as error:
            self._fault = without_traceback(error)
        else:
            self._fault = None

    def _report(self, fault: KeyConfigurationError, now: float) -> None:
        known, reported_at = self._reported
        if known == str(fault) and now - reported_at < REPORT_INTERVAL:
            return
        self._reported = (str(fault), now)
        left = self._time_left(fault)
        if left > 0:
            logger.error("%s; no token is signed, and the keys that were read before verify for %.0f s", fault, left)
        else:
            logger.error("%s; no token is signed or verified", fault)


def without_traceback(error: KeyConfigurationError) -> KeyConfigurationError:
    """An equal error that can be kept and raised: the frames of a traceback hold the text of the file."""
    return type(error)(*error.args)


def as_path(setting: object) -> Path:
    """KEY_FILE as a Path. Raises KeyConfigurationError for anything but a str or a path."""
    if isinstance(setting, str | os.PathLike):
        return Path(setting)
    raise KeyConfigurationError(f"{SETTING} must be a path, not {type(setting).__name__}")


def stamp_of(path: Path) -> tuple[object, ...] | None:
    """Figures of a file and its directories of which every change alters one; None if they can't be looked at."""
    try:
        found = path.stat()
        above = strict_modes.figures(path)
    except (OSError, ValueError):
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, above)


def exists(path: Path) -> bool:
    """Whether there is something at a path. Raises OSError if this can't be known, and ValueError."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def require_existing(path: Path) -> None:
    """Raise KeyFileMissingError if the file does not exist."""
    if not attempt("can't be read", exists, path):
        raise KeyFileMissingError(f"{SETTING} must name an existing file; `manage.py jwtkeys generate` makes it")


def read_content(path: Path, *, for_owner: bool = False) -> Content:
    """The text of a key file. Raises KeyConfigurationError if it can't be read, or if others can read or change it.

    With `for_owner`, root reads the file of any user.
    """
    require_existing(path)
    descriptor = attempt("can't be read", os.open, path, READING)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise KeyConfigurationError(f"{SETTING} must be a regular file")
        require_safe_place(path, status, for_owner=for_owner)
        return Content(attempt("can't be read", read_all, descriptor), status)
    finally:
        os.close(descriptor)


def require_safe_place(path: Path, file: os.stat_result | None, *, for_owner: bool = False) -> None:
    """Raise KeyConfigurationError if others can read or change the file, or write a directory above it.

    `file` is None if it does not exist yet.
    """
    if not strict_modes.HAS_MODES:
        return
    trusted = strict_modes.owners(file if for_owner else None)
    problem = None if file is None else strict_modes.file_problem(file, trusted)
    problem = problem or attempt("can't be read", strict_modes.place_problem, path, trusted)
    if problem is not None:
        raise KeyConfigurationError(f"{SETTING} {problem}")


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
